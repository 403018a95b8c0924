"""What the model reads of a story: from which character on, and how many tokens of what stand beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.chat import turn_of
from tavern_tui.prompt.plan import PartKind

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import Part, PromptPlan
    from tavern_tui.session.story.document import Document

_NAMES: Final = {
    PartKind.SYSTEM_PROMPT: "instructions",
    PartKind.INSTRUCTION: "instructions",
    PartKind.POST_HISTORY: "instructions",
    PartKind.MARKUP: "instructions",
    PartKind.CHAT_START: "instructions",
    PartKind.DESCRIPTION: "synopsis",
    PartKind.PERSONALITY: "synopsis",
    PartKind.SCENARIO: "synopsis",
    PartKind.PERSONA: "synopsis",
    PartKind.LORE: "lore",
    PartKind.SUMMARY: "summaries",
    PartKind.NOTE: "notes",
    PartKind.CHARACTER_NOTE: "notes",
    PartKind.AFTER: "notes",
}
_ORDER: Final = ("synopsis", "pinned", "summaries", "notes", "lore")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the next passage would be written from. ``start`` is the first character of the text that is read in full
    to its end, ``None`` where none is; ``words`` are those of that text. ``tokens`` are those of each kind of text
    beside it, ``total`` and ``limit`` those of the whole prompt and of what fits.
    """

    start: int | None
    words: int
    tokens: dict[str, int]
    total: int
    limit: int

    @property
    def strip(self) -> str:
        """``synopsis 420 · summaries 1,310 · notes 180 · lore 260 · last 5,900 words``."""
        told = [f"{name} {self.tokens[name]:,}" for name in _ORDER if self.tokens.get(name)]
        return " · ".join([*told, f"last {self.words:,} words"])


def reading(plan: PromptPlan, document: Document) -> Reading:
    """What ``plan`` has of the story ``document``."""
    tokens: dict[str, int] = {}
    for part in plan.included:
        if name := _name(part):
            tokens[name] = tokens.get(name, 0) + part.tokens
    first = next((part for part in plan.included if part.kind is PartKind.TURN and part.turn_id), None)
    start = _start(first, document) if first is not None else None
    words = len(document.text(start).split()) if start is not None else 0
    return Reading(start, words, tokens, plan.tokens, plan.limit)


def _start(first: Part, document: Document) -> int | None:
    """Where the oldest text that is read begins: in its turn where that is longer than there is room for."""
    turn = turn_of(first.turn_id)
    place = document.place_of(turn)
    if place is None or turn == first.turn_id:
        return place[0] if place is not None else None
    return place[0] + max(0, document.text(*place).find(first.body))


def _name(part: Part) -> str:
    """What a part counts as; pinned chapters that stand in one text with the synopsis count as that."""
    if part.source.startswith("memory"):
        return "synopsis"
    return "pinned" if "pinned" in part.reason else _NAMES.get(part.kind, "")
