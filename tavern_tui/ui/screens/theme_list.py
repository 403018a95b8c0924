"""The list of themes: each is shown as it is walked over. Its result is the name of the one to keep, or ``None``.

Remembering it is the caller's business; leaving brings the old one back.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.config.paths import Directories
from tavern_tui.config.themes import Depth, LoadedTheme
from tavern_tui.domain.display import safe, safe_line
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.chatlog.view import ChatLog, Follow
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.themes import loaded_themes, show_theme, title_of
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

SAMPLE: Final = (
    ChatEntry(
        "character", EntryKind.CHARACTER, "Bess", '*She sets down the lamp.* "Still raining?"', swipe=1, swipes=3
    ),
    ChatEntry("user", EntryKind.USER, "Alex", '*I nod.* "The bridge is **gone**." She hums `so be it`.'),
    ChatEntry("narrator", EntryKind.NARRATOR, text="*Thunder, far off.*"),
    ChatEntry("note", EntryKind.NOTE, text="A note, as the program writes it."),
    ChatEntry("problem", EntryKind.PROBLEM, text="rig:5001 does not answer (connection refused)."),
)
"""What the colours are shown on, below the list."""


class ThemeList(Page[str | None]):
    """The themes of ``directories``, beginning on ``name``, for a terminal of ``depth``."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "ThemeList")
        + """
    ThemeList {
        & RowList { height: auto; max-height: 50%; padding: 0 1 0 0; }
        & #note { display: none; max-height: 4; color: $text-warning; }
        & #note.-told { display: block; }
        & ChatLog { margin: 1 0 0 0; }
        &.-short ChatLog { margin: 0; }
        &.-short #note { margin: 0; max-height: 3; }
        &.-short #question { margin: 0; }
    }
    """
    )

    def __init__(self, directories: Directories, name: str, depth: Depth, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._directories = directories
        self._in_use = name
        self._depth = depth
        self._glyphs = glyphs
        self._before = ""
        self._themes: dict[str, LoadedTheme] = {}

    def compose(self) -> ComposeResult:
        """The list, what is wrong with the selected file, and a few turns in its colours."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Theme", id="question")
            yield RowList(empty=plain("Reading the themes…", self._glyphs), glyphs=self._glyphs)
            yield Static(id="note")
            log = ChatLog(SAMPLE, glyphs=self._glyphs, follow=Follow.START)
            log.can_focus = False
            yield log
            yield Static(Content(plain("↑↓ look · Enter keep · Esc back", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Read the files, and show the sample from its beginning."""
        self._before = self.app.theme
        self._read()

    @work(exclusive=True)
    async def _read(self) -> None:
        self._themes = await asyncio.to_thread(loaded_themes, self._directories)
        rows = [
            ListRow(name, safe_line(title_of(name, loaded)), safe_line(name), muted=loaded.theme.name != name)
            for name, loaded in self._themes.items()
        ]
        self.query_one(RowList).show(rows, select=self._in_use, empty="There is no theme.")
        self.query_one(ChatLog).scroll_to(y=0, animate=False)
        self._explain()

    @on(RowList.Selected)
    def _look(self, message: RowList.Selected) -> None:
        show_theme(self.app, self._themes[message.row.id].theme, self._depth)
        self._explain()

    def _explain(self) -> None:
        """Say what was wrong with the file of the selected theme."""
        row = self.query_one(RowList).selected
        problems = self._themes[row.id].problems if row else ()
        note = self.query_one("#note", Static)
        note.set_class(bool(problems), "-told")
        told = "\n".join(f"{problem.where.rpartition('/')[2]}: {problem.what}" for problem in problems)
        note.update(Content(plain(safe(told), self._glyphs)))

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        show_theme(self.app, self._themes[message.row.id].theme, self._depth)
        self.dismiss(message.row.id)

    def action_move(self, rows: int) -> None:
        """Look at another theme."""
        self.query_one(RowList).move(rows)

    def action_page(self, pages: int) -> None:
        """Look at one a window further."""
        self.query_one(RowList).page(pages)

    def action_choose(self) -> None:
        """Keep what is shown."""
        self.query_one(RowList).choose()

    def action_leave(self) -> None:
        """Go back to the theme that was."""
        self.app.theme = self._before
        self.dismiss(None)
