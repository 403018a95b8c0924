"""The library from the command line: search, the index, backups and putting back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.storage.chat_store import ChatStore
from tests.cli.conftest import Tavern


@pytest.fixture
def night(tavern_home: Path) -> Path:
    """A chat of two turns in the library of a home; its file."""
    store = ChatStore(tavern_home / "chats", device="rig", state=tavern_home / "state" / "journals")
    log = store.create("A night", ("Mira",), "Alex")
    (first,) = log.append(TurnAdded("", Speaker.CHARACTER, "Mira", "The \x1b[2J old lantern\nwent out."))
    log.append(TurnAdded(first.id, Speaker.USER, "Alex", "Then the ferry is late."))
    return log.path


@pytest.mark.usefixtures("night")
def test_words_are_found_with_their_chat(tavern: Tavern) -> None:
    ran = tavern("search", "lant*", "went")
    assert ran.code == 0
    assert ran.text.splitlines()[0] == "A night"
    assert ran.text.splitlines()[1].endswith("Mira: The ␛[2J old lantern went out.")


@pytest.mark.usefixtures("night")
def test_what_is_found_is_there_for_scripts_too(tavern: Tavern) -> None:
    (found,) = json.loads(tavern("search", "--json", "ferry").out)
    assert (found["chat"], found["name"], found["snippet"]) == ("A night", "Alex", "Then the ferry is late.")
    assert [found["snippet"][a:b] for a, b in found["marks"]] == ["ferry"]


@pytest.mark.usefixtures("night")
def test_several_words_in_one_argument_stand_side_by_side(tavern: Tavern) -> None:
    assert "lantern" in tavern("search", "old lantern").text
    ran = tavern("search", "lantern old")
    assert (ran.code, ran.text, ran.notes) == (0, "", "No turn has these words.\n")


@pytest.mark.usefixtures("night")
def test_the_index_tells_what_it_holds_and_is_made_anew_on_request(tavern: Tavern) -> None:
    first = json.loads(tavern("index", "--json").out)
    assert (first["chats"], first["turns"]) == (1, 2)
    assert "files read: 0" in tavern("index").text
    assert json.loads(tavern("index", "--json", "--rebuild").out)["read"] == first["read"]


def test_a_lost_chat_comes_back_from_a_backup(tavern: Tavern, night: Path) -> None:
    made = tavern("backup")
    assert "1 chat with 2 turns" in made.text
    before = night.read_bytes()
    night.unlink()
    assert "library/chats/A night.jsonl" in tavern("restore", "latest").text
    assert tavern("restore", "latest", "--show", "a night", "--last", "1").text == "Alex: Then the ferry is late.\n"
    assert "1 put back" in tavern("restore", "latest", "--all").text
    assert night.read_bytes() == before
    assert tavern("restore", "latest", "A night").text == "1 there already\n"


def test_backups_are_listed(tavern: Tavern, night: Path, tmp_path: Path) -> None:
    assert tavern("restore").text.startswith("There is no backup yet.")
    assert night.exists()
    made = json.loads(tavern("backup", "--json", "--to", str(tmp_path / "elsewhere")).out)
    assert Path(made["file"]).parent == tmp_path / "elsewhere"
    tavern("backup")
    (listed,) = json.loads(tavern("backup", "--list", "--json").out)
    assert (listed["chats"], listed["turns"], listed["problem"]) == (1, 2, "")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("restore", "latest"), 3, "There is no backup “latest”. tavern-tui backup makes one."),
        (("restore", "latest", "--all", "Mira"), 2, "--all and a NAME do not go together."),
        (("restore", "/nowhere/x.zip"), 3, "There is no backup “/nowhere/x.zip”."),
    ],
    ids=["none", "both", "file"],
)
def test_what_cannot_be_done_is_told(tavern: Tavern, arguments: tuple[str, ...], code: int, told: str) -> None:
    ran = tavern(*arguments)
    assert ran.code == code, ran.notes
    assert told in ran.notes
