"""The characters, with a filter: Enter opens the latest chat with one, → shows all chats with one.

Its result is the chat to open, or ``None``. Rows come from ``session.character_list``, read in a thread; typing filters
what was read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.character_list import CharacterRow, ChatChoice, ChatRow, ListedCharacters
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

_NEW = "/new"  # no chat is called so: it is no name of a file
_LIST_HINT = "Enter open · → chats · ctrl+n new · Esc"
_CHATS_HINT = "Enter open · ← characters · Esc"
_UNITS = ((365 * 86400, "y"), (30 * 86400, "mo"), (86400, "d"), (3600, "h"), (60, "min"))


def age(seconds: float) -> str:
    """How long ago something was: ``now``, ``5 min``, ``2 h``, ``3 d``, ``4 mo``, ``1 y``."""
    for length, unit in _UNITS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "now"


class FilterInput(Input):
    """A line to type a filter into, which hands over → at its end."""

    class Beyond(Message):
        """The cursor was to go beyond the end."""

    def action_cursor_right(self, select: bool = False) -> None:
        """One character to the right, or out."""
        if self.cursor_position >= len(self.value) and not select:
            self.post_message(self.Beyond())
        else:
            super().action_cursor_right(select)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A character, its row, and the words that a filter looks in."""

    character: CharacterRow
    row: ListRow
    name: str
    words: str


