"""``History``: what can be taken back in a story and brought again. Typing of one word is one step. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from tavern_tui.ui.story.text import Run, merged

MOST: Final = 1_000
"""How many steps are remembered."""


def length(runs: tuple[Run, ...]) -> int:
    """Characters of ``runs``."""
    return sum(len(text) for text, _ in runs)


@dataclass(frozen=True, slots=True)
class Exchange:
    """The turn ``after`` came into the story, in the place of ``before`` (ids, "" for none)."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Part:
    """At offset ``at``, ``removed`` made way for ``added``."""

    at: int
    removed: tuple[Run, ...]
    added: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What was done in one go: ``parts`` in their order, each counting characters as before all of them.

    ``cursor`` is the offset at which the cursor was before. ``typed``: by a key, so that the next may join it. With an
    ``exchange`` it is no edit and has no parts: the story itself takes a turn out and brings it back.
    """

    parts: tuple[Part, ...]
    cursor: int
    typed: bool = False
    exchange: Exchange | None = None

    @property
    def end(self) -> int:
        """The offset behind what was added last."""
        grown = sum(length(part.added) - length(part.removed) for part in self.parts[:-1])
        return self.parts[-1].at + grown + length(self.parts[-1].added) if self.parts else self.cursor


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
            last, part = self._done[-1], self._done[-1].parts[0]
            joined = replace(part, added=merged((*part.added, *step.parts[0].added)))
            self._done[-1] = replace(last, parts=(joined,))
        else:
            self._done.append(step)
            del self._done[:-MOST]
        self._open = step.typed

    def close(self) -> None:
        """The next step stands alone: the cursor was moved meanwhile."""
        self._open = False

    @property
    def blank(self) -> bool:
        """Whether nothing was done since the document is here."""
        return not self._done and not self._undone

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
    if not (last.typed and step.typed) or step.parts[0].removed or step.parts[0].at != last.end:
        return False
    before, new = last.parts[0].added[-1][0], step.parts[0].added[0][0]
    return "\n" not in new and "\n" not in before and not (before[-1:].isspace() and not new[:1].isspace())
