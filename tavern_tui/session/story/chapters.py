"""The chapters of a story as the model reads them: in full while they are near, else by their summaries.

A chapter is known by its first turn; what is chosen for it is a property of the chat. Its summary is a summary of its
turns like any other of a chat (``session.summaries``): versions that can be edited and are never lost. Where a border
of a chapter lies within a turn, that turn is divided first.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.story.gaps import divided
from tavern_tui.session.story.outline import Section, outline, words_in
from tavern_tui.session.story.outline import chapters as chapters_of

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.session.summaries.versions import Version

CHAPTER: Final = "story chapter "
"""How the keys of the properties begin that say how a chapter is read; the id of its first turn follows."""
_SUMMARISED: Final = "story summarised "  # with a version's id behind it: the checksum of the chapter's text then


class Reads(Enum):
    """How a chapter is read. ``NEAR``: in full where there is room, else by its summary; ``PINNED``: always in full;
    ``SUMMARY``: never in full; ``EXCLUDED``: not at all. The chapter that is being written is always read in full.
    """

    NEAR = "near"
    PINNED = "pinned"
    SUMMARY = "summary"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter. ``number`` counts from 1. ``stale``: its text has changed since ``summary`` was written."""

    number: int
    section: Section
    words: int
    reads: Reads = Reads.NEAR
    summary: Version | None = None
    stale: bool = False

    @property
    def title(self) -> str:
        """Its heading, or its number."""
        return self.section.title or f"{self.number}."


class Chapters:
    """The chapters of one story. What writes raises ``StorageError``."""

    def __init__(self, story: StorySession) -> None:
        self._story = story

    def all(self) -> list[Chapter]:
        """Every chapter with what is chosen for it and its summary. Looks at the whole text."""
        story, tree = self._story, self._story.tree
        text = story.document.text()
        sections = chapters_of(outline(text))
        firsts = [story.document.turn_at(one.start) for one in sections]
        summaries = _summaries(tree)
        found = []
        for number, (one, first) in enumerate(zip(sections, firsts, strict=True), 1):
            turn = first[0] if first is not None and first[1] == one.start else ""
            summary = summaries.get(turn)
            inside = summary is not None and self._ends_within(summary, one)
            mark = tree.properties.get(_SUMMARISED + summary.id) if summary is not None else None
            found.append(
                Chapter(
                    number,
                    one,
                    words_in(text, one),
                    _choice(tree, turn),
                    summary if inside else None,
                    stale=inside and mark is not None and mark != _checksum(text[one.start : one.end]),
                )
            )
        return found

    async def choose(self, chapter: Chapter, reads: Reads) -> None:
        """Let the model read ``chapter`` so from now on."""
        first, _ = await self._turns_of(chapter)
        await self._story.write(PropertySet(CHAPTER + first, None if reads is Reads.NEAR else reads.value))

    async def summarise(
        self,
        chapter: Chapter,
        *,
        interrupted: Callable[[], bool] = lambda: False,
        told: Callable[[str], None] = lambda _: None,
    ) -> Version:
        """Let the model write the summary of ``chapter``; the one it has stays among the versions.

        Raises as ``session.summaries.making.write_summary`` does, and ``SettingsError`` for a chapter without a word.
        """
        from tavern_tui.session.summaries.jobs import Job
        from tavern_tui.session.summaries.making import write_summary

        if not chapter.words:
            raise SettingsError(f"There is nothing to summarise in {chapter.title} yet.")
        first, last = await self._turns_of(chapter)
        places = {turn.id: place for place, turn in enumerate(self._story.tree.path(), 1)}
        over = (chapter.summary,) if chapter.summary is not None else ()
        job = Job(self._story.tree.turns[first].parent, last, places[first], places[last], over)
        version = await write_summary(self._story.chat, job, interrupted=interrupted, told=told)
        await self._mark(version, chapter)
        return version

    async def write_summary(self, chapter: Chapter, text: str) -> Version | None:
        """Give ``chapter`` a summary by hand; without a word it has none any more (``None``)."""
        from tavern_tui.session.summaries.versions import YOU, edited, made, taken_away

        at = self._story.chat.log.clock()
        if not text.strip():
            if chapter.summary is not None:
                await self._story.write(taken_away(chapter.summary, at).as_property())
            return None
        first, last = await self._turns_of(chapter)
        if chapter.summary is not None:
            version = edited(chapter.summary, text, at)
        else:
            version = made(text, after=self._story.tree.turns[first].parent, until=last, by=YOU, at=at)
        await self._story.write(version.as_property())
        await self._mark(version, chapter)
        return version

    async def _mark(self, version: Version, chapter: Chapter) -> None:
        text = self._story.document.text(chapter.section.start, chapter.section.end)
        await self._story.write(PropertySet(_SUMMARISED + version.id, _checksum(text)))

    async def _turns_of(self, chapter: Chapter) -> tuple[str, str]:
        """The first and the last turn of ``chapter``, divided from those beside it where need be."""
        story = self._story
        await story.save()
        for border in (chapter.section.end, chapter.section.start):
            found = story.document.turn_at(border)
            if found is not None and found[1] < border < found[2]:
                turn, start, _ = found
                identity = story.chat.log.new_id()
                await story.do(
                    lambda tree, turn=turn, at=border - start, rest=identity: divided(tree, turn, at, rest),  # type: ignore[misc]
                    first_id=identity,
                )
        document = story.document
        first, last = document.turn_at(chapter.section.start), document.turn_at(chapter.section.end, earlier=True)
        if first is None or last is None:
            raise SettingsError(f"There is nothing in {chapter.title} yet.")
        return first[0], last[0]

    def _ends_within(self, version: Version, section: Section) -> bool:
        place = self._story.document.place_of(version.until)
        return place is None or place[1] <= section.end


