"""Which characters of a paragraph are marks, and what stands between them: actions, emphasis, code, speech.

``markup`` makes blocks of this; here are only the rules of one paragraph that has passed ``safe``. A mark that opens
nothing is text. In the last paragraph of a text, which may still be growing, a mark that waits for its end counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple


class Look:
    """What a stretch of the log is: bits of an ``int``, as several may hold at once (``enum`` flags cost 20 times)."""

    PLAIN = 0
    ACTION = 1
    SPEECH = 2
    BOLD = 4
    CODE = 8
    REASONING = 16
    MUTED = 32
    PROBLEM = 64
    USER = 128
    CHARACTER = 256
    NARRATOR = 512
    VOICE_1 = 1024
    VOICE_2 = 2048
    VOICE_3 = 4096
    VOICE_4 = 8192

    VOICES = (PLAIN, VOICE_1, VOICE_2, VOICE_3, VOICE_4)
    """What tells the members of a group apart, in their order and then anew."""


_TAB = "    "
_MARK = re.compile(r"\\(?=[*`])|\*+|`+")
_CODE_MARK = re.compile(r"`+")
_NEEDS_CARE = re.compile(r"[*`\t]")
# A paragraph in which every star belongs to a pair without stars between: nearly all of them. Possessive: linear.
_PAIRS = re.compile(r"[^*]*+(?:(?<!\d)(\*{1,3}+)(?=\S)[^*]++(?<=\S)\1(?!\*)[^*]*+)*+")
_QUOTE = re.compile('["“”„«»「」『』]')
_CLOSING = {'"': '"', "“": "”", "„": "“”", "«": "»", "「": "」", "『": "』"}
_BITS = {1: (Look.ACTION,), 2: (Look.BOLD,), 3: (Look.ACTION, Look.BOLD)}


class Change(NamedTuple):
    """A stretch of a paragraph that is shown as something else: a mark as nothing, a tab as blanks."""

    start: int
    end: int
    look: int = Look.PLAIN
    opens: bool = False
    shows: str = ""


def shown(text: str, last: bool) -> str:
    """The paragraph without its marks, as ``changes_of`` finds them: for measuring, several times as fast."""
    if not _NEEDS_CARE.search(text):
        return text
    only_stars = "`" not in text and "\\" not in text and "\t" not in text
    if only_stars and _PAIRS.fullmatch(text):
        return text.replace("*", "")
    return applied(text, changes_of(text, last))


def applied(text: str, changes: list[Change]) -> str:
    """``text`` with ``changes`` (in order) made."""
    parts: list[str] = []
    done = 0
    for change in changes:
        parts += (text[done : change.start], change.shows)
        done = change.end
    return "".join((*parts, text[done:]))


def tabs_of(text: str) -> list[Change]:
    """The tabs of a text, which are shown as blanks."""
    return [Change(match.start(), match.end(), shows=_TAB) for match in re.finditer("\t", text)]


def changes_of(text: str, last: bool) -> list[Change]:
    """The marks of a paragraph that are not shown, and its tabs, in order."""
    if not _NEEDS_CARE.search(text):
        return []
    scan = _MarkScan(text, last)
    scan.run()
    found = scan.found + tabs_of(text) if "\t" in text else scan.found
    found.sort(key=lambda change: change.start)
    return found


class _MarkScan:
    """One walk over the marks of a paragraph: which of them open, close, or are text."""

    def __init__(self, text: str, last: bool) -> None:
        self._text, self._last = text, last
        self._open: dict[int, Change] = {}
        self.found: list[Change] = []

    def run(self) -> None:
        """Fill ``found``."""
        done = 0
        for match in _MARK.finditer(self._text):
            start, end = match.span()
            if start < done:
                continue
            done = end
            mark = self._text[start]
            if mark == "\\":
                self.found.append(Change(start, end, opens=True))
                done = end + 1
            elif mark == "`":
                done = self._code(start, end)
            elif end - start in _BITS:
                self._stars(start, end)
        if not self._last:
            waiting = self._open.values()
            self.found = [change for change in self.found if change not in waiting]

    def _code(self, start: int, end: int) -> int:
        """A stretch of code from its opening mark; answers where the scan goes on."""
        closing = (m for m in _CODE_MARK.finditer(self._text, end) if m.end() - m.start() == end - start)
        closed = next(closing, None)
        if closed is None and not self._last:
            return end
        self.found.append(Change(start, end, Look.CODE, opens=True))
        if closed is None:
            return len(self._text)
        self.found.append(Change(*closed.span(), Look.CODE))
        return closed.end()

    def _stars(self, start: int, end: int) -> None:
        before = self._text[start - 1] if start else " "
        after = self._text[end] if end < len(self._text) else ""
        wanted = _BITS[end - start]
        closes = [look for look in wanted if look in self._open]
        if closes and not before.isspace():
            for look in closes:
                start = self._mark(start, look, opens=False)
        elif not closes and (self._opens(before, after) if after else self._waits(start, end, before)):
            for look in wanted:
                start = self._mark(start, look, opens=True)

    def _opens(self, before: str, after: str) -> bool:
        return not after.isspace() and not (before.isdigit() and after.isdigit())

    def _waits(self, start: int, end: int, before: str) -> bool:
        """Whether a mark at the very end will open as soon as the text goes on; ``* * *`` is a line of stars."""
        begins = start == 0 and end < 3
        return self._last and before.isspace() and (begins or bool(self._text.strip("* ")))

    def _mark(self, start: int, look: int, opens: bool) -> int:
        end = start + (2 if look == Look.BOLD else 1)
        change = Change(start, end, look, opens)
        self.found.append(change)
        if opens:
            self._open[look] = change
        else:
            del self._open[look]
        return end


def with_speech(text: str, runs: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """``runs`` cut where speech begins and ends. Speech that nobody ends lasts to the end of its paragraph."""
    cuts = [place for span in _speech(text, runs) for place in span]
    if not cuts:
        return runs
    cuts.append(len(text) + 1)
    found = []
    passed = 0
    for begin, end, look in runs:
        start = begin
        while start < end:
            while cuts[passed] <= start:
                passed += 1
            stop = min(end, cuts[passed])
            found.append((start, stop, look | Look.SPEECH if passed % 2 else look))
            start = stop
    return found


def _speech(text: str, runs: list[tuple[int, int, int]]) -> Iterator[tuple[int, int]]:
    """Where speech begins and ends in ``text``, quotation marks included; those in code do not count."""
    code = [(start, end) for start, end, look in runs if look & Look.CODE]
    begin, closing, passed = 0, "", 0
    for match in _QUOTE.finditer(text):
        place, mark = match.start(), match.group()
        while passed < len(code) and code[passed][1] <= place:
            passed += 1
        if passed < len(code) and code[passed][0] <= place:
            continue
        before = text[place - 1] if place else " "
        if closing:
            if mark in closing:
                yield begin, place + 1
                closing = ""
        elif mark in _CLOSING and not (mark == '"' and before.isascii() and before.isalnum()):
            begin, closing = place, _CLOSING[mark]
    if closing:
        yield begin, len(text)
