"""An entry as lines of a given width: what begins with it, its head, its folded reasoning, its text, a gap below.

Lines say what their stretches are (``Look``), never how that is coloured. ``EntryLines`` follows a text that grows
and wraps only what may have changed; ``entry_height`` measures without building a line. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from rich.cells import cell_len, chop_cells

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chatlog import markup, wrap
from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.marks import Look
from tavern_tui.ui.chatlog.markup import Block


class Part(Enum):
    """Which part of its entry a line belongs to."""

    DIVIDER = "divider"
    HEAD = "head"
    FOLD = "fold"
    REASONING = "reasoning"
    TEXT = "text"
    ROLL = "roll"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs of the log beyond text; ``ASCII_GLYPHS`` are for terminals that have no others."""

    back: str = "‹"
    on: str = "›"
    folded: str = "▸"
    unfolded: str = "▾"
    bar: str = "▌"
    dots: str = "…"
    dot: str = "·"
    down: str = "↓"
    rule: str = "─"
    branch: str = "⑂"
    die: str = "⚂"


UNICODE_GLYPHS = Glyphs()
ASCII_GLYPHS = Glyphs("<", ">", "+", "-", "|", "...", "-", "v", "-", "ways", "#")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: ``runs`` of (text, look). Lines of text know which characters of which block they show."""

    part: Part
    runs: tuple[tuple[str, int], ...] = ()
    block: Block | None = None
    start: int = 0
    end: int = 0

    @property
    def text(self) -> str:
        """What the line shows."""
        return "".join(text for text, _ in self.runs)


_GAP = Line(Part.GAP)
_NAME_LOOKS = {
    EntryKind.USER: Look.USER,
    EntryKind.CHARACTER: Look.CHARACTER,
    EntryKind.NARRATOR: Look.NARRATOR,
    EntryKind.NOTE: Look.MUTED,
    EntryKind.PROBLEM: Look.PROBLEM,
}
_LOST = "This turn is missing from the chat's file."


def text_look(entry: ChatEntry) -> int:
    """The look of an entry's whole text, on top of its markup."""
    if entry.roleplay:
        return Look.MUTED if entry.hidden or entry.lost else Look.PLAIN
    return _NAME_LOOKS[entry.kind]


def source_of(entry: ChatEntry) -> str:
    """The text that an entry shows and that is copied from it."""
    return _LOST if entry.lost and not entry.text else entry.text


def shown_of(entry: ChatEntry) -> str:
    """The entry's text as shown, unwrapped: keep it, and ``entry_height`` need not parse again."""
    source = source_of(entry)
    return markup.shown_text(source) if entry.roleplay else markup.shown_plain(source)


def entry_height(entry: ChatEntry, shown: str, width: int) -> int:
    """Lines that the entry takes at ``width`` cells, the gap included; ``shown`` is ``shown_of(entry)``."""
    found = int(_has_head(entry)) + (2 if _divided(entry) else 0) + int(bool(entry.roll))
    if _has_reasoning(entry):
        text = markup.shown_plain(entry.reasoning) if entry.unfolded else ""
        found += 1 + (wrap.height(text, width) if text else 0)
    elif not shown:
        found += 1
    return found + (wrap.height(shown, width) if shown else 0) + 1


