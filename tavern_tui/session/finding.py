"""Finding words in the turns of a chat (``docs/ux.md`` §10). Pure: turns come in, those that have the words come out.

What is typed are plain words, one after the other as in the text; capitals do not matter. Blanks, line breaks and the
marks of roleplay (``*``, backticks) between two words do not count, so that the same words are found in a turn's text
and in what is shown of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tavern_tui.domain.chat import Turn

_BETWEEN = "[ \t\n\r\f\v*`\u00a0\u2009\u202f\u3000]"
_ENCODING = ("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: the ``words`` in their order, and the ``pattern`` that finds them in a text."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]
    _bytes: re.Pattern[bytes]

    @property
    def text(self) -> str:
        """What was typed, with one blank between words."""
        return " ".join(self.words)

    def is_in(self, text: str) -> bool:
        """Whether ``pattern`` finds something in ``text``, told several times as fast.

        Bytes are made small letters at memory speed, and a pattern that need not care for capitals is scanned for by
        its first letters; ``re`` looks at every character of a text twice where it has to.
        """
        return self._bytes.search(text.encode(*_ENCODING).lower()) is not None


def query_for(text: str) -> Query | None:
    """The query that somebody typed, ``None`` where there is no word in it."""
    words = tuple(text.split())
    if not words:
        return None
    pattern = f"{_BETWEEN}+".join("".join(map(_either, word)) for word in words)
    between = b"(?:" + b"|".join(re.escape(blank.encode(*_ENCODING)) for blank in _BETWEEN[1:-1]) + b")+"
    small = between.join(b"".join(map(_either_bytes, word)) for word in words)
    return Query(words, re.compile(pattern, re.IGNORECASE | re.ASCII), re.compile(small))


def look_through(turns: Iterable[Turn], query: Query) -> Iterator[str | None]:
    """One answer for each of ``turns``, in their order: its id where it has the words, else ``None``.

    One at a time, so that whoever asks may do something else between two turns of a long chat.
    """
    for turn in turns:
        yield turn.id if query.is_in(turn.text) else None


def _cases(character: str) -> list[str]:
    """A character beyond ASCII as it is written small and large, each as one character."""
    return sorted({form for form in (character, character.lower(), character.upper()) if len(form) == 1})


def _either(character: str) -> str:
    return re.escape(character) if character.isascii() else f"[{''.join(map(re.escape, _cases(character)))}]"


def _either_bytes(character: str) -> bytes:
    if character.isascii():
        return re.escape(character.lower().encode())
    forms = list(dict.fromkeys(re.escape(form.encode(*_ENCODING).lower()) for form in _cases(character)))
    return forms[0] if len(forms) == 1 else b"(?:" + b"|".join(forms) + b")"
