"""Notes that stay where they are for a while: author's note, character notes, a persona at a depth.

Usually a note is written at its depth in every prompt, and what stands below it is read again each time. A chat may let
it drift (``NotesStay``): then it stays under the turn where it was put until so many more turns stand below it, and is
put at its depth again, or is stated again where the prompt goes on, and the earlier statement is left in place.
What the notes are: ``notes``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace

from tavern_tui.domain.events import PlacedText
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.prompt.inputs import Injection, InjectionPosition, Policy, PromptInput
from tavern_tui.prompt.items import SPEAKER_OF, Item
from tavern_tui.prompt.notes import CHANGING_KEY, DEPTH_LORE_KEY, with_notes
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.standing import Shown, Wanted
from tavern_tui.prompt.story import Story, untrusted

_NOTES = (PartKind.NOTE, PartKind.CHARACTER_NOTE, PartKind.PERSONA)
_FROM_TOP = (InjectionRole.ASSISTANT, InjectionRole.USER, InjectionRole.SYSTEM)
_STATED = "stands where it was put"


class StandingNotes:
    """The notes of one prompt that stay. ``given`` is the input without them, ``wanted`` are those that are due.

    ``given`` comes in with all notes among its injections.
    """

    def __init__(self, given: PromptInput, story: Story) -> None:
        self._stay = given.notes
        self._input = given
        self._story = story
        stays = given.policy is Policy.ECONOMY and given.notes.turns > 0
        found = [one for one in given.injections if stays and _is_note(one)]
        self.given = replace(given, injections=tuple(one for one in given.injections if one not in found))
        found.sort(key=lambda one: (_FROM_TOP.index(one.role), one.key))
        self._newest = next((turn.id for turn in given.turns if not turn.hidden), "") if found else ""
        self.wanted = tuple(one for one in map(self._wanted, found) if one.item.text)
        self._known = {_base(one): one for one in self._all()} if stays else {}

    def shown(self, placed: PlacedText) -> Shown | None:
        """How a note reads that was put into the history; ``None`` where it was changed or is none of these."""
        base, _, stated = placed.key.partition(_AT)
        one = self._known.get(base)
        if one is None or (stated and not self._stay.restated) or _mark(one) != placed.mark:
            return None
        return Shown(self._item(one, placed.key, untrusted(placed.text, self._input), _STATED), placed.mark)

    def _wanted(self, one: Injection) -> Wanted:
        again = self._stay.restated
        text = untrusted(self._story.expand(one.text.strip()), self._input)
        key = f"{_base(one)}{_AT}{self._newest}" if again else _base(one)
        most = max(0, one.depth) + self._stay.turns
        return Wanted(
            self._item(one, key, text, one.reason), _mark(one), None if again else one.depth, _base(one), most
        )

    def _item(self, one: Injection, key: str, text: str, reason: str) -> Item:
        return Item(SPEAKER_OF[one.role], "", text.strip(), one.kind, one.source, reason=reason, key=key)

    def _all(self) -> Iterator[Injection]:
        """Every note that the chat has, those included that are not due in this prompt."""
        given, note = replace(self._input, injections=(), quiet=None), self._input.note
        if note is not None:
            given = replace(given, note=replace(note, interval=1))
        yield from (
            one for one in (*with_notes(given, self._story).injections, *self._input.injections) if _is_note(one)
        )


_AT = " @"  # between a note's key and the turn at which it was stated


def _base(one: Injection) -> str:
    return f"note {one.key}"


def _is_note(one: Injection) -> bool:
    in_chat = one.position is InjectionPosition.IN_CHAT and one.depth >= 0 and bool(one.text.strip())
    return in_chat and one.kind in _NOTES and not one.key.startswith((DEPTH_LORE_KEY, CHANGING_KEY))


def _mark(one: Injection) -> str:
    """A short mark that changes with a note's text and place."""
    said = repr((one.text, one.depth, one.role))
    return f"{zlib.crc32(said.encode('utf-8', 'surrogatepass')):08x}"
