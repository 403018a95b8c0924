"""The command palette: everything in the action registry, found by typing. Its result is the action's id, or ``None``.

``matching`` decides what is found and in which order; nothing is done here.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tavern_tui.config.action import Action
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.keymap import Keymap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.glyphs import keys_shown
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

NOT_LISTED: Final = frozenset(("app.palette", "popup.close", "composer.send", "composer.newline", "composer.complete"))
"""Actions that mean nothing without the place where their keys hold."""

_NOWHERE = 9
_MANY = 4  # keys: more of them are a row of digits, which are shown as one


def matching(query: str, actions: Collection[Action] = ACTIONS) -> list[Action]:
    """The actions that have every word of ``query`` in their titles, commands, ids or help, the best first.

    A word counts most where it is a whole command, then at the beginning of a title or a command, then at that of a
    word, then inside one, then in the help. Equally good ones keep their order, which is that of the registry.
    """
    words = query.removeprefix("/").lower().split()
    ranked = [([_rank(word, action) for word in words], action) for action in actions if action.id not in NOT_LISTED]
    found = [(sum(ranks), action) for ranks, action in ranked if _NOWHERE not in ranks]
    return [action for _, action in sorted(found, key=lambda one: one[0])]


def _rank(word: str, action: Action) -> int:
    """How well ``word`` fits: 0 best, ``_NOWHERE`` not at all."""
    title, command = action.title.lower(), action.slash
    if word == command:
        return 0
    if title.startswith(word) or (command and command.startswith(word)):
        return 1
    if any(part.startswith(word) for part in title.split()):
        return 2
    if word in title or word in command or word in action.id:
        return 3
    return 4 if any(part.startswith(word) for part in action.help.lower().split()) else _NOWHERE


class Palette(Page[str | None]):
    """The list of actions with a field to find one. ``runnable``: the ids that can be done, ``None`` for all."""

    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [*LIST_KEYS, ("escape", "leave", "Close"), ("ctrl+p", "leave", "Close")]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "Palette")
        + """
    Palette {
        & #find { margin: 0 0 1 0; padding: 0 2; }
        & RowList { padding: 0 1 0 0; }
        & #note { height: 3; }
        &.-short #find { margin: 0; }
        &.-short #note { margin: 0; }
    }
    """
    )

    def __init__(
        self, keymap: Keymap, *, runnable: Collection[str] | None = None, glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__()
        self._keymap = keymap
        self._glyphs = glyphs
        self._actions = [action for action in ACTIONS if runnable is None or action.id in runnable]

    def compose(self) -> ComposeResult:
        """The field, what it finds, and what the selected action does."""
        with Vertical(id="ground"), Vertical(id="page"):
            field = Input(placeholder="What do you want to do?", id="find", compact=True)
            field.cursor_blink = False
            yield field
            yield RowList(empty="Nothing is called so.", glyphs=self._glyphs)
            yield Static(id="note")
            yield Static(Content(plain("↑↓ choose · Enter do it · Esc close", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Show everything."""
        self._find("")

    @property
    def _rows(self) -> RowList:
        return self.query_one(RowList)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._find(message.value)

    def _find(self, query: str) -> None:
        found = matching(query, self._actions)
        self._rows.show([self._row(action) for action in found])
        self._explain()

    def _row(self, action: Action) -> ListRow:
        keys = self._keymap.keys[action.id]
        shown = keys_shown(keys if len(keys) > _MANY else keys[:2], self._glyphs)
        ways = (f"/{action.slash}" if action.slash else "", shown)
        return ListRow(action.id, action.title, plain(" · ".join(filter(None, ways)), self._glyphs))

    @on(RowList.Selected)
    def _explain(self) -> None:
        row = self._rows.selected
        self.query_one("#note", Static).update(Content(plain(BY_ID[row.id].help if row else "", self._glyphs)))

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_choose()

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        self.dismiss(message.row.id)

    def action_move(self, rows: int) -> None:
        """Select another row."""
        self._rows.move(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        self._rows.page(pages)

    def action_choose(self) -> None:
        """Take the selected one."""
        self._rows.choose()

    def action_leave(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)
