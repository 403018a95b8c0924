"""Moving in on screen: where it is, what would come, and the receipt. Its result is the chat to open, or nothing.

Where it is can be typed, pasted, or walked to: below the line stands what lies where one is (``path_picker``).
"""

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
from textual.widgets import Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.exchange import Outcome
from tavern_tui.session.moving_places import Import, ImportStoppedError, typed_path
from tavern_tui.session.moving_report import MovingReport, report_lines
from tavern_tui.session.picture_import import PortraitImport
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.inspection import hanging
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, WholePage
from tavern_tui.ui.widgets.long_text import LongText
from tavern_tui.ui.widgets.path_picker import PathPicker
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

LOOKS_PER_SECOND = 4
"""How often the progress is shown anew."""


class _Step(Enum):
    WHERE = 1
    LOOKING = 2
    CHOICE = 3
    POLICY = 4
    TAKING = 5
    RECEIPT = 6
    PORTRAIT = 7


_QUESTIONS = {
    _Step.WHERE: "What do you want to bring?",
    _Step.LOOKING: "Looking what is in it",
    _Step.CHOICE: "Bring this?",
    _Step.POLICY: "How are prompts of these chats to be made?",
    _Step.TAKING: "Bringing it",
    _Step.RECEIPT: "What came",
    _Step.PORTRAIT: "Import it as a portrait?",
}
_KEYS = {
    _Step.WHERE: "Enter takes or opens · ← up · Esc leaves",
    _Step.LOOKING: "Esc stops",
    _Step.CHOICE: "Enter takes it · Esc back · PgUp/Dn read",
    _Step.POLICY: "↑↓ choose · Enter goes on · Esc back",
    _Step.TAKING: "Esc stops; what has come stays",
    _Step.RECEIPT: "↑↓ read · Enter goes on · Esc closes",
    _Step.PORTRAIT: "↑↓ choose · Enter goes on · Esc back",
}
_YES, _KEYS_TOO, _NO = "yes", "keys", "no"
_LISTS = (_Step.WHERE, _Step.CHOICE, _Step.POLICY, _Step.PORTRAIT)
_POLICIES = (
    ListRow(
        "economy",
        "Economy (recommended)",
        "",
        "Little is read again with each reply, so that replies begin much sooner.",
        wraps=True,
    ),
    ListRow("classic", "Classic", "", "Each prompt word for word as SillyTavern would send it.", wraps=True),
)


