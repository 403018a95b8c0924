"""``Patterns``: regular expressions that other people wrote as lore keys, run so that none can hold up a prompt.

With the ``regex`` package each search ends after ``TIMEOUT`` seconds. Without it Python's own module is used, which
cannot be interrupted: there a pattern runs only where ``worst_case`` finds a small bound for its work. All patterns of
a prompt together get ``SECONDS``, read off a stopwatch that decides nothing else. A pattern that may not run, or did
not end, is switched off and named in ``switched_off``. What the signs of a pattern mean is ``domain.patterns``': what a
browser says.
"""

from __future__ import annotations

import importlib
import re
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.patterns import translated

if TYPE_CHECKING:
    from tavern_tui.prompt.lore_keys import Needle


def _optional() -> Any:
    try:
        return importlib.import_module("regex")
    except ImportError:
        return None


_interruptible = _optional()

TIMEOUT = 0.05
"""Seconds that one search may take, where searches can be interrupted."""

SECONDS = 2.0
"""Seconds that compiling and searching may take in one prompt, all patterns together."""

LONGEST = 10_000
"""Characters that a pattern may have."""

ALLOWANCE = 100_000_000
"""Steps that all searches of one prompt may take together at worst, where they cannot be interrupted."""

_MOST_TIMEOUTS = 10
_MOST_KEPT = 50_000
_TOO_LONG = "switched off: its pattern may take too long"
_NO_TIME = "switched off: the patterns before it took all the time there is"
_LONGEST_PATTERN = 1_000
_MOST_CHOICES = 1_000
_UNBOUNDED = ("*", "+")
_COUNTED = re.compile(r"\{(\d{1,4})(,?)(\d{0,4})\}")
_REFERENCE = re.compile(r"\\[1-9k]")
_NOT_PLAIN = re.compile(r"\||\(\?[^:=!<P]|\\[a-zA-Z0-9]\{|\\[ckgopuxLNPQU0-9]")
_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")
_GROUP_OPENING = re.compile(r"\((?:\?(?::|=|!|<=|<!|P<\w+>))?")


@dataclass(slots=True)
class _Group:
    """A group being read: the choices of its finished alternatives, and of the one at hand."""

    finished: int = 0
    product: int = 1
    before_last: int = 1
    last: int = 1

    @property
    def total(self) -> int:
        return self.finished + self.product


@dataclass(slots=True)
class Work:
    """A bound for a backtracking search: ways to match from one place, and how many repetitions have no upper end."""

    choices: int = 1
    unbounded: int = 0

    def steps(self, length: int) -> int:
        """Steps over a text of ``length`` characters, at worst."""
        starts = (length + 1) * self.choices
        return starts * (length + 1) if self.unbounded else starts


def worst_case(pattern: str) -> Work | None:
    """The bound for ``pattern``, or ``None`` where none is known to be small.

    Repeated groups, references and more than one repetition without an upper end are not looked into.
    """
    if len(pattern) > _LONGEST_PATTERN or _REFERENCE.search(pattern):
        return None
    groups, work, at, atom = [_Group()], Work(), 0, ""
    while at < len(pattern):
        mark, here = pattern[at], groups[-1]
        if mark == "(":
            opening = _GROUP_OPENING.match(pattern, at)
            assert opening is not None
            if opening.group() == "(" and pattern.startswith("(?", at):
                return None
            groups.append(_Group())
            at, atom = opening.end(), ""
        elif mark == ")":
            if len(groups) == 1:
                return None
            inner = groups.pop().total
            here = groups[-1]
            here.before_last, here.last = here.product, inner
            here.product *= inner
            at, atom = at + 1, "group"
        elif mark == "|":
            here.finished, here.product = here.total, 1
            at, atom = at + 1, ""
        elif mark in "*+?{" and (counted := _quantifier(pattern, at)) is not None:
            times, end = counted
            if not atom or (atom == "group" and times != 2):
                return None
            if atom == "group":
                here.product = here.before_last * (here.last + 1)
            elif times:
                here.product *= times
            else:
                work.unbounded += 1
            at = end + (pattern[end : end + 1] == "?")
            atom = ""
        else:
            at, atom = _after_atom(pattern, at), "single"
        if groups[-1].total > _MOST_CHOICES or work.unbounded > 1:
            return None
    work.choices = groups[0].total
    return work if len(groups) == 1 else None


