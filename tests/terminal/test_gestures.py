"""Esc and a key pressed at once: the names that the parser gives, and the keys that they mean."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from tavern_tui.ui.terminal.gestures import Press, escaped_name, keys_meant
from tavern_tui.ui.terminal.input import TerminalInput

ESC = Press("escape", "\x1b")

GESTURES = [
    (b"\x1bj", "alt+j", Press("j", "j")),
    (b"\x1br", "alt+r", Press("r", "r")),
    (b"\x1bJ", "alt+shift+j", Press("J", "J")),
    (b"\x1b1", "alt+1", Press("1", "1")),
    (b"\x1b9", "alt+9", Press("9", "9")),
    (b"\x1b0", "alt+0", Press("0", "0")),
    (b"\x1bb", "alt+b", Press("b", "b")),
    (b"\x1bf", "alt+f", Press("f", "f")),
    (b"\x1bd", "alt+d", Press("d", "d")),
    (b"\x1bO", "alt+shift+o", Press("O", "O")),
    (b"\x1b?", "alt+question_mark", Press("question_mark", "?")),
    (b"\x1b/", "alt+slash", Press("slash", "/")),
    (b"\x1b[", "alt+left_square_bracket", Press("left_square_bracket", "[")),
    (b"\x1b ", "alt+space", Press("space", " ")),
    (b"\x1b\r", "alt+enter", Press("enter", "\r")),
    ("\x1bé".encode(), "alt+é", Press("é", "é")),
]

KEYS = [
    (b"j", "j", "j"),
    ("¡".encode(), "inverted_exclamation_mark", "¡"),
    ("£".encode(), "pound_sign", "£"),
    (b"\x1b", "escape", "\x1b"),
    (b"\x1b[A", "up", None),
    (b"\x1b[1;5D", "ctrl+left", None),
    (b"\x1b\x7f", "ctrl+w", None),
    (b"\x1b\t", "shift+tab", None),
    (b"\r", "enter", "\r"),
    (b"\n", "ctrl+j", "\n"),
]


def _keys(data: bytes) -> list[tuple[str, str | None]]:
    """The keys that ``data`` arrives as, in one read that nothing follows."""
    reading = TerminalInput()
    messages = [*reading.feed(data, 0.0), *reading.tick(10.0), *reading._parser.expire()]
    return [(event.key, event.character) for event in messages if isinstance(event, events.Key)]


@pytest.mark.parametrize(("data", "name", "press"), GESTURES)
def test_esc_with_a_key_arrives_as_a_chord_that_types_nothing(data: bytes, name: str, press: Press) -> None:
    assert _keys(data) == [(name, None)]


@pytest.mark.parametrize(("data", "name", "press"), GESTURES)
def test_in_an_empty_composer_the_chord_is_esc_and_then_the_key(data: bytes, name: str, press: Press) -> None:
    assert keys_meant(name, composer_empty=True, text_selected=False) == (ESC, press)


@pytest.mark.parametrize(("data", "name", "press"), GESTURES)
@pytest.mark.parametrize(("empty", "selected"), [(False, False), (True, True), (False, True)])
def test_elsewhere_a_chord_is_at_most_a_word_movement(
    data: bytes, name: str, press: Press, empty: bool, selected: bool
) -> None:
    words = {"alt+b": (Press("ctrl+left", None),), "alt+f": (Press("ctrl+right", None),)}
    assert keys_meant(name, composer_empty=empty, text_selected=selected) == words.get(name, ())


@pytest.mark.parametrize(("data", "name", "character"), KEYS)
def test_a_key_of_its_own_stays_what_it_is(data: bytes, name: str, character: str | None) -> None:
    assert _keys(data) == [(name, character)]
    assert keys_meant(name, composer_empty=True, text_selected=False) == ()


@pytest.mark.parametrize("key", ["alt+up", "alt+f4", "alt+", "alt", "alt+shift+tab", "ctrl+alt+j", "shift+j", ""])
def test_chords_of_keys_that_type_nothing_are_no_gesture(key: str) -> None:
    assert keys_meant(key, composer_empty=True, text_selected=False) == ()


@given(
    st.sampled_from(string.ascii_letters + string.digits + string.punctuation + " ") | st.characters(categories=["L"])
)
def test_the_key_after_esc_is_found_again_from_the_chords_name(character: str) -> None:
    meant = keys_meant(escaped_name(character), composer_empty=True, text_selected=False)
    assert [press.character for press in meant] == ["\x1b", character]


def test_esc_twice_and_a_letter_is_an_esc_and_a_chord() -> None:
    assert _keys(b"\x1b\x1bj") == [("escape", "\x1b"), ("alt+j", None)]


def test_keys_after_a_chord_in_the_same_read_stay_keys() -> None:
    assert _keys(b"\x1bjk") == [("alt+j", None), ("k", "k")]
