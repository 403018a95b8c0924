"""Home: the chats written last, the characters below them, and what else there is; typing filters all of it.

Its result is what to open: a chat, a new one, or an action of the registry by its id. What the lists say comes from
``session.home``, read in a thread; of the rows (``home_rows``) those are made that can be seen, ``PAGE`` at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.character_list import CharacterRow, ChatChoice, ChatRow, wishes_for
from tavern_tui.session.home import (
    HomeLists,
    branches_of,
    home_lists,
    in_order,
    mark_favourite,
    rename_chat,
    story_words,
)
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens import home_rows as rows
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.deleted_chats import ChatTrash, at_home, trash_of
from tavern_tui.ui.screens.home_rows import Look, Thing
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.screens.new_choice import NewChoice
from tavern_tui.ui.widgets.edge_input import FilterInput
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.index import LibraryIndex
    from tavern_tui.ui.app import TavernApp

PAGE = 100
"""Rows that are made at a time."""

_LETTERS = frozenset({"E", "R", "P", "asterisk", "question_mark"})  # keys of the list, as long as nothing was typed
_BEFORE_END = 20  # rows: from here on the next page is made


@dataclass(frozen=True, slots=True)
class HomeChoice:
    """What was chosen: a chat or a character, ``incognito`` where the new chat is; or the ``action`` with this id, its
    argument behind it.
    """

    chat: ChatChoice | None = None
    action: str = ""
    incognito: bool = False


@dataclass(frozen=True, slots=True)
class HomeTools:
    """What Home works with; all of it blocks. ``actions`` has id and title by the slash command of each.

    ``read`` gives the lists, the later ones in the place of the earlier; ``branches`` how many ways chats go, ``words``
    how many words stories have.
    """

    read: Callable[[], Iterable[HomeLists]]
    branches: Callable[[Sequence[str]], dict[str, int]]
    rename: Callable[[str, str], object]
    favourite: Callable[[str, bool], None]
    private: Callable[[str, str], bool]
    actions: rows.Actions
    trash: ChatTrash
    words: Callable[[Sequence[str]], dict[str, int]] = lambda _names: {}


class HomeScreen(ListPage[HomeChoice | None]):
    """The lists. ``characters``: begin at the characters. ``now`` gives Unix seconds, for the ages."""

    keys_search = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right", "more", show=False),
        Binding("ctrl+n", "new", show=False),
        Binding("R,ctrl+r", "rename", show=False),
        Binding("asterisk", "card('favourite')", show=False),
        Binding("P", "private", show=False),
        Binding("E", "card('edit')", show=False),
        Binding("tab", "section(1)", show=False),
        Binding("shift+tab", "section(-1)", show=False),
    ]
    DEFAULT_CSS = """
    HomeScreen {
        & #filter { height: 1; border: none; padding: 0 2; margin: 0 0 1 0; }
        & #filter:focus { border: none; }
        &.-short #filter { margin: 0; }
    }
    """

    def __init__(
        self,
        tools: HomeTools,
        *,
        characters: bool = False,
        now: Callable[[], float] = time.time,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__("Home", glyphs=glyphs)
        self._tools = tools
        self._at_characters = characters
        self._look = Look(now(), glyphs=glyphs)
        self._lists = HomeLists()
        self._looked: set[str] = set()
        self._known: dict[str, Thing] = {}
        self._made = PAGE

    def above(self) -> Iterable[Widget]:
        """The filter."""
        hint = plain("Type to find a chat, a name, a #tag", self._signs)
        yield FilterInput(placeholder=hint, id="filter", compact=True, select_on_focus=False)

    def on_mount(self) -> None:
        """Begin to read."""
        self.filter.cursor_blink = False
        self.say("")
        self.say_keys()
        self._fill()

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (
            ("Enter", "open"),
            ("ctrl+n", "new"),
            ("→", "choices"),
            ("*", "favourite"),
            ("R", "rename"),
            ("Tab", "next part"),
            ("ctrl+p", "palette"),
            ("P", "private or not"),
            ("E", "edit the card"),
            ("Esc", "close"),
        )

    @property
    def filter(self) -> Input:
        """The line that filters."""
        return self.query_one("#filter", Input)

    def on_key(self, event: Key) -> None:
        """What is typed on the list goes into the filter; the palette finds whatever else there is."""
        if event.key == "ctrl+p":
            event.stop()
            self.dismiss(HomeChoice(action="app.palette"))
        came_with = self.focused is self.filter  # with the letter that opened it
        typed = event.character if event.is_printable and (came_with or event.key not in _LETTERS) else None
        if typed and not self.entering and (came_with or self.focused is None):
            event.stop()
            self.set_focus(self.filter)  # at once: the next key is a letter, and no command
            self.filter.value += typed
            self.filter.cursor_position = len(self.filter.value)

    def selected(self, row: ListRow | None) -> None:
        """Make the next page where its end is near."""
        shown = self.rows.rows
        if row is not None and len(shown) >= self._made and row in shown[-_BEFORE_END:]:
            self._made += PAGE
            self._show(row.id)

    async def chosen(self, row: ListRow) -> None:
        """Open it."""
        if row.id == rows.NEW:
            self.action_new()
        elif row.id == rows.ALL_CHATS:
            self._look = replace(self._look, all_chats=True)
            self._show()
        elif row.id.startswith(rows.ACTION):
            self.dismiss(HomeChoice(action=row.id.removeprefix(rows.ACTION)))
        else:
            self._open(self._known[row.id])

    def action_leave(self) -> None:
        """Leave the line, empty the filter, else close."""
        if not self.entering and self.filter.value:
            self.filter.value = ""
        else:
            super().action_leave()

    def action_section(self, steps: int) -> None:
        """Go to the next heading, or the one before."""
        shown = self.rows.rows
        heads = [place for place, row in enumerate(shown) if row.head]
        selected = self.rows.selected
        if selected is not None and heads:
            here = shown.index(selected)
            after = next((place for place in heads if place > here), heads[0])
            before = next((place for place in reversed(heads) if place < here), heads[-1])
            self.rows.select(after if steps > 0 else before)

    @work(exclusive=True, group="choice")
    async def action_more(self) -> None:
        """Show what can be done with the selected row, and do what is chosen."""
        thing = self._thing
        if thing is None:
            return
        listed = rows.deeds(thing, self._lists, self._look)
        deed = await self.app.push_screen_wait(NewChoice(thing.title, listed, glyphs=self._signs))
        if deed == rows.RENAME:
            self.action_rename()
        elif deed in (rows.FAVOURITE, rows.EDIT):
            self.action_card(deed)
        elif deed == rows.PRIVATE:
            self.action_private()
        elif deed == rows.DELETE and thing.name == self._tools.trash.open_here:
            self.dismiss(HomeChoice(action="chat.delete"))
        elif deed in (rows.DELETE, rows.BRING_BACK):
            self.do(at_home(self, self._tools.trash, thing.name if deed == rows.DELETE else "", self._fill))
        elif deed in (rows.NEW, rows.NEW_INCOGNITO):
            self.dismiss(HomeChoice(rows.new_with(thing, self._lists), incognito=deed == rows.NEW_INCOGNITO))
        elif deed is not None and isinstance(thing, CharacterRow):
            self.dismiss(HomeChoice(ChatChoice(thing.name, thing.card, deed.removeprefix(rows.CHAT))))
        elif deed is not None:
            self._open(thing)

    @work(exclusive=True, group="choice")
    async def action_new(self) -> None:
        """Begin something new."""
        thing = self._thing or next(iter(self._lists.chats), None) or next(iter(self._lists.characters), None)
        listed = rows.beginnings(thing, self._lists, self._tools.actions)
        chosen = await self.app.push_screen_wait(NewChoice("Begin something new", listed, glyphs=self._signs))
        if chosen is not None and chosen.startswith(rows.ACTION):
            self.dismiss(HomeChoice(action=chosen.removeprefix(rows.ACTION)))
        elif chosen is not None:
            self.dismiss(HomeChoice(rows.new_with(thing, self._lists), incognito=chosen == rows.NEW_INCOGNITO))

    def action_rename(self) -> None:
        """Give the selected chat another title."""
        thing = self._thing
        if not isinstance(thing, ChatRow):
            self.say("R renames a chat; a character is renamed on its own page.")
            return

        async def take(typed: str) -> None:
            await asyncio.to_thread(self._tools.rename, thing.name, typed)
            renamed = replace(thing, title=safe_line(" ".join(typed.split())))
            chats = tuple(renamed if one.name == thing.name else one for one in self._lists.chats)
            self._have(replace(self._lists, chats=chats), f"It is called {renamed.title} now.")

        self.ask(take, thing.title, hint="Another title")

    def action_card(self, what: str) -> None:
        """Mark the selected character (a chat's too) as a favourite, or no longer; or open its card."""
        name = rows.name_of(self._thing)
        known = next((one for one in self._lists.characters if one.name == name), None)
        if known is not None and what == rows.FAVOURITE:
            self.do(self._mark(known))
        elif known is not None and not known.problem:
            self.dismiss(HomeChoice(action=f"app.character {known.card or name}"))

    def action_private(self) -> None:
        """Mark what is selected as private, or no longer."""
        if self._thing is not None:
            self.do(self._hide(self._thing))

    @property
    def _thing(self) -> Thing | None:
        selected = self.rows.selected
        return self._known.get(selected.id) if selected is not None else None

    @on(Input.Changed, "#filter")
    def _typed(self, message: Input.Changed) -> None:
        self._made, self._look = PAGE, replace(self._look, all_chats=False)
        if not message.value:
            self.set_focus(None)
        self._show()

    @on(Input.Submitted, "#filter")
    def _entered_filter(self, message: Input.Submitted) -> None:
        message.stop()
        self.action_choose()

    @work(exclusive=True, group="read")
    async def _fill(self) -> None:
        """Show the lists, each in the place of the one before, the same row selected."""
        try:
            lists = iter(self._tools.read())
            while (found := await asyncio.to_thread(next, lists, None)) is not None:
                self.retitle(found.progress or "Home")
                self._have(found)
                if self._at_characters and found.characters:
                    self._at_characters = False
                    heads = [place for place, row in enumerate(self.rows.rows) if row.id.startswith(rows.CHARACTER)]
                    self.rows.select(heads[0])
        except TavernError as error:
            self.say(str(error), problem=True)

    def _have(self, lists: HomeLists, told: str = "") -> None:
        """Show these lists instead, the same row selected."""
        selected = self.rows.selected
        self._lists = lists
        self._show(selected.id if selected else "")
        if told:
            self.say(told)

    def _show(self, select: str = "") -> None:
        """Have the rows that fit what was typed, as many as were asked for."""
        typed = self.filter.value
        made = list(islice(rows.home_rows(self._lists, typed, self._look, self._tools.actions), self._made))
        self._known = {row.id: thing for row, thing in made if thing is not None}
        empty = "Nothing of that name." if typed else "There is no character yet."
        self.show([row for row, _ in made], select, plain(empty, self._signs))
        chats = [row.id.removeprefix(rows.CHAT) for row, _ in made if row.id.startswith(rows.CHAT)]
        if new := [name for name in chats if name not in self._looked]:
            self._look_branches(new)

    @work(group="branches")
    async def _look_branches(self, names: Sequence[str]) -> None:
        """Tell of the chats on screen how many ways they go, and of stories how long they are, once that is known."""
        self._looked.update(names)
        known = {one.name: one for one in self._lists.chats}
        nobodys = [name for name in names if name in known and not known[name].characters]
        try:
            ways = await asyncio.to_thread(self._tools.branches, names)
            words = await asyncio.to_thread(self._tools.words, nobodys)
        except TavernError:
            return  # reading the lists says what is wrong
        if ways or words:
            look = self._look
            self._look = replace(look, ways={**look.ways, **ways}, words={**look.words, **words})
            self._have(self._lists)

    def _open(self, thing: Thing) -> None:
        if isinstance(thing, ChatRow):
            self.dismiss(HomeChoice(ChatChoice("", None, thing.name)))
        elif thing.problem:
            self.say(thing.problem, problem=True)
        else:
            self.dismiss(HomeChoice(ChatChoice(thing.name, thing.card, thing.chats[0].name if thing.chats else "")))

    async def _mark(self, character: CharacterRow) -> None:
        on = not character.favourite
        await asyncio.to_thread(self._tools.favourite, character.name, on)
        marked = [replace(one, favourite=on) if one.name == character.name else one for one in self._lists.characters]
        told = "is a favourite." if on else "is no favourite any more."
        self._have(replace(self._lists, characters=in_order(marked)), f"{character.title} {told}")

    async def _hide(self, thing: Thing) -> None:
        chat, character = (thing.name, "") if isinstance(thing, ChatRow) else ("", thing.name)
        on = await asyncio.to_thread(self._tools.private, chat, character)
        self.say(f"{thing.title} is private: /private shows it." if on else f"{thing.title} is not private any more.")
        self._fill()


def tools_for(workspace: Workspace, index: LibraryIndex, trash: ChatTrash, *, shows_private: bool) -> HomeTools:
    """What Home works with in ``workspace``."""
    from tavern_tui.config.actions import BY_ID
    from tavern_tui.session.privacy import toggle_private
    from tavern_tui.ui.chat.actions import RUNNABLE
    from tavern_tui.ui.slash import COMMANDS

    return HomeTools(
        read=partial(home_lists, workspace, index, shows_private=shows_private),
        branches=partial(branches_of, index),
        words=partial(story_words, workspace),
        rename=partial(rename_chat, workspace),
        favourite=partial(mark_favourite, workspace),
        trash=trash,
        private=lambda chat, character: toggle_private(workspace, chat=chat, character=character),
        actions={name: (action, BY_ID[action].title) for name, action in COMMANDS.items() if action in RUNNABLE},
    )


async def asked_at_home(app: TavernApp, *, characters: bool = False) -> HomeChoice | None:
    """Show Home; what was chosen there."""
    from tavern_tui.session.library_index import open_index

    with closing(open_index(app.workspace)) as index:
        tools = tools_for(app.workspace, index, trash_of(app), shows_private=app.shows_private)
        return await app.push_screen_wait(HomeScreen(tools, characters=characters, glyphs=app.glyphs))


async def show_home(app: TavernApp, *, characters: bool = False) -> None:
    """Go to a chat or a character, begin something new, or go to another page."""
    choice = await asked_at_home(app, characters=characters)
    if choice is not None and choice.action:
        await app.chat.run_typed(*choice.action.split(maxsplit=1))
    elif choice is not None and choice.chat is not None:
        wishes = wishes_for(choice.chat, app.wishes)
        app.open_chat(replace(wishes, incognito=choice.incognito or wishes.incognito))
