"""``Passages``: what the model writes into a story: on from the end or the cursor, and other versions of a passage.

A passage is a turn; its versions are swipes. What follows a passage stays where it is when another version takes its
place. Where a passage ends is ``until``'s, where it goes into the middle of the story ``gaps``'.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ROOT, ChatTree
from tavern_tui.domain.comments import comments
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError
from tavern_tui.domain.events import Body, PropertySet, Speaker, TurnAdded
from tavern_tui.session import events as out
from tavern_tui.session.reply_place import ReplyPlace
from tavern_tui.session.story import gaps
from tavern_tui.session.story.directions import DIRECTION, direction_of, kept_with, used_by
from tavern_tui.session.story.filling import NOTED, noted_all_the_same
from tavern_tui.session.story.steps import step_of
from tavern_tui.session.story.until import UNTIL, Until, room_for, until_of
from tavern_tui.session.thinking import Making
from tavern_tui.storage.recovery import recover

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a passage. ``number`` counts from 1; ``shown``: it is in the story."""

    turn: str
    number: int
    text: str
    shown: bool
    interrupted: bool = False
    direction: str = ""


@dataclass(frozen=True, slots=True)
class _Writing:
    """What is being written: in the ``gap``, or at the end. ``known`` are the turns that were there before."""

    making: Making
    known: frozenset[str]
    gap: gaps.Gap | None = None


