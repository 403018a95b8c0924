"""``keys``: the table in force on stdout, what is wrong with the user's keys on stderr, a check with an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tavern


@pytest.fixture
def own_keys(tavern_home: Path) -> Path:
    """Where the user's keymap lies."""
    path = tavern_home / "config" / "keys.yaml"
    path.parent.mkdir()
    return path


def test_it_prints_every_place_and_action(tavern: Tavern) -> None:
    ran = tavern("keys")
    assert (ran.code, ran.notes) == (0, "")
    lines = [line.split() for line in ran.text.splitlines()]
    assert ["ctrl+p", "Command", "palette", "app.palette"] in lines
    assert ["1–9", "Quick", "reply", "turn.quick_reply"] in lines
    assert ["A", "turn", "is", "selected:"] in lines


def test_own_keys_are_shown_and_what_was_not_taken_is_told_aside(tavern: Tavern, own_keys: Path) -> None:
    own_keys.write_text("turn.hide: H\nturn.bookmark: []\nturn.copy: ctrl+h\n", encoding="utf-8")
    ran = tavern("keys")
    assert ran.code == 0
    lines = [line.split() for line in ran.text.splitlines()]
    assert ["H", "Hide", "from", "the", "model", "turn.hide"] in lines
    assert ["(no", "key)", "Bookmark", "turn.bookmark"] in lines
    assert ran.notes.startswith(f"{own_keys}:3: “turn.copy” cannot have ctrl+h")


def test_a_preset_is_shown_without_own_keys(tavern: Tavern, own_keys: Path) -> None:
    own_keys.write_text("turn.receipt: R\n", encoding="utf-8")
    assert ["K", "Receipt", "turn.receipt"] in [
        line.split() for line in tavern("keys", "--preset", "vim").text.splitlines()
    ]
    assert ["i", "Receipt", "turn.receipt"] in [line.split() for line in tavern("--safe", "keys").text.splitlines()]


def test_an_unknown_preset_is_refused_with_the_list(tavern: Tavern) -> None:
    ran = tavern("keys", "--preset", "emacs")
    assert ran.code == 2
    assert "default, vim, phone" in ran.notes


def test_check_prints_what_is_wrong_and_exits_1(tavern: Tavern, own_keys: Path) -> None:
    own_keys.write_text("turn.dlete: X\nturn.edit: f5\n", encoding="utf-8")
    ran = tavern("keys", "--check")
    assert ran.code == 1
    wrong, doubtful = ran.text.splitlines()
    assert wrong == f"{own_keys}:1: There is no action “turn.dlete”. The nearest is “turn.delete”."
    assert doubtful.startswith(f"{own_keys}:2: “turn.edit” has no other key: F5")


def test_check_is_content_with_keys_that_make_sense(tavern: Tavern, own_keys: Path) -> None:
    assert tavern("keys", "--check").code == 0
    own_keys.write_text("preset: phone\nturn.hide: H\n", encoding="utf-8")
    ran = tavern("keys", "--check")
    assert (ran.code, ran.text) == (0, "Nothing to mend. The preset is “phone”.\n")


def test_json_gives_every_action_with_the_names_of_its_keys(tavern: Tavern) -> None:
    rows = {row["id"]: row for row in json.loads(tavern("keys", "--json").text)}
    assert rows["chat.find"]["keys"] == ["ctrl+f", "slash"]
    assert rows["chat.find"]["command"] == "/find"
    assert rows["turn.delete"]["where"] == "turn"


def test_listening_needs_a_terminal(tavern: Tavern) -> None:
    ran = tavern("keys", "--listen")
    assert ran.code != 0
    assert ran.notes.startswith("Listening to keys needs a terminal.")


def test_control_characters_in_own_keys_do_not_reach_the_terminal(tavern: Tavern, own_keys: Path) -> None:
    own_keys.write_text('"\\e]0;title\\a": x\nturn.hide: "\\e[31m"\n', encoding="utf-8")
    ran = tavern("keys")
    assert len(ran.notes.splitlines()) == 2
    assert b"\x1b" not in ran.out + ran.err
