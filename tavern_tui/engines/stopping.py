"""``StopScan``: stop strings applied on our side, to text that arrives in pieces.

Servers accept few stop strings (OpenAI: four), match them on tokens, or ignore them; scanning here makes every engine
end a reply at the same character. Pure: text in, text out.
"""

from __future__ import annotations

from collections.abc import Iterable


class StopScan:
    """Passes text through until a stop string is complete; ``matched`` is that string then.

    Text that may be the beginning of a stop string is held back until it is known not to be. The match that is
    complete first wins, the longest of those that end together, so the result does not depend on how the text was
    cut. Empty stop strings are ignored.
    """

    def __init__(self, stop: Iterable[str]) -> None:
        self._stop = tuple(dict.fromkeys(s for s in stop if s))
        self._held = ""
        self.matched: str | None = None

    def feed(self, text: str) -> str:
        """The text that may be shown now. After a match: nothing more."""
        if self.matched is not None:
            return ""
        if not self._stop:
            return text
        pending = self._held + text
        found = [(start + len(s), start, s) for s in self._stop if (start := pending.find(s)) >= 0]
        if found:
            _, start, self.matched = min(found)
            self._held = ""
            return pending[:start]
        keep = self._open_end(pending)
        self._held = pending[len(pending) - keep :]
        return pending[: len(pending) - keep]

    def finish(self) -> str:
        """The reply has ended: what was held back and has turned out to be text."""
        rest, self._held = self._held, ""
        return rest

    def _open_end(self, pending: str) -> int:
        """Characters at the end of ``pending`` that could begin a stop string."""
        longest = min(len(pending), max(len(s) for s in self._stop) - 1)
        for size in range(longest, 0, -1):
            tail = pending[-size:]
            if any(s.startswith(tail) for s in self._stop):
                return size
        return 0
