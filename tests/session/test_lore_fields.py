"""A lore entry as a form: keys on a line, numbers in their range, choices in words; what is wrong is said."""

from __future__ import annotations

import re
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.lorebook import LoreEntry, LorePosition, LoreSource, SelectiveLogic
from tavern_tui.session.lore_fields import BY_NAME, FIELDS, Kind, bulk_change, decorators
from tavern_tui.session.lore_keys_typed import entry_problem, read_keys, write_keys

ENTRY = LoreEntry(uid=3, keys=("inn", "/tavern(s|)/i"), comment="The Inn", content="It is warm.", sticky=2)
_KEY = st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=25)
@given(st.lists(_KEY, max_size=4))
def test_keys_come_back_from_the_line_that_they_are_written_on(keys: list[str]) -> None:
    assert read_keys(write_keys(keys)) == tuple(keys)


def test_commas_divide_keys_but_not_inside_of_patterns_and_quotation_marks() -> None:
    assert read_keys('inn, /a{1,2}b/i,, "bread, butter"') == ("inn", "/a{1,2}b/i", "bread, butter")


def test_the_form_has_every_field_of_an_entry_once() -> None:
    listed = [field.name for group in FIELDS.values() for field in group]
    assert len(listed) == len(set(listed))
    assert set(listed) - {"decorators"} == {each.name for each in fields(LoreEntry)} - {"uid", "extra"}


@pytest.mark.parametrize("name", BY_NAME)
def test_what_stands_in_the_line_is_read_as_what_it_was(name: str) -> None:
    entry = replace(ENTRY, also_scans=(LoreSource.SCENARIO,), triggers=("swipe",), probability=12.5, priority=None)
    field = BY_NAME[name]
    assert field.read(entry, field.typed(entry)) == entry


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("depth", "five", "“five” is not a number."),
        ("depth", "-1", "-1 is out of range."),
        ("sticky", "1.5", "1.5 is out of range."),
        ("probability", "101", "101 is out of range."),
        ("order", "nan", "nan is out of range."),
        ("position", "nowhere", "There is no choice “nowhere”."),
        ("triggers", "dance", "There is no “dance”."),
        ("keys", "inn, /a(/", "a group is opened and never closed"),
    ],
    ids=lambda value: value[:12],
)
def test_what_cannot_be_is_said(name: str, typed: str, told: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(told)):
        BY_NAME[name].read(ENTRY, typed)


def test_nothing_typed_is_the_usual_value() -> None:
    assert BY_NAME["scan_depth"].read(replace(ENTRY, scan_depth=9), "").scan_depth is None
    assert BY_NAME["probability"].read(replace(ENTRY, probability=3.0), " ").probability == 100


def test_choices_turn_in_a_circle_and_numbers_stop_at_their_ends() -> None:
    logic = BY_NAME["selective_logic"]
    assert logic.turned(ENTRY, -1).selective_logic is SelectiveLogic.NOT_ALL
    assert BY_NAME["depth"].turned(replace(ENTRY, depth=0), -1).depth == 0
    assert BY_NAME["case_sensitive"].read(ENTRY, "no").case_sensitive is False
    assert BY_NAME["position"].read(ENTRY, "in the chat").position is LorePosition.AT_DEPTH


def test_a_pattern_is_judged_by_how_the_entry_takes_its_keys() -> None:
    assert not entry_problem(replace(ENTRY, keys=("(",)))
    assert entry_problem(replace(ENTRY, keys=("(",), use_regex=True)).startswith("(: ")


def test_decorators_are_seen_and_not_typed() -> None:
    entry = replace(ENTRY, content="@@depth 2\n@@@role user\nIt is warm.\n@@late")
    assert decorators(entry) == ("@@depth 2", "@@@role user")
    assert BY_NAME["decorators"].kind is Kind.SEEN


def test_many_are_changed_or_none_is() -> None:
    assert bulk_change("order", "7")(ENTRY).order == 7
    with pytest.raises(SettingsError):
        bulk_change("order", "many")
