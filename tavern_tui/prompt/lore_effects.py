"""Sticky entries, cooldowns and delays: lore whose firing depends on how long the chat is.

Everything is counted in turns of the chat, hidden ones left out. The effects of one prompt come out of it as a
``LoreState`` and go into the next; nothing is stored here.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``WorldInfoTimedEffects``).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping

from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.prompt.lore_books import Listed
from tavern_tui.prompt.plan import LoreEffect, LoreState


def mark(entry: LoreEntry) -> str:
    """A short mark that changes when the entry is changed."""
    said = (entry.keys, entry.secondary_keys, entry.content, entry.comment, entry.order, entry.position, entry.depth)
    times = (entry.sticky, entry.cooldown, entry.group, entry.probability, entry.constant, entry.enabled)
    return f"{zlib.crc32(repr((said, times)).encode('utf-8', 'surrogatepass')):08x}"


class TimedEffects:
    """The effects that are on in one prompt.

    ``timed`` are the entries that last or wait, by book and number. ``length`` gives the chat's length and is asked
    only where it matters.
    """

    def __init__(self, timed: Mapping[tuple[str, int], Listed], state: LoreState, length: Callable[[], int]) -> None:
        self._length = length
        self._timed = timed
        self._effects: list[LoreEffect] = []
        self._on: dict[tuple[bool, str, int], LoreEffect] = {}
        if state.effects:
            self._go_on(state, timed, length())

    def standing(self) -> Iterator[Listed]:
        """The entries that still stand because they fired before."""
        yield from (self._timed[book, uid] for sticky, book, uid in self._on if sticky)

    def sticky(self, one: Listed) -> bool:
        """Whether the entry still stands because it fired before."""
        return bool(self._on) and (True, one.book.name, one.entry.uid) in self._on

    def cooling(self, one: Listed) -> int:
        """How many turns the entry has to wait yet; 0 for none."""
        effect = self._on.get((False, one.book.name, one.entry.uid)) if self._on else None
        return max(1, effect.end - self._length()) if effect is not None else 0

    def after(self, fired: Iterable[Listed]) -> LoreState:
        """The state for the next prompt. An effect that is on is not begun anew."""
        effects = dict(self._on)
        for one in fired:
            for sticky, turns in ((True, one.entry.sticky), (False, one.entry.cooldown)):
                place = (sticky, one.book.name, one.entry.uid)
                if turns > 0 and place not in effects:
                    effects[place] = LoreEffect(*place, mark(one.entry), self._length(), self._length() + turns)
        return LoreState((*effects.values(), *self._effects))

    def _go_on(self, state: LoreState, timed: Mapping[tuple[str, int], Listed], length: int) -> None:
        """Sort out which effects are on. Those of entries that are not there now wait until their end."""
        cooldowns: list[Listed] = []
        for effect in sorted(state.effects, key=lambda one: not one.sticky):
            one = timed.get((effect.book, effect.uid))
            if length <= effect.start and not effect.protected:
                continue
            if one is None or effect.mark not in ("", mark(one.entry)):
                if length < effect.end:
                    self._effects.append(effect)
            elif (one.entry.sticky if effect.sticky else one.entry.cooldown) <= 0:
                continue
            elif length < effect.end:
                self._on[effect.sticky, effect.book, effect.uid] = effect
            elif effect.sticky and one.entry.cooldown > 0:
                cooldowns.append(one)
        for one in cooldowns:
            until = length + one.entry.cooldown
            effect = LoreEffect(False, one.book.name, one.entry.uid, mark(one.entry), length, until, protected=True)
            self._on[False, effect.book, effect.uid] = effect
