"""The first evening: from an empty home over ten turns, two kills and a restart, on the starter in a real tmux."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from difflib import unified_diff
from pathlib import Path

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.session import embedded
from tests.terminal.tavern import PROGRAM, Home, Tmux

pytestmark = [pytest.mark.model, pytest.mark.together("real model"), pytest.mark.timeout(600)]

LONGEST_SECONDS = 120.0
"""How long one thing is waited for; nothing is measured against it."""

SCROLL_BAR = " ▁▂▃▄▅▆▇█"
"""Signs of which a scroll bar is made, and the blanks before it."""

PASTE = "\n".join(("rain", "lamp", "book", "cat", "door", "tea", "stair")[line % 7] for line in range(200))
SAID = [
    "Hello, Wren.",
    "What is this place?",
    "Who reads here?",
    "I take a chair.",
    "And the cat?",
    "It rains.",
    "Read to me.",
    "Go on.",
    PASTE,
    "Good night.",
]


class Evening:
    """The program in tmux, and what is on disk."""

    def __init__(self, tmux: Tmux, home: Home) -> None:
        self.tmux = tmux
        self.home = home

    def until(self, met: Callable[[], object], wanted: Sequence[str] = ()) -> None:
        """Wait until ``met`` is true; ``wanted`` are the lines that the screen should have, to be told if it is not."""
        end = time.monotonic() + LONGEST_SECONDS
        while not met():
            if time.monotonic() > end:
                shown = "\n".join(unified_diff(wanted, self.words(), "wanted", "shown", n=99, lineterm=""))
                raise AssertionError(f"it did not happen; on screen:\n{shown}")
            time.sleep(0.2)

    def words(self) -> list[str]:
        """The lines below the status line without the scroll bar, which guesses at turns not looked at yet."""
        return [line.rstrip(SCROLL_BAR) for line in self.tmux.screen()[1:]]

    def shows(self, *texts: str) -> bool:
        """Whether all of ``texts`` are on screen, however they are broken into lines."""
        shown = " ".join(" ".join(self.tmux.screen()).split())
        return all(text in shown for text in texts)

    def until_shown(self, *texts: str) -> None:
        """Wait until all of ``texts`` are on screen."""
        self.until(lambda: self.shows(*texts))

    def answered(self, turns: int) -> bool:
        """Whether the last of so many turns is a reply that is saved, shown, and nothing goes on any more."""
        path = self.home.path()
        return len(path) == turns and path[-1].speaker is Speaker.CHARACTER and self.shows("Enter Speak")

    def say(self, text: str) -> None:
        """Type ``text``, or paste what has several lines; send it, and wait for the reply."""
        turns = len(self.home.path())
        if "\n" in text:
            self.tmux.paste(text)
        else:
            self.tmux.type(text)
        self.until_shown(text.rpartition("\n")[2], "Enter Send")
        assert len(self.home.path()) == turns
        self.tmux.press("Enter")
        self.until(lambda: self.answered(turns + 2))

    def another(self, swipe: int) -> None:
        """Have another reply written, which will be this swipe."""
        turns = len(self.home.path())
        self.tmux.press("Right")
        self.until_shown(f"‹ {swipe}/{swipe} ›")
        self.until(lambda: self.answered(turns) and self.swipes(self.home.path()[-1]) == swipe)

    def swipes(self, turn: Turn) -> int:
        """How many swipes a turn has."""
        return len(self.home.log().tree.siblings(turn.id))

    def kill_host(self) -> None:
        """End the engine host without any warning."""
        status = asyncio.run(embedded.status(self.home.directories))
        assert status is not None
        os.kill(status["pid"], signal.SIGKILL)


@pytest.fixture
def evening(tmp_path: Path, starter_model: Path) -> Iterator[Evening]:
    """The program just started, on a home in which there is nothing but the starter's file."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed")
    home = Home(tmp_path, empty=True)
    home.directories.models.mkdir(parents=True)
    (home.directories.models / starter_model.name).symlink_to(starter_model)
    with ExitStack() as stack:
        stack.callback(lambda: asyncio.run(embedded.stop(home.directories)))
        tmux = stack.enter_context(Tmux(tmp_path))
        tmux.start(PROGRAM, home.variables)
        yield Evening(tmux, home)


def begin(evening: Evening) -> None:
    """Answer what a first start asks: a name, the starter, talking."""
    evening.until_shown("What should characters call you?", "Starter model")
    evening.until_shown("Alex")
    evening.tmux.press("C-u")
    evening.until(lambda: not evening.shows("Alex"))
    evening.tmux.type("Robin")
    evening.until_shown("Robin")
    evening.tmux.press("Enter")
    evening.until_shown("Who writes?", "Robin")
    evening.until_shown("› Starter model")
    evening.tmux.press("Enter")
    evening.until_shown("What first?", "› Talk")
    evening.tmux.press("Enter")
    evening.until_shown("Message Wren", "starter 135M")
    evening.tmux.type("/length 16")
    evening.tmux.press("Enter")
    evening.until_shown("up to 16 tokens from now on")


def edit_last(evening: Evening, more: str) -> None:
    """Add ``more`` to the last reply."""
    evening.tmux.press("Escape")
    evening.until_shown("selected · Enter to type")
    evening.tmux.type("e")
    evening.until_shown("Enter saves")
    evening.tmux.type(more)
    evening.tmux.press("Enter")
    evening.until(lambda: evening.home.texts()[-1].endswith(more))


def delete_last_and_undo(evening: Evening) -> None:
    """Delete the last reply and bring it back."""
    before = evening.home.texts()
    evening.tmux.press("Escape")
    evening.until_shown("selected · Enter to type")
    evening.tmux.type("d")
    evening.until_shown("d again")
    evening.tmux.type("d")
    evening.until(lambda: evening.home.texts() == before[:-1])
    evening.tmux.type("u")
    evening.until(lambda: evening.home.texts() == before)
    evening.tmux.press("Enter")
    evening.until_shown("Message Wren")


def test_an_evening_ends_with_the_same_text_on_screen_whatever_was_killed(evening: Evening) -> None:
    begin(evening)
    for number, text in enumerate(SAID, 1):
        evening.say(text)
        if number == 2:
            evening.another(2)
            evening.another(3)
        elif number == 4:
            edit_last(evening, " The lamp burns low.")
        elif number == 5:
            evening.kill_host()
        elif number == 7:
            delete_last_and_undo(evening)
    evening.tmux.type("Tomorrow I will")
    evening.until(lambda: evening.home.drafts() == ["Tomorrow I will"])
    shown, told = evening.words(), evening.home.texts()

    os.kill(evening.tmux.process(), signal.SIGKILL)
    evening.until(evening.tmux.ended)
    evening.tmux.again()
    evening.until_shown("starter 135M", "Tomorrow I will")
    evening.until(lambda: evening.words() == shown, shown)

    path = evening.home.path()[1:]
    assert evening.home.texts() == told
    assert [turn.text for turn in path[::2]] == SAID
    assert [turn.name for turn in path[:2]] == ["Robin", "Wren"]
    assert all(turn.text for turn in path)
    assert [evening.swipes(turn) for turn in path] == [1, 1, 1, 3, *[1] * 16]
    assert "The lamp burns low." in path[7].text
