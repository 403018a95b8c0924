"""What a macro is to the engine: ``Macro``, one pass over a text, and the ways to write such a pass down.

Every pass takes linear time and keeps to the bounds of this module. Which macros there are stands in
``prompt.macro_table``; the order in which they run is its order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from tavern_tui.prompt.macro_context import MacroContext

LARGEST = 1_000_000
"""Characters that an expanded text may have; what would make it longer stays unexpanded."""

MOST_PER_PASS = 10_000
"""Macros of one kind that are replaced in one text; further ones stay unexpanded."""

COMMENT = "//"
LEGACY = "<"
_FLAGS = re.IGNORECASE | re.ASCII
_NAME = re.compile(r"\{\{(//|[a-z_]+)", _FLAGS)


@dataclass(frozen=True, slots=True)
class Source:
    """The text that is being expanded as it was before the first pass; ``start`` is where in it a pass begins."""

    raw: str
    start: int = 0


Pass = Callable[[str, MacroContext, Source], str]


@dataclass(frozen=True, slots=True)
class Macro:
    """One row of the table: how it is written, what it becomes, and the pass over a text.

    ``later``: SillyTavern 1.12.6 does not know it, so it stays as it is under ``classic``. Rows that share one pass
    are done together where the first of them stands.
    """

    written: str
    becomes: str
    expand: Pass = field(repr=False)
    later: bool = False

    @property
    def key(self) -> str:
        """What stands in a text that this macro may be in: its name in lower case, else ``<`` or ``//``."""
        found = _NAME.match(self.written)
        return found[1].lower() if found else LEGACY


@dataclass(frozen=True, slots=True)
class Call:
    """A macro found in a text: its argument, and where it stands."""

    argument: str
    source: Source


def keys_in(text: str) -> set[str]:
    """The ``key`` of everything in ``text`` that looks like a macro."""
    found = {name.lower() for name in _NAME.findall(text)} if "{{" in text else set()
    return {*found, LEGACY} if LEGACY in text else found


def named(name: str, becomes: str, value: Callable[[MacroContext], str | None], *, later: bool = False) -> Macro:
    """``{{name}}`` in any case; a value of ``None`` leaves it as it stands."""
    return Macro(f"{{{{{name}}}}}", becomes, _each(rf"\{{\{{{re.escape(name)}\}}\}}", value), later)


def legacy(name: str, becomes: str, value: Callable[[MacroContext], str]) -> Macro:
    """``<NAME>`` in any case."""
    return Macro(f"<{name}>", becomes, _each(rf"<{name}>", value))


def called(
    written: str,
    becomes: str,
    opening: str,
    value: Callable[[Call, MacroContext], str | None],
    *,
    later: bool = False,
) -> Macro:
    """A macro with an argument behind ``opening`` (a pattern); a value of ``None`` leaves it as it stands."""
    return Macro(written, becomes, calls(opening, value), later)


def calls(opening: str, value: Callable[[Call, MacroContext], str | None]) -> Pass:
    """The pass over macros with an argument, which is not empty and ends at the first ``}``."""
    compiled = re.compile(r"\{\{" + opening, _FLAGS)

    def run(text: str, context: MacroContext, source: Source) -> str:
        def found() -> Iterator[tuple[int, int, str]]:
            done, close = 0, -1
            for match in compiled.finditer(text):
                start, begin = match.span()
                if start < done:
                    continue
                if close < begin:
                    close = text.find("}", begin)
                if close < 0:
                    return
                if close == begin or not text.startswith("}}", close):
                    continue
                place = Source(source.raw, source.start + start)
                replacement = value(Call(text[begin:close], place), context)
                if replacement is not None:
                    done = close + 2
                    yield start, done, replacement

        return replaced(text, found())

    return run


def replaced(text: str, changes: Iterable[tuple[int, int, str]], largest: int = LARGEST) -> str:
    """``text`` with each ``(start, end, replacement)`` made, up to the bounds of this module."""
    pieces: list[str] = []
    size, done = len(text), 0
    for start, end, replacement in islice(changes, MOST_PER_PASS):
        size += len(replacement) - (end - start)
        if size > largest and len(replacement) > end - start:
            break
        pieces += (text[done:start], replacement)
        done = end
    return "".join((*pieces, text[done:]))


def _each(pattern: str, value: Callable[[MacroContext], str | None]) -> Pass:
    compiled = re.compile(pattern, _FLAGS)

    def run(text: str, context: MacroContext, _source: Source) -> str:
        replacement = value(context)
        if replacement is None:
            return text
        return replaced(text, ((m.start(), m.end(), replacement) for m in compiled.finditer(text)))

    return run
