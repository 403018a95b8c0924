"""``LogLayout``: all entries of a chat at one width, any line of which can be had at the cost of its entry.

Heights of all entries are exact and known; lines exist for the entries that were asked for lately. Knows nothing of
the screen: ``view`` paints what this answers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chatlog.entries import ChatEntry
from tavern_tui.ui.chatlog.index import HeightIndex
from tavern_tui.ui.chatlog.lines import (
    UNICODE_GLYPHS,
    EntryLines,
    Glyphs,
    Line,
    Part,
    entry_height,
    shown_of,
    source_of,
)

KEPT_ENTRIES = 120


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of one entry did: ``count`` lines from ``top`` look different; the log has ``grown`` lines."""

    top: int
    count: int
    grown: int


class _Like(Enum):
    """How a text that is shown follows from its source: kept in its place, as a second copy of a long chat is large."""

    SOURCE = "source"
    WITHOUT_STARS = "without stars"


class LogLayout:
    """Entries in order, their heights at ``width`` (cells; 0 until it is known) and their lines."""

    def __init__(self, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        self.width = 0
        self.glyphs = glyphs
        self.entries: list[ChatEntry] = []
        self._places: dict[str, int] = {}
        self._shown: list[str | _Like | None] = []
        self._index = HeightIndex()
        self._lines: OrderedDict[str, EntryLines] = OrderedDict()

    @property
    def height(self) -> int:
        """Lines of the whole log."""
        return self._index.total

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._places

    def entry(self, entry_id: str) -> ChatEntry:
        """The entry with this id. Raises ``KeyError`` where there is none."""
        return self.entries[self._places[entry_id]]

    def place(self, entry_id: str) -> int:
        """Where an entry stands, from 0. Raises ``KeyError``."""
        return self._places[entry_id]

    def rows(self, entry_id: str) -> tuple[int, int]:
        """The first line of an entry in the log, and how many it has, its gap included."""
        place = self._places[entry_id]
        return self._index.offset(place), self._index.height(place)

    def lines(self, entry_id: str) -> Sequence[Line]:
        """All lines of an entry. Raises ``KeyError``."""
        return self._lines_of(self._places[entry_id]).lines

    def set_width(self, width: int) -> None:
        """Wrap everything at another width: one pass over the texts."""
        if width == self.width:
            return
        self.width = width
        self._lines.clear()
        self._index = HeightIndex(self._height(place) for place in range(len(self.entries)))

    def splice(self, start: int, stop: int, entries: Iterable[ChatEntry]) -> int:
        """Put ``entries`` in the place of those from ``start`` up to ``stop``; answers how many lines were gained.

        Raises ``ValueError`` where an id would be there twice.
        """
        fresh = list(entries)
        leaving = {entry.id for entry in self.entries[start:stop]}
        arriving = {entry.id for entry in fresh}
        if len(arriving) < len(fresh) or any(name in self._places for name in arriving - leaving):
            raise ValueError("an entry is in the log already")
        before = self.height
        for name in leaving:
            del self._places[name]
            self._lines.pop(name, None)
        at_end = start == len(self.entries)
        self.entries[start:stop] = fresh
        self._shown[start:stop] = [None] * len(fresh)
        changed = range(start, len(self.entries)) if len(fresh) != stop - start else range(start, stop)
        self._places.update((self.entries[place].id, place) for place in changed)
        heights = [self._height(place) for place in range(start, start + len(fresh))]
        if at_end:
            for height in heights:
                self._index.append(height)
        else:
            self._index.splice(start, stop, heights)
        return self.height - before

    def remove(self, entry_ids: Collection[str]) -> None:
        """Take entries out. Raises ``KeyError`` for one that is not there."""
        for start, stop in reversed(_stretches(sorted(self._places[name] for name in set(entry_ids)))):
            self.splice(start, stop, ())

    def replace(self, entry: ChatEntry) -> Change:
        """Take the new state of an entry in. Raises ``KeyError`` where its id is not there."""
        place = self._places[entry.id]
        old = self.entries[place]
        top, before = self._index.offset(place), self._index.height(place)
        lines = self._lines_of(place)
        self.entries[place] = entry
        self._shown[place] = None
        if not self.width:
            return Change(0, 0, 0)
        first, stop = lines.update(entry)
        self._index.set(place, len(lines.lines))
        if entry.selected != old.selected:
            first, stop = 0, len(lines.lines)
        return Change(top + first, stop - first, len(lines.lines) - before)

    def exchange(self, entry_id: str, entry: ChatEntry) -> Change:
        """Put ``entry`` in the place of the one called ``entry_id``. Raises ``KeyError``, ``ValueError``."""
        if entry.id == entry_id:
            return self.replace(entry)
        place = self._places[entry_id]
        grown = self.splice(place, place + 1, (entry,))
        return Change(self._index.offset(place), self._index.height(place), grown)

    def line(self, number: int) -> tuple[ChatEntry, int, Line]:
        """The entry at line ``number`` of the log, which of the entry's lines it is, and the line.

        Raises ``IndexError`` outside of the log.
        """
        place, row = self._index.at(number)
        return self.entries[place], row, self._lines_of(place).lines[row]

    def copy(self, start: tuple[int, int] | None, end: tuple[int, int] | None) -> str:
        """The source text between two points, each a (line, character in the line); ``None`` is an end of the log.

        Names stand on a line of their own, entries a blank line apart.
        """
        if not self.height:
            return ""
        first = max((0, 0), start or (0, 0))
        last = min((self.height - 1, 0), end) if end else (self.height - 1, 0)
        texts = []
        for place in range(self._index.at(first[0])[0], self._index.at(max(0, last[0]))[0] + 1):
            top, height = self._index.offset(place), self._index.height(place)
            if first <= (top, 0) and last >= (top + height - 1, 0):
                texts.append(_whole(self.entries[place]))
            else:
                texts.append(self._part(place, (first[0] - top, first[1]), (last[0] - top, last[1])))
        return "\n\n".join(text for text in texts if text)

    def _part(self, place: int, first: tuple[int, int], last: tuple[int, int]) -> str:
        """The source text of one entry between two of its own points."""
        entry = self.entries[place]
        lines = self._lines_of(place).lines
        heads: list[str] = []
        spans: dict[Part, tuple[int, int]] = {}
        for line, begin, stop in _cuts(lines, first, last):
            if line.part is Part.HEAD:
                heads.append(safe_line(entry.name)[begin:stop])
            elif line.block is not None and begin < stop:
                found = line.block.source_span(line.start + begin, line.start + stop)
                known = spans.get(line.part, found)
                spans[line.part] = (min(known[0], found[0]), max(known[1], found[1]))
        sources = {Part.REASONING: entry.reasoning, Part.TEXT: source_of(entry)}
        rows = [row for row, line in enumerate(lines) if line.part is Part.TEXT]
        if rows and first <= (rows[0], 0) and last >= (rows[-1], len(lines[rows[-1]].text)):
            spans[Part.TEXT] = (0, len(sources[Part.TEXT]))
        texts = [source[slice(*spans[part])] for part, source in sources.items() if part in spans]
        return "\n".join(text for text in (*heads, *texts) if text)

    def _lines_of(self, place: int) -> EntryLines:
        entry = self.entries[place]
        lines = self._lines.get(entry.id)
        if lines is None:
            lines = self._lines[entry.id] = EntryLines(entry, max(1, self.width), self.glyphs)
            while len(self._lines) > KEPT_ENTRIES:
                self._lines.popitem(last=False)
        else:
            self._lines.move_to_end(entry.id)
        return lines

    def _height(self, place: int) -> int:
        if not self.width:
            return 0
        return entry_height(self.entries[place], self._shown_text(place), self.width)

    def _shown_text(self, place: int) -> str:
        """The text of an entry as shown, parsed when it is first asked for."""
        entry, kept = self.entries[place], self._shown[place]
        source = source_of(entry)
        match kept:
            case None:
                shown = shown_of(entry)
                if shown == source:
                    self._shown[place] = _Like.SOURCE
                else:
                    self._shown[place] = _Like.WITHOUT_STARS if shown == source.replace("*", "") else shown
                return shown
            case _Like.SOURCE:
                return source
            case _Like.WITHOUT_STARS:
                return source.replace("*", "")
            case _:
                return kept


def _stretches(places: Iterable[int]) -> list[tuple[int, int]]:
    """Rising ``places`` as few stretches (start, stop)."""
    found: list[tuple[int, int]] = []
    for place in places:
        if found and found[-1][1] == place:
            found[-1] = (found[-1][0], place + 1)
        else:
            found.append((place, place + 1))
    return found


def _whole(entry: ChatEntry) -> str:
    reasoning = entry.reasoning if entry.unfolded else ""
    return "\n".join(text for text in (safe_line(entry.name), reasoning, source_of(entry)) if text)


def _cuts(lines: Iterable[Line], first: tuple[int, int], last: tuple[int, int]) -> Iterator[tuple[Line, int, int]]:
    """The lines between two points, each with the characters of it that lie between them."""
    for row, line in enumerate(lines):
        if first[0] <= row <= last[0]:
            length = len(line.text)
            begin = min(length, max(0, first[1])) if row == first[0] else 0
            stop = min(length, max(0, last[1])) if row == last[0] else length
            yield line, begin, stop