@dataclass(frozen=True, slots=True)
class ReadTurns:
    """What of a story's ``turns`` (newest first) is read as they are, which chapters are ``pinned`` (their texts), and
    the turns of those chapters whose summaries are ``untold``.
    """

    turns: list[Turn]
    pinned: tuple[tuple[str, str], ...] = ()
    untold: frozenset[str] = frozenset()


def read_turns(turns: Sequence[Turn], tree: ChatTree) -> ReadTurns:
    """``turns``, newest first, as the choices for their chapters have it. The last chapter is read in full."""
    chosen = {key.removeprefix(CHAPTER) for key in tree.properties if key.startswith(CHAPTER)}
    if not chosen & {turn.id for turn in turns}:
        return ReadTurns(list(turns))
    shown = [turn for turn in reversed(turns) if not turn.hidden]
    text = "".join(turn.text for turn in shown)
    borders = [one.start for one in chapters_of(outline(text))]
    members: dict[int, list[Turn]] = {}
    at = 0
    for turn in shown:
        members.setdefault(bisect_right(borders, at), []).append(turn)
        at += len(turn.text)
    gone: set[str] = set()
    untold: set[str] = set()
    pinned = []
    for number, of_chapter in members.items():
        reads = _choice(tree, of_chapter[0].id)
        if reads is Reads.NEAR or number == max(members):
            continue
        ids = {turn.id for turn in of_chapter}
        gone |= ids
        untold |= ids if reads is not Reads.SUMMARY else set()
        if reads is Reads.PINNED:
            pinned.append((f"chapter {number}", "".join(turn.text for turn in of_chapter)))
    return ReadTurns([turn for turn in turns if turn.id not in gone], tuple(pinned), frozenset(untold))


def _summaries(tree: ChatTree) -> dict[str, Version]:
    """The summaries in force by the first turn that each tells of and that is not hidden."""
    from tavern_tui.session.summaries.versions import in_force

    path = tree.path()
    first_below = {ROOT: _shown(path, 0)} | {turn.id: _shown(path, at) for at, turn in enumerate(path, 1)}
    return {first_below[one.after]: one for one in in_force(tree, path)}


def _shown(path: Sequence[Turn], start: int) -> str:
    return next((path[at].id for at in range(start, len(path)) if not path[at].hidden), "")


def _choice(tree: ChatTree, turn: str) -> Reads:
    value = tree.properties.get(CHAPTER + turn)
    return Reads(value) if value in {one.value for one in Reads} else Reads.NEAR


def _checksum(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
