"""One persona as a form: its fields, each edited in a line, its description in an area of its own; what is done with it
stands below, for those who have no letters at hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tavern_tui.domain.display import safe_line
from tavern_tui.session.persona_editing import OpenPersona, PersonaField, PersonaRow
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import Editor
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.commands import written
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.screens.lore_entry import Count, EntryText
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.screens.personas import PersonaShelf

_PREVIEW = 120
_FIELD, _DEED = "field ", "deed "


class PersonaScreen(ListPage[None]):
    """``one`` on the page. ``count`` gives tokens, ``editor`` opens a text in $EDITOR, ``books`` are the library's."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("left,h", "turn(-1)", show=False),
        Binding("right,l", "turn(1)", show=False),
        Binding("o", "editor", show=False),
        Binding("u", "undo", show=False),
    ]

    def __init__(
        self,
        one: OpenPersona,
        shelf: PersonaShelf,
        *,
        count: Count,
        editor: Editor,
        books: Callable[[], list[str]],
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__(f"Persona {safe_line(one.name or one.persona.name)}", glyphs=glyphs)
        self._one = one
        self._shelf = shelf
        self._count = count
        self._editor = editor
        self._books = books
        self._tokens = ""

    def on_mount(self) -> None:
        """Show the fields."""
        self._show()
        self.do(self._learn())

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (("Enter", "edit"), ("←→", "turn"), ("o", "$EDITOR"), ("u", "undo"), ("Esc", "close"))

    def selected(self, row: ListRow | None) -> None:
        """Say what the field does."""
        field = self._field
        self.say(field.help if field is not None else "")

    async def chosen(self, row: ListRow) -> None:
        """Edit the field, or do what the row says."""
        field = self._field
        if row.id.startswith(_DEED):
            await self._deed(row.id.removeprefix(_DEED))
        elif field is None:
            return
        elif field.choices is not None:
            await self._take_typed(field, field.turned(self._one.persona, 1))
        elif field.long:
            await self._write(field)
        elif field.name == "lorebook":
            await self._choose_book(field)
        else:
            self.ask(partial(self._take_typed, field), field.said(self._one.persona), hint=field.title, replaced=False)

    def action_turn(self, steps: int) -> None:
        """Turn a choice."""
        field = self._field
        if field is not None and field.choices is not None and not self.entering:
            self.do(self._take_typed(field, field.turned(self._one.persona, steps)))

    def action_undo(self) -> None:
        """Take the last change back."""
        if not self.entering:
            self.do(self._undo())

    def action_editor(self) -> None:
        """Write the field in $EDITOR."""
        field = self._field
        if field is not None and field.choices is None and not self.entering:
            self.do(self._outside(field))

    @property
    def _field(self) -> PersonaField | None:
        selected = self.rows.selected
        fields = {_FIELD + field.name: field for field in self._one.fields}
        return fields.get(selected.id) if selected is not None else None

    async def _outside(self, field: PersonaField) -> None:
        async with self._editor(field.said(self._one.persona)) as edited:
            await self._take_typed(field, edited.text if field.long else edited.text.strip())
        if edited.notice:
            self.say(edited.notice)

    async def _write(self, field: PersonaField) -> None:
        def page(text: str) -> EntryText:
            return EntryText(field.title, text, count=self._count, editor=self._editor, glyphs=self._signs)

        said = field.said(self._one.persona)
        await written(self.app, page, said, partial(self._take_typed, field), self._signs)

    async def _choose_book(self, field: PersonaField) -> None:
        there = await asyncio.to_thread(self._books)
        linked = self._one.persona.lorebook
        rows = [ListRow("none", "None", "" if linked else "read")]
        rows += [ListRow(f"book {name}", safe_line(name), "read" if name == linked else "") for name in there]
        question = "Which lorebook is read with it?"
        picked = await self.app.push_screen_wait(RowChoice(question, rows, near=f"book {linked}", glyphs=self._signs))
        if picked is not None:
            await self._take_typed(field, picked.removeprefix("book ") if picked != "none" else "")

    async def _take_typed(self, field: PersonaField, typed: str) -> None:
        changed = await asyncio.to_thread(self._one.change, field, typed)
        self._show()
        if changed and field.long:
            await self._learn()
        self.say(f"Saved: {field.title.lower()}." if changed else "Nothing is different.")

    async def _undo(self) -> None:
        what = await asyncio.to_thread(self._one.undo)
        self._show()
        self.say(f"Taken back: {what}." if what else "There is nothing to take back.")

    async def _deed(self, what: str) -> None:
        told = await self._shelf.do(what, PersonaRow(self._one.listed))
        if what in ("delete", "copy"):
            self.app.notify(safe_line(told, 300), markup=False)
            self.dismiss(None)
            return
        self._one = await asyncio.to_thread(self._shelf.open, self._one.name)
        self._show()
        self.say(told)

    async def _learn(self) -> None:
        tokens, exact = await self._count(self._one.persona.description)
        self._tokens = f"{'' if exact else '~'}{tokens:,} tokens"
        self._show()

    def _show(self) -> None:
        rows = [self._row(field) for field in self._one.fields]
        character = safe_line(self._shelf.character, 60)
        deeds = {"here": "Be this one in this chat"} if character else {}
        if character and self._one.name:
            bound = any(name.casefold() == character.casefold() for name in self._one.persona.characters)
            deeds["bind"] = f"{'No longer begin' if bound else 'Begin'} new chats with {character} as this one"
        deeds |= {"usual": "Let it be the usual one", "copy": "Duplicate"}
        if self._one.name:
            deeds["delete"] = "Delete, to the trash"
        listed = [ListRow(_DEED + what, plain(title, self._signs)) for what, title in deeds.items()]
        before = self.rows.selected
        self.show([*rows, heading("What to do"), *listed], before.id if before is not None else "")

    def _row(self, field: PersonaField) -> ListRow:
        said = safe_line(field.said(self._one.persona)[: 4 * _PREVIEW], _PREVIEW)
        if field.long:
            return ListRow(_FIELD + field.name, field.title, self._tokens, plain(said or "nothing yet", self._signs))
        if field.choices is not None:
            said = f"{self._signs.back} {said} {self._signs.on}"
        return ListRow(_FIELD + field.name, field.title, plain(said, self._signs) or "-")
