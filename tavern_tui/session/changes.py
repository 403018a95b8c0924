"""``ChatChanges``: what a person does to a chat besides talking: look at swipes, edit, hide, delete, undo, redo.

Every change is an event; nothing is overwritten. Disk work runs in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Body, PropertySet, TextEdited, TipMoved, TurnDeleted, TurnHidden, Undone
from tavern_tui.session.bookmarks import bookmark_set
from tavern_tui.session.titles import TITLE, TITLED_AT, title_due
from tavern_tui.session.touching import turns_touched
from tavern_tui.session.undo import in_words, next_redo, next_undo
from tavern_tui.storage.chats import ChatLog


class ChatChanges:
    """The changes of one chat. All methods raise ``StorageError`` where the disk refuses.

    ``edited`` says what is stored of a turn's new text.
    """

    def __init__(self, log: ChatLog, edited: Callable[[Turn, str], str] = lambda _turn, text: text) -> None:
        self._log = log
        self._edited = edited
        self.on_swipe: Callable[[Turn], Awaitable[bool]] | None = None
        """Hears which swipe is to be looked at, and says whether it has gone there itself."""

    def newest(self) -> Turn:
        """The turn that the reader is at. Raises ``NotFoundError`` where there is none."""
        turn = self._log.tree.turns.get(self._log.tree.tip)
        if turn is None:
            raise NotFoundError("There is no turn yet.")
        return turn

    async def select_swipe(self, step: int, turn: str = "") -> Turn:
        """Look at the swipe ``step`` places after that of ``turn``, the newest by default (negative: before), and at
        what follows it; the swipe that is shown.

        Raises ``NotFoundError`` at either end, and where ``turn`` is no longer there.
        """
        shown = turn or self.newest().id
        siblings = self._log.tree.siblings(shown) if shown in self._log.tree.turns else []
        if not siblings:
            raise NotFoundError("That turn is no longer in this chat.")
        place = siblings.index(shown) + step
        if not 0 <= place < len(siblings):
            raise NotFoundError(f"There are {len(siblings)} swipes; this is {siblings.index(shown) + 1}.")
        chosen = self._log.tree.turns[siblings[place]]
        if self.on_swipe is None or not await self.on_swipe(chosen):
            await self.go_to(self._log.tree.leaf_below(chosen.id))
        return self._log.tree.turns[chosen.id]

    async def go_to(self, turn: str) -> None:
        """Make ``turn`` the one that the reader is at: what follows it stays, and the next turn branches off here."""
        await self.write(TipMoved(turn))

    async def edit(self, turn: str, text: str) -> None:
        """Give ``turn`` another text, as scripts for edits leave it."""
        known = self._log.tree.turns.get(turn)
        await self.write(TextEdited(turn, text if known is None else self._edited(known, text)))

    async def hide(self, turn: str, hidden: bool = True) -> None:
        """Leave ``turn`` out of prompts, or take it in again."""
        await self.write(TurnHidden(turn, hidden))

    async def bookmark(self, turn: str, on: bool = True) -> None:
        """Set a bookmark at ``turn``, or take it away."""
        await self.write(bookmark_set(turn, on))

    async def delete(self, turn: str) -> None:
        """Take ``turn`` and everything below it out of the chat; ``undo`` brings it back."""
        await self.write(TurnDeleted(turn))

    async def name_chat(self) -> None:
        """Name the chat after what was said in it, once there is enough and unless it has a name of its own."""
        if title := title_due(self._log.tree.title, self._log.tree.path()[:TITLED_AT]):
            await self.write(PropertySet(TITLE, title))

    async def undo(self) -> str:
        """Take back the last action of this device; says what it was, empty where there is none."""
        from tavern_tui.session.story.steps import whole_step

        action = next_undo(self._log.events, self._log.device)
        if action is None:
            return ""
        await self.write(*map(Undone, whole_step(self._log.events, action)))
        return in_words(action)

    async def redo(self) -> str:
        """Take back the last undo; says what came back, empty where there is none."""
        from tavern_tui.session.story import steps

        found = next_redo(self._log.events, self._log.device)
        if found is None:
            return ""
        undo, action = found
        undoings, told = steps.next_redo(self._log.events, self._log.device)
        if undo.id in undoings and len(undoings) > 1:
            await self.write(*map(Undone, undoings))
            return told
        await self.write(Undone(undo.id))
        return in_words(action)

    def touched(self) -> frozenset[str]:
        """The turns that look different since the newest event of the chat, such as what an undo changed."""
        return turns_touched(self._log.events[-1:], self._log.events, self._log.tree)

    async def write(self, *bodies: Body) -> list[str]:
        """Store events; their ids. Raises ``StorageError``."""
        events = await asyncio.to_thread(self._log.append, *bodies)
        return [event.id for event in events]

    async def write_step(self, *bodies: Body) -> list[str]:
        """Store events that one undo takes back together; their ids. Raises ``StorageError``."""
        from tavern_tui.session.story.steps import step_of

        ids = await self.write(*bodies)
        if len(ids) > 1:
            await self.write(step_of(ids))
        return ids
