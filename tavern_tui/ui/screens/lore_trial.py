"""Trying a lorebook on the chat as it stands, or on any text: who fires, why, and who was cut by what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.session.lore_trial import LoreTrial, Tried
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

_REASON = 300
_WORDS = {"fired": "because: ", "cut": "cut: ", "held": "held back: "}


def trial_rows(trial: LoreTrial, glyphs: Glyphs) -> list[ListRow]:
    """A row for each entry: those that fire, then those that nearly did, with the reason."""
    return [_row(at, one, trial, glyphs) for at, one in enumerate(trial.entries)]


def _row(at: int, one: Tried, trial: LoreTrial, glyphs: Glyphs) -> ListRow:
    about = "" if trial.exact else "~"
    right = f"{about}{one.tokens:,} tokens" if one.state == "fired" else one.state
    title = safe_line(f"{one.title} ({one.book})" if one.book else one.title)
    detail = plain(safe_line(f"{_WORDS[one.state]}{one.reason}", _REASON), glyphs)
    return ListRow(str(at), title, right, detail, wraps=True, muted=one.state != "fired")


def trial_sums(trial: LoreTrial, *, typed: bool) -> str:
    """What it comes to, in a line."""
    fired = sum(one.state == "fired" for one in trial.entries)
    cut = sum(one.state == "cut" for one in trial.entries)
    held = len(trial.entries) - fired - cut
    about = "" if trial.exact else "~"
    parts = [
        "this text" if typed else "this chat, next prompt",
        f"{fired:,} fire = {about}{trial.charged:,} of {trial.budget:,} tokens",
        f"{cut:,} cut" if cut else "",
        f"{held:,} held back" if held else "",
    ]
    return " · ".join(part for part in parts if part)


class LoreTrialScreen(Page[None]):
    """``attempt`` tries ``book`` on a text, on the chat where that is empty; it is tried anew with every change."""

    AUTO_FOCUS = "FoldedArea"
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", show=False, priority=True),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("home,g", "move(-1000000)", show=False),
        Binding("end,G", "move(1000000)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown,space", "page(1)", show=False),
        Binding("c", "clear", show=False),
        Binding("escape", "leave", "Close", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "LoreTrialScreen")
        + """
    LoreTrialScreen {
        & FoldedArea { height: 5; border: none; padding: 0 1 0 2; background: $surface; }
        & FoldedArea:focus { border: none; }
        & #sums { height: auto; padding: 0 2; margin: 1 0; }
        & RowList { padding: 0 1 0 0; }
        &.-short FoldedArea { height: 2; }
        &.-short #question { display: none; }
        &.-short #sums { margin: 0; }
    }
    """
    )

    def __init__(
        self,
        book: Lorebook,
        attempt: Callable[[Lorebook, str], Awaitable[LoreTrial]],
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._book = book
        self._attempt = attempt
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The text, what it comes to, the entries, the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content("Type or paste a text; without one it is this chat"), id="question")
            yield FoldedArea(fold_mark="+")
            yield Static(id="sums")
            yield RowList(empty="Nothing fires.", glyphs=self._glyphs)
            yield Static(Content(plain("Tab results ↑↓ · c this chat · Esc close", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Try the chat."""
        self._area.cursor_blink = False
        self._try()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._try()

    @work(group="try", exclusive=True)
    async def _try(self) -> None:
        text = self._area.full_text
        sums = self.query_one("#sums", Static)
        try:
            trial = await self._attempt(self._book, text if text.strip() else "")
        except TavernError as error:
            sums.update(Content(safe_line(str(error), _REASON)))
            return
        sums.update(Content(plain(trial_sums(trial, typed=bool(text.strip())), self._glyphs)))
        self.query_one(RowList).show(trial_rows(trial, self._glyphs))

    @property
    def _area(self) -> FoldedArea:
        return self.query_one(FoldedArea)

    def action_other(self) -> None:
        """Go from the text to the results, or back."""
        if self.focused is None:
            self.set_focus(self._area)  # at once: the next key is typed
        else:
            self.set_focus(None)

    def action_move(self, rows: int) -> None:
        """Select another result."""
        self.query_one(RowList).move(rows)

    def action_page(self, pages: int) -> None:
        """Go on by a window."""
        self.query_one(RowList).page(pages)

    def action_clear(self) -> None:
        """Try the chat itself again."""
        self._area.text = ""

    def action_leave(self) -> None:
        """Close it."""
        self.dismiss(None)
