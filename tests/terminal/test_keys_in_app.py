"""Esc chords, pastes and Enter in the real program, on a pty and in a real tmux, which holds Esc back for 500 ms.

All tests of a terminal share one running program: each leaves it with an empty composer and no turn selected.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import pytest

from tavern_tui.ui.terminal.paste import BURST_SECONDS
from tests.terminal.slow_server import SlowServer
from tests.terminal.tavern import Home, TavernTerminal, Tmux

IDLE = "Message Mira"
"""What an empty composer says while no turn is selected."""

CHORDS = [
    ("j", "Turn 5 selected"),
    ("k", "Turn 4 selected"),
    ("g", "Turn 1 selected"),
    ("G", "Turn 5 selected"),
    ("r", "r again"),
    ("d", "d again"),
    ("b", "Nothing follows this turn"),
    ("e", "Enter saves"),
]
"""A key pressed after Esc, and what is seen of it."""

LINES = [f"line {number} of two hundred" for number in range(1, 201)]
PASTES = {
    "marked, \\r": "\x1b[200~one\rtwo\rthree\x1b[201~",
    "marked, \\n": "\x1b[200~one\ntwo\nthree\x1b[201~",
    "marked, \\r\\n": "\x1b[200~one\r\ntwo\r\nthree\x1b[201~",
    "unmarked, \\r": "one\rtwo\rthree",
    "unmarked, \\n": "one\ntwo\nthree",
    "unmarked, \\r\\n": "one\r\ntwo\r\nthree",
}


Said = Callable[[], list[str]]


@dataclass(frozen=True)
class Talk:
    """The program on a terminal, with what is on disk and who answers."""

    terminal: TavernTerminal
    home: Home
    server: SlowServer

    def press(self, key: str) -> None:
        """Type ``key`` by hand: what follows comes in a packet of its own."""
        self.terminal.type(key)
        self.terminal.read_until(lambda: not self.terminal.pending_input())
        time.sleep(10 * BURST_SECONDS)

    def until_draft(self, text: str) -> None:
        """Read until this and nothing else is kept as what is being written."""
        self.terminal.read_until(lambda: self.home.drafts() == [text])

    def until_idle(self) -> None:
        """Read until the composer is empty and no turn is selected."""
        self.terminal.until_shown(IDLE)
        self.terminal.read_until(lambda: self.home.drafts() == [])

    def unchanged_by(self, before: list[str]) -> bool:
        """Whether nothing was said since the chat had these texts."""
        return self.home.texts() == before and not self.home.journals()


@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.together(name)) for name in ("pty", "tmux")]
)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Talk]:
    """One program for all tests, in a chat of five turns."""
    folder = tmp_path_factory.mktemp("keys")
    with ExitStack() as stack:
        inside: tuple[str, ...] = ()
        if request.param == "tmux":
            if shutil.which("tmux") is None:
                pytest.skip("tmux is not installed")
            tmux = stack.enter_context(Tmux(folder))
            inside = (*tmux.command, "new-session")
        server = stack.enter_context(SlowServer(5))
        home = Home(folder, server=server.address)
        home.begin_chat("Is it deep?", '"Deep enough."', "And cold?", '"Cold enough."')
        terminal = stack.enter_context(TavernTerminal(home, inside=inside))
        if inside:
            # What tmux shows, asked of tmux: it draws with sequences that the tests' own screen does not know.
            terminal.screen = tmux.screen  # type: ignore[method-assign]
        terminal.until_open()
        yield Talk(terminal, home, server)


@pytest.fixture
def talk(running: Talk) -> Talk:
    """The program as a test finds it."""
    running.until_idle()
    return running


@pytest.fixture
def said(talk: Talk) -> Iterator[Said]:
    """``said()`` is what the test has said and was answered; it is deleted afterwards."""
    before = len(talk.home.texts())

    def now() -> list[str]:
        return talk.home.texts()[before:]

    def fewer_than(many: int) -> bool:
        return len(now()) < many

    yield now
    while left := len(now()):
        talk.terminal.type("/delete\r")
        talk.terminal.read_until(partial(fewer_than, left))
        talk.terminal.type("\x15")  # what one has said oneself comes back into the composer


@pytest.mark.parametrize("at_once", [True, False], ids=["one write", "with a pause"])
@pytest.mark.parametrize(("key", "seen"), CHORDS)
def test_esc_and_a_key_select_a_turn_and_do_what_the_key_does(talk: Talk, key: str, seen: str, at_once: bool) -> None:
    if at_once:
        talk.terminal.type(f"\x1b{key}")
    else:
        talk.terminal.type("\x1b")
        talk.terminal.until_shown("Turn 5 selected")
        talk.terminal.type(key)
    talk.terminal.until_shown(seen)
    talk.terminal.type("\x1b")
    talk.until_idle()
    talk.press("/mouse\r")  # says something else than what was just seen
    talk.terminal.until_gone(seen)


@pytest.mark.parametrize("at_once", [True, False], ids=["one write", "with a pause"])
def test_esc_and_a_digit_are_the_digit_and_no_other_character(talk: Talk, at_once: bool) -> None:
    talk.terminal.type("\x1b1" if at_once else "\x1b")
    if not at_once:
        talk.terminal.until_shown("Turn 5 selected")
        talk.terminal.type("1")
    talk.until_draft("1")
    talk.terminal.type("\x7f")
    talk.until_idle()


def test_in_a_composer_with_text_a_chord_inserts_nothing_and_loses_nothing(talk: Talk) -> None:
    talk.terminal.type("half a word")
    talk.until_draft("half a word")
    for number, key in enumerate("j1r"):
        talk.press(f"\x1b{key}")
        talk.terminal.type("xyz"[number])
        talk.until_draft("half a word" + "xyz"[: number + 1])
    talk.terminal.type("\x15")
    talk.until_idle()


def test_a_character_that_terminals_also_send_for_a_chord_is_typed_where_it_is_meant(talk: Talk) -> None:
    talk.terminal.type("¡")
    talk.until_draft("¡")
    talk.terminal.type("\x7f")
    talk.until_idle()


def test_keys_that_come_with_the_one_that_opens_a_screen_are_meant_for_that_screen(talk: Talk) -> None:
    before = talk.home.texts()
    talk.terminal.type("\x10bookmarks")
    talk.terminal.until_shown("Lists the turns with a bookmark")
    talk.terminal.type("\r")
    talk.terminal.until_shown("There is no bookmark")
    talk.until_idle()
    assert talk.unchanged_by(before)


@pytest.mark.parametrize("paste", PASTES.values(), ids=PASTES)
def test_a_paste_is_not_sent_and_is_one_step_to_undo(talk: Talk, paste: str) -> None:
    before = talk.home.texts()
    talk.terminal.type(paste)
    talk.until_draft("one\ntwo\nthree")
    assert talk.unchanged_by(before)
    talk.terminal.type("\x1a")
    talk.until_idle()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=["\\r", "\\n", "\\r\\n"])
@pytest.mark.parametrize("marks", [("\x1b[200~", "\x1b[201~"), ("", "")], ids=["marked", "unmarked"])
def test_two_hundred_lines_are_pasted_whole_and_not_sent(talk: Talk, marks: tuple[str, str], end: str) -> None:
    before = talk.home.texts()
    talk.terminal.send_whole((marks[0] + end.join(LINES) + end + marks[1]).encode())
    talk.until_draft("\n".join(LINES) + "\n")
    assert talk.unchanged_by(before)
    talk.terminal.type("\x1a")
    talk.until_idle()


@pytest.mark.parametrize("marks", [("\x1b[200~", "\x1b[201~"), ("", "")], ids=["marked", "unmarked"])
def test_a_paste_that_is_cut_in_half_is_not_sent_either(talk: Talk, marks: tuple[str, str]) -> None:
    before = talk.home.texts()
    pasted = marks[0] + "\r".join(LINES) + "\r" + marks[1]
    middle = pasted.index("line 100") + 4
    talk.terminal.send_whole(pasted[:middle].encode())
    talk.terminal.read_until(lambda: not talk.terminal.pending_input())
    talk.terminal.send_whole(pasted[middle:].encode())
    talk.until_draft("\n".join(LINES) + "\n")
    assert talk.unchanged_by(before)
    talk.terminal.type("\x15")
    talk.until_idle()


def test_a_word_and_enter_in_one_packet_are_sent(talk: Talk, said: Said) -> None:
    asked = len(talk.server.prompts)
    talk.terminal.type("hi\r")
    talk.terminal.read_until(lambda: said() == ["hi", talk.server.reply(asked + 1)])
    talk.until_idle()


def test_enter_twice_sends_once(talk: Talk, said: Said) -> None:
    asked = len(talk.server.prompts)
    talk.server.hold(2)
    talk.terminal.type("hello")
    talk.until_draft("hello")
    talk.terminal.type("\r")
    talk.terminal.until_shown(f"r{asked + 1}w1")
    talk.press("\r")
    talk.press("\r")
    talk.terminal.type("after")
    talk.until_draft("after")
    talk.server.go_on()
    talk.terminal.until_shown(f"r{asked + 1}w4")
    talk.terminal.until_gone("Esc Stop")
    assert said() == ["hello", talk.server.reply(asked + 1)]
    assert len(talk.server.prompts) == asked + 1
    talk.terminal.type("\x15")
    talk.until_idle()


def test_enter_with_text_while_a_reply_is_written_asks_then_queues_and_esc_takes_it_back(
    talk: Talk, said: Said
) -> None:
    asked = len(talk.server.prompts)
    talk.server.hold(2)
    talk.terminal.type("first\r")
    talk.terminal.until_shown(f"r{asked + 1}w1")
    talk.terminal.type("second\r")
    talk.terminal.until_shown("Enter again queues it")
    talk.until_draft("second")
    talk.terminal.type("\r")
    talk.terminal.until_shown("Esc takes it back")
    talk.terminal.type("\x1b")
    talk.terminal.until_gone("Esc takes it back")
    talk.until_draft("second")
    talk.terminal.type("\r")
    talk.terminal.until_shown("Enter again queues it")
    talk.terminal.type("\r")
    talk.terminal.until_shown("Esc takes it back")
    talk.server.go_on()
    both = ["first", talk.server.reply(asked + 1), "second", talk.server.reply(asked + 2)]
    talk.terminal.read_until(lambda: said() == both)
    talk.until_idle()


def test_ctrl_j_and_a_backslash_with_enter_begin_a_new_line(talk: Talk) -> None:
    for keys, draft in (("one", "one"), ("\n", "one\n"), ("two\\", "one\ntwo\\"), ("\r", "one\ntwo\n")):
        talk.terminal.type(keys)
        talk.until_draft(draft)
    talk.terminal.type("\x7f" * len("one.two."))
    talk.until_idle()
