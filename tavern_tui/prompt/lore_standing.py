"""Which lore stands in the head of a prompt of ``economy``, and which in its history.

Entries that are active when a head is made stand in it at their place and stay, whether they lapse or not. What fires
later is put into the history where it fires; an entry with a depth always is, at that depth. An entry that is edited
reads as edited at once; one that is switched off or gone is not read any more. In a group head and history are read by
everybody: what only some know (a member's own book, entries limited by names or tags) stands near the end while it is
active, for those alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

from tavern_tui.domain.events import KeptHead, PlacedText
from tavern_tui.domain.lorebook import InjectionRole, LorePosition
from tavern_tui.prompt.inputs import NOTE_KEY, InjectionPosition, PromptInput
from tavern_tui.prompt.items import SPEAKER_OF, Item
from tavern_tui.prompt.kept_head import head_key, known_head
from tavern_tui.prompt.lore import LoreScan
from tavern_tui.prompt.lore_books import Listed, told
from tavern_tui.prompt.lore_outcome import Fired, Lore
from tavern_tui.prompt.lore_places import in_order
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.standing import Shown, Standing, Wanted
from tavern_tui.prompt.standing_notes import StandingNotes
from tavern_tui.prompt.story import Story, untrusted

_ROUND_NOTE = (LorePosition.NOTE_TOP, LorePosition.NOTE_BOTTOM)
_AT_DEPTH = (LorePosition.AT_DEPTH, *_ROUND_NOTE)
_NOTE_DEPTH = 4  # of lore round a note that is not in the chat
_OWN_DEPTH = 1  # of what only the speaker knows
_STANDS = "stands where it fired"
_IN_HEAD = "active when the head was made"


class LoreStanding:
    """The lore of one prompt by where it stands.

    ``given`` is the input without the notes that stand in the history, which are ``notes``.
    ``placed`` is what does not stand in the history, as if it had fired alone: that of the head, and what goes round a
    note that moves with the turns. ``made`` is the head as later prompts find it, where it is made in this prompt.
    """

    def __init__(self, given: PromptInput, story: Story, lore: Lore, scan: LoreScan, notes: StandingNotes) -> None:
        self._given = given
        self._notes = notes
        self._story = story
        self._scan = scan
        active = in_order(lore)
        fired = [one for one in active if self._everybodys(one.one)]
        own = [_near_the_end(one) for one in active if not self._everybodys(one.one)]
        known = known_head(given)
        found = self._in_head(known, fired) if known is not None else None
        new = found is None
        if found is None:
            found = [one for one in fired if one.one.entry.position not in _AT_DEPTH]
        round_note = [one for one in fired if one.one.entry.position in _ROUND_NOTE] if self._note_moves() else []
        self.placed = replace(lore, fired=(*found, *round_note, *own))
        texts = tuple(PlacedText(scan.index.key(one.one), mark(one.one), one.text) for one in found)
        at = float(round(given.now.timestamp())) if known is None else known.at
        self.made = KeptHead(head_key(given), at, texts) if new else None
        elsewhere = {scan.index.key(one.one) for one in self.placed.fired}
        in_turn = sorted(fired, key=lambda one: one.one.entry.position is LorePosition.NOTE_BOTTOM)
        wanted = [self._wanted(one) for one in in_turn if scan.index.key(one.one) not in elsewhere]
        if given.quiet is not None and given.quiet.skip_lore_and_note:
            wanted = [one for one in wanted if one.depth is None]
        texts_wanted = (*(one for one in wanted if one.item.text), *notes.wanted)
        self.standing = Standing(given, texts_wanted, self._shown if lore.budget > 0 else notes.shown, elsewhere)

    def _everybodys(self, one: Listed) -> bool:
        """Whether an entry may stand where every member of a group reads it, whoever speaks."""
        entry, own = one.entry, self._given.lorebooks
        return self._given.group is None or not (
            entry.characters or entry.tags or any(one.book is book for book in own)
        )

    def _kept_from(self, one: Listed) -> bool:
        """Whether an entry is not for the member that speaks now."""
        entry = one.entry
        named = self._given.character.name in entry.characters
        return self._given.group is not None and bool(entry.characters) and named is entry.except_characters

    def _note_moves(self) -> bool:
        """Whether there is an author's note that is read with every turn, each time at its depth."""
        note = self._given.note
        if note is not None and note.interval != 1:
            return False
        notes = (one for one in self._given.injections if one.key == NOTE_KEY and one.text.strip())
        return any(one.position is InjectionPosition.IN_CHAT for one in notes)

    def _in_head(self, known: KeptHead, fired: Sequence[Fired]) -> list[Fired] | None:
        """The entries of a head that is known; ``None`` where one was changed: it is made anew."""
        reasons = {one.one: one.reason for one in fired}
        found = []
        for text in known.lore:
            one = self._scan.index.entry(text.key)
            if one is None or not _on(one) or mark(one) != text.mark:
                return None
            found.append(Fired(one, text.text, 0, reasons.get(one, _IN_HEAD)))
        return found

    def _wanted(self, one: Fired) -> Wanted:
        return Wanted(self._item(one.one, one.text, one.reason), mark(one.one), self._depth(one))

    def _shown(self, placed: PlacedText) -> Shown | None:
        one = self._scan.index.entry(placed.key)
        if one is None or not _on(one):
            return self._notes.shown(placed) if one is None else None
        if self._kept_from(one):
            return None
        if mark(one) == placed.mark:
            return Shown(self._item(one, untrusted(placed.text, self._given), _STANDS), placed.mark)
        return Shown(self._item(one, self._scan.text(one), "edited; it stands where it fired"), mark(one))

    def _item(self, one: Listed, text: str, reason: str) -> Item:
        speaker = SPEAKER_OF[one.entry.role] if one.entry.position in _AT_DEPTH else SPEAKER_OF[InjectionRole.SYSTEM]
        key = self._scan.index.key(one)
        return Item(speaker, "", text.strip(), PartKind.LORE, told(one), reason=reason, key=key)

    def _depth(self, one: Fired) -> int | None:
        """Where the text goes: at its own depth, round a note at the note's, else where the prompt goes on."""
        if one.one.entry.position is LorePosition.AT_DEPTH:
            return max(0, one.depth)
        if one.one.entry.position not in _AT_DEPTH:
            return None
        notes = (note for note in self._given.injections if note.key == NOTE_KEY)
        in_chat = (note.depth for note in notes if note.position is InjectionPosition.IN_CHAT)
        return next(in_chat, _NOTE_DEPTH)


def _near_the_end(one: Fired) -> Fired:
    """What only the speaker knows, at its own depth or above the newest turn: what is above it stays everybody's."""
    if one.one.entry.position is LorePosition.AT_DEPTH:
        return one
    told_there = replace(one.one, entry=replace(one.one.entry, position=LorePosition.AT_DEPTH))
    return replace(one, one=told_there, depth=_OWN_DEPTH)


def mark(one: Listed) -> str:
    """A short mark that changes with what an entry says and where."""
    entry = one.entry
    said = (one.content, entry.position, entry.role, entry.depth)
    return f"{zlib.crc32(repr(said).encode('utf-8', 'surrogatepass')):08x}"


def _on(one: Listed) -> bool:
    return one.entry.enabled and not one.silenced
