"""Thirty texts that try to drive a terminal, through every path that reaches stdout or stderr, on the raw bytes."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.domain.display import safe
from tavern_tui.formats.json_text import write_json
from tests.cli.conftest import Command, Ran, ScriptedServer, Tavern
from tests.hostile import HOSTILE, driving_characters

ALL = " ".join(HOSTILE.values())


def assert_harmless(*runs: Ran) -> None:
    for ran in runs:
        assert driving_characters(ran.out) == []
        assert driving_characters(ran.err) == []
        assert b"Traceback" not in ran.err


def write_card(home: Path, text: str, stem: str = "evil") -> None:
    card = {"spec": "chara_card_v2", "spec_version": "2.0"}
    card["data"] = {  # type: ignore[assignment]
        "name": f"Evil {text}",
        "description": text,
        "first_mes": f"Hello {text}",
        "mes_example": f"<START>\n{{{{user}}}}: {text}\n{{{{char}}}}: {text}",
        "alternate_greetings": [text],
        "tags": [text],
    }
    (home / "characters" / f"{stem}.json").write_bytes(write_json(card))


def test_through_a_card_a_reply_a_model_name_and_a_message(
    tavern: Tavern, tavern_home: Path, server: ScriptedServer
) -> None:
    write_card(tavern_home, ALL)
    server.named(f"model {ALL}")
    lines = []
    for name, text in HOSTILE.items():
        said = text.replace("\n", " ").replace("\r", " ")
        server.says(f"{name}: ", text.encode("utf-8", "replace").decode(), " End.\n", "Done.")
        lines += [f"{name} {said}", "/list 2", f"/{said}", f"/edit {said}", "/undo"]
    chat = tavern("chat", "evil", "--server", server.address, stdin="\n".join(lines))
    assert len(server.prompts) == len(HOSTILE)
    assert chat.out.count(b" End.") >= len(HOSTILE)
    assert_harmless(chat)


def test_through_every_other_command(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    write_card(tavern_home, ALL)
    server.named(f"model {ALL}")
    server.says(f"Begin. {ALL.encode('utf-8', 'replace').decode()} End.")
    (tavern_home / "characters" / "broken.json").write_bytes(ALL.encode("utf-8", "surrogatepass"))
    (tavern_home / "worlds").mkdir()
    (tavern_home / "worlds" / "broken.json").write_bytes(b'{"entries": "' + ALL.encode("utf-8", "surrogatepass") + b'"')
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_bytes(b"reply:\n  '\x9b2J\\e': 1\n  preset: \"\\e[2J\"\n")
    said = tavern("say", "evil", "Hello", "--server", server.address, "--preset", "balanced")
    as_json = tavern("say", "evil", "Hello", "--server", server.address, "--preset", "balanced", "--json")
    assert b"End." in said.out
    assert b"End." in as_json.out
    chats = sorted((tavern_home / "chats").glob("*.jsonl"))
    with chats[0].open("ab") as log:
        log.write(ALL.encode("utf-8", "surrogatepass") + b"\n\x1b[2J\x00\x00")
    assert_harmless(
        said,
        as_json,
        tavern("characters"),
        tavern("characters", "list", "--json"),
        tavern("log"),
        tavern("log", "--json"),
        tavern("log", chats[0].stem),
        tavern("log", chats[0].stem, "--json"),
        tavern("log", "\x1b[2J\x9b31m"),
        tavern("doctor"),
        tavern("doctor", "--json"),
        tavern("connect", server.address),
        tavern("connect", server.address, "--json"),
        tavern("connect", "http://rig\x1b[2J:5001"),
        tavern("say", "nobody \x1b]0;owned\x07", "Hello", "--server", server.address),
        tavern("say", "evil", "Hello"),
        tavern("log", chats[0].stem, "--copy", f"copy {ALL}".replace("\x00", "").replace("\ud800", "")),
        tavern("log", chats[0].stem, "--merge", "\x1b[2J\x9b31m"),
        tavern("log", "--\x1b[2J"),
        tavern("models", "get", "nonsense\x1b[2J\x9b31m"),
        tavern("locate", "\x1b]0;owned\x07"),
        tavern("\x1b]0;owned\x07"),
        tavern("say", "evil", "Hello", "--length", "\x1b[2J"),
        tavern("engine", "status"),
        tavern("setup", "termux"),
    )


def test_through_the_name_of_the_home_folder(command: Command, tmp_path: Path) -> None:
    name = ALL.replace("/", "").replace("\x00", "").replace("\ud800", "")[:120].encode()[:250].decode("utf-8", "ignore")
    home = tmp_path / name
    home.mkdir()

    def tavern(*arguments: str) -> Ran:
        return command(home, arguments, b"", {})

    places = tavern("locate")
    assert places.out.count(safe(name).split()[0].encode()) > 1
    assert_harmless(
        places,
        tavern("locate", "chats"),
        tavern("locate", "--json"),
        tavern("doctor"),
        tavern("models"),
        tavern("characters"),
        tavern("engine", "status"),
        tavern("models", "get", "nonsense"),
        tavern("setup", "termux"),
        tavern("chat", "wren", "--server", "127.0.0.1:1"),
        tavern("say", "wren", "Hello", "--server", "127.0.0.1:1"),
        tavern("log", "wren", "--copy", "Copy"),
    )


def test_through_file_names(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    names = [name for text in HOSTILE.values() if "/" not in (name := text.replace("\x00", "").replace("\ud800", ""))]
    (tavern_home / "models").mkdir()
    for number, name in enumerate(names):
        (tavern_home / "characters" / f"{number} {name}.png").write_bytes(b"not a picture")
        (tavern_home / "models" / f"{number} {name}.gguf").write_bytes(b"GGUF not a model")
    (tavern_home / "characters" / "undecodable \udcff\udc9b2J.json").write_bytes(b"{}")
    assert_harmless(tavern("characters"), tavern("models"), tavern("models", "--json"), tavern("doctor"))


def test_through_what_a_server_answers(tavern: Tavern, server: ScriptedServer) -> None:
    from tests.engines.standin import said

    error = {"error": {"message": f"refused {ALL}", "type": "bad", "param": ALL, "code": 400}}
    server._standin.routes["/v1/completions"] = said(error, 400)
    ran = tavern("say", "mira", "Hello", "--server", server.address)
    assert ran.code == 4
    assert b"refused" in ran.err
    assert_harmless(ran)
