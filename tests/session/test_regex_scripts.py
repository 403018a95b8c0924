"""Which scripts are in force, what is said of them, and what a card needs before its scripts run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.formats.card import read_card
from tavern_tui.session import doctor
from tavern_tui.session.regex_listing import (
    allow_scripts,
    checked_file,
    forbid_scripts,
    listed_scripts,
    try_script,
)
from tavern_tui.session.regex_scripts import chat_scripts, scripts_in_force, waiting_notice
from tavern_tui.session.workspace import Workspace

SCRIPT: dict[str, Any] = {"scriptName": "one", "findRegex": "/a/g", "replaceString": "b", "placement": [1, 2]}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty home."""
    return Workspace.open(dirs=Directories(*(tmp_path / name for name in ("data", "config", "state", "cache"))))


def put(workspace: Workspace, file: str, *scripts: object) -> Path:
    """A file of scripts among the user's own."""
    folder = workspace.directories.regex_scripts
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(json.dumps(list(scripts)))
    return folder / file


def card(*scripts: object, name: str = "Vex") -> Character:
    """A card that brings scripts."""
    data = {"name": name, "extensions": {"regex_scripts": list(scripts)}}
    return read_card(json.dumps({"spec": "chara_card_v2", "spec_version": "2.0", "data": data}).encode())


def names(workspace: Workspace, character: Character) -> list[str]:
    """The names of the scripts in force, in their order."""
    return [script.name for script in scripts_in_force(workspace, character)]


def named(name: str, **changes: object) -> dict[str, object]:
    """A script of that name."""
    return {**SCRIPT, "scriptName": name, **changes}


def test_files_run_in_the_order_of_their_names_and_the_cards_scripts_last(workspace: Workspace) -> None:
    put(workspace, "b.json", named("3"))
    put(workspace, "A.json", named("1"), named("2"))
    vex = card(named("4"))
    allow_scripts(workspace, vex)
    assert names(workspace, vex) == ["1", "2", "3", "4"]


def test_disabled_scripts_and_other_files_are_no_scripts_in_force(workspace: Workspace) -> None:
    path = put(workspace, "a.json", named("off", disabled=True), named("on"))
    (path.parent / "notes.txt").write_text("no script")
    (path.parent / ".hidden.json").write_text(json.dumps(SCRIPT))
    assert names(workspace, card()) == ["on"]


def test_a_cards_scripts_are_off_until_they_are_allowed_and_can_be_forbidden(workspace: Workspace) -> None:
    vex = card(named("theirs"))
    assert names(workspace, vex) == []
    assert "regex allow Vex" in waiting_notice(workspace, vex)
    allow_scripts(workspace, vex)
    assert names(workspace, vex) == ["theirs"]
    assert waiting_notice(workspace, vex) == ""
    forbid_scripts(workspace, vex)
    assert names(workspace, vex) == []


def test_a_card_whose_scripts_changed_is_asked_about_again(workspace: Workspace) -> None:
    allow_scripts(workspace, card(named("theirs")))
    assert names(workspace, card(named("theirs", replaceString="evil"))) == []
    assert names(workspace, card(named("theirs"), name="Vex again")) == ["theirs"]


def test_a_damaged_file_of_permissions_allows_nothing_and_is_made_anew(workspace: Workspace) -> None:
    vex = card(named("theirs"))
    allow_scripts(workspace, vex)
    (file,) = workspace.directories.config.glob("allowed*")
    file.write_text('{"f": 1, "allowed": [')
    assert names(workspace, vex) == []
    allow_scripts(workspace, vex)
    assert names(workspace, vex) == ["theirs"]


def test_nothing_is_told_of_a_card_whose_scripts_are_all_disabled(workspace: Workspace) -> None:
    assert waiting_notice(workspace, card(named("off", disabled=True))) == ""
    assert waiting_notice(workspace, card()) == ""


def test_safe_mode_has_no_scripts(workspace: Workspace) -> None:
    put(workspace, "a.json", SCRIPT)
    safe = Workspace.open(dirs=workspace.directories, safe=True)
    assert chat_scripts(safe, card(named("theirs"))).scripts == ()
    assert chat_scripts(safe, card(named("theirs"))).waiting == ""


