"""Token counts, asked of the engine once per text.

The cache is keyed by the vocabulary's fingerprint and the text; it is bounded, and oldest entries leave first.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from tavern_tui.engines.base import Engine

T = TypeVar("T")
LIMIT = 50_000


class CountCache:
    """Counts by ``(fingerprint, text)``. ``requests`` and ``texts`` count what the engine was really asked."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._known: dict[tuple[str, str], int] = {}
        self.requests = 0
        self.texts = 0

    async def count(self, engine: Engine, fingerprint: str, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, asking ``engine`` in one request for those not known yet. Raises ``EngineError``."""
        missing = list(dict.fromkeys(text for text in texts if (fingerprint, text) not in self._known))
        found = {text: self._known[fingerprint, text] for text in texts if text not in set(missing)}
        if missing:
            self.requests += 1
            self.texts += len(missing)
            found.update(zip(missing, await engine.count(missing), strict=True))
            self._keep(fingerprint, found)
        return [found[text] for text in texts]

    def _keep(self, fingerprint: str, found: dict[str, int]) -> None:
        for text, tokens in found.items():
            self._known[fingerprint, text] = tokens
        while len(self._known) > self._limit:
            del self._known[next(iter(self._known))]


async def drive(
    assembly: Generator[tuple[str, ...], Sequence[int], T], engine: Engine, fingerprint: str, cache: CountCache
) -> T:
    """Run a prompt assembly to its end, answering its batches of texts with the engine's counts."""
    try:
        texts = next(assembly)
        while True:
            texts = assembly.send(await cache.count(engine, fingerprint, texts))
    except StopIteration as done:
        result: T = done.value
        return result
