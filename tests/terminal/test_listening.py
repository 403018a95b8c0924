"""``keys --listen``: what a key arrives as, told on a real pty whose settings are as before at the end."""

from __future__ import annotations

import os
import pty
import termios
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.events import Key, Paste

from tavern_tui.config.action import Preset
from tavern_tui.config.keymap import preset_keymap
from tavern_tui.ui.terminal.listening import listen, told

KEYS = preset_keymap(Preset.DEFAULT)


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a pty: where somebody types, and what the program reads."""
    hand, program = pty.openpty()
    try:
        yield hand, program
    finally:
        os.close(hand)
        os.close(program)


@pytest.mark.parametrize(
    ("message", "read", "lines"),
    [
        (Key("ctrl+p", None), b"\x10", ["ctrl+p  10", "  Command palette: anywhere"]),
        (Key("alt+j", None), b"\x1bj", ["alt+j  1b 6a", "  Esc and then j, pressed at once"]),
        (Key("ß", "ß"), "ß".encode(), ["ß  c3 9f", "  types itself"]),
        (Key("f9", None), b"", ["F9  (with the key before)", "  does nothing by itself"]),
        (Paste("x" * 3000), b"x" * 30, [f"a paste of 3,000 characters  {' '.join(['78'] * 24)} …"]),
    ],
    ids=["key", "chord", "letter", "beside", "paste"],
)
def test_a_key_says_its_name_its_bytes_and_what_it_does(message: Key | Paste, read: bytes, lines: list[str]) -> None:
    assert told(message, read, KEYS) == lines


def test_a_key_that_no_action_may_have_says_why() -> None:
    (_, why) = told(Key("ctrl+s", None), b"\x13", KEYS)
    assert (
        why
        == "  cannot be given to an action: it is pressed out of habit, to save, and answers that everything is saved"
    )


def test_keys_are_told_until_ctrl_c_and_the_terminal_is_as_it_was() -> None:
    with terminal() as (hand, program):
        before = termios.tcgetattr(program)
        said: list[str] = []

        def say(line: str) -> None:
            said.append(line)
            following = {"Space": b"\x11", "ctrl+q": b"\x03"}  # a terminal that is not set up keeps these for itself
            os.write(hand, following.get(line.partition("  ")[0], b""))

        os.write(hand, b" ")
        listen(KEYS, program, say)
        assert [line for line in said if not line.startswith(" ")] == ["Space  20", "ctrl+q  11", "ctrl+c  03"]
        assert termios.tcgetattr(program) == before
        asked = b""
        while not asked.endswith(b"\x1b[<u\x1b[?2004l"):  # a pty hands on what was written bit by bit
            asked += os.read(hand, 4096)
        assert b"\x1b[>25u\x1b[?2004h" in asked


def test_a_terminal_that_hangs_up_ends_it() -> None:
    hand, program = pty.openpty()

    def say(line: str) -> None:
        if line.startswith(" "):
            os.close(hand)

    try:
        os.write(hand, b"a")
        listen(KEYS, program, say)
    finally:
        os.close(program)
