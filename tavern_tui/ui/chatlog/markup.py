"""Roleplay text to what is shown: actions, speech, emphasis and code, with the way back to the source.

``*action*``, ``**bold**``, ``***both***``, ```code``` and fenced blocks lose their marks; "speech" (also “ ” „ “ « »
「 」 『 』) keeps them. A mark that opens nothing is text. In the last paragraph, which may still be growing, a mark
that waits for its end counts as ended; in an earlier one it is text. Text passes ``safe`` first; nothing else in it is
ever markup. Styles and line widths belong to ``lines`` and ``view``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tavern_tui.domain.display import safe
from tavern_tui.ui.chatlog import marks
from tavern_tui.ui.chatlog.marks import Change, Look, changes_of, tabs_of, with_speech


class Piece(NamedTuple):
    """A stretch of shown text that is a stretch of the source.

    ``shown`` and ``source`` are where it begins (characters). ``first`` and ``last`` are its ends in the source when
    the marks that opened and closed it are counted in.
    """

    shown: int
    source: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, or a fenced block of code, as shown: ``text`` in runs of (start, end, look), without gaps.

    ``start`` is where the block begins in the source (characters), its fence included.
    """

    start: int
    text: str
    runs: tuple[tuple[int, int, int], ...]
    pieces: tuple[Piece, ...] = field(repr=False)

    def source_span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` stands in the source: marks belong to the character that they embrace."""
        if not self.pieces or start >= end:
            return self.start, self.start
        left = self._piece(start)
        first = left.first if start == left.shown else left.source + start - left.shown
        right = self._piece(end - 1)
        following = self._after(end - 1)
        ends_here = end == (len(self.text) if following is None else following.shown)
        last = right.last if ends_here else min(right.source + end - right.shown, right.last)
        return min(first, last), last

    def _piece(self, shown: int) -> Piece:
        return self.pieces[bisect_right(self.pieces, shown, key=_shown) - 1]

    def _after(self, shown: int) -> Piece | None:
        place = bisect_right(self.pieces, shown, key=_shown)
        return self.pieces[place] if place < len(self.pieces) else None


def _shown(piece: Piece) -> int:
    return piece.shown


class _Span(NamedTuple):
    """Where a block stands in the source: all of it, and what is inside its fences."""

    start: int
    inner: int
    inner_end: int
    end: int
    code: bool = False


_GAP = re.compile(r"\n(?:[ \t\r]*\n)+")
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^`\n]*$", re.M)


def shown_text(source: str) -> str:
    """The text that ``parse`` shows, its blocks a blank line apart: for measuring, many times as fast."""
    if safe(source) != source or "```" in source or "~~~" in source:
        spans = list(_spans(source, 0))
        return "\n\n".join(_text_of(source, span, span is spans[-1]) for span in spans)
    found = [paragraph.strip("\n") for paragraph in _GAP.split(source) if paragraph.strip()]
    last = len(found) - 1
    return "\n\n".join(_shown_of(paragraph, place == last) for place, paragraph in enumerate(found))


def parse(source: str) -> list[Block]:
    """The blocks of ``source`` in order. Blank lines around and between them are left out."""
    return _blocks(source, 0)


def parse_plain(source: str, look: int) -> list[Block]:
    """``source`` as one block without markup, all of it with one ``look``; no block where it is blank."""
    return [_block(source, span, last=True, look=look) for span in _whole(source)]


def shown_plain(source: str) -> str:
    """The text that ``parse_plain`` shows, for measuring."""
    return "".join(_text_of(source, span, last=True) for span in _whole(source))


def _whole(source: str) -> list[_Span]:
    """All of ``source`` but the blank lines around it, taken as it is, like code."""
    return [span._replace(code=True) for span in _paragraph(source, 0, len(source))]


class GrowingText:
    """The blocks of a text that is replaced again and again, mostly by itself and a little more.

    Only what stands after the last settled block is parsed again. ``settled`` blocks stay the same objects.
    """

    def __init__(self, source: str = "") -> None:
        self._head = ""
        self.blocks: list[Block] = []
        self.settled = 0
        self.update(source)

    def update(self, source: str) -> int:
        """Take ``source`` in; answers how many blocks at the front are the same as before."""
        kept = self.settled if source.startswith(self._head) else 0
        begin = len(self._head) if kept else 0
        self.blocks = self.blocks[:kept] + _blocks(source, begin)
        self.settled = max(0, len(self.blocks) - (2 if self._ends_in_fence(source) else 1))
        self._head = source[: self.blocks[self.settled].start] if self.settled else ""
        return kept

    def _ends_in_fence(self, source: str) -> bool:
        """Whether the last line opens a fence, unless it goes on with a backtick: then it is text after all."""
        start = self.blocks[-1].start if self.blocks else len(source)
        return _FENCE.match(source, start) is not None and "\n" not in source[start:]


def code_blocks(source: str) -> list[str]:
    """The fenced blocks of code in ``source``, without their fences."""
    return [source[span.inner : span.inner_end] for span in _spans(source, 0) if span.code]


def _blocks(source: str, begin: int) -> list[Block]:
    spans = list(_spans(source, begin))
    return [_block(source, span, span is spans[-1]) for span in spans]


