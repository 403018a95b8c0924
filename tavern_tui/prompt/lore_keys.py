"""Lore keys: does a key stand in a text?

Plain keys are looked up as substrings, word borders checked by hand, so a book of thousands of keys compiles nothing.
A key of the form ``/pattern/flags`` is a regular expression; which of them may run is ``prompt.lore_patterns``'.
Which of a book's keys are worth looking for at all is ``prompt.lore_index``'.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``matchKeys``, ``parseRegexFromString``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from tavern_tui.prompt.lore_patterns import Patterns

_REGEX = re.compile(r"/(.+?)/([gimsuy]*)", re.DOTALL)
_UNESCAPED_SLASH = re.compile(r"(?:^|[^\\])/")
_BLANK = re.compile(r"\s")
_NO_BLANKS_FROM = "\u0e00"  # scripts from Thai on do without blanks between words, so a neighbour tells nothing

ASCII_WORD = re.compile(r"[A-Za-z0-9_]+")
"""A stretch of what SillyTavern takes as a word."""

WORD = re.compile(r"[^\W\u0e00-\U0010ffff]+")
"""A stretch of what we take as a word."""


class KeyForm(Enum):
    """What a key may be: a plain text or ``/pattern/flags``, a plain text always, a pattern always."""

    EITHER = "either"
    PLAIN = "plain"
    PATTERN = "pattern"


@dataclass(frozen=True, slots=True)
class Needle:
    """A key made ready: trimmed, in lower case, with what is known about its form.

    A key of blanks has an empty ``text`` and counts as several words; an empty one does not.
    """

    text: str
    lower: str
    several_words: bool
    pattern: str = ""
    flags: str = ""


def needle(key: str, form: KeyForm = KeyForm.EITHER) -> Needle:
    """``key`` made ready."""
    text = key.strip()
    if text.startswith("/") and form is not KeyForm.PLAIN:
        found = _REGEX.fullmatch(text)
        if found and not _UNESCAPED_SLASH.search(found[1]):
            return Needle(text, text.lower(), False, found[1], found[2])
    if form is KeyForm.PATTERN:
        return Needle(text, text.lower(), False, text)
    return Needle(text, text.lower(), several_words(text or key))


def several_words(text: str) -> bool:
    """Whether there is a blank in ``text``."""
    return _BLANK.search(text) is not None


def has_macros(key: str) -> bool:
    """Whether macros may change the key."""
    return "{{" in key or "<" in key


class Haystack:
    """A text to search in; its lower case is made once."""

    __slots__ = ("_lower", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._lower: str | None = None

    @property
    def lower(self) -> str:
        """The text in lower case."""
        if self._lower is None:
            self._lower = self.text.lower()
        return self._lower


class KeySearch:
    """Searches for keys with one prompt's macros. ``exact``: words and blank keys as SillyTavern takes them.

    There a letter beyond ASCII is the end of a word, and a key made of blanks stands in every text. ``needles`` keeps
    the keys without macros that were made ready, for the next prompt. ``checks`` counts the searches.
    """

    def __init__(
        self,
        expand: Callable[[str], str],
        patterns: Patterns,
        *,
        exact: bool,
        needles: dict[tuple[str, KeyForm], Needle] | None = None,
    ) -> None:
        self.checks = 0
        self._expand = expand
        self._expanded: dict[str, str] = {}
        self._patterns = patterns
        self._exact = exact
        self._inside = _inside_ascii if exact else _inside_word
        self._needles = {} if needles is None else needles

    def finds(
        self,
        key: str,
        haystack: Haystack,
        *,
        case_sensitive: bool,
        whole_words: bool,
        form: KeyForm = KeyForm.EITHER,
    ) -> bool:
        """Whether ``key`` stands in ``haystack``."""
        self.checks += 1
        one = self._needles.get((key, form)) or self._made(key, form)
        if not one.text:
            return self._exact and one.several_words
        if one.pattern:
            folded = form is KeyForm.PATTERN and not case_sensitive
            if (verdict := self._patterns.search(one, haystack.text, folded=folded)) is not None:
                return verdict
        return self._stands(one, haystack, case_sensitive, whole_words)

    def _stands(self, one: Needle, haystack: Haystack, case_sensitive: bool, whole_words: bool) -> bool:
        """Whether a plain key stands in a text."""
        wanted, text = (one.text, haystack.text) if case_sensitive else (one.lower, haystack.lower)
        at = text.find(wanted)
        if at < 0 or not whole_words or one.several_words:
            return at >= 0
        inside = self._inside
        while at >= 0:
            end = at + len(wanted)
            if not (at and inside(text[at - 1])) and not (end < len(text) and inside(text[end])):
                return True
            at = text.find(wanted, at + 1)
        return False

    def finds_as_written(self, key: str, haystack: Haystack, *, case_sensitive: bool, whole_words: bool) -> bool:
        """Whether ``key`` stands in ``haystack`` with its macros and blanks as they are: SillyTavern's group scores."""
        if key.strip().startswith("/"):
            return self.finds(key, haystack, case_sensitive=case_sensitive, whole_words=whole_words)
        self.checks += 1
        return self._stands(Needle(key, key.lower(), several_words(key)), haystack, case_sensitive, whole_words)

    def _made(self, key: str, form: KeyForm) -> Needle:
        """``key`` made ready, its macros expanded once for the prompt."""
        if not has_macros(key):
            self._needles[key, form] = made = needle(key, form)
            return made
        if key not in self._expanded:
            self._expanded[key] = self._expand(key)
        return needle(self._expanded[key], form)


def _inside_ascii(mark: str) -> bool:
    return mark == "_" or (mark.isascii() and mark.isalnum())


def _inside_word(mark: str) -> bool:
    return mark == "_" or (mark < _NO_BLANKS_FROM and mark.isalnum())
