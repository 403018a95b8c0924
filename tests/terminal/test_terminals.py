"""The real program under the terminals that people have. None of them answers a question that it is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.slow_server import SlowServer
from tests.terminal.tavern import Home, TavernTerminal

PLAIN = {"COLORTERM": "", "PYTHONUTF8": ""}
SHELLS_OWN = {7, 25}
"""The private modes of a terminal in the hands of a shell: lines wrap, the cursor is shown."""

THE_TERMINALS_OWN = {"39", "49"}
"""What sets no colour, but goes back to what the terminal has for text and ground."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A chat that is longer than the screen, all in ASCII, with a server."""
    with SlowServer(5) as server:
        home = Home(tmp_path, server=server.address)
        home.begin_chat(*(f"This is said in the place {number}." for number in range(20)))
        yield home


def look_over(terminal: TavernTerminal, keys: str, seen: str) -> None:
    """Open what ``keys`` open, in which ``seen`` stands, and close it."""
    terminal.type(keys)
    terminal.until_shown(seen)
    terminal.type("\x1b")
    terminal.until_gone(seen)


def evening(home: Home, **variables: str) -> TavernTerminal:
    """A message, a selected turn, help, the palette, the characters, and the end; the terminal afterwards."""
    with TavernTerminal(home, variables={**PLAIN, **variables}) as terminal:
        terminal.until_open()
        terminal.type("Hello\r")
        terminal.until_shown("Hello", "r1w4")
        terminal.until_gone("Esc Stop")
        terminal.type("/length\r")
        terminal.until_shown("sets it")
        terminal.type("\x1b")
        terminal.until_shown("Turn 23 selected")
        look_over(terminal, "?", "Turn before")
        look_over(terminal, "\x10", "What do you want")
        terminal.type("\r")
        terminal.until_shown("Message Mira")
        look_over(terminal, "/characters\r", "Wren")
        assert terminal.leave() == 0
        assert terminal.modes() == terminal.modes_before
    assert terminal.switched_on() == SHELLS_OWN
    return terminal


def colours(terminal: TavernTerminal) -> set[str]:
    """What was sent that sets a colour: parameters of SGR, 38 and 48 with what follows. Source: ECMA-48 §8.3.117."""
    found = set()
    for parameters in re.findall(rb"\x1b\[([0-9;]*)m", bytes(terminal.seen)):
        for part in re.findall(r"[34]8;(?:5;\d+|2;\d+;\d+;\d+)|\d+", parameters.decode()):
            if part.startswith(("38;", "48;")) or 30 <= int(part) <= 49 or 90 <= int(part) <= 107:
                found.add(part)
    return found


def signs(terminal: TavernTerminal) -> set[str]:
    """What was sent that is not ASCII."""
    return {sign for sign in bytes(terminal.seen).decode() if not sign.isascii()}


def test_the_linux_console_is_sent_only_ascii_and_its_sixteen_colours(home: Home) -> None:
    terminal = evening(home, TERM="linux")
    assert signs(terminal) == set()
    sent = colours(terminal)
    assert sent
    assert not [colour for colour in sent if ";" in colour]


def test_the_locale_c_means_ascii(home: Home) -> None:
    assert signs(evening(home, TERM="xterm-256color", LANG="C")) == set()


def test_gnu_screen_is_sent_the_signs_and_only_sixteen_colours(home: Home) -> None:
    terminal = evening(home, TERM="screen")
    assert "·" in signs(terminal)
    assert not [colour for colour in colours(terminal) if ";" in colour]


def test_no_colour_means_those_of_the_terminal(home: Home) -> None:
    sent = colours(evening(home, TERM="xterm-256color", COLORTERM="truecolor", NO_COLOR="1"))
    assert sent <= THE_TERMINALS_OWN
