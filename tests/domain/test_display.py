"""``safe``: nothing that could drive a terminal gets through, and everything else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.display import safe, safe_line, without_controls
from tests.hostile import HOSTILE, driving_characters

ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=200)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_disarmed(text: str) -> None:
    assert driving_characters(safe(text).encode()) == []


@given(ANY_TEXT)
def test_no_text_at_all_drives_a_terminal(text: str) -> None:
    assert driving_characters(safe(text).encode()) == []


@given(ANY_TEXT)
def test_making_safe_twice_changes_nothing_more(text: str) -> None:
    assert safe(safe(text)) == safe(text)


@pytest.mark.parametrize(
    "text", ["*She nods.* “Hm…”", "a\tb\nc", "日本語 🏮👩‍🚀 café", "[b]not markup[/b] <br>", "नमस्ते"]
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert safe(text) == text


def test_controls_are_shown_as_their_pictures() -> None:
    assert safe("\x1b[2J\x07\x7f") == "␛[2J␇␡"


def test_a_line_has_no_breaks_and_no_more_than_its_length() -> None:
    assert safe_line("a\n\n\tb \x1b") == "a b ␛"
    assert safe_line("Mira of the Crooked Lantern", 10) == "Mira of t…"


@given(ANY_TEXT)
def test_without_controls_nothing_is_left_to_mark_and_all_else_is_there(text: str) -> None:
    shown = without_controls(text)
    assert shown == without_controls(safe(shown))
    assert [sign for sign in text if sign.isprintable()] == [sign for sign in shown if sign.isprintable()]


def test_without_controls_there_is_one_line() -> None:
    assert without_controls("a\x1b[2J\n\tb\u202e") == "a[2Jb"
