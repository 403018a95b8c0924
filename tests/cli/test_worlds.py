"""``tavern-tui worlds``: lorebooks from the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Tavern
from tests.fuzz import CORPUS


def test_a_lorebook_is_made_filled_shown_deleted_and_brought_back(tavern: Tavern, tavern_home: Path) -> None:
    path = tavern_home / "worlds" / "inn.json"
    assert tavern("worlds", "new", "inn").text == f"Made: {path}\n"
    added = tavern("worlds", "edit", "inn", "--add", "key=[inn, tavern]", "content=It is: warm.", "comment=The inn")
    assert added.text == "Added: 0 The inn\n"
    assert tavern("worlds", "edit", "inn", "--entry", "the INN", "order=7", "position=4").text == "Changed: 0 The inn\n"
    entry = json.loads(tavern("worlds", "show", "inn", "0", "--json").text)
    assert (entry["key"], entry["content"], entry["order"]) == (["inn", "tavern"], "It is: warm.", 7)
    assert "inn, tavern" in tavern("worlds", "show", "inn").text
    assert str(path) in tavern("worlds", "delete", "inn").text
    assert not path.exists()
    assert tavern("worlds", "restore", "INN").text == f"Back: {path}\n"
    assert tavern("worlds", "edit", "inn", "--remove", "0").text == "Taken out: 0 The inn\n"
    assert json.loads(path.read_bytes())["entries"] == {}


def test_another_program_s_book_is_taken_over_and_written_with_what_is_lost(tavern: Tavern, tavern_home: Path) -> None:
    made = tavern("worlds", "new", "harbour", "--from", str(CORPUS / "lorebooks" / "novelai.lorebook"))
    assert "entries.1.searchRange" in made.notes
    written = tavern("worlds", "export", "harbour", "--as", "kobold", "--to", str(tavern_home / "out.json"))
    assert [one["comment"] for one in json.loads((tavern_home / "out.json").read_bytes())] == ["Lantern", "Ferry"]
    assert "regular expressions" in written.notes


def test_a_sample_is_copied_before_it_is_changed(tavern: Tavern, tavern_home: Path) -> None:
    assert tavern("worlds", "edit", "The Long Survey", "--entry", "0", "order=3").code == 0
    assert json.loads((tavern_home / "worlds" / "The Long Survey.json").read_bytes())["entries"]["0"]["order"] == 3
    listed = json.loads(tavern("worlds", "list", "--json").text)
    assert [one["sample"] for one in listed if one["name"] == "The Long Survey"] == [False]


def test_what_cannot_be_done_with_a_lorebook_is_told_and_changes_nothing(tavern: Tavern, tavern_home: Path) -> None:
    tavern("worlds", "new", "inn")
    tavern("worlds", "edit", "inn", "--add", "key=[a]")
    kobold = tavern_home / "worlds" / "lite.json"
    kobold.write_bytes((CORPUS / "lorebooks" / "kobold-list.json").read_bytes())
    before = (tavern_home / "worlds" / "inn.json").read_bytes()
    for arguments, code, told in (
        (("show", "nowhere"), 3, "no lorebook “nowhere”"),
        (("show", "inn", "9"), 3, "no entry “9”"),
        (("edit", "inn", "--entry", "0", "orde=3"), 1, "The nearest is “order”"),
        (("edit", "inn", "--entry", "0", "order=high"), 1, "order should be a number"),
        (("edit", "inn", "order=3"), 2, "--entry"),
        (("edit", "inn", "--add", "--remove", "0"), 2, "One of"),
        (("edit", "lite", "--entry", "0", "order=3"), 1, "worlds new NAME --from lite"),
        (("new", "INN"), 1, "already"),
        (("new", "a/b"), 1, "can be called"),
        (("delete", "The Long Survey"), 3, "of your own"),
        (("restore", "inn"), 3, "Nothing is in the trash"),
        (("export", "inn", "--as", "novelai"), 1, "sillytavern, v3, v2, kobold"),
    ):
        ran = tavern("worlds", *arguments)
        assert (ran.code, told in ran.notes) == (code, True), (arguments, ran.notes)
    assert (tavern_home / "worlds" / "inn.json").read_bytes() == before


def test_novelai_s_own_file_lies_among_the_books(tavern: Tavern, tavern_home: Path) -> None:
    path = tavern_home / "worlds" / "harbour.lorebook"
    path.parent.mkdir()
    path.write_bytes((CORPUS / "lorebooks" / "novelai.lorebook").read_bytes())
    shown = json.loads(tavern("worlds", "show", "harbour", "--json").text)
    assert (shown["program"], [one["comment"] for one in shown["entries"]]) == ("NovelAI", ["Lantern", "Ferry"])
    assert tavern("worlds", "delete", "harbour").code == 0
    assert not path.exists()
