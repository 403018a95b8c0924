"""What the screens with one question and one list have in common: their look and the keys of the list."""

from __future__ import annotations

from textual import on
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.events import DescendantFocus
from textual.messages import Prune
from textual.screen import ModalScreen, Screen, ScreenResultType

from tavern_tui.ui.keyed import VERTICAL as VERTICAL  # for the screens that are made of what is here
from tavern_tui.ui.widgets.row_list import RowList

PAGE_CSS = """
PAGE {
    background: $background;
    color: $foreground;
    & #ground { background: $background; align: center top; }
    & #page { width: 100%; max-width: 84; height: 1fr; padding: 1 0; }
    & #head, & #keys { text-wrap: nowrap; text-overflow: ellipsis; }
    & #head { height: 1; padding: 0 2; margin: 0 0 1 0; color: $text-muted; }
    & #question { height: auto; max-height: 40vh; padding: 0 2; margin: 0 0 1 0; text-style: bold; }
    & #note { height: auto; padding: 0 2; margin: 1 0 0 0; color: $text-muted; }
    & #keys { dock: bottom; height: 1; padding: 0 2; color: $text-muted; }
    &.-tall #keys { height: 3; padding: 1 2; }
    &.-short #page { padding: 0; }
    &.-short #head { margin: 0; }
    & #entry { height: 1; border: none; padding: 0 2; }
    & #entry:focus { border: none; }
}
"""
"""The stylesheet of such a screen; ``PAGE`` stands for its class."""

LIST_KEYS: list[BindingType] = [
    Binding("up", "move(-1)", show=False),
    Binding("down", "move(1)", show=False),
    Binding("pageup", "page(-1)", show=False),
    Binding("pagedown", "page(1)", show=False),
    Binding("enter", "choose", show=False),
]
"""The keys of a list: ``action_move``, ``action_page`` and ``action_choose`` are the screen's."""


class Still(DOMNode):
    """A screen on which no cursor blinks, each of which would cross the line of somebody far away, and that has done
    with everything once it is being taken away.

    It stands behind the screen among the bases: Textual takes styles from the first base that is a node.
    """

    @on(Prune)
    def _end_work(self) -> None:
        """End what is still looked for: its parts go first, and there would be nothing to show it in."""
        self.workers.cancel_node(self)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """The cursor of a field to type in stays where it is."""
        if hasattr(event.widget, "cursor_blink"):
            event.widget.cursor_blink = False


class Page(ModalScreen[ScreenResultType], Still):
    """What lies over the chat, and is closed once.

    Textual takes away the screen on top, whichever asks for it: a second Enter, which was pressed before the first was
    dealt with, would close the chat beneath.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it with ``result``; nothing where it is closed already or something lies over it."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class WholePage(Screen[ScreenResultType], Still):
    """The same in the place of the chat."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close it with ``result``; nothing where it is closed already or something lies over it."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()


class ListKeys(DOMNode):
    """What ``LIST_KEYS`` do on a screen with one list; ``action_choose`` may be the screen's own."""

    def action_move(self, rows: int) -> None:
        """Select another row."""
        self.query_one(RowList).move(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        self.query_one(RowList).page(pages)

    def action_choose(self) -> None:
        """Choose the selected row."""
        self.query_one(RowList).choose()
