"""``TurnNumbers``: the place of each turn in its chat, as people count them: 1 for the first."""

from __future__ import annotations

from collections.abc import Callable

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import Speaker

_NONE = (0, 0)


class TurnNumbers:
    """Numbers by a turn's id; 0 for one that is not there. ``tree`` gives the chat as it stands.

    A number is worked out when it is first asked for, from the nearest turn above whose number is known.
    """

    def __init__(self, tree: Callable[[], ChatTree]) -> None:
        self._tree = tree
        self._of: ChatTree | None = None
        self._known: dict[str, tuple[int, int]] = {}

    def __call__(self, turn: str) -> int:
        """The place of ``turn``."""
        return self._count(turn)[0]

    def users(self, turn: str) -> int:
        """How many turns of the user lead to ``turn``, that one included."""
        return self._count(turn)[1]

    def _count(self, turn: str) -> tuple[int, int]:
        tree = self._tree()
        if tree is not self._of:
            self._of, self._known = tree, {}
        unknown = []
        number, users = _NONE
        for above in tree.walk_back(turn):
            number, users = self._known.get(above.id, _NONE)
            if number:
                break
            unknown.append(above)
        for one in reversed(unknown):
            number += 1
            users += one.speaker is Speaker.USER
            self._known[one.id] = number, users
        return number, users
