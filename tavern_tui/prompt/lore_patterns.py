"""``Patterns``: regular expressions that other people wrote as lore keys, run so that none can hold up a prompt.

With the ``regex`` package each search ends after ``TIMEOUT`` seconds. Without it Python's own module is used, which
cannot be interrupted: there a pattern runs only where ``worst_steps`` finds a small bound for its work. A pattern that
may not run, or did not end, is switched off and named in ``switched_off``.
"""

from __future__ import annotations

import importlib
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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

ALLOWANCE = 100_000_000
"""Steps that all searches of one prompt may take together at worst, where they cannot be interrupted."""

_MOST_TIMEOUTS = 10
_LONGEST_PATTERN = 1_000
_MOST_CHOICES = 1_000
_UNBOUNDED = ("*", "+")
_COUNTED = re.compile(r"\{(\d{1,4})(,?)(\d{0,4})\}")
_REFERENCE = re.compile(r"\\[1-9k]")
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
    """The patterns of one prompt. ``switched_off`` names the keys that were not looked for, or not to the end."""

    interruptible: bool = _interruptible is not None
    allowance: int = ALLOWANCE
    switched_off: dict[str, str] = field(default_factory=dict)
    _compiled: dict[str, Any] = field(default_factory=dict)
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)
    _timeouts: int = 0

    def search(self, key: Needle, text: str) -> bool | None:
        """Whether the pattern of ``key`` matches in ``text``; ``None`` where it is no pattern: a plain key, then."""
        if key.text in self.switched_off:
            return False
        if key.text not in self._compiled:
            self._compiled[key.text] = self._compile(key)
        compiled = self._compiled[key.text]
        if compiled is None:
            return None
        if (known := self._known.get((key.text, text))) is None:
            known = self._known[key.text, text] = self._run(key, compiled, text)
        return known

    def _compile(self, key: Needle) -> Any:
        """The compiled pattern, or ``None`` where it cannot be compiled."""
        source = _NAMED_GROUP.sub("(?P<", key.pattern.replace("\\/", "/"))
        module = _interruptible if self.interruptible else re  # their flags have different numbers
        flags = 0 if any(ord(mark) > 127 for mark in source) else module.ASCII
        for letter, flag in (("i", module.IGNORECASE), ("m", module.MULTILINE), ("s", module.DOTALL)):
            flags |= flag if letter in key.flags else 0
        if self.interruptible:
            try:
                return module.compile(source, flags)
            except (module.error, OverflowError, RecursionError):
                return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # of what a set will mean in some later Python
                return re.compile(source, flags)
        except (re.error, OverflowError, RecursionError):
            return None

    def _run(self, key: Needle, compiled: Any, text: str) -> bool:
        if self.interruptible:
            if self._timeouts < _MOST_TIMEOUTS:
                try:
                    return compiled.search(text, timeout=TIMEOUT) is not None
                except TimeoutError:
                    self._timeouts += 1
            return self._switch_off(key)
        work = worst_case(compiled.pattern)
        steps = work.steps(len(text)) if work is not None else self.allowance + 1
        if steps > self.allowance:
            return self._switch_off(key)
        self.allowance -= steps
        return compiled.search(text) is not None

    def _switch_off(self, key: Needle) -> bool:
        self.switched_off[key.text] = "switched off: its pattern may take too long"
        return False