class EntryLines:
    """The lines of one entry at one width, kept right while its text grows."""

    def __init__(self, entry: ChatEntry, width: int, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        self._width, self._glyphs = width, glyphs
        self._entry = entry
        self._text = markup.GrowingText()
        self._blocks: list[list[Line]] = []
        self.lines: Sequence[Line] = ()
        self._build()

    def update(self, entry: ChatEntry) -> tuple[int, int]:
        """Take a new state of the entry in; answers which lines look different now, as (first, stop)."""
        if entry.kind is not self._entry.kind or text_look(entry) != text_look(self._entry):
            self._text, self._blocks = markup.GrowingText(), []
        self._entry = entry
        before = self.lines
        self._build()
        return _difference(before, self.lines)

    def _build(self) -> None:
        entry = self._entry
        found = [
            *_divider(entry, self._width, self._glyphs),
            *_head(entry, self._width, self._glyphs),
            *self._reasoning(),
        ]
        blocks = self._text_blocks()
        first = blocks[0][0].block if blocks else None
        if len(blocks) > 1 or (first is not None and first.text) or not _has_reasoning(entry):
            found += blocks[0] if blocks else [Line(Part.TEXT)]
        for block_lines in blocks[1:]:
            found += (Line(Part.TEXT), *block_lines)
        if entry.roll:
            rolled = safe_line(f"{self._glyphs.die} {entry.roll}".replace("·", self._glyphs.dot))
            found.append(Line(Part.ROLL, ((_cut(rolled, self._width, self._glyphs), Look.NARRATOR),)))
        found.append(_GAP if _has_head(entry) else _line_at_right(Part.GAP, [], entry.stamp, self._width, self._glyphs))
        self.lines = found

    def _text_blocks(self) -> list[list[Line]]:
        look = text_look(self._entry)
        source = source_of(self._entry)
        if not self._entry.roleplay:
            return [_wrapped(block, self._width, Part.TEXT, 0) for block in markup.parse_plain(source, look)]
        kept = self._text.update(source)
        fresh = self._text.blocks[kept:]
        self._blocks = self._blocks[:kept] + [_wrapped(block, self._width, Part.TEXT, look) for block in fresh]
        return self._blocks

    def _reasoning(self) -> list[Line]:
        entry, glyphs = self._entry, self._glyphs
        if not _has_reasoning(entry):
            return []
        counted = entry.reasoning_tokens
        count = len(entry.reasoning.split()) if counted is None else counted
        sign = glyphs.unfolded if entry.unfolded else glyphs.folded
        unit = "words" if counted is None else "tokens"
        said = f"thinking {count:,}{glyphs.dots}" if entry.thinking else f"thought {glyphs.dot} {count:,} {unit}"
        found = [Line(Part.FOLD, ((_cut(f"{sign} {said}", self._width, glyphs), Look.REASONING | Look.MUTED),))]
        if entry.unfolded:
            for block in markup.parse_plain(entry.reasoning, Look.REASONING):
                found += _wrapped(block, self._width, Part.REASONING, 0) if block.text else []
        return found


def _divided(entry: ChatEntry) -> bool:
    return entry.new or entry.read_from or bool(entry.day)


def _divider(entry: ChatEntry, width: int, glyphs: Glyphs) -> list[Line]:
    """The line between this entry and the one before, with a gap below it; none where nothing begins."""
    if not _divided(entry):
        return []
    told = [("new", Look.BOLD)] if entry.new else []
    told += [("read from here", Look.MUTED)] if entry.read_from else []
    told += [(entry.day, Look.MUTED)] if entry.day else []
    words = [part for one in told for part in ((f" {glyphs.dot} ", Look.MUTED), one)][1:]
    room = width - sum(cell_len(text) for text, _ in words) - 2
    if room < 2:
        return [Line(Part.DIVIDER, ((glyphs.rule * width, Look.MUTED),)), _GAP]
    left = glyphs.rule * (room // 2)
    right = glyphs.rule * (room - room // 2)
    return [Line(Part.DIVIDER, ((f"{left} ", Look.MUTED), *words, (f" {right}", Look.MUTED))), _GAP]


def _has_reasoning(entry: ChatEntry) -> bool:
    return entry.thinking or bool(entry.reasoning)


def _has_head(entry: ChatEntry) -> bool:
    if entry.name or entry.swipes > 1 or entry.interrupted or entry.bookmarked:
        return True
    return entry.hidden and not entry.lost


def _head_marks(entry: ChatEntry, glyphs: Glyphs) -> list[tuple[str, int]]:
    """What stands behind the name: the swipe counter and what is special about the turn."""
    marks: list[tuple[str, int]] = []
    if entry.swipes > 1:
        marks.append((f"{glyphs.back} {entry.swipe}/{entry.swipes} {glyphs.on}", Look.MUTED))
    if entry.hidden and not entry.lost:
        marks.append(("hidden", Look.MUTED))
    if entry.interrupted:
        marks.append(("interrupted", Look.PROBLEM))
    if entry.bookmarked:
        marks.append(("bookmark", Look.NARRATOR))
    return marks


def _head(entry: ChatEntry, width: int, glyphs: Glyphs) -> list[Line]:
    """The line with the name; none for an entry that has neither a name nor marks.

    Where the width is short, the marks keep their place and the name is cut; then the last marks go.
    """
    if not _has_head(entry):
        return []
    marks = _head_marks(entry, glyphs)
    name = safe_line(entry.name)
    while marks and _marks_width(marks) + min(cell_len(name), 4) > width:
        marks.pop()
    runs = [(_cut(name, width - _marks_width(marks), glyphs), _name_look(entry))]
    for text, look in marks:
        runs += [("  ", Look.PLAIN), (text, look)] if runs[0][0] or len(runs) > 1 else [(text, look)]
    return [_line_at_right(Part.HEAD, [run for run in runs if run[0]], entry.stamp, width, glyphs)]


def _name_look(entry: ChatEntry) -> int:
    look = _NAME_LOOKS[entry.kind]
    return look | Look.VOICES[entry.voice % len(Look.VOICES)] if entry.kind is EntryKind.CHARACTER else look


def _line_at_right(part: Part, runs: list[tuple[str, int]], stamp: tuple[str, ...], width: int, glyphs: Glyphs) -> Line:
    """``runs``, and at the right end of the line as much of ``stamp`` as there is space for."""
    used = sum(cell_len(text) for text, _ in runs)
    for shown in (stamp, stamp[:1]):
        text = f" {glyphs.dot} ".join(shown)
        gap = width - used - cell_len(text)
        if text and gap >= (2 if runs else 0):
            return Line(part, (*runs, (" " * gap, Look.PLAIN), (text, Look.MUTED)))
    return Line(part, tuple(runs))


def _marks_width(marks: list[tuple[str, int]]) -> int:
    return sum(cell_len(text) + 2 for text, _ in marks)


def _cut(text: str, width: int, glyphs: Glyphs) -> str:
    if cell_len(text) <= width:
        return text
    room = width - len(glyphs.dots)
    return chop_cells(text, room)[0].rstrip() + glyphs.dots if room >= wrap.NARROWEST else ""


def _wrapped(block: Block, width: int, part: Part, look: int) -> list[Line]:
    """The lines of a block; ``look`` is added to that of every run."""
    found = []
    passed = 0
    for start, end in wrap.lines(block.text, width):
        while passed < len(block.runs) and block.runs[passed][1] <= start:
            passed += 1
        runs = []
        place = passed
        while place < len(block.runs) and block.runs[place][0] < end:
            begin, stop, own = block.runs[place]
            runs.append((block.text[max(begin, start) : min(stop, end)], own | look))
            place += 1
        found.append(Line(part, tuple(runs), block, start, end))
    return found


def _difference(before: Sequence[Line], after: Sequence[Line]) -> tuple[int, int]:
    """The lines of ``after`` that do not look like those of ``before`` at their place, as (first, stop)."""
    both = min(len(before), len(after))
    first = next((row for row in range(both) if _looks(before[row]) != _looks(after[row])), both)
    if len(before) != len(after):
        return first, len(after)
    stop = next((row for row in range(both, first, -1) if _looks(before[row - 1]) != _looks(after[row - 1])), first)
    return first, stop


def _looks(line: Line) -> tuple[Part, tuple[tuple[str, int], ...]]:
    return line.part, line.runs
