"""The command palette: every action, and by its name every character, chat, lorebook and setting, found by typing.

``matching`` decides which actions are found, ``session.library_names`` what else; where both fit as well the actions
come first. The names are asked in a thread and come after the actions: Enter waits for them. ``ask_palette`` shows the
palette, and opens what was chosen unless it is an action.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static
from textual.worker import Worker, WorkerError

from tavern_tui.config.action import Action, Where
from tavern_tui.config.actions import ACTIONS
from tavern_tui.config.keymap import Keymap
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.session.library_names import Kind, LibraryNames, Named
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.glyphs import keys_shown
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

Names = Callable[[str], Sequence[Named]]
"""What is called so in the library; blocks, and raises ``TavernError``."""

NOT_LISTED: Final = frozenset(("app.palette", "popup.close", "composer.send", "composer.newline", "composer.complete"))
"""Actions that mean nothing without the place where their keys hold."""

_NOWHERE = 9
_MANY = 4  # keys: more of them are a row of digits, which are shown as one


def matching(query: str, actions: Collection[Action] = ACTIONS) -> list[Action]:
    """The actions that have every word of ``query`` in their titles, commands, ids or help, the best first.

    A word counts most where it is a whole command, then at the beginning of a title or a command, then at that of a
    word, then inside one, then in the help. Without its slash the command of something that is done with a turn counts
    as the first word of what can be done anywhere: *hide* is meant for the screen. Equally good ones keep their order,
    which is that of the registry.
    """
    return [action for _, action in _ranked(query, actions)]


def _ranked(query: str, actions: Collection[Action]) -> list[tuple[float, Action]]:
    """The actions that are found, each with how well it fits."""
    words = query.lower().split()
    if any(words[0] == f"/{action.slash}" for action in actions if words):
        words = words[:1]  # what follows a command belongs to it
    ranked = [([_rank(word, action) for word in words], action) for action in actions if action.id not in NOT_LISTED]
    found = [(sum(ranks), action) for ranks, action in ranked if _NOWHERE not in ranks]
    return sorted(found, key=lambda one: one[0])


def _rank(word: str, action: Action) -> float:
    """How well ``word`` fits: 0 best, ``_NOWHERE`` not at all; the numbers are those of ``library_names``."""
    title, command = action.title.lower(), action.slash
    named, word = word.startswith("/"), word.removeprefix("/")
    if word == command:
        return 0 if named or action.where is not Where.TURN else 0.5
    if word == title.split()[0] and not named and action.where is Where.ANYWHERE:
        return 0.5
    if title.startswith(word) or (command and command.startswith(word)):
        return 1
    if any(part.startswith(word) for part in title.split()):
        return 2
    if word in title or word in command or word in action.id:
        return 3
    return 4 if any(part.startswith(word) for part in action.help.lower().split()) else _NOWHERE


class Palette(Page[str | Named | None]):
    """The list with a field to find something in it. Its result is an action's id, or what was found by ``names``.

    ``runnable``: the ids that can be done, ``None`` for all.
    """

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
        self,
        keymap: Keymap,
        *,
        runnable: Collection[str] | None = None,
        names: Names | None = None,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._keymap = keymap
        self._glyphs = glyphs
        self._names = names
        self._actions = [action for action in ACTIONS if runnable is None or action.id in runnable]
        self._query: str | None = None
        self._looking: Worker[None] | None = None
        self._walked = False
        self._listed: dict[str, Action | Named] = {}

    def compose(self) -> ComposeResult:
        """The field, what it finds, and what the selected row is about."""
        with Vertical(id="ground"), Vertical(id="page"):
            field = Input(placeholder="What do you want to do?", id="find", compact=True)
            field.cursor_blink = False
            yield field
            yield RowList(empty="Nothing is called so.", glyphs=self._glyphs)
            yield Static(id="note")
            yield Static(Content(plain("↑↓ choose · Enter do it · Esc close", self._glyphs)), id="keys")

    def on_mount(self) -> None:
        """Show every action."""
        self._find("")

    @property
    def _rows(self) -> RowList:
        return self.query_one(RowList)

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        if self.is_current:  # what was typed and not read when it was closed is looked for by nobody
            self._find(message.value)

    def _find(self, query: str) -> None:
        """Show the actions that are found, and what else is when that is known; nothing where they stand there."""
        if query == self._query:
            return
        self._query, self._walked, self._looking = query, False, None
        self._show(query, ())
        if self._names is not None and query.strip() and not query.startswith("/"):
            self._looking = self._look(query, self._names)

    @work(exclusive=True, group="names")
    async def _look(self, query: str, names: Names) -> None:
        try:
            self._show(query, await asyncio.to_thread(names, query))
        except TavernError as error:
            self._note(str(error))

    def _show(self, query: str, named: Sequence[Named]) -> None:
        """Have these rows. One that was walked to stays selected."""
        selected = self._rows.selected if self._walked else None
        found: list[tuple[float, Action | Named]] = [*_ranked(query, self._actions), *((one.fit, one) for one in named)]
        found.sort(key=lambda one: one[0])
        self._listed = {
            f"{thing.kind} {place}" if isinstance(thing, Named) else thing.id: thing
            for place, (_, thing) in enumerate(found)
        }
        rows = [self._row(id, thing) for id, thing in self._listed.items()]
        self._rows.show(rows, selected.id if selected else "")
        self._explain()

    def _row(self, id: str, thing: Action | Named) -> ListRow:
        if isinstance(thing, Named):
            return ListRow(id, plain(thing.title, self._glyphs), thing.word or thing.kind.value, muted=thing.problem)
        keys = self._keymap.keys[thing.id]
        shown = keys_shown(keys if len(keys) > _MANY else keys[:2], self._glyphs)
        ways = (f"/{thing.slash}" if thing.slash else "", shown)
        return ListRow(id, thing.title, plain(" · ".join(filter(None, ways)), self._glyphs))

    @on(RowList.Selected)
    def _explain(self) -> None:
        row = self._rows.selected
        thing = self._listed[row.id] if row else None
        self._note(thing.about if isinstance(thing, Named) else thing.help if thing else "")

    def _note(self, text: str) -> None:
        self.query_one("#note", Static).update(Content(plain(text, self._glyphs)))

    @on(Input.Submitted)
    async def _entered(self) -> None:
        await self.action_choose()

    @on(RowList.Chosen)
    def _chosen(self, message: RowList.Chosen) -> None:
        thing = self._listed.get(message.row.id)
        if thing is None:  # others were found since
            return
        if isinstance(thing, Named):
            if not thing.problem:
                self.dismiss(thing)
            return
        command, _, argument = (self._query or "").strip().partition(" ")
        meant = command == f"/{thing.slash}"  # "/mode adventure" is the whole command
        self.dismiss(f"{thing.id} {argument.strip()}" if meant and argument.strip() else thing.id)

    def action_move(self, rows: int) -> None:
        """Select another row."""
        self._walked = True
        self._rows.move(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        self._walked = True
        self._rows.page(pages)

    async def action_choose(self) -> None:
        """Take the selected one, of all that what was typed finds."""
        self._find(self.query_one("#find", Input).value)
        if self._looking is not None:
            with suppress(WorkerError):  # another letter was typed meanwhile, or it was closed
                await self._looking.wait()
        if self.is_current:
            self._rows.choose()

    def action_leave(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)


async def ask_palette(app: TavernApp, keymap: Keymap, runnable: Collection[str]) -> tuple[str, str] | None:
    """Show the palette; the id of the action that was chosen, and what was typed behind its command.

    Whatever else was chosen is opened.

    Raises ``TavernError`` where it cannot be.
    """
    names = LibraryNames(app.workspace, shows_private=app.shows_private)
    palette = Palette(keymap, runnable=runnable, names=names.found, glyphs=app.glyphs)
    chosen = await app.push_screen_wait(palette)
    if isinstance(chosen, Named):
        await _open(app, chosen)
        return None
    if chosen is None:
        return None
    action, _, argument = chosen.partition(" ")
    return action, argument


async def _open(app: TavernApp, thing: Named) -> None:
    """Open what was found by name; a chat or a character as Home does."""
    if thing.kind is Kind.LOREBOOK:
        from tavern_tui.ui.screens.lorebooks import show_lorebook

        await show_lorebook(app, name=thing.name)
    elif thing.kind is Kind.SETTING:
        from tavern_tui.ui.screens.settings import show_settings

        await show_settings(app, at=thing.name)
    elif app.chat.busy:
        raise SettingsError("A reply is being written · Esc stops it")
    elif thing.chat is not None:
        from tavern_tui.session.character_list import wishes_for

        app.open_chat(wishes_for(thing.chat, app.wishes))
