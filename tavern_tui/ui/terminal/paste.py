"""What of the terminal's input is typed and what is pasted. Pure: text and the time come in, pieces go out.

A bracketed paste says so itself. Without brackets (GNU screen 4, some phone terminals) a paste arrives as keys with
Enter between its lines, and would be sent line by line: a burst of input that no hand types is taken as one paste.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

BURST_SECONDS: Final = 0.015
"""Reads closer together than this are one burst."""

PASTE_GAP_SECONDS: Final = 0.2
"""A burst that has proved to be a paste goes on over gaps up to this: slow links deliver a long one in packets, and the
short piece of it that follows a gap must not be sent."""

TYPED_CHARACTERS: Final = 39
"""The most characters of one burst that may have been typed."""

UNFINISHED_SECONDS: Final = 5.0
"""A bracketed paste that says nothing for so long has lost its end; what came of it is given, and typing goes on."""

_START: Final = "\x1b[200~"
_END: Final = "\x1b[201~"
_SEQUENCE: Final = re.compile(r"(\x1b\[[0-?]*[ -/]*[@-~]|\x1bO.|\x1b.?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f])", re.DOTALL)
_ENTER: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Typed:
    """Input to be read as key presses. ``waited``: nothing followed in time, so an Esc at its end is the key itself."""

    text: str
    waited: bool = False


@dataclass(frozen=True)
class Pasted:
    """Text that was pasted, its lines ended by ``\\n``, without NUL."""

    text: str


def pasted_text(text: str) -> str:
    """``text`` as it is put into a composer: ``\\r\\n`` and ``\\r`` are ``\\n``, NUL is dropped."""
    return _ENTER.sub("\n", text).replace("\0", "")


def is_paste(text: str, before: int = 0) -> bool:
    """Whether one burst of unbracketed input is a paste, ``before`` characters of it having been passed on already.

    It is one with two or more Enters, with an Enter followed by more text, or with an Enter after 40 or more
    characters; and so are 40 or more characters without one. Keys with Enters between them and no text are keys.
    """
    bare = _SEQUENCE.sub("", text)
    head, *rest = _ENTER.split(bare)
    if not rest:
        return len(bare) > TYPED_CHARACTERS
    has_text = any((head, *rest))
    if bare != text and not has_text:
        return False
    return len(rest) > 1 or bool(rest[0]) or before + len(head) > TYPED_CHARACTERS


class PasteScan:
    """Divides what the terminal sends into typed and pasted pieces, however it is cut into reads.

    ``escape_seconds``: how long an Esc that may begin a paste is waited for. Times are seconds on any one clock.
    """

    def __init__(self, escape_seconds: float) -> None:
        self._escape_seconds = escape_seconds
        self._held = ""
        self._pasting: list[str] | None = None
        self._last = float("-inf")
        self._passed = 0
        self._in_paste_burst = False

    @property
    def due(self) -> float | None:
        """When ``tick`` must be called if nothing more is fed; None while nothing is held."""
        if self._pasting is not None:
            return self._last + UNFINISHED_SECONDS
        if not self._held:
            return None
        only_escape = len(self._held) == _partial(self._held, _START)
        return self._last + (self._escape_seconds if only_escape else BURST_SECONDS)

    def feed(self, text: str, now: float) -> list[Typed | Pasted]:
        """Take what was read at ``now``; give what is certain."""
        pieces = self.tick(now) if (due := self.due) is not None and now >= due else []
        gap = PASTE_GAP_SECONDS if self._in_paste_burst else BURST_SECONDS
        if now - self._last >= gap and not self._held:
            self._passed, self._in_paste_burst = 0, False
        self._last = now
        self._held += text
        while self._pasting is not None or _START in self._held:
            if self._pasting is None:
                before, _, self._held = self._held.partition(_START)
                pieces += self._judged(before)
                self._pasting = []
            elif _END in self._held:
                inside, _, self._held = self._held.partition(_END)
                pieces += self._paste_ended(inside)
            else:
                # The end may be cut in half: what could be its first half is kept back.
                keep = len(self._held) - _partial(self._held, _END)
                self._pasting.append(self._held[:keep])
                self._held = self._held[keep:]
                return pieces
        if not _ENTER.search(self._held):
            pieces += self._give(keep=_partial(self._held, _START))
        return pieces

    def tick(self, now: float) -> list[Typed | Pasted]:
        """Give what has waited long enough."""
        due = self.due
        if due is None or now < due:
            return []
        if self._pasting is not None:
            inside, self._held = self._held, ""
            return self._paste_ended(inside)
        keep = _partial(self._held, _START)
        if keep < len(self._held):
            pieces = self._give(keep)
            self._passed = 0
            return pieces
        text, self._held = self._held, ""
        return [Typed(text, waited=True)]

    def _paste_ended(self, inside: str) -> list[Typed | Pasted]:
        text = pasted_text("".join([*(self._pasting or []), inside]))
        self._pasting = None
        return [Pasted(text)] if text else []

    def _give(self, keep: int) -> list[Typed | Pasted]:
        cut = len(self._held) - keep
        text, self._held = self._held[:cut], self._held[cut:]
        return self._judged(text)

    def _judged(self, text: str) -> list[Typed | Pasted]:
        """``text``, read in one burst, as keys or as a paste; a sequence within it is always keys."""
        # The end of a paste that was given up, or of one that began before this program did, is no key.
        text = text.replace(_END, "")
        if not text:
            return []
        self._in_paste_burst = self._in_paste_burst or is_paste(text, self._passed)
        if not self._in_paste_burst:
            self._passed += len(_SEQUENCE.sub("", text))
            return [Typed(text.replace("\r\n", "\r"))]
        pieces: list[Typed | Pasted] = []
        for number, piece in enumerate(_SEQUENCE.split(text)):
            if piece and piece != "\0":
                pieces.append(Typed(piece) if number % 2 else Pasted(pasted_text(piece)))
        return pieces


def _partial(text: str, mark: str) -> int:
    """How many characters at the end of ``text`` could be the beginning of ``mark``, cut off."""
    return next((size for size in range(min(len(text), len(mark) - 1), 0, -1) if text.endswith(mark[:size])), 0)
