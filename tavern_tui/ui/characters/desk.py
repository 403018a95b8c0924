"""``CardDesk``: a card on the table: its fields with their tokens, and every change of them with what to say of it.

What it needs of the chat, the engine and the editor is handed in; nothing here is shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.session.beside_cards import OWN, beside_fields, typed_beside
from tavern_tui.session.card_fields import (
    CardField,
    Edit,
    Kind,
    card_fields,
    moved_greeting,
    new_greeting,
    without_greeting,
)
from tavern_tui.session.card_markdown import card_markdown, read_card_markdown
from tavern_tui.session.character_editing import CardPreview, OpenCard
from tavern_tui.session.lore_trial import estimated
from tavern_tui.session.portraits import Portrait
from tavern_tui.ui.editor import Editor, not_edited

if TYPE_CHECKING:
    from tavern_tui.ui.characters.library import CardShelf


async def _uncounted(_texts: Sequence[str]) -> dict[str, int]:
    return {}


@dataclass(frozen=True, slots=True)
class CardTools:
    """What the desk works with beside the card; what is left out is not there.

    ``count`` gives tokens by text, as far as an engine was reached; ``context`` says how many a prompt may have, 0
    where that is not known. ``editor`` opens a text in $EDITOR. ``preview`` makes the card's prompt. ``lore`` opens the
    lorebook of that name, the one in the card for an empty name. ``books`` are those of the library. ``portrait`` draws
    the card's picture in so many columns and lines. ``shelf`` makes and deletes cards.
    """

    count: Callable[[Sequence[str]], Awaitable[Mapping[str, int]]] = _uncounted
    context: Callable[[], int] = lambda: 0
    editor: Editor = not_edited
    preview: Callable[[], Awaitable[CardPreview]] | None = None
    lore: Callable[[str], Awaitable[None]] | None = None
    books: Callable[[], list[str]] = list
    portrait: Callable[[int, int], Portrait | None] = lambda _columns, _lines: None
    shelf: CardShelf | None = None


class CardDesk:
    """``card`` on the table."""

    def __init__(self, card: OpenCard, tools: CardTools) -> None:
        self.card = card
        self.tools = tools
        self._counted: dict[str, int] = {"": 0}
        self._changing = asyncio.Lock()

    @property
    def character(self) -> Character:
        """The card as it is now."""
        return self.card.character

    def fields(self) -> list[CardField]:
        """Its form: who it is and what it says, what is kept beside it, what there is to know about the card."""
        of_card = card_fields(self.character, self.card.others)
        about = next(at for at, field in enumerate(of_card) if field.id == "creator")
        return [*of_card[:about], *beside_fields(self.card.beside), *of_card[about:]]

    def field(self, id: str) -> CardField | None:
        """The field of the form with that id."""
        return next((field for field in self.fields() if field.id == id), None)

    def tokens(self, text: str) -> tuple[int, bool]:
        """Tokens of a text, and whether an engine counted them."""
        counted = self._counted.get(text)
        return (counted, True) if counted is not None else (estimated([text])[0], False)

    def total(self, instead: tuple[str, str] | None = None) -> tuple[int, bool]:
        """Tokens of what stands in every prompt, with another text for a field where one is being written."""
        id, text = instead or ("", "")
        said = [text if field.id == id else field.said(self.character) for field in self.fields() if field.sent]
        counts = [self.tokens(one) for one in said]
        return sum(number for number, _ in counts), all(exact for _, exact in counts)

    def told_total(self, instead: tuple[str, str] | None = None) -> str:
        """The total against the context, in words."""
        number, exact = self.total(instead)
        of = f" of {context:,}" if (context := self.tools.context()) else ""
        return f"{'' if exact else '~'}{number:,}{of} tokens in every prompt"

    async def learn(self) -> None:
        """Count what was not counted yet."""
        said = [field.said(self.character) for field in self.fields() if field.kind in (Kind.TEXT, Kind.LINE)]
        await self.count(said)

    async def count(self, texts: Sequence[str]) -> None:
        """Count these texts, as far as an engine was reached."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._counted]
        if missing:
            self._counted.update(await self.tools.count(missing))

    async def change(self, what: str, edit: Edit) -> str:
        """Make a change and save it; what to say. Raises ``TavernError``."""
        async with self._changing:
            changed = await asyncio.to_thread(self.card.change, what, edit)
        return self._told(_saved(what, changed))

    async def put(self, field: CardField, typed: str) -> str:
        """Have what was typed in a field. Raises ``SettingsError`` where that cannot be."""
        what = field.title.lower()
        if not field.id.startswith(OWN):
            return await self.change(what, lambda one: field.made(one, typed))
        async with self._changing:
            changed = await asyncio.to_thread(self.card.change_beside, what, typed_beside(field.id, typed))
        return self._told(_saved(what, changed))

    async def undo(self) -> str:
        """Take the last change back; what to say. Raises ``TavernError``."""
        async with self._changing:
            what = await asyncio.to_thread(self.card.undo)
        return self._told(f"Taken back: {what}" if what else "There is nothing to take back")

    async def picture(self, typed: str) -> str:
        """Have another picture. Raises ``TavernError``."""
        async with self._changing:
            await asyncio.to_thread(self.card.set_picture, typed)
        return self._told("It has another picture")

    def new_greeting(self, name: str) -> CardField:
        """The field of one more greeting of a list; it is there once something is written."""
        return new_greeting(self.character, name)

    async def remove(self, field: CardField) -> str:
        """Take a greeting out."""
        text = field.said(self.character)
        return await self.change(f"{field.title.lower()} removed", without_greeting(field.list, field.place, text))

    async def move(self, field: CardField, steps: int) -> str:
        """Let a greeting stand further up or down."""
        return await self.change(f"{field.title.lower()} moved", moved_greeting(field.list, field.place, steps))

    def whole(self) -> str:
        """The whole card as text."""
        return card_markdown(self.character)

    async def take_whole(self, text: str) -> str:
        """Have the card as the edited text says. Raises ``FormatError`` where it cannot be read."""
        read_card_markdown(text, self.character)
        return await self.change("the card as a text", lambda one: read_card_markdown(text, one))

    def _told(self, what: str) -> str:
        notes = [f"{what}.", *self.card.notes]
        self.card.notes.clear()
        return " ".join(notes)


def _saved(what: str, changed: bool) -> str:
    return f"Saved: {what}" if changed else "Nothing is different"
