"""Files, folders, servers, arguments and texts that are not as they should be: one clear message each, nothing lost."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import CARD, Command, Ran, ScriptedServer, Tavern, cold, environment
from tests.engines.replies import chunk
from tests.engines.standin import Reply, page, said
from tests.formats.pictures import small_picture

NOBODY = "http://127.0.0.1:1"
UNWANTED = re.compile(
    r"Traceback|\b[A-Z]\w+(Error|Exception)\b|\bErrno\b|\bError:|\b[Ii]nvalid\b|\bfailed to\b|stopped:"
)
"""What no message may hold: the program's own words for a fault, and those that tell a person nothing."""


def told(ran: Ran, code: int) -> str:
    """The messages of a command that ended with ``code``; there must be one, and it must be meant for a person."""
    assert ran.code == code, ran.notes
    assert ran.notes.strip()
    assert UNWANTED.search(ran.notes) is None, ran.notes
    return ran.notes


def run_in(home: Path, *arguments: str, greatest_file: int | None = None) -> Ran:
    """A command on a home of its own, which may write files of ``greatest_file`` bytes at most."""

    def limit() -> None:
        if greatest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (greatest_file, greatest_file))

    done = subprocess.run(
        [sys.executable, "-m", "tavern_tui", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(TAVERN_HOME=str(home)),
        preexec_fn=limit,
        timeout=100,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def stored(home: Path) -> list[str]:
    """The texts of the turns in the only chat, as they lie on the disk."""
    (chat,) = (home / "chats").iterdir()
    events = [json.loads(line) for line in chat.read_text(encoding="utf-8").splitlines()]
    return [event["x"] for event in events if event["k"] == "turn"]


def card(**fields: object) -> str:
    """A character card's JSON."""
    whole = {"name": "Strange", "description": "A ferrywoman.", "first_mes": "Across?", **fields}
    return json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": whole})


@pytest.fixture
def characters(tavern: Tavern, tavern_home: Path) -> Path:
    """The folder of cards, with Mira in it."""
    return tavern_home / "characters"


@pytest.fixture
def models(tavern_home: Path) -> Path:
    """An empty models folder."""
    folder = tavern_home / "models"
    folder.mkdir()
    return folder


BROKEN_CARDS: dict[str, bytes] = {
    "empty.png": b"",
    "torn.png": small_picture()[:40],
    "portrait.png": small_picture(),
    "deep.json": b'{"data":' * 50_000,
    "page.json": b"<!DOCTYPE html><html><body>Log in</body></html>",
    "list.json": b"[1, 2, 3]",
    "blank.json": b"  \n\n",
    "fields.json": card(first_mes=["a", {"b": 5}]).encode(),
}


def test_cards_that_cannot_be_read_are_named_and_left_out(tavern: Tavern, characters: Path) -> None:
    for name, content in BROKEN_CARDS.items():
        (characters / name).write_bytes(content)
    (characters / "folder.json").mkdir()
    (characters / "circle.json").symlink_to("circle.json")
    os.mkfifo(characters / "pipe.png")
    broken = {*BROKEN_CARDS, "folder.json", "circle.json", "pipe.png"}
    ran = tavern("characters")
    assert "Mira" in ran.text
    notes = told(ran, 0)
    assert {name for name in broken if name in notes} == broken
    assert {path.name for path in characters.iterdir()} == {*broken, "mira.yaml"}


def test_talking_to_a_broken_card_says_what_is_wrong_with_it(tavern: Tavern, characters: Path) -> None:
    for name in ("portrait.png", "torn.png"):
        (characters / name).write_bytes(BROKEN_CARDS[name])
        assert name in told(tavern("say", str(characters / name), "Hello", "--server", NOBODY), 1)


@pytest.mark.parametrize("name", ["../../above", "two\nlines\r\x1b[2J", "猫" * 500])
def test_a_strange_name_stays_inside_the_chats_folder(
    tavern: Tavern, tavern_home: Path, characters: Path, server: ScriptedServer, name: str
) -> None:
    server.says("Yes.")
    (characters / "strange.json").write_text(card(name=name))
    ran = tavern("say", "strange", "Hello", "--server", server.address)
    assert (ran.code, ran.text) == (0, "Yes.\n")
    (chat,) = (tavern_home / "chats").iterdir()
    assert chat.name.isprintable()
    assert {path.name for path in tavern_home.parent.iterdir()} == {tavern_home.name}


def test_a_vast_card_names_both_sizes_and_the_message_is_kept(
    tavern: Tavern, tavern_home: Path, characters: Path, server: ScriptedServer
) -> None:
    (characters / "strange.json").write_text(card(description="word " * 1_000_000))
    notes = told(tavern("say", "strange", "Hello", "--server", server.address), 1)
    assert "Strange's card" in notes
    assert "8,192" in notes
    assert server.prompts == []
    assert stored(tavern_home) == ["Across?", "Hello"]


def test_vast_greetings_and_macros_within_macros_do_no_harm(
    tavern: Tavern, characters: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    nested = "{{" * 5000 + "char" + "}}" * 5000 + "{{personality}}{{roll:99999999d99999999}}"
    greetings = {"first_mes": "word " * 200_000, "alternate_greetings": [nested]}
    (characters / "strange.json").write_text(card(name="{{char}}", personality="{{personality}}", **greetings))
    assert tavern("say", "strange", "Hello", "--server", server.address).text == "Yes.\n"


def test_model_files_that_are_none_are_named_with_what_is_missing(
    tavern: Tavern, models: Path, starter_model: Path, tmp_path: Path
) -> None:
    with starter_model.open("rb") as file:
        head = file.read(3_000_000)
    for size in (0, 3, 1000, 3_000_000):
        (models / f"cut{size}.gguf").write_bytes(head[:size])
    (models / "page.gguf").write_bytes(BROKEN_CARDS["page.json"])
    (models / "zeros.gguf").write_bytes(bytes(5000))
    (models / "part-00001-of-00003.gguf").symlink_to(starter_model)
    (models / "nowhere.gguf").symlink_to("nothing")
    (models / "folder.gguf").mkdir()
    os.mkfifo(models / "pipe.gguf")
    notes = told(tavern("models", HOME=str(tmp_path)), 0)
    for path in models.iterdir():
        assert path.name in notes or path.name == "folder.gguf"
    assert "3 MB of 98 MB" in notes
    assert "1,000 bytes end inside the header" in notes
    assert "web page" in notes
    assert "Parts 2, 3 of 3" in notes
    for name in ("cut3000000.gguf", "page.gguf", "pipe.gguf"):
        assert name in told(tavern("say", "mira", "Hello", "--model", name, HOME=str(tmp_path)), 4)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"reply:\n  preset: [1, 2", 3),
        (b"- a\n- b\n", 1),
        (b"reply:\n  preset: balanced\n  respnse_tokens: 90\n", 3),
        (b"persona:\n  name: Kay\nengine: {threads: -4}\n", 3),
        (b"reply:\n  preset: balancd\n", 2),
        (b"connection:\n  server: ftp://rig\n", 2),
    ],
)
def test_settings_that_make_no_sense_are_named_with_their_line_and_stop_nothing(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, content: bytes, line: int
) -> None:
    config = tavern_home / "config" / "config.yaml"
    config.parent.mkdir()
    config.write_bytes(content)
    ran = tavern("chat", "mira", "--server", server.address)
    assert ran.text.startswith("Mira: ")
    assert f"{config}:{line}: " in told(ran, 0)
    server.says("Yes.")
    said = tavern("say", "mira", "Hello", "--server", server.address)
    assert said.text == "Yes.\n"
    assert f"{config}:{line}: " in told(said, 0)
    assert config.read_bytes() == content