class Passages:
    """The passages of one story. While one is being written the story can be edited; it goes where it was begun."""

    def __init__(self, story: StorySession) -> None:
        self._story = story
        self._anchor: int | None = None
        self._noted = False

    @property
    def anchor(self) -> int | None:
        """The character of the document at which a passage is being written in the middle; ``None`` where none is."""
        return self._anchor

    def text_changed(self, start: int, end: int, length: int) -> None:
        """``length`` characters stand in the document in the place of those from ``start`` to ``end``."""
        if self._anchor is not None and start < self._anchor:
            self._anchor = start + length if end >= self._anchor else self._anchor + length - (end - start)

    @property
    def direction(self) -> str:
        """What the next passage is to bring, "" for nothing."""
        return direction_of(self._story.tree)

    @property
    def until(self) -> Until:
        """Where a passage ends."""
        return until_of(self._story.tree.properties)

    async def direct(self, line: str) -> None:
        """Say what the next passage is to bring, in one line; "" takes it back. Raises ``StorageError``."""
        line = " ".join(line.split())
        await self._story.write(PropertySet(DIRECTION, line or None))

    async def end_at(self, until: Until) -> None:
        """Let passages end there from now on. Raises ``StorageError``."""
        await self._story.write(PropertySet(UNTIL, until.as_value()))

    def write_on(self, offset: int | None = None) -> AsyncGenerator[out.SessionEvent, None]:
        """Let the model write on from the character ``offset``, the story's end by default.

        The events are those of a reply; when they end the document has the passage. Raises ``EngineError`` while
        another is being written, ``StorageError``.
        """
        return self._write(lambda: self._at(offset))

    def again(self, turn: str = "", *, versions: int = 1) -> AsyncGenerator[out.SessionEvent, None]:
        """Another version of the passage ``turn``, the last generated one by default; what follows it stays.

        Of several ``versions`` each event comes in a ``OneOf``. Raises ``NotFoundError`` where there is no such
        passage, and as ``write_on`` does.
        """
        return self._write(lambda: self._beside(turn, versions))

    def stop(self) -> None:
        """End the passage that is being written and keep its text; nothing where none is."""
        self._story.chat.stop()

    def passage_at(self, offset: int) -> str:
        """The generated passage with that character, or that ends there; "" where that is a person's text."""
        found = self._story.document.turn_at(offset, earlier=offset > 0)
        turn = self._story.tree.turns.get(found[0]) if found is not None else None
        return turn.id if turn is not None and turn.speaker is not Speaker.USER else ""

    @property
    def last(self) -> str:
        """The last passage that a model wrote and that is in the story; "" where there is none."""
        return gaps.last_generated(self._story.tree)

    def versions(self, turn: str = "") -> list[Version]:
        """The versions of a passage, the last generated one by default, oldest first; none where there is none."""
        tree = self._story.tree
        shown = turn or self.last
        if shown not in tree.turns:
            return []
        siblings = [tree.turns[one] for one in tree.siblings(shown)]
        generated = [one for one in siblings if one.speaker is not Speaker.USER]
        return [
            Version(one.id, number, one.text, one.id == shown, one.interrupted, kept_with(tree, one.id))
            for number, one in enumerate(generated, 1)
        ]

    async def take(self, version: str, *, characters: int | None = None) -> None:
        """Put ``version`` in the place of the version that is shown; of it only the first ``characters``, where given.

        A part is a version of its own; what follows the passage stays. Raises ``NotFoundError``, ``StorageError``.
        """
        story = self._story
        await story.save()
        tree = story.tree
        chosen = tree.turns.get(version)
        shown = next((one.id for one in tree.walk_back() if chosen and one.parent == chosen.parent), "")
        if chosen is None or not shown:
            raise NotFoundError("That version is no longer in this story.")
        if characters is not None and characters < len(chosen.text):
            part = TurnAdded(
                chosen.parent, chosen.speaker, chosen.name, chosen.text[:characters], receipt=chosen.receipt
            )
            identity = story.chat.log.new_id()

            def bodies(now: ChatTree) -> list[Body]:
                return [part, *gaps.taking(now, shown, identity)]

            await story.do(bodies, first_id=identity)
        elif version != shown:
            await story.do(lambda now: gaps.taking(now, shown, version))

    async def finish_what_was_open(self) -> None:
        """Close the story round a passage that an earlier run left open. Raises ``StorageError``."""
        log = self._story.chat.log
        gap = gaps.open_gap(log.tree)
        if gap is not None and not (await asyncio.to_thread(recover, log)).running:
            await self._close(gap)

    async def _write(self, choose: Callable[[], _Writing]) -> AsyncGenerator[out.SessionEvent, None]:
        story = self._story
        if story.chat.busy:
            raise EngineError("A passage is already being written.", fault=EngineFault.BUSY, hint="Stop it first.")
        await story.save()
        writing = choose()
        if writing.gap is not None:
            await story.write(writing.gap.as_property())
        before = story.chat.options
        story.chat.options = ours = room_for(self.until, before)
        try:
            async with aclosing(story.chat.make(lambda: [writing.making])) as events:
                async for event in events:
                    yield event
                    if isinstance(event, out.PromptBuilt) and not self._noted:
                        self._noted = noted_all_the_same(event.plan, ours)
                        if self._noted:
                            yield out.Notice(NOTED)
        finally:
            if story.chat.options is ours:
                story.chat.options = before
            await asyncio.shield(self._finish(writing))

    def _at(self, offset: int | None) -> _Writing:
        """A passage at the character ``offset`` of the document."""
        story, tree = self._story, self._story.tree
        known = frozenset(tree.turns)
        name = story.chat.character.name
        if offset is None or offset >= story.document.length:
            return _Writing(Making(out.ReplyKind.NORMAL, ReplyPlace(name, tree.tip, next=True)), known)
        within = (end for start, end in comments(story.document.text()) if start < offset < end)
        self._anchor = next(within, max(0, offset))  # a comment is never sent, not half of it either
        if self._anchor >= story.document.length:
            self._anchor = None
            return self._at(None)
        gap = gaps.gap_at(tree, *self._place(self._anchor))
        return _Writing(Making(out.ReplyKind.NORMAL, ReplyPlace(name, gap.turn)), known, gap)

    def _beside(self, turn: str, versions: int) -> _Writing:
        """Another version of a passage."""
        tree = self._story.tree
        passage = tree.turns.get(turn or self.last)
        if passage is None or passage.speaker is Speaker.USER:
            raise NotFoundError("There is no generated passage here yet.", hint="Let the model write on first.")
        making = Making(out.ReplyKind.SWIPE, ReplyPlace(passage.name, passage.parent)).side_by_side(versions)
        return _Writing(making, frozenset(tree.turns), gaps.gap_beside(tree, passage.id))

    def _place(self, offset: int) -> tuple[str, int]:
        """The stored turn that holds the text before ``offset``, and how much of it."""
        found = self._story.document.turn_at(offset, earlier=True) if offset else None
        return (found[0], offset - found[1]) if found is not None else (ROOT, 0)

    async def _finish(self, writing: _Writing) -> None:
        """Close the story round what came, keep its direction, and show the document with it."""
        story = self._story
        await story.save()
        if writing.gap is not None:
            gap = writing.gap
            if self._anchor is not None:
                turn, at = self._place(self._anchor)
                gap = replace(gap, at=at) if turn == gap.turn else gap
            await self._close(gap)
        self._anchor = None
        came = [turn.id for turn in story.tree.walk_back() if turn.id not in writing.known and turn.receipt is not None]
        if came and self.direction:
            await story.write(*used_by(came[0], self.direction))
        await story.reload()

    async def _close(self, gap: gaps.Gap) -> None:
        log = self._story.chat.log
        passage = gaps.new_in(log.tree, gap)
        if not passage:
            await self._story.write(PropertySet(gaps.GAP, None))
            return
        identity = log.new_id()

        def bodies(now: ChatTree) -> list[Body]:
            # Another terminal that opened the story meanwhile may have closed it already.
            return gaps.closing(now, gap, passage, identity) if gaps.open_gap(now) is not None else []

        written = await asyncio.to_thread(log.append_from, bodies, event_id=identity)
        of_step = [event.id for event in written if not isinstance(event.body, PropertySet)]
        if of_step:
            await self._story.write(step_of([passage, *of_step]))
