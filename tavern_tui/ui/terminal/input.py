"""Bytes from the terminal to Textual's messages: pastes are cut out, Esc chords get names of their own.

What a chord or a paste does is the app's business; reading the terminal is the driver's.
"""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator

from textual import constants, events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tavern_tui.ui.terminal.gestures import escaped_name
from tavern_tui.ui.terminal.paste import Pasted, PasteScan, Typed

_ESC = "\x1b"


class ChordParser(XTermParser):
    """Textual's parser, but Esc with a character is always ``alt+…`` and never types anything.

    Textual makes ``¡`` of Esc 1, ``ctrl+left`` of Esc b and Enter of Esc Enter. Those could not be told from the
    keys of a Spanish keyboard, from Ctrl with an arrow, and from a plain Enter.
    """

    def expire(self) -> Iterator[Message]:
        """What the input so far means when nothing follows it."""
        if self._timeout_time is not None:
            self._timeout_time = 0.0
        yield from self.tick()

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        character = sequence if alt else sequence[1:] if sequence[:1] == _ESC else ""
        # Esc [ and Esc O begin longer sequences: they are a chord only when the parser has given up waiting.
        complete = alt or character not in ("[", "O")
        if len(character) == 1 and complete and (character.isprintable() or character == "\r"):
            return [events.Key(escaped_name(character), None)]
        return super()._sequence_to_key_events(sequence, alt)


class TerminalInput:
    """All that one terminal sends, from the first byte to the last. Times are seconds on any one clock."""

    def __init__(self, debug: bool = False) -> None:
        self._parser = ChordParser(debug)
        self._scan = PasteScan(constants.ESCAPE_DELAY)
        # Bytes that are no UTF-8 are shown as such: a paste of Latin-1 must not end the program.
        self._decoder = getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, now: float) -> Iterator[Message]:
        """The messages that are certain after ``data`` was read at ``now``."""
        yield from self._messages(self._scan.feed(self._decoder.decode(data), now))

    def tick(self, now: float) -> Iterator[Message]:
        """The messages that are certain because nothing has followed until ``now``."""
        yield from self._messages(self._scan.tick(now))
        yield from self._parser.tick()

    def wait(self, now: float, longest: float) -> float:
        """How many seconds after ``now`` ``tick`` should be called, ``longest`` at most."""
        due = self._scan.due
        return longest if due is None else min(longest, max(0.0, due - now))

    def _messages(self, pieces: Iterable[Typed | Pasted]) -> Iterator[Message]:
        for piece in pieces:
            if isinstance(piece, Pasted):
                yield events.Paste(piece.text)
                continue
            yield from self._parser.feed(piece.text)
            if piece.waited:
                yield from self._parser.expire()