def test_a_settings_folder_that_is_a_file_stops_nothing(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    (tavern_home / "config").write_text("")
    ran = tavern("chat", "mira", "--server", server.address)
    assert ran.text.startswith("Mira: ")
    assert str(tavern_home / "config") in told(ran, 0)


def test_a_library_that_cannot_be_written_is_named(tavern: Tavern, tavern_home: Path) -> None:
    (tavern_home / "chats").write_text("a file")
    assert str(tavern_home / "chats") in told(tavern("say", "mira", "Hello", "--server", NOBODY), 1)
    assert (tavern_home / "chats").read_text() == "a file"
    home = Path("/proc/tavern")
    assert str(home) in told(run_in(home, "say", "wren", "Hello", "--server", NOBODY), 1)


@pytest.mark.parametrize("variable", ["TAVERN_HOME", "HOME"])
def test_a_home_below_a_file_leaves_the_samples_to_be_read(command: Command, tmp_path: Path, variable: str) -> None:
    (tmp_path / "file").write_text("mine")

    def ran(*arguments: str) -> Ran:
        home = tmp_path / "file" / "home"
        if variable == "TAVERN_HOME":
            return command(home, arguments, b"", {"TAVERN_SERVER": NOBODY})
        return cold(arguments, b"", environment(TAVERN_HOME="", HOME=str(home), TAVERN_SERVER=NOBODY))

    assert "Wren" in ran("characters").text
    assert ran("log", "A night at the Crooked Lantern", "--last", "1").text.startswith("Bess: ")
    assert (ran("log").code, ran("models").code, ran("engine", "stop").code) == (0, 0, 0)
    assert str(tmp_path / "file") in told(ran("say", "wren", "Hello"), 1)
    assert (tmp_path / "file").read_text() == "mine"


def test_a_chat_whose_card_is_gone_can_be_read_and_not_talked_in(
    tavern: Tavern, tavern_home: Path, characters: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    tavern("say", "mira", "Hello", "--server", server.address)
    (characters / "mira.yaml").unlink()
    opened = tavern("chat", "--chat", "Mira", "--server", server.address, stdin="Still there?\n")
    assert opened.text.endswith("Mira: Yes.\n")
    assert told(opened, 0).count("There is no character “Mira”.") == 2
    assert stored(tavern_home)[1:] == ["Hello", "Yes."]
    bare = tavern("chat", "--server", server.address)
    assert bare.text.startswith("Wren: ")
    assert "no card of Mira" in told(bare, 0)


def test_a_chat_that_is_with_somebody_else_is_not_gone_on_with(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    tavern("say", "mira", "Hello", "--server", server.address)
    ran = tavern("say", "Bess", "Hello", "--chat", "Mira", "--server", server.address)
    assert "That chat is with Mira, not with Bess." in told(ran, 2)
    assert stored(tavern_home)[1:] == ["Hello", "Yes."]


def test_what_the_disk_refused_is_told_and_what_was_there_stays(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    tavern("say", "mira", "first", "--server", server.address)
    (chat,) = (tavern_home / "chats").iterdir()
    before = chat.read_bytes()
    limited = run_in(
        tavern_home, "say", "mira", "second " * 500, "--server", server.address, greatest_file=len(before) + 20
    )
    assert chat.name in told(limited, 1)
    assert chat.read_bytes().startswith(before)
    assert tavern("say", "mira", "third", "--server", server.address).code == 0
    assert [text for text in stored(tavern_home) if text in ("first", "third")] == ["first", "third"]


def test_a_poor_terminal_gets_substitutes_and_the_chat_stays_whole(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Un café 猫.")
    narrow = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "TERM": "dumb", "COLUMNS": "1"}
    ran = tavern("chat", "mira", "--server", server.address, stdin="Hello\n", **narrow)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, b"Mira: Un caf? ?.")
    unknown = tavern("chat", "mira", "--server", server.address, stdin="déjà 猫\n", LC_ALL="nowhere", TERM="")
    assert (unknown.code, unknown.text.splitlines()[-1]) == (0, "Mira: Un café 猫.")
    assert stored(tavern_home)[1:] == ["Hello", "Un café 猫.", "déjà 猫", "Un café 猫."]


def test_the_engine_works_under_a_long_home_of_strange_characters(starter_model: Path, tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    home = tmp_path / "with space" / "two\nlines\x1b[31m" / "Ümläut 猫" / ("x" * 180)
    for folder in ("models", "config", "characters"):
        (home / folder).mkdir(parents=True)
    (home / "characters" / "mira.yaml").write_text(CARD)
    (home / "models" / starter_model.name).symlink_to(starter_model)
    (home / "config" / "config.yaml").write_text("engine: {threads: 1}\n")
    try:
        ran = run_in(home, "say", "mira", "Hello", "--length", "16")
        assert ran.code == 0, ran.notes
    finally:
        stopped = run_in(home, "engine", "stop")
    assert "stopped" in stopped.text


REFUSALS: dict[str, tuple[dict[str, Reply], str]] = {
    "key": ({"/v1/models": said({"error": {"message": "no"}}, 401)}, "or keep one: tavern-tui secrets set 127.0.0.1:"),
    "fault": ({"/v1/completions": Reply(500, b"Internal Server Error")}, "(500)"),
    "portal": ({"/v1/completions": page()}, "is a web page"),
    "rubbish": ({"/v1/models": Reply(body=b"\x00\xff{{{")}, "not as an engine"),
}


@pytest.mark.parametrize("kind", REFUSALS)
def test_a_server_that_refuses_is_named_and_the_message_is_kept(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, kind: str
) -> None:
    routes, words = REFUSALS[kind]
    server._standin.routes.update(routes)
    ran = tavern("say", "mira", "Are you there?", "--server", server.address)
    assert words in told(ran, 4)
    assert server.address.removeprefix("http://") in ran.notes
    assert ran.text == ""
    assert stored(tavern_home)[1:] == ["Are you there?"]


@pytest.mark.parametrize(
    ("reply", "words"), [("", "wrote nothing"), ("Alex: I speak for you.\nAlex: And again.", "only Alex's lines")]
)
def test_a_reply_of_nothing_is_told_and_makes_no_turn(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer, reply: str, words: str
) -> None:
    server.says(reply)
    assert words in told(tavern("say", "mira", "Hm?", "--server", server.address), 4)
    assert stored(tavern_home)[1:] == ["Hm?"]


def test_a_reply_may_come_byte_by_byte_and_without_a_line_end(tavern: Tavern, server: ScriptedServer) -> None:
    spoken = chunk("*Elle hoche la tête.* ") + chunk("猫") + chunk(".", "stop") + b"data: [DONE]\n\n"
    server.replies.append([bytes([byte]) for byte in spoken])
    server.says(*["x" * 1000] * 100)
    ran = tavern("chat", "mira", "--server", server.address, stdin="one\ntwo\n")
    assert ran.text.splitlines()[-2:] == ["Mira: *Elle hoche la tête.* 猫.", "Mira: " + "x" * 100_000]


def test_a_server_that_does_not_end_is_stopped_at_a_sentence(tavern: Tavern, server: ScriptedServer) -> None:
    server.says(*["And on it goes. "] * 3000)
    ran = tavern("say", "mira", "Go.", "--server", server.address, "--length", "40", "--json")
    text = json.loads(ran.text)["text"]
    assert text.endswith("And on it goes.")
    assert 30 < text.count(".") < 60


def test_a_server_may_go_away_and_come_back(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    server.breaks_after()
    server.says("what is asked to learn why the stream said nothing")
    server.says("Two.")
    ran = tavern("chat", "mira", "--server", server.address, stdin="first\nsecond\n")
    assert ran.text.endswith("Mira: One.\nMira: Two.\n")
    assert "Trying again" in told(ran, 0)
    assert "second" in server.prompts[-1]


def test_numbers_out_of_all_bounds_are_used_or_refused_with_a_reason(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Yes.")
    huge = "9" * 30
    say = ("say", "mira", "Hello", "--server", server.address)
    assert tavern(*say, "--seed", huge, "--context-size", huge).text == "Yes.\n"
    for refused in (("--length", huge), ("--context-size", "256")):
        assert "do not fit" in told(tavern(*say, *refused), 1)


def test_a_message_too_long_is_kept_and_does_not_end_the_chat(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    vast = "word " * 40_000
    assert "Alex's turn" in told(tavern("say", "mira", stdin=vast, TAVERN_SERVER=server.address), 1)
    assert tavern("say", "mira", "And now?", "--server", server.address).text == "Yes.\n"
    assert stored(tavern_home)[1:] == [vast, "And now?", "Yes."]


def test_bytes_that_are_no_text_are_taken_as_well_as_they_can_be(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    ran = tavern("say", "mira", stdin="a\0b \ud800 c\n", TAVERN_SERVER=server.address)
    assert (ran.code, ran.text) == (0, "Yes.\n")
    said_ = stored(tavern_home)[1]
    assert (said_[0], said_[-2:]) == ("a", " c")


def test_a_damaged_chat_goes_on_and_the_damage_is_named(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    tavern("chat", "mira", "--server", server.address, stdin="first\nsecond\n")
    (chat,) = (tavern_home / "chats").iterdir()
    lines = chat.read_bytes().splitlines(keepends=True)
    damaged = b"".join((*lines[:2], b"\0\0\xff rubbish\n", *lines[2:])) + b'{"e":["torn'
    chat.write_bytes(damaged)
    assert tavern("say", "mira", "third", "--server", server.address).text == "Yes.\n"
    assert chat.read_bytes().startswith(damaged)
    ran = tavern("log", "mira")
    assert [text for text in ("first", "second", "third") if f"Alex: {text}" in ran.text] == [
        "first",
        "second",
        "third",
    ]
    assert f"{chat}:3: " in told(ran, 0)


def test_a_chat_of_a_later_version_is_not_written_to(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    server.says("Yes.")
    tavern("say", "mira", "first", "--server", server.address)
    (chat,) = (tavern_home / "chats").iterdir()
    later = re.sub(rb'"f":\d+,"v":"[^"]*"', b'"f":9,"v":"7.7"', chat.read_bytes(), count=1)
    chat.write_bytes(later)
    notes = told(tavern("say", "mira", "second", "--server", server.address), 1)
    assert "7.7 (format 9)" in notes
    assert chat.read_bytes() == later


def test_a_chat_outlives_its_character_and_other_things_of_its_name(
    tavern: Tavern, tavern_home: Path, characters: Path, server: ScriptedServer
) -> None:
    server.says("Yes.")
    tavern("say", "mira", "first", "--server", server.address)
    (characters / "mira.yaml").unlink()
    os.mkfifo(tavern_home / "chats" / "pipe.jsonl")
    (tavern_home / "chats" / "folder.jsonl").mkdir()
    assert "Mira" in told(tavern("say", "mira", "second", "--server", server.address), 3).title()
    assert tavern("log", "mira").text.endswith("Alex: first\n\nMira: Yes.\n")
    assert [row["characters"] for row in json.loads(tavern("log", "--json").text)] == [["Mira"]]
