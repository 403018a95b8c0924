"""``History``: what can be taken back in a story and brought again. Typing of one word is one step. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story.text import Run, merged

MOST: Final = 1_000
"""How many steps are remembered."""


def length(runs: tuple[Run, ...]) -> int:
    """Characters of ``runs``."""
    return sum(len(text) for text, _ in runs)


@dataclass(frozen=True, slots=True)
class Step:
    """At offset ``at``, ``removed`` made way for ``added``. ``typed``: by a key, so that the next may join it.

    ``cursor`` is the offset at which the cursor was before.
    """

    at: int
    removed: tuple[Run, ...]
    added: tuple[Run, ...]
    cursor: int
    typed: bool = False

    @property
    def end(self) -> int:
        """The offset behind what was added."""
        return self.at + length(self.added)

    @property
    def generated(self) -> bool:
        """Whether it is a passage that was generated."""
        return any(origin is Origin.GENERATED for _, origin in self.added)


class History:
    """Steps that were done, and those that were taken back."""

    def __init__(self) -> None:
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._open = False

    def add(self, step: Step) -> None:
        """Remember what was just done; what had been taken back is gone then."""
        self._undone.clear()
        if self._open and self._done and _joins(self._done[-1], step):
            last = self._done[-1]
            self._done[-1] = replace(last, added=merged((*last.added, *step.added)))
        else:
            self._done.append(step)
            del self._done[:-MOST]
        self._open = step.typed

    def close(self) -> None:
        """The next step stands alone: the cursor was moved meanwhile."""
        self._open = False

    def clear(self) -> None:
        """Forget all: the document is another."""
        self._done.clear()
        self._undone.clear()

    def undo(self) -> Step | None:
        """The step to be taken back; ``None`` where there is none."""
        return self._move(self._done, self._undone)

    def redo(self) -> Step | None:
        """The step to be done again; ``None`` where there is none."""
        return self._move(self._undone, self._done)

    def _move(self, source: list[Step], target: list[Step]) -> Step | None:
        self._open = False
        if not source:
            return None
        target.append(source.pop())
        return target[-1]


def _joins(last: Step, step: Step) -> bool:
    """Whether ``step`` goes on with the word that ``last`` typed."""
    if not (last.typed and step.typed) or step.removed or step.at != last.end:
        return False
    before, new = last.added[-1][0] if last.added else "", step.added[0][0] if step.added else ""
    return "\n" not in new and "\n" not in before and not (before[-1:].isspace() and not new[:1].isspace())
