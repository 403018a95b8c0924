"""What is known about keys agrees with what Textual calls them, and with the bytes that terminals send."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.events import Key
from textual.keys import _character_to_key
from textual.widgets import TextArea

from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.keymap import objection
from tavern_tui.config.keys import (
    EDITING,
    REFUSED,
    SURE_CONTROLS,
    character,
    doubt,
    is_sure,
    nearest_key,
    refusal,
    shown,
    shown_together,
    spelt,
)


def arrives_as(sent: str) -> list[str]:
    """The keys that Textual makes of what a terminal sends."""
    return [event.key for event in XTermParser().feed(sent) if isinstance(event, Key)]


@pytest.mark.parametrize("char", [*string.printable[:95], *"éйñ—¡«"])
def test_a_character_is_called_as_textual_calls_it(char: str) -> None:
    assert spelt(char) == _character_to_key(char)
    assert character(spelt(char)) == char
    assert is_sure(spelt(char))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *(("Ctrl+P", "ctrl+p"), ("ctrl+G", "ctrl+g"), ("shift+g", "G"), ("Esc", "escape"), ("PgDn", "pagedown")),
        *(("return", "enter"), ("ctrl++", "ctrl+plus"), ("+", "plus"), ("F5", "f5"), ("shift+ctrl+k", "ctrl+shift+k")),
        *(("↑", "up"), ("ctrl+/", "ctrl+slash"), (" ", "space"), ("question_mark", "question_mark"), ("del", "delete")),
    ],
)
def test_a_key_may_be_written_as_people_write_it(written: str, name: str) -> None:
    assert spelt(written) == name


@pytest.mark.parametrize("written", ["", "foo", "ctrl+", "ctrl+foo", "hold+x", "a b", "\x07", "ctrl+\x1b", "f25", "+x"])
def test_what_is_no_key_has_no_name(written: str) -> None:
    assert spelt(written) == ""


@given(st.text(max_size=12))
@example("\N{ARABIC LIGATURE BISMILLAH AR-RAHMAN AR-RAHEEM}")
def test_a_name_is_stable_once_it_is_spelt(written: str) -> None:
    name = spelt(written)
    assert not name or spelt(name) == name


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        *((chr(ord(letter) - 96), f"ctrl+{letter}") for letter in SURE_CONTROLS),
        *(("\r", "enter"), ("\t", "tab"), ("\x7f", "backspace"), ("\x1b[A", "up"), ("\x1b[D", "left")),
        *(("\x1b[5~", "pageup"), ("\x1b[6~", "pagedown"), ("\x1b[H", "home"), ("\x1b[F", "end")),
        *(("?", "question_mark"), ("G", "G"), (" ", "space"), ("ж", "ж")),
    ],
)
def test_a_sure_key_arrives_under_its_name_from_plain_bytes(sent: str, key: str) -> None:
    assert arrives_as(sent) == [key]
    assert is_sure(key)
    assert refusal(key) == doubt(key) == ""


@pytest.mark.parametrize(
    ("sent", "never", "instead"),
    [
        ("\x08", "ctrl+h", "backspace"),
        ("\t", "ctrl+i", "tab"),
        ("\r", "ctrl+m", "enter"),
        ("\x1f", "ctrl+slash", "ctrl+underscore"),
        ("\x00", "ctrl+space", "ctrl+@"),
        ("\x1b1", "alt+1", "inverted_exclamation_mark"),
    ],
)
def test_a_refused_key_never_arrives_under_its_name(sent: str, never: str, instead: str) -> None:
    assert arrives_as(sent) == [instead]
    assert refusal(never)


# docs/ux.md §1: not allowed as the only way to anything.
NEVER_ALONE = (
    *("ctrl+a", "ctrl+b", "ctrl+q", "ctrl+s", "ctrl+backslash", "ctrl+circumflex_accent", "ctrl+space"),
    *("ctrl+h", "ctrl+i", "ctrl+m", "ctrl+left_square_bracket", "alt+j", "alt+left", "shift+enter", "ctrl+enter"),
    *("f1", "f12", "ctrl+up", "ctrl+left", "shift+up", "shift+right"),
)


@pytest.mark.parametrize("key", NEVER_ALONE)
def test_a_key_that_must_not_be_the_only_way_is_not_sure_and_has_a_reason(key: str) -> None:
    assert not is_sure(key)
    assert refusal(key) or doubt(key)


def test_reasons_end_a_sentence_that_starts_with_it() -> None:
    for why in REFUSED.values():
        assert why[0].islower()
        assert not why.endswith(".")
        assert ":" not in why


def test_every_key_of_textuals_editor_is_left_to_it_or_given_to_an_action_on_purpose() -> None:
    edited = {
        key
        for binding in TextArea.BINDINGS
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
        if not key.startswith("super+")
    }
    ours = {key for action in ACTIONS for key in action.keys}
    assert edited - EDITING - ours == {"f6", "f7"}


@pytest.mark.parametrize("key", ["ctrl+e", "ctrl+k", "ctrl+w", "left", "backspace", "home"])
def test_an_editing_key_is_refused_in_the_composer_and_free_on_a_turn(key: str) -> None:
    assert "editing" in objection(BY_ID["reply.regenerate"], key)
    assert "editing" in objection(BY_ID["chat.find"], key)
    assert objection(BY_ID["turn.hide"], key) == ""


@pytest.mark.parametrize("name", ["reply.regenerate", "reply.speak", "reply.stop", "popup.close"])
def test_a_character_is_refused_where_it_would_be_typed(name: str) -> None:
    assert objection(BY_ID[name], "x") == "types itself there"
    assert objection(BY_ID["turn.hide"], "x") == ""


@pytest.mark.parametrize(
    ("key", "label"),
    [("question_mark", "?"), ("escape", "Esc"), ("up", "↑"), ("ctrl+p", "ctrl+p"), ("f1", "F1"), ("space", "Space")],
)
def test_a_key_is_shown_as_people_read_it(key: str, label: str) -> None:
    assert shown(key) == label


def test_a_row_of_digits_is_shown_as_a_range() -> None:
    assert shown_together(tuple("123456789")) == "1–9"
    assert shown_together(("1", "2")) == "1, 2"
    assert shown_together(("1", "3", "5")) == "1, 3, 5"
    assert shown_together(("j", "down")) == "j, ↓"


@pytest.mark.parametrize(("text", "near"), [("entr", "enter"), ("ctrl+pgupp", "ctrl+pageup"), ("qqqqqq", "")])
def test_the_nearest_key_is_named(text: str, near: str) -> None:
    assert nearest_key(text) == near
