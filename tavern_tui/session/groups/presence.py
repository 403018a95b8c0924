"""Who knows what: a member reads the turns that were said while it was there.

The law: of a turn know those whom it is limited to; without such a limit all who were not away when it was said; and
always who said it. Who is away is marked at a turn and holds from the next one on, down that branch, until the next
mark. Both are properties of the chat (``domain.groups``): an undo takes them back, and a branch has its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.events import PropertySet, Speaker
from tavern_tui.domain.groups import AWAY, HEARD, names_in


class Presence:
    """Who was there in the chat of ``tree``, as it is now."""

    def __init__(self, tree: ChatTree) -> None:
        self._tree = tree
        self._away = _marks(tree, AWAY)
        self._limits = _marks(tree, HEARD)

    def away(self, turn: str | None = None) -> frozenset[str]:
        """Who is away after that turn, the newest by default."""
        if not self._away:
            return frozenset()
        for above in self._tree.walk_back(turn):
            if above.id in self._away:
                return self._away[above.id]
        return self._away.get(ROOT, frozenset())

    def limit(self, turn: str) -> frozenset[str] | None:
        """Whom a turn is limited to; ``None``: all who were there."""
        return self._limits.get(turn)

    def known_to(self, name: str, turns: Iterable[Turn]) -> Iterator[Turn]:
        """Those of ``turns``, newest first and each followed by its parent, that the member ``name`` knows of."""
        if not self._away:
            yield from (turn for turn in turns if self._knows(name, turn, frozenset()))
            return
        waiting: list[Turn] = []  # said under one and the same mark, which stands further up
        for turn in turns:
            away = self._away.get(turn.id)
            if away is not None:
                yield from (one for one in waiting if self._knows(name, one, away))
                waiting.clear()
            waiting.append(turn)
        away = self._away.get(ROOT, frozenset())
        yield from (one for one in waiting if self._knows(name, one, away))

    def _knows(self, name: str, turn: Turn, away: frozenset[str]) -> bool:
        if turn.speaker is Speaker.CHARACTER and turn.name == name:
            return True
        limit = self._limits.get(turn.id)
        return name not in away if limit is None else name in limit


def away_set(tree: ChatTree, name: str, away: bool) -> PropertySet | None:
    """What lets ``name`` be away, or back, from the next turn on; ``None`` where that is so already."""
    now = Presence(tree).away()
    if (name in now) is away:
        return None
    return PropertySet(AWAY + tree.tip, sorted(now | {name} if away else now - {name}))


def limit_set(turn: str, names: Iterable[str] | None) -> PropertySet:
    """What limits a turn to those who know of it; ``None``: it is as everybody heard it."""
    return PropertySet(HEARD + turn, None if names is None else sorted(names))


def _marks(tree: ChatTree, prefix: str) -> dict[str, frozenset[str]]:
    return {
        key.removeprefix(prefix): frozenset(names_in(value))
        for key, value in tree.properties.items()
        if key.startswith(prefix)
    }
