"""``log``: which chat a name means, following one as JSON, copies to write on, and merging what another copy has."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ScriptedServer, Tavern, environment


@pytest.fixture
def two_chats(tavern: Tavern, server: ScriptedServer) -> Tavern:
    """Two chats with Mira, the later with the message "second" in it."""
    server.says("One.")
    for text in ("first", "second"):
        assert tavern("say", "mira", text, "--new", "--server", server.address).code == 0
    return tavern


@pytest.mark.parametrize("name", ["Mira", "mira", "mir"])
def test_a_character_means_the_latest_chat_with_them(two_chats: Tavern, name: str) -> None:
    ran = two_chats("log", name, "--last", "2")
    assert ran.text == "Alex: second\n\nMira: One.\n"


def test_going_on_with_a_chat_finds_it_as_printing_does(two_chats: Tavern, server: ScriptedServer) -> None:
    assert two_chats("say", "mira", "third", "--chat", "Mira", "--server", server.address).code == 0
    assert "second" in server.prompts[-1]
    assert "first" not in server.prompts[-1]


def test_a_name_that_two_characters_share_is_asked_back(two_chats: Tavern, tavern_home: Path) -> None:
    (tavern_home / "characters" / "miro.yaml").write_text("name: Miro\ngreeting: Ahoy.\n", encoding="utf-8")
    assert two_chats("chat", "miro", stdin="/quit\n").code == 0
    ran = two_chats("log", "mir")
    assert ran.code == 3
    assert "mir could be 3 chats" in ran.notes


def test_followed_as_json_each_turn_is_one_line(tavern: Tavern, tavern_home: Path, server: ScriptedServer) -> None:
    server.says("One.\nTwo.")
    assert tavern("say", "mira", "first", "--server", server.address).code == 0
    with subprocess.Popen(
        [sys.executable, "-m", "tavern_tui", "log", "mira", "--follow", "--json"],
        stdout=subprocess.PIPE,
        env=environment(TAVERN_HOME=str(tavern_home)),
    ) as following:
        try:
            assert following.stdout is not None
            lines = [following.stdout.readline() for _ in range(3)]
            assert tavern("say", "mira", "second", "--server", server.address).code == 0
            lines += [following.stdout.readline() for _ in range(2)]
        finally:
            following.kill()
    turns = [json.loads(line) for line in lines]
    assert [turn["text"] for turn in turns[1:]] == ["first", "One.\nTwo.", "second", "One.\nTwo."]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--follow"],
        ["--last", "2"],
        ["--copy", "Other"],
        ["--merge", "other.jsonl"],
        ["mira", "--copy", "Other", "--json"],
        ["mira", "--copy", "Other", "--merge", "other.jsonl"],
        ["mira", "--copy", " "],
        ["mira", "--merge", ""],
    ],
)
def test_options_that_do_not_go_together_are_refused(tavern: Tavern, arguments: list[str]) -> None:
    ran = tavern("log", *arguments)
    assert ran.code == 2
    assert "CHAT" in ran.notes


def test_a_copy_has_the_same_turns_and_is_written_on_alone(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    assert tavern("say", "mira", "first", "--server", server.address).code == 0
    (original,) = chats()
    before = original.read_bytes()
    ran = tavern("log", "mira", "--copy", "Another ending")
    assert ran.code == 0
    copy = Path(ran.text.removeprefix("Written: ").rstrip("\n"))
    assert copy in chats()
    assert tavern("log", "Another ending").text == tavern("log", original.stem).text
    assert tavern("say", "mira", "second", "--chat", "Another ending", "--server", server.address).code == 0
    assert original.read_bytes() == before
    assert "second" in tavern("log", "Another ending").text


def test_a_chat_in_a_newer_format_is_copied_as_far_as_it_is_understood(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("One.")
    assert tavern("say", "mira", "first", "--server", server.address).code == 0
    (original,) = chats()
    with original.open("a") as log:
        log.write('{"e":["later","rig",90,1790000000],"k":"hologram","f":3,"v":"1.4"}\n')
    refused = tavern("say", "mira", "second", "--chat", original.stem, "--server", server.address)
    assert refused.code == 1
    assert "tavern-tui log CHAT --copy TITLE" in refused.notes
    assert tavern("log", original.stem, "--copy", "Understood").code == 0
    assert tavern("say", "mira", "second", "--chat", "Understood", "--server", server.address).code == 0
    assert tavern("log", "Understood").text.endswith("Alex: second\n\nMira: One.\n")


def test_merging_takes_in_what_is_new_and_says_how_much(tavern: Tavern, server: ScriptedServer, tmp_path: Path) -> None:
    server.says("One.")
    assert tavern("say", "mira", "first", "--server", server.address).code == 0
    (chat,) = chats()
    elsewhere = tmp_path / "from another device.jsonl"
    shutil.copy(chat, elsewhere)
    assert tavern("say", "mira", "second", "--server", server.address).code == 0
    longer = chat.read_bytes()
    chat.write_bytes(elsewhere.read_bytes())
    elsewhere.write_bytes(longer)
    assert tavern("log", "mira", "--merge", str(elsewhere)).text == f"{chat.name}: 2 new events taken in.\n"
    assert tavern("log", "mira").text.endswith("Alex: second\n\nMira: One.\n")
    assert tavern("log", "mira", "--merge", str(elsewhere)).text == f"{chat.name}: nothing new in the other copy.\n"
    assert elsewhere.read_bytes() == longer


def test_what_is_no_copy_of_the_chat_is_not_merged(two_chats: Tavern, tmp_path: Path) -> None:
    first, second = chats()
    before = first.read_bytes()
    nothing = tmp_path / "notes.txt"
    nothing.write_text("not a chat\n")
    for other, code, told in (
        (second, 1, "is a copy of another chat"),
        (nothing, 1, "is not a chat"),
        (tmp_path / "gone", 3, "There is no file"),
        (tmp_path, 1, "it is a folder"),
    ):
        ran = two_chats("log", first.stem, "--merge", str(other))
        assert ran.code == code
        assert told in ran.notes
    assert first.read_bytes() == before


def chats() -> list[Path]:
    """The files of the chats that there are."""
    return sorted(Path(os.environ["TAVERN_HOME"], "chats").glob("*.jsonl"))
