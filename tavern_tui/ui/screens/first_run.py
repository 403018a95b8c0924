"""The first start: three questions on one calm screen, each with an answer that Enter takes.

What characters call you, who writes, and what first; then, where it was chosen and is not here yet, the starter model
comes over the net. Writers are looked for from the first moment on. ``Esc`` at any step goes on with what is selected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.first_run import LONGEST_NAME, FetchStoppedError, StarterFetch, name_from
from tavern_tui.session.writers import Writer
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, WholePage
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain
from tavern_tui.ui.widgets.writer_choice import Look, WriterChoice
from tavern_tui.ui.widgets.writer_list import Search, WriterList

LOOKS_PER_SECOND = 4
"""How often the progress of a download is shown anew."""

_BAR = 24  # cells of the progress bar


class What(Enum):
    """What a person wants to do first."""

    TALK = "talk"
    BRING = "bring"
    DEMO = "demo"
    WRITE = "write"
    ADVENTURE = "adventure"


@dataclass(frozen=True, slots=True)
class FirstRunResult:
    """What was answered. ``writer`` is ``None`` where nobody writes yet; ``notes`` are sentences to be told once."""

    name: str
    writer: Writer | None
    what: What
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FirstRunTools:
    """What the screen does its work with; the app gives those of ``session``.

    ``search`` looks for writers, ``look`` at one address; ``fetch`` makes the way of the starter model; ``remember``
    keeps name and writer and is called in a thread, raising ``TavernError``.
    """

    search: Search
    look: Look
    fetch: Callable[[], StarterFetch]
    remember: Callable[[str, Writer | None], tuple[str, ...]]


class _Step(Enum):
    NAME = 1
    WRITER = 2
    WHAT = 3
    FETCH = 4


_QUESTIONS = {
    _Step.NAME: "What should characters call you?",
    _Step.WRITER: "Who writes?",
    _Step.WHAT: "What first?",
    _Step.FETCH: "Fetching the starter model",
}
_KEYS = {
    _Step.NAME: "Enter goes on",
    _Step.WRITER: "↑↓ choose · Enter goes on · ← back",
    _Step.WHAT: "↑↓ choose · Enter begins · ← back",
    _Step.FETCH: "Esc goes on without it",
}
_TALK = ListRow(What.TALK.value, "Talk", detail="With one of the sample characters, to begin with.")
_BRING = ListRow(
    What.BRING.value, "Bring my SillyTavern folder", detail="Characters, chats, lorebooks, presets. It is only read."
)
_WRITE = ListRow(What.WRITE.value, "Write", detail="A story, with one of four first pages or your own.")
_ADVENTURE = ListRow(What.ADVENTURE.value, "Adventure", detail="You say what you do; one of four scenarios begins.")
_DEMO = ListRow(What.DEMO.value, "Look at the demo", detail="A finished evening at an inn. It needs no model.")


class FirstRunScreen(WholePage[FirstRunResult]):
    """The three questions. ``name`` is what stands in the field at first; ``brings``: there is something to bring."""

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "skip", "Go on"), ("left", "back", "Back")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "FirstRunScreen")
        + """
    FirstRunScreen {
        & .step { display: none; height: 1fr; }
        & #progress { height: auto; padding: 0 2; }
        & .step.-shown { display: block; }
    }
    """
    )

    def __init__(
        self, tools: FirstRunTools, name: str, *, brings: bool = False, glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._rows = (
            (_BRING, _TALK, _WRITE, _ADVENTURE, _DEMO) if brings else (_TALK, _WRITE, _ADVENTURE, _BRING, _DEMO)
        )
        self.choice = WriterChoice(tools.search, tools.look, glyphs=glyphs)
        self._tools = tools
        self._otherwise = name
        self._glyphs = glyphs
        self._step = _Step.NAME
        self._then: Callable[[], None] | None = None
        self._writer: Writer | None = None
        self._fetch: StarterFetch | None = None
        self._failed = False

    def compose(self) -> ComposeResult:
        """The head, the question, its answers, a note, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(id="head")
            yield Static(id="question")
            with Vertical(classes="step", id="step-1"):
                yield Input(self._otherwise, max_length=LONGEST_NAME, id="entry", compact=True)
                yield Static(id="note")
            with Vertical(classes="step", id="step-2"):
                yield self.choice
            with Vertical(classes="step", id="step-3"):
                yield RowList([replace(row, wraps=True) for row in self._rows], glyphs=self._glyphs, id="first")
            with Vertical(classes="step", id="step-4"):
                yield Static(id="progress")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin with the name."""
        self._go(_Step.NAME)

    def on_unmount(self) -> None:
        """Nothing goes on in the background once the screen is gone."""
        if self._fetch is not None:
            self._fetch.stop()

    def action_move(self, rows: int) -> None:
        """Select another row."""
        if self._step is _Step.WRITER:
            self._then = None
            self.choice.move(rows)
        elif self._step is _Step.WHAT:
            self._first.move(rows)
        self._say()

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        if self._step is _Step.WRITER:
            self.choice.page(pages)

    def action_choose(self) -> None:
        """Take the selected answer."""
        if self._step is _Step.NAME:
            self._go(_Step.WRITER)
        elif self._step is _Step.WRITER:
            if self.choice.list.certain:
                self.choice.choose()
            else:
                self._then = self.action_choose
        elif self._step is _Step.WHAT:
            self._begin()
        elif self._failed:
            self._finish(None)
        self._say()

    def action_skip(self) -> None:
        """Go on with what is selected; where nobody is, without a writer."""
        if self._step is _Step.NAME:
            self._go(_Step.WRITER)
        elif self._step is _Step.WRITER and self.choice.entering:
            self.choice.leave_entry()
        elif self._step is _Step.WRITER and not self.choice.list.certain:
            self._then = self.action_skip
        elif self._step is _Step.WRITER:
            self._picked_writer(self.choice.list.likeliest)
        elif self._step is _Step.WHAT:
            self._begin()
        elif self._fetch is not None:
            self._fetch.stop()
            self._finish(None)
        self._say()

    def action_back(self) -> None:
        """The question before."""
        if self._step is _Step.WRITER:
            self._go(_Step.NAME)
        elif self._step is _Step.WHAT:
            self._go(_Step.WRITER)

    @property
    def _first(self) -> RowList:
        return self.query_one("#first", RowList)

    @property
    def _called(self) -> str:
        return name_from(self.query_one("#entry", Input).value, self._otherwise)

    @on(Input.Submitted, "#entry")
    def _named(self) -> None:
        self._go(_Step.WRITER)

    @on(WriterList.Changed)
    def _found(self) -> None:
        if self._then is not None and self.choice.list.certain:
            then, self._then = self._then, None
            then()
        self._say()

    @on(WriterChoice.Picked)
    def _picked(self, message: WriterChoice.Picked) -> None:
        self._picked_writer(message.writer)

    @on(RowList.Chosen, "#first")
    def _clicked(self) -> None:
        self._begin()

    def _picked_writer(self, writer: Writer | None) -> None:
        self._writer = writer
        self._first.select(0 if writer is not None else len(self._rows) - 1)  # the demo needs nobody who writes
        self._go(_Step.WHAT)

    def _begin(self) -> None:
        """Fetch what must be fetched for talking, else be done."""
        writer = self._writer
        if writer is None or not writer.must_be_fetched:
            self._finish(writer)
        elif self._what is What.DEMO:
            self._finish(None)
        elif self._fetch is None:
            self._go(_Step.FETCH)
            self._bring_starter(writer)

    @property
    def _what(self) -> What:
        row = self._first.selected
        return What(row.id) if row else What.TALK

    @work(exclusive=True, group="fetch")
    async def _bring_starter(self, writer: Writer) -> None:
        self._fetch = self._tools.fetch()
        timer = self.set_interval(1 / LOOKS_PER_SECOND, self._say)
        try:
            path: Path = await self._fetch.run()
        except FetchStoppedError:
            return
        except TavernError as error:
            self._failed = True
            self._say_progress(f"{safe_line(error.title)} `tavern-tui models get starter` says what can be done.")
            self._say()
            return
        finally:
            timer.stop()
        self._finish(replace(writer, model=str(path)))

    @work(exclusive=True, group="finish")
    async def _finish(self, writer: Writer | None) -> None:
        name = self._called
        try:
            notes = await asyncio.to_thread(self._tools.remember, name, writer)
        except TavernError as error:
            notes = (safe_line(str(error)),)
        self.dismiss(FirstRunResult(name, writer, self._what, notes))

    def _go(self, step: _Step) -> None:
        self._step = step
        for other in _Step:
            self.query_one(f"#step-{other.value}").set_class(other is step, "-shown")
        entry = self.query_one("#entry", Input)
        self.set_focus(entry if step is _Step.NAME else None)
        self._say()

    def _say(self) -> None:
        """What stands around the answers."""
        step = self._step
        answered = [self._called] if step is not _Step.NAME else []
        if step in (_Step.WHAT, _Step.FETCH):
            answered.append(self._writer.title if self._writer else "nobody writes yet")
        place = "" if step is _Step.FETCH else f"{step.value} of 3"
        self._put("#head", " · ".join(part for part in ("First start", place, *answered) if part))
        self._put("#question", "The starter model could not be fetched" if self._failed else _QUESTIONS[step])
        if step is _Step.NAME:
            self._put("#note", _seen(self.choice.list))
        keys = _KEYS[step]
        if step is _Step.WRITER and self.choice.entering:
            keys = "Enter looks there · Esc back"
        elif self._then is not None:
            keys = "Looking who can write…"
        elif self._failed:
            keys = "Enter goes on without an engine"
        self._put("#keys", keys)
        if step is _Step.FETCH and self._fetch is not None and not self._failed:
            self._say_progress(_progress(self._fetch, self._glyphs))

    def _say_progress(self, text: str) -> None:
        self._put("#progress", text)

    def _put(self, where: str, text: str) -> None:
        self.query_one(where, Static).update(Content(plain(text, self._glyphs)))


def _seen(writers: WriterList) -> str:
    """What is known of the answer to the second question while the first is asked."""
    best = writers.writer
    if best is None or not best.usable:
        return "" if writers.settled else "Looking who can write…"
    if best.must_be_fetched:
        return f"To be fetched: {best.title}"
    others = writers.found - 1
    more = f", and {others} more" if others > 0 else ""
    return f"Found: {best.title}{more}"


_MB = 2**20
"""What the starter's size is told in everywhere: 94 MB."""


def _progress(fetch: StarterFetch, glyphs: Glyphs) -> str:
    """``████████············  34 %  32 MB of 94 MB  downloading``."""
    if not fetch.total:
        return f"{fetch.phase or 'asking'}…"
    full, empty = ("#", ".") if glyphs is ASCII_GLYPHS else ("█", "░")
    part = min(1.0, fetch.done / fetch.total)
    filled = int(part * _BAR)
    bar = full * filled + empty * (_BAR - filled)
    return f"{bar}  {part:.0%}\n{fetch.done / _MB:.0f} MB of {fetch.total / _MB:.0f} MB, {fetch.phase}"
