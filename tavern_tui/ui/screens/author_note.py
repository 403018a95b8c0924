"""The notes of a chat: its author's note, and one's own on each character in it. Its result is the notes.

Below the text stands whose note it is, where it stands, who says it and how often. Closing keeps what is written; there
is nothing to save. A note without text is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from textual.content import Content
from textual.events import Key
from textual.widgets import Static

from tavern_tui.domain.beside_card import READ_WITH, NoteUse
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.note import MOST_DEPTH, MOST_INTERVAL, ChatNote, NotePlace, NoteRole
from tavern_tui.session.character_notes import Notes, notes_of, write_notes
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.text_and_rows import TextAndRows
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

_Choice = TypeVar("_Choice")

OPTIONS: Final = ("place", "depth", "role", "interval", "scan")
"""What can be chosen for the chat's note, by its fields."""

_TITLES: Final = {
    "place": "It stands",
    "depth": "Turns below it",
    "role": "Said by the",
    "interval": "Read",
    "scan": "Its lore keys",
}
_WHOSE, _USE, _CARD = "whose", "use", "card"
_NAME = 20  # characters of a name in a row


def shown(note: ChatNote, option: str) -> str:
    """What is chosen, in words."""
    match option:
        case "place":
            return note.place.value
        case "depth":
            return str(note.depth) if note.place is NotePlace.CHAT else "-"
        case "role":
            return note.role.value if note.place is NotePlace.CHAT else "-"
        case "interval":
            often = {0: "never", 1: "always", 2: "with every second of your turns"}
            return often.get(note.interval, f"with every {note.interval} of your turns")
        case _:
            return "looked for" if note.scan else "left alone"


def turned(note: ChatNote, option: str, steps: int) -> ChatNote:
    """The note with the next choice of ``option``, or with the one before."""
    match option:
        case "place":
            return replace(note, place=_next(list(NotePlace), note.place, steps))
        case "role":
            return replace(note, role=_next(list(NoteRole), note.role, steps))
        case "depth":
            return replace(note, depth=min(MOST_DEPTH, max(0, note.depth + steps)))
        case "interval":
            return replace(note, interval=min(MOST_INTERVAL, max(0, note.interval + steps)))
        case _:
            return replace(note, scan=not note.scan)


def _next(choices: Sequence[_Choice], chosen: _Choice, steps: int) -> _Choice:
    return choices[(choices.index(chosen) + steps) % len(choices)]


class AuthorNoteScreen(TextAndRows[Notes]):
    """``notes`` to be written, the chat's first. Esc and the keys of ``closing`` close it.

    ``card``, once it is closed, is the character whose card is to be shown, "" for none.
    """

    while_writing = "Tab whose, where and when · Esc done"

    def __init__(self, notes: Notes, *, closing: frozenset[str] = frozenset(), glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Author's note of this chat", glyphs=glyphs)
        self._notes = notes
        self._whose = ""
        self._close_keys = closing
        self.card = ""

    def on_mount(self) -> None:
        """Show the note of the chat."""
        self._show_note()

    def on_key(self, event: Key) -> None:
        """The key that opened the page closes it."""
        if event.key in self._close_keys:
            event.stop()
            event.prevent_default()
            self.action_leave()

    def listed(self) -> list[ListRow]:
        """What can be chosen, and what is."""
        whose = safe_line(self._whose, _NAME) if self._whose else "this chat"
        rows = [ListRow(_WHOSE, "This note is on", self.choice(whose))] if self._notes.own else []
        if self._whose:
            use = READ_WITH[self._notes.of(self._whose).use]
            return [*rows, ListRow(_USE, "Read", self.choice(use)), ListRow(_CARD, "The note in the card", "opens it")]
        chat = self._notes.chat
        return [*rows, *(ListRow(option, _TITLES[option], self.choice(shown(chat, option))) for option in OPTIONS)]

    def do(self, row: str, steps: int) -> None:
        """Choose otherwise, or go to the card."""
        self._notes = self.result()
        if row == _WHOSE:
            self._whose = _next(["", *(name for name, _ in self._notes.own)], self._whose, steps)
            self._show_note()
        elif row == _USE:
            kept = self._notes.of(self._whose)
            self._notes = self._notes.noted(self._whose, replace(kept, use=_next(list(NoteUse), kept.use, steps)))
        elif row == _CARD:
            self.card = self._whose
            self.action_leave()
            return
        else:
            self._notes = replace(self._notes, chat=turned(self._notes.chat, row, steps))
        self.show(row)

    def result(self) -> Notes:
        """The notes as they are written."""
        text = self.area.full_text
        if self._whose:
            return self._notes.noted(self._whose, replace(self._notes.of(self._whose), note=text))
        return replace(self._notes, chat=replace(self._notes.chat, text=text))

    def _show_note(self) -> None:
        """Show the note that is written now, and whose it is."""
        own = f"Your note on {safe_line(self._whose, _NAME)}, for every chat"
        whose = own if self._whose else "Author's note of this chat"
        self.query_one("#question", Static).update(Content(plain(whose, self._glyphs)))
        self.area.text = self._notes.of(self._whose).note if self._whose else self._notes.chat.text
        self.area.move_cursor(self.area.document.end)
        self.show()


async def show_author_note(app: TavernApp) -> None:
    """Write the notes of the open chat; then the card whose own note was asked for is shown."""
    from tavern_tui.ui.screens.character import show_character
    from tavern_tui.ui.screens.commands import written

    session = app.chat.open_session
    make = partial(AuthorNoteScreen, closing=frozenset(app.chat.keymap.keys["chat.note"]), glyphs=app.glyphs)
    pages: list[AuthorNoteScreen] = []

    def page(notes: Notes) -> AuthorNoteScreen:
        pages.append(make(notes))
        return pages[-1]

    async def keep(notes: Notes) -> None:
        app.chat.hint(await write_notes(session, app.workspace, notes))

    await written(app, page, notes_of(session), keep, app.glyphs)
    if pages[-1].card:
        await show_character(app, pages[-1].card, field="note")
