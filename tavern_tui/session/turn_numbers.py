"""``TurnNumbers``: the place of each turn in its chat, as people count them: 1 for the first."""

from __future__ import annotations

from collections.abc import Callable

from tavern_tui.domain.chat import ChatTree


class TurnNumbers:
    """Numbers by a turn's id; 0 for one that is not there. ``tree`` gives the chat as it stands.

    A number is worked out when it is first asked for, from the nearest turn above whose number is known.
    """

    def __init__(self, tree: Callable[[], ChatTree]) -> None:
        self._tree = tree
        self._of: ChatTree | None = None
        self._known: dict[str, int] = {}

    def __call__(self, turn: str) -> int:
        """The place of ``turn``."""
        tree = self._tree()
        if tree is not self._of:
            self._of, self._known = tree, {}
        unknown = []
        number = 0
        for above in tree.walk_back(turn):
            number = self._known.get(above.id, 0)
            if number:
                break
            unknown.append(above.id)
        for one in reversed(unknown):
            number += 1
            self._known[one] = number
        return number