def test_a_file_that_cannot_be_read_stops_no_other(workspace: Workspace) -> None:
    put(workspace, "a.json", SCRIPT).write_text("{")
    put(workspace, "b.json", SCRIPT)
    assert names(workspace, card()) == ["one"]
    scripts, problems = listed_scripts(workspace)
    assert [one.source for one in scripts] == ["b.json"]
    assert problems[0].startswith("a.json:1: This is not JSON")


def test_a_list_says_where_each_script_is_from_what_it_changes_and_whether_it_runs(workspace: Workspace) -> None:
    put(
        workspace,
        "a.json",
        named("shown", markdownOnly=True),
        named("both", markdownOnly=True, promptOnly=True, disabled=True, placement=[5]),
        named("python", findRegex="/(?P<x>a)/"),
    )
    scripts, _ = listed_scripts(workspace, card(named("theirs")))
    assert [(one.script.name, one.state, one.changes, one.places, one.source) for one in scripts] == [
        ("shown", "on", "shown", "your turns, replies", "a.json"),
        ("both", "disabled", "shown and sent", "lore", "a.json"),
        ("python", "broken", "stored", "your turns, replies", "a.json"),
        ("theirs", "not allowed", "stored", "your turns, replies", "Vex's card"),
    ]
    assert "JavaScript writes (?<name>…)" in scripts[2].problem


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"placement": []}, "It is for nothing"),
        ({"placement": [3]}, "It is for commands alone"),
        ({"placement": [3, 6]}, "Thinking is changed in prompts alone"),
        ({"placement": [5], "markdownOnly": True}, "It is for lore on the screen"),
        ({"minDepth": 5, "maxDepth": 2}, "It runs at no depth"),
        ({"findRegex": "a"}, "Its pattern stands without slashes"),
    ],
)
def test_what_is_doubtful_about_a_script_is_said(workspace: Workspace, changes: dict[str, Any], remark: str) -> None:
    scripts, _ = checked_file(put(workspace, "a.json", named("x", **changes)))
    assert [one.startswith(remark) for one in scripts[0].remarks] == [True]
    assert scripts[0].problem == ""


def test_a_script_without_a_pattern_is_broken(workspace: Workspace) -> None:
    scripts, _ = checked_file(put(workspace, "a.json", named("x", findRegex="")))
    assert "nothing to find" in scripts[0].problem


def test_a_pattern_that_macros_complete_is_checked_with_names_in_their_places(workspace: Workspace) -> None:
    scripts, _ = checked_file(put(workspace, "a.json", named("x", findRegex="/{{user}}{2}/", substituteRegex=1)))
    assert scripts[0].problem == ""


def test_a_file_that_is_not_there_is_said_to_be_missing(workspace: Workspace) -> None:
    scripts, problems = checked_file(workspace.directories.data / "none.json")
    assert scripts == []
    assert "There is no file" in problems[0]


def test_a_script_is_tried_by_its_name_or_its_file_whatever_it_is_for(workspace: Workspace) -> None:
    path = put(workspace, "a.json", named("One", disabled=True), named("Two", findRegex="b", replaceString="c{{char}}"))
    assert try_script(workspace, "one", "aa").text == "bb"
    assert try_script(workspace, str(path), "a", card(named("x"))).text == "cVex"
    assert try_script(workspace, "x", "a", card(named("x"))).text == "b"


def test_a_name_that_no_script_has_is_told_with_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="locate regex"):
        try_script(workspace, "one", "a")
    put(workspace, "a.json", SCRIPT)
    with pytest.raises(NotFoundError, match="There are: one"):
        try_script(workspace, "two", "a")
    with pytest.raises(FormatError):
        try_script(workspace, str(put(workspace, "b.json")), "a")


def test_a_card_without_scripts_has_nothing_to_allow(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="brings no regex scripts"):
        allow_scripts(workspace, card())
    with pytest.raises(NotFoundError, match="brings no regex scripts"):
        forbid_scripts(workspace, card())


def test_the_doctor_names_scripts_that_cannot_be_used(workspace: Workspace) -> None:
    put(workspace, "a.json", SCRIPT, named("python", findRegex="/(?P<x>a)/"), {})
    found = [finding.found for finding in doctor.CHECKS["regex"](workspace)]
    assert found[0] == "1 on"
    assert sorted(text.split(":")[0] for text in found[1:]) == ["a.json", "a.json"]
    assert any("python" in text and "(?P" in text for text in found)
