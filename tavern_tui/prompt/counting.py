"""``Counts``: what is known about the lengths of texts, and the asking for what is not.

Nothing here can count: ``ask`` yields the texts whose tokens are not known yet and is sent the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from typing import TypeVar

Result = TypeVar("Result")
Counting = Generator[tuple[str, ...], Sequence[int], Result]
"""A computation that yields batches of texts, is sent their token counts in the same order, and returns a result."""

_SHORT = 40
_CHARACTERS_PER_TOKEN = 64  # no text has so many; one that is longer than that in the whole context is not counted


def drive(steps: Counting[Result], count: Callable[[Sequence[str]], Sequence[int]]) -> Result:
    """The result of ``steps``, with ``count`` answering each batch at once."""
    try:
        batch = next(steps)
        while True:
            batch = steps.send(count(batch))
    except StopIteration as stop:
        result: Result = stop.value
        return result


class Counts(dict[str, int]):
    """Tokens by text. The empty text has none."""

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        super().__init__(known or {})
        self[""] = 0
        self._bytes = self._tokens = 0

    def ask(self, texts: Iterable[str]) -> Counting[None]:
        """Learn the counts of ``texts`` in at most one batch, none when all are known."""
        missing = tuple(dict.fromkeys(text for text in texts if text not in self))
        if not missing:
            return
        tokens = yield missing
        for text, number in zip(missing, tokens, strict=True):
            self[text] = number
            if len(text) > _SHORT:
                self._bytes += len(text.encode("utf-8", "surrogatepass"))
                self._tokens += number

    def assume_lengths(self, texts: Iterable[str], context_tokens: int) -> None:
        """Texts that are longer than any context of so many tokens are not sent to be counted."""
        for text in texts:
            if len(text) > _CHARACTERS_PER_TOKEN * context_tokens:
                self.setdefault(text, max(context_tokens + 1, len(text) // 4))

    def estimate(self, text: str, unknown_ratio: float) -> float:
        """Tokens of ``text`` by what the texts counted so far had per byte; by ``unknown_ratio`` before any was."""
        ratio = self._tokens / self._bytes if self._bytes else unknown_ratio
        return len(text.encode("utf-8", "surrogatepass")) * ratio
