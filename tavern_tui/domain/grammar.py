"""Looking over a GBNF grammar before it is sent anywhere: which line cannot be read, and why.

Engines say of a bad grammar only that it is bad, or nothing at all and write without it. This reads the notation and
builds nothing. Source: llama.cpp's ``grammars/README.md``, and its parser for what the page leaves open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_CHARACTERS = 64 * 1024
MOST_REPEATS = 2000
"""llama.cpp's own bound for ``{m,n}``."""
_ROOT = "root"
_MOST_OPEN = 64

TOKENS = re.compile(
    r"""(?P<blank>[ \t]+|\#[^\r\n]*)
      | (?P<newline>\r\n|\r|\n)
      | (?P<defines>::=)
      | (?P<name>[A-Za-z0-9-]+)
      | (?P<literal>"(?:[^"\\]|\\[\s\S])*")
      | (?P<set>\[\^?(?:[^\]\\]|\\[\s\S])*\])
      | (?P<token>!?<[^<>\r\n]+>)
      | (?P<repeat>[*+?]|\{[0-9]+(?:,[0-9]*)?\})
      | (?P<open>\() | (?P<close>\)) | (?P<or>\|) | (?P<any>\.)
      | (?P<bad>[\s\S])""",
    re.VERBOSE,
)
"""The words of the notation, by their groups; ``bad`` is what is none."""
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[tnr\\\"\[\]])|(\\)")
_BAD = {
    '"': "a text in quotes is not closed",
    "[": "a set in brackets is not closed",
    "{": "a repetition is written {2}, {2,} or {2,5}",
    "_": "names of rules have letters, digits and - only",
}


@dataclass(frozen=True, slots=True)
class GrammarProblem:
    """What is wrong with a grammar, and in which line of it (from 1). ``why`` is a sentence without its full stop."""

    line: int
    why: str


class _Found(Exception):  # noqa: N818  (never leaves this module)
    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.problem = GrammarProblem(line, why)


@dataclass(slots=True)
class _Reading:
    """How far a grammar has been read. ``atom``: what stands before could be repeated."""

    defined: set[str] = field(default_factory=set)
    used: dict[str, int] = field(default_factory=dict)
    opened: list[int] = field(default_factory=list)
    head: tuple[str, int] | None = None
    inside: bool = False
    atom: bool = False
    awaits: bool = False


def grammar_problem(text: str) -> GrammarProblem | None:
    """The first thing in a GBNF grammar that cannot be read, ``None`` where there is nothing."""
    if len(text) > MOST_CHARACTERS:
        return GrammarProblem(1, f"it has more than {MOST_CHARACTERS:,} characters")
    reading, line = _Reading(), 1
    try:
        for match in TOKENS.finditer(text):
            _step(reading, match.lastgroup or "bad", match.group(), line)
            line += len(re.findall(r"\r\n|\r|\n", match.group()))
        _end(reading, line)
    except _Found as found:
        return found.problem
    return None


def _step(reading: _Reading, kind: str, text: str, line: int) -> None:
    if kind == "blank":
        return
    if kind == "newline":
        if not reading.opened and not reading.awaits:
            _end_rule(reading, line)
        return
    if kind == "bad":
        raise _Found(line, _BAD.get(text, f"“{text}” means nothing here"))
    if not reading.inside:
        _head(reading, kind, text, line)
        return
    if kind == "defines":
        raise _Found(line, "a rule begins on a line of its own")
    reading.awaits = kind == "or"
    if kind == "repeat":
        _repeat(reading, text, line)
    elif kind == "or":
        reading.atom = False
    elif kind == "open":
        reading.opened.append(line)
        reading.atom = False
        if len(reading.opened) > _MOST_OPEN:
            raise _Found(line, "its brackets are nested too deep")
    elif kind == "close":
        if not reading.opened:
            raise _Found(line, "a bracket is closed that was not opened")
        reading.opened.pop()
        reading.atom = True
    else:
        if kind == "name":
            reading.used.setdefault(text, line)
        if text in ("[]", "[^]"):
            raise _Found(line, f"the set {text} is empty")
        if kind in ("literal", "set") and (bad := next((m for m in _ESCAPE.finditer(text) if m.group(2)), None)):
            raise _Found(line, f"“{text[bad.start() : bad.start() + 2]}” is no escape")
        reading.atom = text != '""'


def _head(reading: _Reading, kind: str, text: str, line: int) -> None:
    """The beginning of a rule: ``name ::=``."""
    if reading.head is None and kind == "name":
        reading.head = (text, line)
    elif reading.head is not None and kind == "defines":
        if reading.head[0] in reading.defined:
            raise _Found(line, f"the rule “{reading.head[0]}” is there twice")
        reading.defined.add(reading.head[0])
        reading.inside = reading.awaits = True
    else:
        raise _Found(line, "a rule is written name ::= what it stands for")


def _repeat(reading: _Reading, text: str, line: int) -> None:
    if not reading.atom:
        raise _Found(line, f"there is nothing before “{text}” to repeat")
    numbers = [int(number) for number in re.findall(r"[0-9]{1,9}", text)]
    if numbers and max(numbers) > MOST_REPEATS:
        raise _Found(line, f"more than {MOST_REPEATS:,} repetitions are too many")
    if len(numbers) == 2 and numbers[0] > numbers[1]:
        raise _Found(line, f"{text} counts backwards")
    reading.atom = False


def _end_rule(reading: _Reading, line: int) -> None:
    if reading.head is not None and not reading.inside:
        raise _Found(reading.head[1], f"after the name “{reading.head[0]}” there has to be ::=")
    reading.head, reading.inside, reading.atom = None, False, False


def _end(reading: _Reading, line: int) -> None:
    if reading.opened:
        raise _Found(reading.opened[-1], "a bracket is opened that is not closed")
    _end_rule(reading, line)
    for name, used in reading.used.items():
        if name not in reading.defined:
            raise _Found(used, f"there is no rule “{name}”")
    if _ROOT not in reading.defined:
        raise _Found(1, "there is no rule “root”, with which a reply begins")
