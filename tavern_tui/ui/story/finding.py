"""``Finding``: words in a story, and others in their place: forward, back, one after the other or all at once.

What is typed between slashes is a regular expression; groups are ``\\1`` in what takes the place. A pattern is looked
for line by line with a limit on what one line may cost, so that none can hold the keys up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story.editing import StoryEditor
from tavern_tui.ui.story.history import Part
from tavern_tui.ui.story.text import Place, merged

LONGEST_LINE: Final = 20_000
"""Characters of a line up to which a regular expression is tried on it."""

MOST_COUNTED: Final = 10_000
"""Matches above which they are no longer counted."""

_RUNAWAY: Final = re.compile(r"\([^()]*[*+{][^()]*\)\s*[*+{]")


def pattern_of(typed: str) -> re.Pattern[str] | None:
    """What is to be found by what was typed; ``None`` for nothing. Raises ``SettingsError`` for a bad expression.

    Plain words are found in any case, a regular expression as it is written.
    """
    if not typed:
        return None
    if len(typed) < 3 or not (typed.startswith("/") and typed.endswith("/")):
        return re.compile(re.escape(typed), re.IGNORECASE)
    if _RUNAWAY.search(typed):
        raise SettingsError("That expression repeats a repetition, which can take for ever.", hint="Write it flatter.")
    try:
        return re.compile(typed[1:-1])
    except re.error as error:
        raise SettingsError(
            f"That expression cannot be read: {error}.", hint="Without slashes it is plain text."
        ) from None


class Finding:
    """What is looked for in the story of ``editor``."""

    def __init__(self, editor: StoryEditor) -> None:
        self._editor = editor
        self.pattern: re.Pattern[str] | None = None
        self.replacement = ""

    def matches(self) -> Iterator[tuple[Place, re.Match[str]]]:
        """Every match and where it begins, from the first on; matches of nothing are left out."""
        if self.pattern is None:
            return
        for number, line in enumerate(self._editor.text.lines()):
            for match in self._in(line):
                yield (number, match.start()), match

    def counted(self) -> tuple[int, int]:
        """Which of the matches is at the cursor, 0 where none is, and how many there are (up to ``MOST_COUNTED``)."""
        here = count = 0
        start, end = self._editor.selection
        for place, match in self.matches():
            count += 1
            if place == start and match.end() == end[1]:
                here = count
            if count >= MOST_COUNTED:
                break
        return here, count

    def step(self, *, back: bool = False, stay: bool = False) -> bool:
        """Select the next match, or the one before, going round; ``stay``: one at the cursor will do. Whether any."""
        start, end = self._editor.selection
        if self.pattern is None:
            return False
        found = self._before(start) if back else self._after(start if stay else end)
        if found is None:
            found = self._before(self._editor.text.end) if back else self._after((0, 0))
        if found is None:
            return False
        (line, column), match = found
        self._editor.unselect()
        self._editor.select((line, column), (line, match.end()))
        return True

    def preview(self) -> str:
        """What would stand where the match at the cursor is; "" where none is."""
        match = self._selected()
        return "" if match is None else f"{match.group()} → {self._new(match)}"

    def replace(self) -> bool:
        """Put the replacement in the place of the match at the cursor, and go to the next; whether there is one."""
        match = self._selected()
        if match is not None:
            start, end = self._editor.selection
            self._editor.replace(start, end, [(self._new(match), self._origin(start))])
        return self.step()

    def replace_all(self) -> int:
        """Put the replacement in the place of every match, as one step; how many there were."""
        text = self._editor.text
        parts = []
        for place, match in self.matches():
            end = (place[0], match.end())
            new = merged([(self._new(match), self._origin(place))])
            parts.append(Part(text.offset(place), text.slice(place, end), new))
        self._editor.replace_parts(parts)
        return len(parts)

    def _in(self, line: str) -> Iterator[re.Match[str]]:
        if self.pattern is None or (len(line) > LONGEST_LINE and not self.pattern.flags & re.IGNORECASE):
            return
        yield from (match for match in self.pattern.finditer(line) if match.group())

    def _after(self, place: Place) -> tuple[Place, re.Match[str]] | None:
        for number in range(place[0], self._editor.text.count):
            for match in self._in(self._editor.text.line(number)):
                if (number, match.start()) >= place:
                    return (number, match.start()), match
        return None

    def _before(self, place: Place) -> tuple[Place, re.Match[str]] | None:
        for number in range(place[0], -1, -1):
            matches = [m for m in self._in(self._editor.text.line(number)) if (number, m.start()) < place]
            if matches:
                return (number, matches[-1].start()), matches[-1]
        return None

    def _selected(self) -> re.Match[str] | None:
        start, end = self._editor.selection
        line = self._editor.text.line(start[0])
        return next((m for m in self._in(line) if (start[0], m.start()) == start and (start[0], m.end()) == end), None)

    def _new(self, match: re.Match[str]) -> str:
        if self.pattern is None or self.pattern.flags & re.IGNORECASE:
            return self.replacement
        try:
            return match.expand(self.replacement)
        except (re.error, IndexError):
            return self.replacement

    def _origin(self, place: Place) -> Origin:
        origin = self._editor.text.origin(place)
        return Origin.WRITTEN if origin in (None, Origin.WRITTEN) else Origin.EDITED
