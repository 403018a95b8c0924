"""The notebook of a chat: a text for its reader alone. Closing keeps what is written."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.domain.display import safe
from tavern_tui.session.notebook import notebook_of, notebook_set, with_line
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.commands import written
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.rows import plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.chat import ChatScreen


class NotebookScreen(Page[str]):
    """``text`` to be written, below ``title``. Esc closes it; its result is what is written then."""

    AUTO_FOCUS = "FoldedArea"
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Close", show=False, priority=True)]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "NotebookScreen")
        + """
    NotebookScreen {
        & FoldedArea { height: 1fr; min-height: 2; border: none; padding: 0 1 0 2; margin: 0 0 1 0; }
        & FoldedArea:focus { border: none; }
        &.-short #question { margin: 0; }
        &.-short FoldedArea { margin: 0; }
    }
    """
    )

    def __init__(
        self, text: str, *, title: str = "Notebook · no model reads this", glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The text, and the key that ends it."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(self._title, self._glyphs)), id="question")
            yield FoldedArea(fold_mark="+")
            yield Static(Content(plain("Esc done", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Show what is written, at its end."""
        area = self.query_one(FoldedArea)
        area.text = safe(self._text)
        area.move_cursor(area.document.end)

    def action_leave(self) -> None:
        """Close it; what is written stays."""
        written = self.query_one(FoldedArea).full_text
        self.dismiss(self._text if written == safe(self._text) else written)


async def show_notebook(app: TavernApp) -> None:
    """Write in the notebook of the chat."""
    page = partial(NotebookScreen, glyphs=app.glyphs)
    await written(app, page, notebook_of(app.chat.open_session.tree), partial(_keep, app.chat), app.glyphs)


async def add_line(screen: ChatScreen, line: str) -> None:
    """Add a line to the notebook of the chat. Raises ``StorageError``."""
    await _keep(screen, with_line(notebook_of(screen.open_session.tree), line))


async def _keep(screen: ChatScreen, text: str) -> None:
    session = screen.open_session
    event = notebook_set(session.tree, text)
    if event is not None:
        await session.changes.write(event)
        screen.hint("The notebook is kept · no model reads it")
