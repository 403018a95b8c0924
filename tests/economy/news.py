"""What of a prompt is new since the last one of its chat, read off its plan: what any engine has to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.prompt.plan import Part, PartKind, PromptPlan

_NOTES = (PartKind.NOTE, PartKind.CHARACTER_NOTE)
Count = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class News:
    """Tokens. ``said`` is the user's turn, ``markup`` the end of the last reply and the opening of the next one.

    ``lore`` has fired since the last prompt, ``above`` the notes so much of it. ``notes`` is all that stands from the
    first note on, 0 where there is none.
    """

    said: int
    markup: int
    lore: int
    above: int
    notes: int

    @property
    def tokens(self) -> int:
        """All that is new."""
        return self.said + self.markup + self.lore

    @property
    def with_notes(self) -> int:
        """What is new, the notes, and the turns below them, each once."""
        return max(self.tokens, self.notes + self.above + (self.markup if self.notes else 0))


def news(plan: PromptPlan, before: str, entries: Iterable[LoreEntry], count: Count, *, spoke: bool) -> News:
    """What is new in ``plan`` after the prompt ``before``; ``spoke``: with a turn of the user's."""
    parts, text = plan.included, plan.text
    note_at = place_of(parts, lambda part: part.kind in _NOTES)
    replied = sum(part.tokens for part in parts if part.kind is PartKind.REPLY_LINE)
    said = [part for part in parts if part.turn_id][-1].tokens if spoke else 0
    lore = above = 0
    for entry in entries:
        if entry.content in text and entry.content not in before:
            at = next(place for place, part in enumerate(parts) if entry.content in part.text)
            alone = parts[at].body.strip() == entry.content
            tokens = parts[at].tokens if alone else count(entry.content) + 1
            lore += tokens
            above += tokens if at < note_at else 0
    notes = tokens_from(parts, note_at)
    return News(said, count("<|im_end|>\n") + replied, lore, above, notes)


def place_of(parts: Sequence[Part], wanted: Callable[[Part], bool]) -> int:
    """Where the first such part stands; behind the last one where there is none."""
    return next((place for place, part in enumerate(parts) if wanted(part)), len(parts))


def tokens_from(parts: Sequence[Part], place: int) -> int:
    """Tokens from a place to the prompt's end."""
    return sum(part.tokens for part in parts[place:])
