"""``Pattern``: a JavaScript regular expression made ready, and its matches in a text within a time limit.

With the package ``regex`` a search is interrupted when its time is over. Python's own module cannot be interrupted:
there a pattern runs only where a small bound for its work is known beforehand (``lore_patterns.worst_case``). What the
signs of a pattern mean is ``domain.patterns``'.
"""

from __future__ import annotations

import importlib
import re
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.patterns import Translated, taken_apart, translated
from tavern_tui.prompt.lore_patterns import worst_case

SECONDS_PER_TEXT = 0.1
"""CPU time that one pattern may take over one text."""

SECONDS_IN_ALL = 0.5
"""CPU time that all patterns may take together over the texts of one prompt, or of one turn."""

STEPS_PER_TEXT = 10_000_000
"""Steps that one pattern may take over one text at worst, where it cannot be interrupted."""


def _optional() -> Any:
    try:
        return importlib.import_module("regex")
    except ImportError:
        return None


_interruptible = _optional()


@dataclass(slots=True)
class Allowance:
    """CPU time that is left, in seconds. The clock bounds work here; it never has a say in what a text becomes."""

    left: float = SECONDS_IN_ALL

    def spend(self, since: float) -> None:
        """Take off what was used since the moment ``since`` of ``time.thread_time``."""
        self.left -= time.thread_time() - since


@dataclass(frozen=True, slots=True)
class Found:
    """One match. ``groups`` are JavaScript's, from 1, ``None`` for one that took no part."""

    start: int
    end: int
    text: str
    groups: tuple[str | None, ...] = ()
    names: dict[str, str | None] = field(default_factory=dict)


class Pattern:
    """A pattern made ready. ``interruptible``: with the package ``regex``."""

    def __init__(self, source: Translated, *, interruptible: bool = _interruptible is not None) -> None:
        self.source = source
        self._interruptible = interruptible
        self._compiled = _compile(source.python, interruptible=interruptible)
        self._work = None if interruptible else worst_case(source.python)

    @property
    def runs(self) -> bool:
        """Whether there are texts over which it may run: not where it cannot be interrupted and has no bound."""
        return self._interruptible or self._work is not None

    def matches(self, text: str, allowance: Allowance) -> Iterator[Found]:
        """The matches that a replacement would replace: all with the flag ``g``, else the first.

        What is done with a match before the next is asked for counts as the pattern's time. Raises ``TimeoutError``
        where it takes too long, ``FormatError`` where it might and cannot be interrupted.
        """
        if not self._interruptible and (self._work is None or self._work.steps(len(text)) > STEPS_PER_TEXT):
            raise FormatError(_NOT_BOUNDED, hint=_INSTALL)
        find = self._compiled.match if self.source.sticky else self._compiled.search
        began = time.thread_time()
        end = began + min(SECONDS_PER_TEXT, allowance.left)
        at = 0
        try:
            while at <= len(text):
                left = end - time.thread_time()
                if left <= 0:
                    raise TimeoutError
                match = find(text, at, timeout=left) if self._interruptible else find(text, at)
                if match is None:
                    return
                yield self._found(match)
                if not self.source.everywhere:
                    return
                at = match.end() + (match.end() == match.start())
        finally:
            allowance.spend(began)

    def _found(self, match: Any) -> Found:
        groups = tuple(self._caught(match, number) for number in self.source.groups)
        names = {
            name: next((caught for one in numbers if (caught := self._caught(match, one)) is not None), None)
            for name, numbers in self.source.names.items()
        }
        return Found(match.start(), match.end(), match.group(), groups, names)

    def _caught(self, match: Any, number: int) -> str | None:
        start: int = match.start(number)
        if start < 0:
            return None
        outer = self.source.within.get(number)
        while outer is not None:
            if start < match.start(outer):
                return None
            outer = self.source.within.get(outer)
        text: str = match.group(number)
        return text


@lru_cache(maxsize=1024)
def pattern_of(written: str) -> Pattern:
    """The pattern that a script writes as ``/pattern/flags`` or bare. Raises ``FormatError`` saying what is wrong."""
    return Pattern(translated(*taken_apart(written)))


def _compile(python: str, *, interruptible: bool) -> Any:
    module = _interruptible if interruptible else re
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return module.compile(python)
    except (module.error, OverflowError, RecursionError) as error:
        raise FormatError(f"The pattern cannot be used: {_told(str(error), interruptible)}.", hint=_HINT) from None


_INSTALL = "Install the package regex, which can: pip install regex"
_HINT = "Write it another way, or install the package regex: pip install regex"
_NOT_BOUNDED = "The pattern might take too long, and nothing here could interrupt it."


def _told(complaint: str, interruptible: bool) -> str:
    if "look-behind" in complaint:
        return "it looks behind for a text of changing length"
    if "bad escape" in complaint or "property" in complaint:
        return "it asks for a Unicode property (\\p) that is not known here"
    return "it is too large" if interruptible else "it needs more than Python's own module can do"
