"""Pastes and Esc chords through the whole driver, as bytes on a real pty."""

from __future__ import annotations

import pytest

from tests.terminal.conftest import Open
from tests.terminal.ptys import TinyTerminal

MANY = "\r".join(f"line {number} of a long text that somebody pastes" for number in range(4500))


def _noted(terminal: TinyTerminal, last: str) -> list[str]:
    """The keys and pastes up to ``last``."""
    terminal.read_until(lambda: last in terminal.notes())
    return [line for line in terminal.notes() if line.startswith(("key", "paste"))]


@pytest.mark.parametrize(
    ("sent", "name"), [("\x1bj", "alt+j"), ("\x1b1", "alt+1"), ("\x1br", "alt+r"), ("\x1b\r", "alt+enter")]
)
def test_esc_and_a_key_in_one_write_are_one_chord(open_tiny: Open, sent: str, name: str) -> None:
    terminal = open_tiny("keys")
    terminal.type(sent)
    assert _noted(terminal, f"key {name} None") == [f"key {name} None"]


def test_esc_alone_is_esc_without_another_key(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.type("\x1b")
    assert len(_noted(terminal, "key escape '\\x1b'")) == 1


def test_a_short_line_and_enter_in_one_write_are_keys(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.type("hi\r")
    assert _noted(terminal, "key enter '\\r'") == ["key h 'h'", "key i 'i'", "key enter '\\r'"]


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(("before", "after"), [("\x1b[200~", "\x1b[201~"), ("", "")])
def test_lines_in_one_write_are_one_paste(open_tiny: Open, ending: str, before: str, after: str) -> None:
    terminal = open_tiny("keys")
    terminal.type(before + ending.join(["one", "two", "three"]) + after)
    assert _noted(terminal, "paste 'one\\ntwo\\nthree'") == ["paste 'one\\ntwo\\nthree'"]


def test_200_kilobytes_in_brackets_are_one_paste_and_nothing_is_lost(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.send_whole(f"\x1b[200~{MANY}\x1b[201~".encode())
    assert len(MANY) > 200_000
    assert _noted(terminal, f"paste {MANY.replace(chr(13), chr(10))!r}") == [
        f"paste {MANY.replace(chr(13), chr(10))!r}"
    ]


def test_200_kilobytes_without_brackets_never_press_enter(open_tiny: Open) -> None:
    # A loaded machine may pause for longer than a burst lasts, so this says what may never happen, not how many pieces.
    terminal = open_tiny("keys")
    terminal.send_whole(MANY.encode())
    terminal.send_whole(b"\x1b[200~the end\x1b[201~")
    noted = _noted(terminal, "paste 'the end'")
    assert not [line for line in noted if line.startswith("key enter")]
    assert sum(line.count("\\n") for line in noted) == MANY.count("\r")


def test_a_bracketed_paste_whose_end_is_cut_in_half_ends(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.type("\x1b[200~one\rtwo\x1b[20")
    terminal.leave_unread_until(lambda: not terminal.pending_input())
    terminal.type("1~")
    assert _noted(terminal, "paste 'one\\ntwo'") == ["paste 'one\\ntwo'"]
    terminal.type("k")
    assert _noted(terminal, "key k 'k'")[-1] == "key k 'k'"


def test_a_mouse_report_is_no_key(open_tiny: Open) -> None:
    terminal = open_tiny("keys")
    terminal.type("\x1b[<35;10;12M\x1b[<35;11;12Mk")
    assert _noted(terminal, "key k 'k'") == ["key k 'k'"]
