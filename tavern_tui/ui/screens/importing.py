"""Moving in on screen: where it is, what would come, and the receipt. Its result is the chat to open, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from enum import Enum
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.moving_places import Import, ImportStoppedError, typed_path
from tavern_tui.session.moving_report import MovingReport, report_lines
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.inspection import wrapped
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL
from tavern_tui.ui.widgets.long_text import LongText
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

LOOKS_PER_SECOND = 4
"""How often the progress is shown anew."""


class _Step(Enum):
    WHERE = 1
    LOOKING = 2
    CHOICE = 3
    TAKING = 4
    RECEIPT = 5


_QUESTIONS = {
    _Step.WHERE: "What do you want to bring?",
    _Step.LOOKING: "Looking what is in it",
    _Step.CHOICE: "Bring this?",
    _Step.TAKING: "Bringing it",
    _Step.RECEIPT: "What came",
}
_KEYS = {
    _Step.WHERE: "Enter looks there · Esc leaves",
    _Step.LOOKING: "Esc stops",
    _Step.CHOICE: "Enter takes it · Esc back · PgUp/Dn read",
    _Step.TAKING: "Esc stops; what has come stays",
    _Step.RECEIPT: "↑↓ read · Enter goes on · Esc closes",
}
_YES, _KEYS_TOO, _NO = "yes", "keys", "no"


class ImportScreen(Screen[str]):
    """``begin`` makes an import of a path; ``found`` are folders that were found; ``path`` is looked at at once."""

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Leave")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "ImportScreen")
        + """
    ImportScreen {
        & #text { height: 1fr; padding: 0 1 0 2; }
        & #choice { height: auto; max-height: 6; margin: 1 0 0 0; }
        &.-short #choice { margin: 0; }
    }
    """
    )

    def __init__(
        self,
        begin: Callable[[Path], Import],
        *,
        found: Sequence[Path] = (),
        path: str = "",
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._begin = begin
        self._found = tuple(found)
        self._asked = path
        self._glyphs = glyphs
        self._step = _Step.WHERE
        self._import: Import | None = None
        self._report: MovingReport | None = None

    def compose(self) -> ComposeResult:
        """The question, the entry, what is told, what can be chosen, and the keys."""
        first = self._asked or (str(self._found[0]) if self._found else "")
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(id="question")
            yield Input(first, placeholder="a folder, an archive or a file", id="entry", compact=True)
            yield Static(id="note")
            yield LongText(self._lines, id="text")
            yield RowList([], glyphs=self._glyphs, id="choice")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin with the entry, or with what was asked for."""
        self._go(_Step.WHERE)
        if self._asked:
            self._look()

    def on_unmount(self) -> None:
        """Nothing goes on in the background once the screen is gone."""
        if self._import is not None:
            self._import.stop()

    def action_move(self, rows: int) -> None:
        """Select another row, or go on in the receipt."""
        if self._step is _Step.CHOICE:
            self._choice.move(rows)
        else:
            self._text.scroll_by(rows)

    def action_page(self, pages: int) -> None:
        """Go on by windows."""
        self._text.scroll_pages(pages)

    def action_choose(self) -> None:
        """Take what is selected, or go on."""
        if self._step is _Step.CHOICE:
            self._chosen()
        elif self._step is _Step.RECEIPT:
            latest = self._report.latest if self._report else None
            self.dismiss(latest.name if latest else "")

    def action_leave(self) -> None:
        """Stop what goes on, or leave."""
        if self._step in (_Step.LOOKING, _Step.TAKING) and self._import is not None:
            self._import.stop()
        elif self._step is _Step.CHOICE:
            self._go(_Step.WHERE)
        else:
            self.dismiss("")

    @property
    def _choice(self) -> RowList:
        return self.query_one("#choice", RowList)

    @property
    def _text(self) -> LongText:
        return self.query_one("#text", LongText)

    @on(Input.Submitted)
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        if message.value.strip():
            self._look()

    @on(RowList.Chosen, "#choice")
    def _chosen(self) -> None:
        row = self._choice.selected
        if row is None or row.id == _NO:
            self._go(_Step.WHERE)
        else:
            self._take(with_secrets=row.id == _KEYS_TOO)

    @work(exclusive=True, group="import")
    async def _look(self) -> None:
        """Look what is in it."""
        going = self._import = self._begin(typed_path(self.query_one("#entry", Input).value))
        report = await self._follow(_Step.LOOKING, going.look)
        if report is None:
            return
        self._report = report
        if not report.things:
            self._go(_Step.WHERE, "There is nothing in it that can be imported.")
            return
        rows = [ListRow(_YES, "Bring it")]
        if await asyncio.to_thread(lambda: going.has_keys):
            rows.append(ListRow(_KEYS_TOO, "Bring it with the keys of servers"))
        self._choice.show([*rows, ListRow(_NO, "Not now")])
        self._go(_Step.CHOICE)

    @work(exclusive=True, group="import")
    async def _take(self, *, with_secrets: bool) -> None:
        """Take it in."""
        assert self._import is not None  # it was looked at before
        going = self._import = self._begin(self._import.path)
        report = await self._follow(_Step.TAKING, lambda: going.take(with_secrets=with_secrets))
        if report is not None:
            self._report = report
            self._go(_Step.RECEIPT)

    async def _follow(self, step: _Step, run: Callable[[], MovingReport]) -> MovingReport | None:
        """What came of ``run``, whose progress is shown meanwhile; ``None`` where it was stopped or failed."""
        self._go(step)
        timer = self.set_interval(1 / LOOKS_PER_SECOND, self._say_progress)
        try:
            return await asyncio.to_thread(run)
        except ImportStoppedError:
            self._go(
                _Step.WHERE, "Stopped. What had come stays; bringing it again goes on." if step is _Step.TAKING else ""
            )
        except TavernError as error:
            self._go(_Step.WHERE, safe_line(str(error)))
        finally:
            timer.stop()
        return None

    def _say_progress(self) -> None:
        going = self._import
        if going is not None and going.total:
            self._put("#note", f"{going.done:,} of {going.total:,} · {safe_line(going.name, 40)}")

    def _go(self, step: _Step, note: str = "") -> None:
        self._step = step
        entry = self.query_one("#entry", Input)
        entry.display = step is _Step.WHERE
        self._text.display = step in (_Step.CHOICE, _Step.RECEIPT)
        self._choice.display = step is _Step.CHOICE
        self.query_one("#note").display = step in (_Step.WHERE, _Step.LOOKING, _Step.TAKING)
        self.set_focus(entry if step is _Step.WHERE else None)
        told = note
        if step is _Step.WHERE and not note:
            told = "SillyTavern's folder, its backup (.zip), or any card, chat, lorebook or preset. It is only read."
        self._put("#question", _QUESTIONS[step])
        self._put("#note", told)
        self._put("#keys", self._keys(step))
        self._text.show(self._lines)

    def _keys(self, step: _Step) -> str:
        latest = self._report.latest if self._report else None
        if step is _Step.RECEIPT and latest is not None and latest.character:
            return "Enter opens your last chat · Esc closes"
        return _KEYS[step]

    def _lines(self, width: int) -> list[Content]:
        if self._report is None:
            return []
        found: list[Content] = []
        for line in report_lines(self._report):
            found += wrapped(line, width) if line else [Content("")]
        return found

    def _put(self, where: str, text: str) -> None:
        self.query_one(where, Static).update(Content(plain(text, self._glyphs)))
