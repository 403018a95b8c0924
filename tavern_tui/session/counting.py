"""Token counts, asked of the engine once per text.

The cache is keyed by the vocabulary (its fingerprint, else the model's name) and the text. It keeps a hash of each
text, not the text, so that ten thousand turns cost a megabyte; it is bounded, and what was longest not asked for
leaves first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine, EngineInfo

T = TypeVar("T")
LIMIT = 50_000
"""Texts whose counts are kept."""

_Key = tuple[str, bytes]
_HASH_BYTES = 16


class CountCache:
    """Counts by vocabulary and text. ``requests`` and ``texts`` count what the engine was really asked."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._known: OrderedDict[_Key, int] = OrderedDict()
        self.requests = 0
        self.texts = 0

    async def count(self, engine: Engine, info: EngineInfo, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, asking ``engine`` in one request for those not known yet. Raises ``EngineError``."""
        vocabulary = info.fingerprint or f"{info.engine} {info.address} {info.model}"
        found = {text: self._recalled(vocabulary, text) for text in texts}
        missing = [text for text, tokens in found.items() if tokens is None]
        if missing:
            self.requests += 1
            self.texts += len(missing)
            counted = dict(zip(missing, await engine.count(missing), strict=True))
            found |= counted
            self._keep(vocabulary, counted)
        return [tokens for text in texts if (tokens := found[text]) is not None]

    def _recalled(self, vocabulary: str, text: str) -> int | None:
        if not text:
            return 0
        key = _key(vocabulary, text)
        tokens = self._known.get(key)
        if tokens is not None:
            self._known.move_to_end(key)
        return tokens

    def _keep(self, vocabulary: str, found: dict[str, int]) -> None:
        for text, tokens in found.items():
            self._known[_key(vocabulary, text)] = tokens
        while len(self._known) > self._limit:
            self._known.popitem(last=False)


def _key(vocabulary: str, text: str) -> _Key:
    return vocabulary, blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).digest()


async def drive(
    assembly: Generator[tuple[str, ...], Sequence[int], T], engine: Engine, info: EngineInfo, cache: CountCache
) -> T:
    """Run a prompt assembly to its end, answering its batches of texts with the engine's counts."""
    try:
        texts = next(assembly)
        while True:
            texts = assembly.send(await cache.count(engine, info, texts))
    except StopIteration as done:
        result: T = done.value
        return result
