"""The personas: who you are in stories: which is the usual one, which this chat's; made, copied, bound, deleted.

What one is made of is ``persona``'s page.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.session.character_editing import books_there
from tavern_tui.session.lore_trial import count_texts, estimated
from tavern_tui.session.persona_editing import (
    OpenPersona,
    PersonaRow,
    bind,
    chats_by_persona,
    copy_persona,
    make_usual,
    persona_rows,
    take_persona,
)
from tavern_tui.session.personas import choose_in_chat, delete_persona, new_persona, restore_persona
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import editor_for
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

NEW = "/new"
_PERSONA = "persona "
_DESCRIPTION = 120
_TOLD = 300


class PersonaShelf:
    """What the pages work with: the workspace and the chat that are there now."""

    def __init__(self, app: TavernApp) -> None:
        self._app = app
        self._chats: dict[str, int] = {}

    def rows(self) -> list[PersonaRow]:
        """Every persona. Blocks."""
        return persona_rows(self._app.workspace, self._app.chat.session, self._chats)

    def count_chats(self) -> None:
        """Find out which chats have which. Blocks."""
        self._chats = chats_by_persona(self._app.workspace)

    @property
    def character(self) -> str:
        """The character of the open chat; empty without one."""
        session = self._app.chat.session
        return session.character.name if session is not None else ""

    def open(self, id: str) -> OpenPersona:
        """A persona to be edited. Blocks; raises ``TavernError``."""
        return OpenPersona(self._app.workspace, id)

    async def do(self, what: str, row: PersonaRow, typed: str = "") -> str:
        """Do it; what to say about it. Raises ``TavernError``."""
        workspace, session = self._app.workspace, self._app.chat.session
        if what == "here":
            if session is None:
                return "No chat is open."
            chosen = await choose_in_chat(session, workspace, row.listed.name)
            self._app.chat.cost_ahead.look(anew=True)
            return f"You are {chosen.persona.name} in this chat from now on."
        if what == "bind" and not (row.id and self.character):
            return "Only a persona of its own can be bound: y makes one." if self.character else "No chat is open."
        told = await asyncio.to_thread(self._do, what, row, typed)
        await self.take_up()
        return told

    async def take_up(self) -> None:
        """Let the settings and an open chat know what was changed."""
        self._app.reload()
        if self._app.chat.session is not None:
            await asyncio.to_thread(take_persona, self._app.chat.session, self._app.workspace)

    def _do(self, what: str, row: PersonaRow, typed: str) -> str:
        workspace = self._app.workspace
        match what:
            case "new":
                return f"Made: {new_persona(workspace, typed, {}).name}. Enter opens it."
            case "copy":
                return f"Made: {copy_persona(workspace, row)}."
            case "usual":
                return make_usual(workspace, row)
            case "bind":
                return bind(OpenPersona(workspace, row.id), self.character)
            case "delete" if not row.id:
                raise NotFoundError(
                    "This one is the settings' own and stays.", hint="Its name and text can be changed."
                )
            case "delete":
                delete_persona(workspace, row.id)
                return f"Deleted: {row.id}. B brings it back; chats that have it go on with the usual one."
            case _:
                return f"Back: {restore_persona(workspace, typed).stem}."


def persona_list(rows: list[PersonaRow], glyphs: Glyphs) -> list[ListRow]:
    """A row for each: what it is to this chat and to others, and the beginning of what it says."""
    found = []
    for row in rows:
        one = row.listed.persona
        marks = [
            "this chat" if row.here else "",
            "usual" if row.usual else "",
            f"{row.chats:,} chat{'' if row.chats == 1 else 's'}" if row.chats else "",
        ]
        name = safe_line(row.listed.name) + (f" ({safe_line(one.name)})" if one.name != row.listed.name else "")
        title = f"{name} · {safe_line(one.title)}" if one.title else name
        bound = f"bound to {', '.join(map(safe_line, one.characters))} · " if one.characters else ""
        said = safe_line(one.description[: 4 * _DESCRIPTION], _DESCRIPTION) or "no description yet"
        detail = safe_line(row.listed.problem, _TOLD) if row.listed.problem else bound + said
        right = plain(" · ".join(filter(None, marks)), glyphs)
        found.append(
            ListRow(
                _PERSONA + row.id, plain(title, glyphs), right, plain(detail, glyphs), muted=bool(row.listed.problem)
            )
        )
    return found


class PersonasScreen(ListPage[str | None]):
    """The list; its result is the persona to open, by its id. ``select``: begin there."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("c", "run('here')", show=False),
        Binding("s", "run('usual')", show=False),
        Binding("b", "run('bind')", show=False),
        Binding("n", "new", show=False),
        Binding("y", "run('copy')", show=False),
        Binding("d,delete", "run('delete')", show=False),
        Binding("B", "back", show=False),
    ]

    def __init__(self, shelf: PersonaShelf, *, select: str | None = None, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Personas: who you are", glyphs=glyphs)
        self._shelf = shelf
        self._select = select
        self._known: dict[str, PersonaRow] = {}

    def on_mount(self) -> None:
        """Read them."""
        self.say("")
        self.say_keys()
        self.do(self._fill())
        self.do(self._count())

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (
            ("Enter", "open"),
            ("c", "in this chat"),
            ("n", "new"),
            ("s", "the usual one"),
            ("b", "bind to the character"),
            ("y", "duplicate"),
            ("d", "delete"),
            ("B", "bring back"),
            ("Esc", "close"),
        )

    async def chosen(self, row: ListRow) -> None:
        """Open it."""
        if row.id == NEW:
            self.action_new()
            return
        one = self._known[row.id]
        if one.listed.problem:
            self.say(one.listed.problem, problem=True)
        else:
            self.dismiss(one.id)

    def action_run(self, what: str) -> None:
        """Do what a key stands for with the selected persona."""
        selected = self.rows.selected
        row = self._known.get(selected.id) if selected is not None else None
        if row is not None and not self.entering:
            self.do(self._run(what, row))

    def action_new(self) -> None:
        """Make one, once its name is typed."""
        self._ask_name("new", "A name for it")

    def action_back(self) -> None:
        """Bring back one that was deleted."""
        self._ask_name("back", "Which one was it?")

    def _ask_name(self, what: str, hint: str) -> None:
        async def take(typed: str) -> None:
            first = next(iter(self._known.values()))
            self._select = " ".join(typed.split())
            await self._run(what, first, typed.strip())

        if not self.entering and self._known:
            self.ask(take, hint=hint)

    async def _run(self, what: str, row: PersonaRow, typed: str = "") -> None:
        told = await self._shelf.do(what, row, typed)
        await self._fill()
        self.say(told)

    async def _fill(self) -> None:
        rows = await asyncio.to_thread(self._shelf.rows)
        self._known = {_PERSONA + row.id: row for row in rows}
        before = self.rows.selected
        here = next((row.id for row in rows if row.here), "")
        wanted = self._select if self._select is not None else here if before is None else None
        select = _PERSONA + wanted if wanted is not None else before.id if before is not None else ""
        self._select = None
        more = [heading("More"), ListRow(NEW, "A new persona", "n")]
        self.show([*persona_list(rows, self._signs), *more], select)

    async def _count(self) -> None:
        await asyncio.to_thread(self._shelf.count_chats)
        await self._fill()


async def show_personas(app: TavernApp) -> None:
    """List the personas; the one that is opened is shown, and the list again after it."""
    from tavern_tui.ui.screens.persona import PersonaScreen

    async def count(text: str) -> tuple[int, bool]:
        counted = await count_texts(app.chat.session, [text])
        return (counted[text], True) if text in counted else (estimated([text])[0], False)

    shelf, select = PersonaShelf(app), None
    editor = editor_for(app, "persona")
    page = partial(
        PersonaScreen, count=count, editor=editor, books=lambda: books_there(app.workspace), glyphs=app.glyphs
    )
    while True:
        select = await app.push_screen_wait(PersonasScreen(shelf, select=select, glyphs=app.glyphs))
        if select is None:
            return
        try:
            one = await asyncio.to_thread(shelf.open, select)
        except TavernError as error:
            app.notify(safe_line(str(error), _TOLD), markup=False)
            continue
        await app.push_screen_wait(page(one, shelf))
        if one.changed:
            await shelf.take_up()
