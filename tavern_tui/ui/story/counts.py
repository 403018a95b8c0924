"""``Counts``: how many words there are, were written in this sitting, and are to be written today."""

from __future__ import annotations

from datetime import date

from tavern_tui.ui.story.editing import StoryEditor


class Counts:
    """The words of the story of ``editor``. ``goal`` is how many are wanted today, 0 for none.

    ``before`` are those that were written today before this sitting; days turn at midnight where the reader is.
    """

    def __init__(self, editor: StoryEditor) -> None:
        self._editor = editor
        self._at_first = 0
        self.goal = 0
        self.before = 0

    def begin(self) -> None:
        """Count from here on."""
        self._at_first = self._editor.text.words

    @property
    def written(self) -> int:
        """Words by which the story has grown in this sitting."""
        return max(0, self._editor.text.words - self._at_first)

    @property
    def today(self) -> int:
        """Words by which it has grown today."""
        return self.before + self.written

    def told(self) -> str:
        """In a few words, those of the selection first."""
        parts = []
        if selected := self._editor.selected_text:
            count = len(selected.split())
            parts.append(f"{count:,} word{'s' * (count != 1)} selected")
        words = self._editor.text.words
        parts.append(f"{words:,} word{'s' * (words != 1)}")
        if self.goal:
            parts.append(f"{self.today:,} of {self.goal:,} today")
        elif self.written:
            parts.append(f"{self.written:,} now")
        return " · ".join(parts)


def as_property(day: date, words: int, goal: int) -> dict[str, object]:
    """What is kept of a day's writing with the story: how many words were written by now, and the goal."""
    return {"day": day.isoformat(), "words": words, "goal": goal}


def from_property(value: object, day: date) -> tuple[int, int]:
    """The words written on ``day`` so far, and the goal; 0 for what is not known."""
    if not isinstance(value, dict):
        return 0, 0
    words, goal = value.get("words"), value.get("goal")
    known = value.get("day") == day.isoformat() and isinstance(words, int)
    return words if known and isinstance(words, int) else 0, goal if isinstance(goal, int) and goal > 0 else 0
