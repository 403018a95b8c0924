"""``StorySession``: one story in progress: its text, what is done with it, and what the model reads of it.

For front ends. It stands on a ``ChatSession`` in the mode ``story``; that makes the replies and keeps the chat.

- ``document`` is the text (``Document``: ``text``, ``lines``, ``line_of``, ``spans`` …), ``runs`` gives it by origins;
- ``edit`` changes it at once, in memory; ``save`` writes what changed, after a rest of ``REST_SECONDS`` and before
  everything else that is done; ``replace_all`` takes in a whole new text by its difference;
- ``on_change`` hears the edits that were made by anything but ``edit`` (a passage came, undo, another terminal);
- ``undo`` and ``redo`` take back and bring back what was done in one go, a generated passage whole;
- ``passages``: write on, other versions, direction, where a passage ends;
- ``chapters``: how each is read (in full, pinned, by its summary, not at all), and their summaries;
- beside it: ``outline.outline(text)``, ``rewriting.propose`` and ``accept``, ``named`` (versions with names),
  ``finding`` (find and replace), ``reading`` (what a prompt has of the story);
- ``mirror``: the story as a file for other tools, and what was edited there; ``close`` writes it at the end.

All methods that write raise ``StorageError`` where the disk refuses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Body, ChatEvent, Speaker, TextEdited, TurnAdded, TurnHidden, Undone
from tavern_tui.session.session import ChatSession
from tavern_tui.session.story.chapters import Chapters
from tavern_tui.session.story.difference import Edit, edits
from tavern_tui.session.story.document import Document, Unsaved
from tavern_tui.session.story.mirror import Mirror
from tavern_tui.session.story.origins import Origin, first_texts
from tavern_tui.session.story.passages import Passages
from tavern_tui.session.story.steps import next_redo, next_undo, step_of

REST_SECONDS: Final = 1.0
"""How long nobody types before what was typed is written to the disk."""


def _nobody(_edits: Sequence[Edit]) -> None:
    """Hears of edits and does nothing."""


class StorySession:
    """See the module. ``open`` it before anything else, once ``chat`` is open."""

    def __init__(self, chat: ChatSession) -> None:
        self.chat = chat
        self.document = Document()
        self.passages = Passages(self)
        self.chapters = Chapters(self)
        self.mirror = Mirror(self)
        self.on_change: Callable[[Sequence[Edit]], None] = _nobody
        """Hears edits of the document that nobody made by ``edit``, in their order; each counts characters as before
        all of them, so they are to be made from the last to the first."""
        self._saving = asyncio.Lock()
        self._seen = 0

    @property
    def tree(self) -> ChatTree:
        """The chat as it is stored; what is not saved yet is in the document alone."""
        return self.chat.tree

    async def open(self) -> None:
        """Show the story as it is stored; a passage that an earlier run left open is closed."""
        await self.passages.finish_what_was_open()
        await self.reload()
        await self.mirror.look()

    async def close(self) -> None:
        """Save what is unsaved, and the file of the story with it."""
        await self.save()
        await self.mirror.write()

    def runs(self, start: int = 0, end: int | None = None) -> list[tuple[str, Origin]]:
        """The characters from ``start`` to ``end`` in stretches of one origin."""
        end = self.document.length if end is None else end
        return [
            (self.document.text(max(span.start, start), min(span.end, end)), span.origin)
            for span in self.document.spans(start, end)
        ]

    def edit(self, start: int, end: int, text: str) -> str:
        """Put ``text`` in the place of the characters from ``start`` to ``end``, in memory; what stood there."""
        removed = self.document.edit(start, end, text)
        self.passages.text_changed(start, end, len(text))
        return removed

    @property
    def unsaved(self) -> bool:
        """Whether something was edited that is not on the disk yet."""
        return bool(self.document.unsaved())

    async def save(self) -> bool:
        """Write what was edited since the last time, as one step; whether there was anything."""
        async with self._saving:
            unsaved = self.document.unsaved()
            if unsaved:
                document = self.document
                ids = await asyncio.to_thread(self._write_down, unsaved)
                document.saved(unsaved, ids)
                self.mirror.touch()
            return bool(unsaved)

    async def replace_all(self, text: str) -> Sequence[Edit]:
        """Make the whole story ``text`` by as few edits as are found, and save it; what was edited."""
        made = self.document.rewrite(text)
        await self.save()
        self.on_change(made[::-1])
        return made

    async def undo(self) -> str:
        """Take back the last step of this device; what it was, "" where there is none."""
        return await self._take_back(next_undo)

    async def redo(self) -> str:
        """Bring back what was taken back last; what it was, "" where there is none."""
        return await self._take_back(next_redo)

    async def write(self, *bodies: Body) -> list[str]:
        """Store events; their ids."""
        return await self.chat.changes.write(*bodies)

    async def do(self, make: Callable[[ChatTree], Iterable[Body]], *, first_id: str = "") -> list[str]:
        """Store the events that ``make`` gives as one step, and show the story as it is then; their ids."""
        await self.save()
        log = self.chat.log
        written = await asyncio.to_thread(log.append_from, make, event_id=first_id)
        ids = [event.id for event in written]
        if len(ids) > 1:
            await self.write(step_of(ids))
        await self.reload()
        return ids

    async def reload(self) -> None:
        """Show the story as it is stored now, with what was edited here and is not saved yet saved before."""
        before, fresh, revision = self.document, self.document, -1
        while before.revision != revision:  # as long as somebody types meanwhile
            await self.save()
            revision = before.revision
            fresh = await asyncio.to_thread(self._stored)
        self.document = fresh
        self.document.revision = revision + 1
        made = edits(before.text(), self.document.text())
        if made:
            self.mirror.touch()
            self.on_change(made)

    def _stored(self) -> Document:
        log = self.chat.log
        return Document.from_tree(log.tree, first_texts(log.tree, log.events))

    def _write_down(self, unsaved: Unsaved) -> list[str]:
        """The ids of the turns that were added. Blocks."""
        log, name = self.chat.log, self.chat.persona.name
        bodies: list[Body] = [TextEdited(piece.turn, text) for piece, text in unsaved.edited]
        bodies += [TurnHidden(turn) for turn in unsaved.hidden]
        written: list[ChatEvent] = list(log.append(*bodies)) if bodies else []
        added: list[ChatEvent] = []
        for piece, text in unsaved.added:
            added += log.append_from(partial(_at_the_end, name, text))
            piece.turn = added[-1].id  # so that it is not written again where the next one is refused
        ids = [event.id for event in (*written, *added)]
        if len(ids) > 1:
            log.append(step_of(ids))
        return [event.id for event in added]

    async def _take_back(self, find: Callable[[Sequence[ChatEvent], str], tuple[list[str], str]]) -> str:
        await self.save()
        log = self.chat.log
        ids, told = await asyncio.to_thread(lambda: find(log.events, log.device))
        if not ids:
            return ""
        await self.write(*map(Undone, ids))
        await self.reload()
        return told


def _at_the_end(name: str, text: str, tree: ChatTree) -> list[Body]:
    """A written turn behind all others, whatever came meanwhile."""
    return [TurnAdded(tree.tip, Speaker.USER, name, text)]