class ImportScreen(WholePage[str]):
    """``begin`` makes an import of a path; ``found`` are folders that were found; ``path`` is looked at at once.

    ``home`` is where walking begins; ``review`` makes the screen that looks over regex scripts; ``portrait`` takes
    plain pictures.
    """

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Leave"), ("r", "review", "Review")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "ImportScreen")
        + """
    ImportScreen {
        & #text { height: 1fr; padding: 0 1 0 2; }
        & #choice { height: auto; max-height: 8; margin: 1 0 0 0; }
        &.-short #choice, &.-short #note, &.-short #question { margin: 0; }
        &.-short #told { margin: 0; max-height: 2; }
    }
    """
    )

    def __init__(
        self,
        begin: Callable[[Path], Import],
        *,
        found: Sequence[Path] = (),
        path: str = "",
        home: Path | None = None,
        review: Callable[[], Screen[None]] | None = None,
        portrait: PortraitImport | None = None,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._begin = begin
        self._home = home or Path.home()
        self._review = review
        self._portrait = portrait
        self._with_secrets = False
        self._found = tuple(found)
        self._asked = path
        self._glyphs = glyphs
        self._step = _Step.WHERE
        self._has_keys = False
        self._import: Import | None = None
        self._report: MovingReport | None = None

    def compose(self) -> ComposeResult:
        """The question, the entry, what is told, what can be chosen, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(id="question")
            yield PathPicker(self._found, home=self._home, path=self._asked, glyphs=self._glyphs)
            yield Static(id="note")
            yield LongText(self._lines, id="text")
            yield RowList([], glyphs=self._glyphs, id="choice")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin with the entry, or with what was asked for."""
        self._go(_Step.WHERE)
        if self._asked:
            self._look(typed_path(self._asked))

    def on_unmount(self) -> None:
        """Nothing goes on in the background once the screen is gone."""
        if self._import is not None:
            self._import.stop()

    def action_move(self, rows: int) -> None:
        """Select another row, or go on in the receipt."""
        if self._step in _LISTS:
            self._list.move(rows)
        else:
            self._text.scroll_by(rows)

    def action_page(self, pages: int) -> None:
        """Go on by windows."""
        if self._step is _Step.WHERE:
            self._list.page(pages)
        else:
            self._text.scroll_pages(pages)

    def action_choose(self) -> None:
        """Take what is selected, or go on."""
        if self._step in _LISTS:
            self._list.choose()
        elif self._step is _Step.RECEIPT:
            latest = self._report.latest if self._report else None
            self.dismiss(latest.name if latest else "")

    def action_leave(self) -> None:
        """Stop what goes on, or leave."""
        if self._step in (_Step.LOOKING, _Step.TAKING) and self._import is not None:
            self._import.stop()
        elif self._step is _Step.POLICY:
            self._choose()
        elif self._step in (_Step.CHOICE, _Step.PORTRAIT):
            self._go(_Step.WHERE)
        elif self._step is _Step.WHERE and self._picker.entry.value:
            self._picker.entry.value = ""
        else:
            self.dismiss("")

    @work(exclusive=True, group="review")
    async def action_review(self) -> None:
        """Look over the regex scripts that came."""
        if self._step is _Step.RECEIPT and self._scripts and self._review is not None:
            await self.app.push_screen_wait(self._review())

    @property
    def _scripts(self) -> int:
        """How many regex scripts came."""
        things = self._report.things if self._report else []
        return sum(one.kind == "regex script" and one.outcome is Outcome.NEW for one in things)

    @property
    def _picker(self) -> PathPicker:
        return self.query_one(PathPicker)

    @property
    def _list(self) -> RowList:
        return self._picker.list if self._step is _Step.WHERE else self.query_one("#choice", RowList)

    @property
    def _text(self) -> LongText:
        return self.query_one("#text", LongText)

    @on(PathPicker.Picked)
    def _picked(self, message: PathPicker.Picked) -> None:
        self._look(message.path)

    @on(RowList.Chosen, "#choice")
    def _chosen(self, message: RowList.Chosen) -> None:
        row = message.row
        if self._step is _Step.POLICY:
            self._take(row.id)
        elif row.id == _NO or self._import is None or self._report is None:
            self._go(_Step.WHERE)
        elif self._step is _Step.PORTRAIT:
            self._take_portrait(self._import.path)
        else:
            self._with_secrets = row.id == _KEYS_TOO
            if self._import.asks_policy(self._report):
                self.query_one("#choice", RowList).show(_POLICIES)
                self._go(_Step.POLICY)
            else:
                self._take("")

    @work(exclusive=True, group="import")
    async def _look(self, path: Path) -> None:
        """Look what is in it."""
        going = self._import = self._begin(path)
        report = await self._follow(_Step.LOOKING, going.look)
        if report is None:
            return
        self._report = report
        if not report.things:
            question = await asyncio.to_thread(self._portrait.question, path) if self._portrait is not None else ""
            if self._portrait is not None and question:
                rows = [ListRow(_YES, f"As {self._portrait.whose}'s portrait"), ListRow(_NO, "Not now")]
                self.query_one("#choice", RowList).show(rows)
                self._go(_Step.PORTRAIT)
                self._put("#question", question)
            else:
                self._go(_Step.WHERE, "There is nothing in it that can be imported.")
            return
        self._has_keys = await asyncio.to_thread(lambda: going.has_keys)
        self._choose()

    def _choose(self) -> None:
        """Ask whether it is to come."""
        rows = [ListRow(_YES, "Bring it")]
        if self._has_keys:
            rows.append(ListRow(_KEYS_TOO, "Bring it with the keys of servers"))
        self.query_one("#choice", RowList).show([*rows, ListRow(_NO, "Not now")])
        self._go(_Step.CHOICE)

    @work(exclusive=True, group="import")
    async def _take(self, policy: str) -> None:
        """Take it in."""
        assert self._import is not None  # it was looked at before
        going = self._import = self._begin(self._import.path)
        secrets = self._with_secrets
        report = await self._follow(_Step.TAKING, lambda: going.take(with_secrets=secrets, policy=policy))
        if report is not None:
            self._report = report
            self._go(_Step.RECEIPT)

    @work(exclusive=True, group="import")
    async def _take_portrait(self, path: Path) -> None:
        """Have the picture as a portrait, and say so."""
        assert self._portrait is not None  # it was asked before
        try:
            self._go(_Step.WHERE, await asyncio.to_thread(self._portrait.take, path))
        except TavernError as error:
            self._go(_Step.WHERE, safe_line(str(error)))

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
        picker = self._picker
        picker.display = step is _Step.WHERE
        self._text.display = step in (_Step.CHOICE, _Step.RECEIPT)
        self.query_one("#choice").display = step in (_Step.CHOICE, _Step.POLICY, _Step.PORTRAIT)
        self.query_one("#note").display = step in (_Step.LOOKING, _Step.TAKING)
        self.set_focus(picker.entry if step is _Step.WHERE else None)
        told = note
        if step is _Step.WHERE and not note:
            told = "SillyTavern's folder, its backup (.zip), or any card, chat, lorebook or preset. It is only read."
        self._put("#question", _QUESTIONS[step])
        picker.say(told)
        self._put("#note", told)
        self._put("#keys", self._keys(step))
        self._text.show(self._lines)

    def _keys(self, step: _Step) -> str:
        latest = self._report.latest if self._report else None
        if step is not _Step.RECEIPT:
            return _KEYS[step]
        many = "script" if self._scripts == 1 else "scripts"
        review = f"r reviews {self._scripts} {many} · " if self._scripts and self._review is not None else ""
        if latest is not None and latest.character:
            return f"{review}Enter last chat" if review else "Enter opens your last chat · Esc closes"
        return f"{review}Esc closes" if review else _KEYS[step]

    def _lines(self, width: int) -> list[Content]:
        if self._report is None:
            return []
        found: list[Content] = []
        for line in report_lines(self._report):
            found += hanging(line, width)
        return found

    def _put(self, where: str, text: str) -> None:
        self.query_one(where, Static).update(Content(plain(text, self._glyphs)))
