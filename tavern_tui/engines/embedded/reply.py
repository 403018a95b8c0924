"""``SampledText``: from sampled tokens to text that may be shown, with stop strings and split characters held back.

Pure. Whole tokens come out, each with its id; a token waits while its bytes are half a character or while it may be
the beginning of a stop string or of a banned text.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence

from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.engines.base import TextArrived

_decoder = codecs.getincrementaldecoder("utf-8")
_SMALL = {capital: capital + 32 for capital in range(ord("A"), ord("Z") + 1)}


class SampledText:
    """The text of one reply as it grows. ``text`` and ``ids`` are what has come out so far.

    ``covered`` says that ``ids`` spell the whole of ``text``; it ends when a stop string begins inside a token.
    ``number`` is the reply's among several. ``banned`` texts are looked for in what follows ``before``, the prompt's
    end; letters of ASCII count in any case. When one is complete, ``slipped`` is set, and ``take_back`` has to follow.
    """

    def __init__(
        self, stop: Sequence[str] = (), number: int = 0, *, banned: Sequence[str] = (), before: str = ""
    ) -> None:
        self._banned = tuple(dict.fromkeys(text.translate(_SMALL) for text in banned if text))
        reach = max((len(text) for text in self._banned), default=1) - 1
        self._before = before[len(before) - min(reach, len(before)) :].translate(_SMALL)
        self.slipped = False
        self._stop = tuple(sorted((s for s in stop if s), key=len, reverse=True))
        self._number = number
        self._held: list[tuple[int, bytes, TokenChoice | None]] = []
        self.text = ""
        self.ids: list[int] = []
        self.covered = True
        self.stopped = False

    def feed(self, token: int, piece: bytes, choice: TokenChoice | None = None) -> TextArrived | None:
        """Take one sampled token; what may be shown now, if anything. Sets ``stopped`` when a stop string is complete.

        The stop string and what follows it never come out; the text before it does. ``choice`` comes out with its
        token.
        """
        self._held.append((token, piece, choice))
        text = _complete(piece for _, piece, _ in self._held)[0]
        found = [at for stop in self._stop if (at := text.find(stop)) >= 0]
        if self._banned and self._slip(text) < min(found, default=len(text)):
            self.slipped = True
            return None
        if found:
            self.stopped = True
            return self._release(text, min(found), last=True)
        held = self._possible(self._stop, text)
        if self._banned:
            held = max(held, min(len(text), self._possible(self._banned, self._read(text))))
        return self._release(text, len(text) - held, last=False)

    def take_back(self) -> int:
        """Forget the tokens from the one on that the banned text began in; how many they were, at least one."""
        start = self._slip(_complete(piece for _, piece, _ in self._held)[0])
        kept = 0
        while kept < len(self._held) - 1:
            if len(_complete(piece for _, piece, _ in self._held[: kept + 1])[0]) > start:
                break
            kept += 1
        gone = len(self._held) - kept
        del self._held[kept:]
        self.slipped = False
        return gone

    def allow(self) -> None:
        """Look for banned texts no longer."""
        self._banned = ()

    def _read(self, text: str) -> str:
        """``text`` as banned ones are looked for in it, behind what stands before."""
        return ("" if self.text else self._before) + text.translate(_SMALL)

    def _slip(self, text: str) -> int:
        """Where in ``text`` the first banned one begins, below 0 in the prompt; its end where there is none."""
        whole = self._read(text)
        before = len(whole) - len(text)
        found = (whole.find(banned) for banned in self._banned)
        return min((at - before for at in found if at >= 0), default=len(text))

    def finish(self) -> TextArrived | None:
        """The reply ended: what was held back comes out, but for half a character."""
        text = _complete(piece for _, piece, _ in self._held)[0]
        return self._release(text, len(text), last=True)

    @staticmethod
    def _possible(wanted: Sequence[str], text: str) -> int:
        """Characters at the end of ``text`` that may be the beginning of one of those ``wanted``."""
        longest = 0
        for one in wanted:
            for length in range(min(len(one) - 1, len(text)), longest, -1):
                if text.endswith(one[:length]):
                    longest = length
                    break
        return longest

    def _release(self, text: str, safe: int, *, last: bool) -> TextArrived | None:
        """Let whole tokens out that end within ``safe`` characters; at the ``last`` also the rest without an id."""
        count, shown = 0, ""
        for n in range(1, len(self._held) + 1):
            part, clean = _complete(piece for _, piece, _ in self._held[:n])
            if len(part) > safe:
                break
            if clean:
                count, shown = n, part
        ids = tuple(token for token, _, _ in self._held[:count])
        choices = tuple(choice for _, _, choice in self._held[:count] if choice is not None)
        del self._held[:count]
        if last:
            self._held.clear()
            if len(shown) < safe:
                shown, ids, self.covered = text[:safe], (), False
        if not shown and not ids:
            return None
        self.text += shown
        self.ids += ids
        return TextArrived(shown, ids, self._number, choices)


def _complete(pieces: Iterable[bytes]) -> tuple[str, bool]:
    """The text of the pieces without half a character at the end, and whether there was none."""
    decoder = _decoder("replace")
    text = decoder.decode(b"".join(pieces))
    return text, not decoder.getstate()[0]
