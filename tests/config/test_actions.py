"""The action registry: what every row must have, in every preset, and the page that is made from it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from scripts import build_docs
from tavern_tui.config.action import Preset, Where
from tavern_tui.config.actions import ACTIONS
from tavern_tui.config.keymap import objection, preset_keymap, problems_of
from tavern_tui.config.keys import is_sure, spelt

ROOT = Path(__file__).resolve().parents[2]

# The keys of docs/ux.md §1, by place: what people have learnt must not change by accident.
LEARNT = {
    Where.ANYWHERE: "ctrl+p ctrl+l f1 ctrl+c pageup pagedown ctrl+f ctrl+t ctrl+n",
    Where.COMPOSER: "enter ctrl+j ctrl+o tab ctrl+r ctrl+g ctrl+z ctrl+y",
    Where.ADVENTURE: "ctrl+j",
    Where.EMPTY: "enter left right up escape",
    Where.TURN: "j k up down g G h l left right e E r c b d x y i m n N u U R 1 9 enter escape a",
    Where.REPLYING: "escape",
    Where.POPUP: "escape",
    Where.STORY: "ctrl+g ctrl+r ctrl+t ctrl+n ctrl+o ctrl+f ctrl+z ctrl+y ctrl+j f2",
}


@pytest.mark.parametrize("preset", Preset)
def test_a_preset_has_no_clash_no_key_that_cannot_be_bound_and_a_way_to_everything(preset: Preset) -> None:
    assert problems_of(preset_keymap(preset)) == []


@pytest.mark.parametrize("preset", Preset)
def test_every_action_has_a_key_that_arrives_everywhere_or_is_typed_as_a_command(preset: Preset) -> None:
    without = [action for action in ACTIONS if not any(map(is_sure, action.keys_in(preset)))]
    assert [action.id for action in without if not action.slash] == []


@pytest.mark.parametrize("preset", Preset)
def test_fixed_keys_are_among_the_keys_of_every_preset(preset: Preset) -> None:
    for action in ACTIONS:
        assert set(action.fixed) <= set(action.keys_in(preset))
        assert [key for key in action.fixed if objection(action, key)] == []


def test_keys_are_written_as_textual_names_them_and_once() -> None:
    for action in ACTIONS:
        for preset in Preset:
            keys = action.keys_in(preset)
            assert [spelt(key) for key in keys] == list(keys)
            assert len(set(keys)) == len(keys)


def test_ids_and_commands_are_unique_and_plain() -> None:
    assert Counter(action.id for action in ACTIONS).most_common(1)[0][1] == 1
    commands = [name for action in ACTIONS for name in (action.slash, *action.aliases) if name]
    assert len(set(commands)) == len(commands)
    assert [action.id for action in ACTIONS if not re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", action.id)] == []
    assert [command for command in commands if not re.fullmatch(r"[a-z]+", command)] == []


def test_every_action_has_a_short_title_and_help_in_whole_sentences() -> None:
    for action in ACTIONS:
        assert 3 <= len(action.title) <= 24
        assert action.title[0].isupper()
        assert not action.title.endswith(".")
        assert re.fullmatch(r"[A-Z].{10,}\.", action.help), action.id
        assert "!" not in action.help


def test_two_actions_of_one_place_have_different_titles() -> None:
    assert Counter((action.where, action.title) for action in ACTIONS).most_common(1)[0][1] == 1


@pytest.mark.parametrize("where", Where)
def test_the_default_keys_are_those_of_the_guide(where: Where) -> None:
    bound = {key for action in ACTIONS if action.where is where for key in action.keys}
    assert bound >= set(LEARNT[where].split())


def test_the_commands_of_the_line_by_line_chat_mean_the_same_here() -> None:
    from tavern_tui.cli.plain import COMMANDS

    ours = {action.slash for action in ACTIONS}
    assert ours >= set(COMMANDS) - {"list", "long", "length"}


def test_the_phone_preset_needs_no_key_that_phones_lack() -> None:
    for action in ACTIONS:
        assert [key for key in action.keys_in(Preset.PHONE) if not is_sure(key) and key != "ctrl+c"] == []


@pytest.mark.parametrize("path", build_docs.build())
def test_the_committed_page_is_what_the_registry_says(path: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == build_docs.build()[path], "run: python -m scripts.build_docs"


def test_the_page_names_every_action_and_every_command() -> None:
    page = build_docs.keys_page()
    assert [action.id for action in ACTIONS if f"`{action.id}`" not in page] == []
    assert [action.slash for action in ACTIONS if action.slash and f"`/{action.slash}`" not in page] == []