class CharactersScreen(ModalScreen[ChatChoice | None]):
    """The list. ``read`` gives the characters, in one or more lists each of which takes the place of the one before;
    how far they were read, where it tells that, stands in the place of the title. ``read_chats`` gives the chats with
    one of them. Both do their work in a thread.

    ``now`` gives Unix seconds, for the ages.
    """

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        ("escape", "leave", "Close"),
        ("right", "chats", "Chats"),
        ("left", "back", "Characters"),
        ("ctrl+n", "new", "New chat"),
    ]
    DEFAULT_CSS = PAGE_CSS.replace("PAGE", "CharactersScreen")

    def __init__(
        self,
        read: Callable[[], Iterable[Sequence[CharacterRow] | ListedCharacters]],
        read_chats: Callable[[CharacterRow], Sequence[ChatRow]],
        *,
        now: Callable[[], float] = time.time,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__()
        self._read = read
        self._read_chats = read_chats
        self._now = now
        self._glyphs = glyphs
        self._all: list[_Listed] = []
        self._by_id: dict[str, CharacterRow] = {}
        self._opened: CharacterRow | None = None

    def compose(self) -> ComposeResult:
        """The title, the filter, the list, a note, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static("Characters", id="question")
            yield FilterInput(placeholder=plain("Type to filter…", self._glyphs), id="entry", compact=True)
            yield RowList(empty=plain("Reading the library…", self._glyphs), glyphs=self._glyphs)
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Begin to read."""
        self._say(_LIST_HINT)
        self.query_one(FilterInput).focus()
        self._fill()

    def action_move(self, rows: int) -> None:
        """Select another row."""
        self._list.move(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        self._list.page(pages)

    def action_choose(self) -> None:
        """Open what is selected."""
        selected = self._list.selected
        if selected is None:
            return
        if self._opened is not None:
            self._end(self._opened, "" if selected.id == _NEW else selected.id)
            return
        character = self._by_id[selected.id]
        self._end(character, character.chats[0].name if character.chats else "")

    def action_new(self) -> None:
        """Begin a new chat with the selected character."""
        character = self._opened or self._selected
        if character is not None:
            self._end(character, "")

    def action_chats(self) -> None:
        """Show the chats with the selected character."""
        character = self._selected
        if character is not None and self._opened is None:
            self._opened = character
            self._show_chats(character, character.chats)
            self._read_lines(character)

    def action_back(self) -> None:
        """Back to the characters."""
        if self._opened is None:
            return
        character, self._opened = self._opened, None
        entry = self.query_one(FilterInput)
        entry.display = True
        entry.focus()
        self.query_one("#question", Static).update("Characters")
        same = next((row for row in self._by_id.values() if row.name == character.name), character)
        self._filter(entry.value, select=self._id_of(same))
        self._say(_LIST_HINT)

    def action_leave(self) -> None:
        """Back to the characters, else close."""
        if self._opened is not None:
            self.action_back()
        else:
            self.dismiss(None)

    @property
    def _list(self) -> RowList:
        return self.query_one(RowList)

    @property
    def _selected(self) -> CharacterRow | None:
        selected = self._list.selected
        return self._by_id.get(selected.id) if selected and self._opened is None else None

    @on(Input.Changed)
    def _typed(self, message: Input.Changed) -> None:
        self._filter(message.value)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_choose()

    @on(FilterInput.Beyond)
    def _beyond(self) -> None:
        self.action_chats()

    @on(RowList.Chosen)
    def _clicked(self) -> None:
        self.action_choose()

    @on(RowList.Selected)
    def _moved(self) -> None:
        self._say(_LIST_HINT if self._opened is None else _CHATS_HINT)

    def _end(self, character: CharacterRow, chat: str) -> None:
        if character.problem:
            self._say(character.problem)
        else:
            self.dismiss(ChatChoice(character.name, character.card, chat))

    @work(exclusive=True, group="read")
    async def _fill(self) -> None:
        try:
            lists = iter(self._read())
            while (listed := await asyncio.to_thread(next, lists, None)) is not None:
                far = listed.progress if isinstance(listed, ListedCharacters) else ""
                if self._opened is None:
                    self.query_one("#question", Static).update(far or "Characters")
                self._take(listed.rows if isinstance(listed, ListedCharacters) else listed)
        except TavernError as error:
            self._list.show((), empty=plain(safe_line(str(error)), self._glyphs))

    def _take(self, characters: Sequence[CharacterRow]) -> None:
        """Show these instead of those there were, the same one selected."""
        before, now = self._selected, self._now()
        self._by_id = {self._id_of(character): character for character in characters}
        self._all = [
            _Listed(character, _character_row(key, character, now, self._glyphs), *_searched(character))
            for key, character in self._by_id.items()
        ]
        if self._opened is None:
            same = next((row for row in characters if before is not None and row.name == before.name), None)
            self._filter(self.query_one(FilterInput).value, self._id_of(same) if same else "")

    @work(exclusive=True, group="lines")
    async def _read_lines(self, character: CharacterRow) -> None:
        chats = await asyncio.to_thread(self._read_chats, character)
        if self._opened is character:
            selected = self._list.selected
            self._show_chats(character, chats, selected.id if selected else "")

    def _filter(self, typed: str, select: str = "") -> None:
        """Show the characters in whom every word is found; those whose name begins so come first."""
        wanted = typed.casefold().split()
        found = [listed for listed in self._all if all(word in listed.words for word in wanted)]
        if wanted:
            found.sort(key=lambda listed: not listed.name.startswith(wanted[0]))
        empty = "Nobody of that name." if wanted else "There is no character yet."
        self._list.show([listed.row for listed in found], select, empty)

    def _show_chats(self, character: CharacterRow, chats: Sequence[ChatRow], select: str = "") -> None:
        self.query_one(FilterInput).display = False
        self.set_focus(None)
        self.query_one("#question", Static).update(Content(f"Chats with {character.title}"))
        now = self._now()
        rows = [_chat_row(chat, now, self._glyphs) for chat in chats]
        new = ListRow(_NEW, "New chat")
        self._list.show([*rows, new], select)
        self._say(_CHATS_HINT)

    def _say(self, text: str) -> None:
        self.query_one("#keys", Static).update(Content(plain(text, self._glyphs)))

    @staticmethod
    def _id_of(character: CharacterRow) -> str:
        return str(character.card or character.name)


def _searched(character: CharacterRow) -> tuple[str, str]:
    name = character.title.casefold()
    return name, " ".join((name, character.words.casefold(), *(chat.title.casefold() for chat in character.chats)))


def _character_row(key: str, character: CharacterRow, now: float, glyphs: Glyphs) -> ListRow:
    chats = character.chats
    right = ""
    if chats:
        many = f"{len(chats)} chats" if len(chats) > 1 else "1 chat"
        right = f"{many} · {age(now - character.last)}"
    detail = " · ".join(part for part in (chats[0].title, chats[0].line) if part) if chats else ""
    shown = plain(character.problem or detail, glyphs)
    title = f"{character.title} *" if character.favourite else character.title
    return ListRow(key, title, plain(right, glyphs), shown, muted=bool(character.problem))


def _chat_row(chat: ChatRow, now: float, glyphs: Glyphs) -> ListRow:
    turns = f"{chat.turns:,} turns" if chat.turns != 1 else "1 turn"
    right = plain(f"{turns} · {age(now - chat.last)}", glyphs)
    return ListRow(chat.name, chat.title, right, plain(chat.problem or chat.line, glyphs), muted=bool(chat.problem))
