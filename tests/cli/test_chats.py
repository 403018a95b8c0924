"""``tavern-tui chats``: what is done with chats as things, and chats that come from other programs and go back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tavern
from tests.hostile import HOSTILE, driving_characters

HEADER = {"user_name": "Alex", "character_name": "Mira", "create_date": "2024-9-4@12h30m01s", "chat_metadata": {}}
SAID = [
    {"name": "Mira", "is_user": False, "mes": "Across?", "send_date": "2024-09-04T12:30:01.000Z", "x": {"kept": True}},
    {"name": "Alex", "is_user": True, "mes": "Yes", "send_date": "2024-09-04T12:31:01.000Z"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A SillyTavern chat."""
    path = tmp_path / "The ferry.jsonl"
    path.write_text("\n".join(map(json.dumps, [HEADER, *SAID])), encoding="utf-8")
    return path


def test_a_chat_comes_in_goes_on_and_goes_back(tavern: Tavern, file: Path, tmp_path: Path) -> None:
    assert tavern("chats", "import", str(file)).text == (
        "The ferry.jsonl (SillyTavern chat): 2 turns in a new chat: The ferry\n"
    )
    assert tavern("log", "The ferry").text == "Mira: Across?\n\nAlex: Yes\n"
    assert tavern("chats", "import", str(file)).text.endswith("nothing new: The ferry\n")
    out = tmp_path / "out.jsonl"
    assert tavern("chats", "export", "the f", str(out)).text == f"Written: {out} (2 turns)\n"
    assert [json.loads(line) for line in out.read_text().splitlines()] == [HEADER, *SAID]
    again = tavern("chats", "export", "the f", str(out))
    assert (again.code, "--force" in again.notes) == (1, True)
    assert tavern("chats", "export", "the f", str(tmp_path), "--format", "text", "--force").code == 0
    assert (tmp_path / "The ferry.txt").read_text() == "Mira: Across?\n\nAlex: Yes\n\n"
    unknown = tavern("chats", "export", "the ferry", "--format", "word")
    assert (unknown.code, "sillytavern" in unknown.notes) == (2, True)


def test_chats_are_listed_shown_and_renamed(tavern: Tavern, file: Path) -> None:
    tavern("chats", "import", str(file))
    assert tavern("chats", "rename", "The ferry", "A  crossing").text == "The ferry is now called A crossing.\n"
    (row,) = json.loads(tavern("chats", "list", "mira", "--json").text)
    assert (row["title"], row["characters"], row["turns"]) == ("A crossing", ["Mira"], 2)
    facts = json.loads(tavern("chats", "show", "A crossing", "--json").text)
    assert (facts["persona"], facts["imported_from"]) == ("Alex", {"The ferry": "sillytavern"})
    assert tavern("chats", "list", "nobody").text == "No chats with nobody yet.\n"


def test_a_deleted_chat_comes_back(tavern: Tavern, file: Path) -> None:
    tavern("chats", "import", str(file))
    assert "tavern-tui chats restore" in tavern("chats", "delete", "the ferry").text
    (gone,) = json.loads(tavern("chats", "list", "--deleted", "--json").text)
    assert (gone["title"], gone["turns"]) == ("The ferry", 2)
    assert tavern("chats", "restore", "the f").code == 0
    assert tavern("log", "the ferry").text.startswith("Mira: Across?")
    lost = tavern("chats", "restore", "the f")
    assert (lost.code, "The trash holds no chat." in lost.notes) == (3, True)


def test_one_file_that_is_refused_does_not_hold_up_the_others(tavern: Tavern, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("hello")
    ran = tavern("chats", "import", str(other), str(file), str(tmp_path / "gone"))
    assert ran.code == 3
    assert "2 turns in a new chat" in ran.text
    assert "notes.txt: This is no chat" in ran.notes


def test_what_could_not_be_kept_is_told(tavern: Tavern, file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\n{torn")
    ran = tavern("chats", "import", str(file))
    assert ran.code == 0
    assert "The ferry.jsonl, line 4: left out" in ran.notes
    (row,) = json.loads(tavern("chats", "import", str(file), "--json").text)
    assert (row["added"], row["remarks"][0]["place"]) == (0, "line 4")


def test_names_that_a_file_does_not_say_are_asked_for(tavern: Tavern, tmp_path: Path) -> None:
    path = tmp_path / "20240904.json"
    path.write_text(json.dumps({"internal": [["Hi", "Ho"]], "visible": [["Hi", "Ho"]]}))
    assert tavern("chats", "import", str(path), "--character", "Mira", "--persona", "Kim").code == 0
    assert tavern("log", "20240904").text == "Kim: Hi\n\nMira: Ho\n"


def test_nothing_in_a_foreign_chat_drives_the_terminal(tavern: Tavern, tmp_path: Path) -> None:
    nasty = "".join(HOSTILE.values())
    path = tmp_path / "nasty.jsonl"
    said = {"name": nasty, "is_user": False, "mes": nasty, "extra": {"x": nasty}}
    path.write_text("\n".join(map(json.dumps, [{**HEADER, "character_name": nasty}, said, ["x"]])), encoding="utf-8")
    for arguments in (["import", str(path)], ["show", "nasty"], ["export", "nasty"]):
        ran = tavern("chats", *arguments)
        assert ran.code == 0
        assert driving_characters(ran.out + ran.err) == []