def required(pattern: str) -> str:
    """Letters and digits that stand in every text that ``pattern`` matches, in lower case; empty where none are known.

    Only what stands outside of groups and sets is looked at, and nothing in a pattern with alternatives.
    """
    if len(pattern) > _LONGEST_PATTERN or not pattern.isascii() or _NOT_PLAIN.search(pattern):
        return ""
    runs, run, depth, at = [""], "", 0, 0
    while at < len(pattern):
        mark = pattern[at]
        end = pattern.find("}", at) + 1 if mark == "{" else _after_atom(pattern, at)
        if mark.isalnum() and depth == 0:
            run += mark
        else:
            if mark in "*?{":
                run = run[:-1]
            depth += (mark == "(") - (mark == ")")
            runs.append(run)
            run = ""
        if end <= at:
            return ""
        at = end
    return max((*runs, run), key=len).lower()


def _quantifier(pattern: str, at: int) -> tuple[int, int] | None:
    """In how many ways the quantifier at ``at`` can end (0: no bound) and where it stands to; ``None`` for none."""
    if pattern[at] in _UNBOUNDED:
        return 0, at + 1
    if pattern[at] == "?":
        return 2, at + 1
    counted = _COUNTED.match(pattern, at)
    if counted is None:
        return None
    least = int(counted[1])
    if counted[2] and not counted[3]:
        return 0, counted.end()
    most = int(counted[3] or least)
    # The repetitions themselves are steps, too.
    return max(2, most - least + 1, most), counted.end()


def _after_atom(pattern: str, at: int) -> int:
    if pattern[at] == "\\":
        return at + 2
    if pattern[at] != "[":
        return at + 1
    at += 1 + pattern.startswith("^", at + 1)
    at += pattern.startswith("]", at)
    while at < len(pattern) and pattern[at] != "]":
        at += 2 if pattern[at] == "\\" else 1
    return at + 1


@dataclass(slots=True)
class Patterns:
    """The patterns of one prompt. ``switched_off`` names the keys that were not looked for, or not to the end.

    ``compiled`` holds what was compiled, and may be handed on to the next prompt.
    """

    interruptible: bool = _interruptible is not None
    allowance: int = ALLOWANCE
    seconds: float = SECONDS
    stopwatch: Callable[[], float] = time.perf_counter
    compiled: dict[tuple[str, bool], Any] = field(default_factory=dict)
    switched_off: dict[str, str] = field(default_factory=dict)
    searches: int = 0
    _known: dict[tuple[str, bool, str], bool] = field(default_factory=dict)
    _timeouts: int = 0

    def search(self, key: Needle, text: str, *, folded: bool = False) -> bool | None:
        """Whether the pattern of ``key`` matches in ``text``; ``None`` where it is no pattern: a plain key, then.

        ``folded``: in any case, whatever its flags say.
        """
        if key.text in self.switched_off:
            return False
        place = (key.text, folded, text)
        if (known := self._known.get(place)) is not None:
            return known
        if self.seconds <= 0:
            return self._switch_off(key, _NO_TIME)
        began = self.stopwatch()
        compiled = self._pattern(key, folded)
        found = self._run(key, compiled, text) if compiled is not None else None
        self.seconds -= self.stopwatch() - began
        if found is not None and key.text not in self.switched_off:
            self._known[place] = found
        return found

    def _pattern(self, key: Needle, folded: bool) -> Any:
        """The compiled pattern, or ``None`` where it cannot be compiled."""
        place = (key.text, folded)
        if place not in self.compiled:
            if len(self.compiled) >= _MOST_KEPT:
                self.compiled.clear()
            letters = key.flags + ("i" if folded and "i" not in key.flags else "")
            self.compiled[place] = "" if len(key.pattern) > LONGEST else self._compile(key, letters)
        return self.compiled[place]

    def _compile(self, key: Needle, letters: str) -> Any:
        if len(set(letters)) < len(letters):
            return None
        try:
            source = translated(key.pattern, letters).python
        except FormatError:
            return None
        module = _interruptible if self.interruptible else re
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of what a set will mean in some later Python
                return module.compile(source)
        except (module.error, OverflowError, RecursionError):
            return None

    def _run(self, key: Needle, compiled: Any, text: str) -> bool:
        if not compiled:
            return self._switch_off(key)
        self.searches += 1
        if self.interruptible:
            if self._timeouts < _MOST_TIMEOUTS:
                try:
                    return compiled.search(text, timeout=TIMEOUT) is not None
                except TimeoutError:
                    self._timeouts += 1
            return self._switch_off(key)
        work = worst_case(_NAMED_GROUP.sub("(?P<", key.pattern))
        steps = work.steps(len(text)) if work is not None else self.allowance + 1
        if steps > self.allowance:
            return self._switch_off(key)
        self.allowance -= steps
        return compiled.search(text) is not None

    def _switch_off(self, key: Needle, reason: str = _TOO_LONG) -> bool:
        self.switched_off[key.text] = reason
        return False