def _spans(source: str, begin: int) -> Iterator[_Span]:
    """The paragraphs and fenced blocks from ``begin`` on, which is where one begins."""
    while fence := _FENCE.search(source, begin):
        yield from _paragraphs(source, begin, fence.start())
        mark = fence.group(1)
        closing = re.compile(rf"^ {{0,3}}{mark[0]}{{{len(mark)},}}[ \t\r]*$", re.M)
        inner = min(fence.end() + 1, len(source))
        closed = closing.search(source, inner)
        inner_end = max(inner, closed.start() - 1) if closed else len(source)
        begin = closed.end() if closed else len(source)
        yield _Span(fence.start(), inner, inner_end, begin, code=True)
    yield from _paragraphs(source, begin, len(source))


def _paragraphs(source: str, begin: int, end: int) -> Iterator[_Span]:
    for gap in _GAP.finditer(source, begin, end):
        yield from _paragraph(source, begin, gap.start())
        begin = gap.end()
    yield from _paragraph(source, begin, end)


def _paragraph(source: str, begin: int, end: int) -> Iterator[_Span]:
    text = source[begin:end]
    bare = text.strip("\n\r")
    if bare.strip():
        begin += text.index(bare)
        yield _Span(begin, begin, begin + len(bare), begin + len(bare))


def _text_of(source: str, span: _Span, last: bool) -> str:
    text = safe(source[span.inner : span.inner_end])
    return marks.applied(text, tabs_of(text)) if span.code else _shown_of(text, last)


def _changes_of(text: str, last: bool) -> list[Change]:
    """What is shown otherwise than it is written: marks, tabs, and what puts the columns of a table in line."""
    found = changes_of(text, last)
    if not _may_hold_table(text):
        return found
    from tavern_tui.ui.chatlog.tables import with_tables  # few chats hold one

    return with_tables(text, found)


def _shown_of(text: str, last: bool) -> str:
    return marks.applied(text, _changes_of(text, last)) if _may_hold_table(text) else marks.shown(text, last)


def _may_hold_table(text: str) -> bool:
    return "|" in text and "-" in text and "\n" in text


def _block(source: str, span: _Span, last: bool, look: int = Look.CODE) -> Block:
    """The block at ``span``; ``look`` is that of text without markup.

    ``last`` says that it may still be growing.
    """
    raw = source[span.inner : span.inner_end]
    text = safe(raw)
    origins = None if len(text) == len(raw) else [place for place, character in enumerate(raw) if safe(character)]
    changes = tabs_of(text) if span.code else _changes_of(text, last)
    building = _Building(span, text, origins, look if span.code else Look.PLAIN)
    return building.build(changes)


class _Building:
    """One block in the making: shown text, runs and pieces grow together, change by change."""

    def __init__(self, span: _Span, text: str, origins: list[int] | None, look: int) -> None:
        self._span, self._text, self._origins = span, text, origins
        self._shown: list[str] = []
        self._length = 0
        self._runs: list[tuple[int, int, int]] = []
        self._pieces: list[Piece] = []
        self._look = look
        self._first: int | None = span.start

    def build(self, changes: list[Change]) -> Block:
        """The block, with ``changes`` (in order) applied to its text."""
        done = 0
        for change in changes:
            self._take(self._text[done : change.start], done)
            done = change.end
            if change.shows:
                self._take(change.shows, change.start, self._origin(change.end))
            elif change.opens:
                self._look |= change.look
                if self._first is None:
                    self._first = self._origin(change.start)
            else:
                self._look &= ~change.look
                self._extend(self._origin(change.end))
        self._take(self._text[done:], done)
        self._extend(self._span.end)
        text = "".join(self._shown)
        runs = self._runs if self._span.code else with_speech(text, self._runs)
        return Block(self._span.start, text, tuple(runs), tuple(self._pieces))

    def _take(self, stretch: str, start: int, last: int | None = None) -> None:
        """Show ``stretch``, which begins at ``start`` of the safe text."""
        if not stretch:
            return
        source = self._origin(start)
        first = source if self._first is None else self._first
        ending = self._origin(start + len(stretch) - 1) + 1 if last is None else last
        self._first = None
        if self._origins is not None and last is None:
            self._take_apart(stretch, start, first)
        else:
            self._pieces.append(Piece(self._length, source, first, ending))
        end = self._length + len(stretch)
        self._runs.append((self._length, end, self._look))
        self._shown.append(stretch)
        self._length = end

    def _take_apart(self, stretch: str, start: int, first: int) -> None:
        """Pieces of a stretch of whose source some characters are not shown at all."""
        begin = 0
        for place in range(1, len(stretch) + 1):
            origin = self._origin(start + place - 1)
            if place == len(stretch) or self._origin(start + place) != origin + 1:
                source = self._origin(start + begin)
                self._pieces.append(Piece(self._length + begin, source, source if begin else first, origin + 1))
                begin = place

    def _extend(self, last: int) -> None:
        if self._pieces:
            piece = self._pieces[-1]
            self._pieces[-1] = Piece(piece.shown, piece.source, piece.first, max(piece.last, last))

    def _origin(self, place: int) -> int:
        """Where a character of the safe text stands in the source; its end for the place after the last."""
        if self._origins is None:
            return self._span.inner + place
        if place < len(self._origins):
            return self._span.inner + self._origins[place]
        return self._span.inner_end
