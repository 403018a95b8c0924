"""The app's budgets of ``docs/architecture.md`` §8 that can be counted: widgets, lines, bytes; never a time.

What the first frame imports is in ``tests/contracts/test_budgets.py``; times are ``make bench``'s.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import TextArea

from tavern_tui.engines.fake import FakeEngine
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.view import ChatLog
from tests.bench.app_reply import BYTES_PER_TOKEN, app_on
from tests.bench.chat_files import CHARACTER, PERSONA, fill
from tests.ui.app.evening import Evening, settled, texts, typed

LONG, MANY = 10_000, 2_000
MOST_WIDGETS = 80
MOST_LINES = 3
IDLE_SECONDS = 2.0


class Spelling:
    """An engine whose words are said one by one, each when it is asked for."""

    def __init__(self, *words: str) -> None:
        self._told: asyncio.Queue[None] = asyncio.Queue()
        script = [step for word in words for step in (0.0, word)]
        self.engine = FakeEngine([script], sleep=self._wait)

    async def _wait(self, _seconds: float) -> None:
        await self._told.get()

    async def say(self, pilot: Pilot[int]) -> None:
        """Say the next word and wait until it is on screen."""
        app = pilot.app
        assert isinstance(app, TavernApp)
        before = texts(app)[-1:]
        self._told.put_nowait(None)
        while texts(app)[-1:] == before:
            await pilot.pause()
        await pilot.pause()


class Painted:
    """Counts the lines that widgets are asked for, by the widget's class."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.lines: Counter[str] = Counter()
        for kind in (Widget, ChatLog, TextArea):
            monkeypatch.setattr(kind, "render_line", self._counting(kind))

    def _counting(self, kind: type[Widget]) -> object:
        real = kind.render_line

        def render_line(widget: Widget, y: int) -> Strip:
            self.lines[type(widget).__name__] += 1
            return real(widget, y)

        return render_line


def evening_with(folder: Path, turns: int, engine: FakeEngine | None = None) -> Evening:
    """An evening in whose library there is a chat of that many turns."""
    evening = Evening(folder)
    if engine is not None:
        evening.engine = engine
    evening.directories.chats.mkdir(parents=True)
    (evening.directories.chats / "A long night.jsonl").write_bytes(written(turns))
    return evening


@cache
def written(turns: int) -> bytes:
    """The file of a chat of that many turns."""
    with tempfile.TemporaryDirectory() as name:
        log = ChatStore(Path(name) / "chats", device="long", state=Path(name)).create("Long", (CHARACTER,), PERSONA)
        fill(log, turns, seed=7)
        return log.path.read_bytes()


async def widgets(folder: Path, turns: int) -> Counter[str]:
    """The widgets of a chat of that many turns that is on screen, by class."""
    async with evening_with(folder, turns).begun() as (app, _):
        assert len(app.chat.mirror.log.entries) == turns
        return Counter(type(widget).__name__ for widget in app.screen.walk_children())


async def test_a_chat_of_ten_thousand_turns_has_the_widgets_of_a_chat_of_ten(tmp_path: Path) -> None:
    few, many = await widgets(tmp_path / "few", 10), await widgets(tmp_path / "many", LONG)
    assert many == few
    assert 4 <= many.total() <= MOST_WIDGETS


@pytest.mark.parametrize("turns", [10, MANY])
async def test_a_token_paints_few_lines_whatever_the_length_of_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    words = [f" w{number}" for number in range(14)]  # on one line of 80 columns
    spelling = Spelling(*words)
    evening = evening_with(tmp_path, turns, spelling.engine)
    async with evening.begun() as (app, pilot):
        await pilot.press("H", "i", "enter")
        await spelling.say(pilot)  # the reply's head and first line are new lines
        painted, began = Painted(monkeypatch), time.monotonic()
        for _ in words[1:-1]:
            before = painted.lines["ChatLog"]
            await spelling.say(pilot)
            assert painted.lines["ChatLog"] - before <= MOST_LINES
        passed = time.monotonic() - began
        assert painted.lines["ChatLog"] >= len(words) - 2
        assert painted.lines["StatusLine"] <= 1 + passed  # numbers are shown once a second
        assert set(painted.lines) <= {"ChatLog", "StatusLine"}
        await spelling.say(pilot)
        await settled(pilot)
        assert "".join(words).strip() in texts(app)[-2:], "a note about what left the context may follow"


@pytest.mark.parametrize("turns", [10, MANY])
async def test_moving_the_selection_looks_at_the_turns_beside_it_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    async with evening_with(tmp_path, turns).begun() as (app, pilot):
        await pilot.press("up")
        looked: list[str] = []

        def is_turn(entry: ChatEntry) -> bool:
            looked.append(entry.id)
            return True

        monkeypatch.setattr(ChatEntry, "roleplay", property(is_turn))
        await pilot.press("up")
        assert app.chat.mirror.number(app.chat.selection.turn) == turns - 1
        assert 0 < len(looked) <= 20


async def test_notes_and_problems_do_not_count_as_turns(tmp_path: Path) -> None:
    async with evening_with(tmp_path, 4).begun() as (app, _):
        mirror = app.chat.mirror
        turns = [entry.id for entry in mirror.log.entries]
        mirror.note("Something is to be said.")
        mirror.note("Something went wrong.", problem=True)
        mirror.log.append([ChatEntry("one more", EntryKind.USER)])
        assert [mirror.number(turn) for turn in (*turns, "one more")] == [1, 2, 3, 4, 5]
        mirror.forget_problems()
        assert mirror.number("one more") == 5
        mirror.load(app.chat.open_session.tree)
        assert [mirror.number(turn) for turn in turns] == [1, 2, 3, 4]


async def test_typing_paints_the_composer_and_what_it_changes_below_not_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with evening_with(tmp_path, 40).begun() as (_, pilot):
        await typed(pilot, "I")
        painted = Painted(monkeypatch)
        await typed(pilot, " came on foot")
        assert painted.lines
        assert painted.lines["ChatLog"] == painted.lines["StatusLine"] == painted.lines["KeyBar"] == 0


def test_a_token_is_few_bytes_on_the_wire_and_a_chat_at_rest_is_none() -> None:
    seen = []
    for painter, most in BYTES_PER_TOKEN.items():
        with app_on(turns=40, words=40, painter=painter) as terminal:
            assert 0 < terminal.reply().bytes_per_token <= most
            terminal.until_quiet()
            assert terminal.bytes_in(IDLE_SECONDS) == 0
            seen.append(terminal.look())
    assert seen[0] == seen[1], "both painters show the same"
