"""``ScriptedEngine``: an engine that reads prompts as the embedded one does, token by token, and computes nothing.

Prompts become ids as ``engines.embedded.segments`` has it, with the starter's vocabulary; what of them would be read
is told by ``CacheModel``, of one cache or several at once. What it writes is given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager

from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import (
    Capabilities,
    EngineInfo,
    Event,
    Finished,
    PrefillProgress,
    Request,
    StopReason,
    TextArrived,
    Usage,
)
from tavern_tui.engines.cache_model import CacheModel, Read
from tavern_tui.engines.embedded.segments import encode
from tavern_tui.engines.sampling_fit import ALL_SAMPLERS
from tests.economy.vocabulary import PromptTokens

_OPENS = "<|im_start|>"
PIECE = 16
"""Tokens that arrive at once."""
_UNUSUAL = 5  # of so many replies one is spelt with other tokens than its text alone would have
_HALVED = 6  # letters of a word that may be spelt in two halves


class ScriptedEngine:
    """An ``Engine`` over ``caches``, by name; the first one's figures are those that it tells.

    ``next_reply`` is what it writes next. ``reads`` is what the last prompt cost each cache, ``ids`` what it was.
    """

    def __init__(
        self, tokens: PromptTokens, caches: Mapping[str, CacheModel], context_tokens: int, *, shifts: bool = True
    ) -> None:
        self.tokens = tokens
        self.caches = caches
        self.info = EngineInfo(
            engine="scripted",
            model="SmolLM2-135M-Instruct",
            context_tokens=context_tokens,
            trained_tokens=8_192,
            fingerprint=tokens.fingerprint,
            add_bos=tokens.whole.add_bos,
            capabilities=Capabilities(token_ids=True, samplers=ALL_SAMPLERS, seed=True, shifts=shifts),
        )
        self.next_reply = ""
        self.reads: dict[str, Read] = {}
        self.ids: tuple[int, ...] = ()
        self._written = 0
        self._known: dict[tuple[Segment, ...], tuple[int, ...]] = {}

    async def connect(self) -> EngineInfo:
        """The starter's facts."""
        return self.info

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the starter's vocabulary."""
        return [self.tokens.count(text) for text in texts]

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """Read the prompt, and write what is to be written."""
        yield self._events(request)

    async def close(self) -> None:
        """Nothing was opened."""

    async def _events(self, request: Request) -> AsyncIterator[Event]:
        self.ids = self.tokens.whole.with_bos(tuple(self._read(request.prompt)))
        self.reads = {name: cache.read(self.ids, request.chat) for name, cache in self.caches.items()}
        told = next(iter(self.reads.values()))
        yield PrefillProgress(told.reused + told.shifted, told.tokens)
        named = bool(request.prompt) and request.prompt[-1].text.endswith(":")
        plain = self.tokens.tokenize(f" {self.next_reply}" if named else self.next_reply)  # as models go on from a name
        self._written += 1
        ids = self._spelt_otherwise(plain) if self._written % _UNUSUAL == 0 else plain
        for cache in self.caches.values():
            cache.write(ids)
        for text, part in self._pieces(ids):
            yield TextArrived(text, part)
        usage = Usage(told.evaluated, told.reused, len(ids), shifted=told.shifted)
        yield Finished(StopReason.END, usage, canonical=ids == plain)

    def _read(self, prompt: Sequence[Segment]) -> Iterator[int]:
        """The prompt's ids. Texts are cut at control tokens, so that turns can be read one by one, each once."""
        turn: list[Segment] = []
        for segment in (*prompt, Segment(_OPENS)):
            if segment.text.startswith(_OPENS) and turn:
                key = tuple(turn)
                if key not in self._known:
                    self._known[key] = encode(turn, self.tokens).ids
                yield from self._known[key]
                turn = []
            turn.append(segment)

    def _pieces(self, ids: Sequence[int]) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The reply in pieces that are whole characters."""
        held: list[int] = []
        for token in ids:
            held.append(token)
            text = b"".join(map(self.tokens.piece, held)).decode("utf-8", "replace")
            if len(held) >= PIECE and "\ufffd" not in text:
                yield text, tuple(held)
                held = []
        if held:
            yield b"".join(map(self.tokens.piece, held)).decode("utf-8", "replace"), tuple(held)

    def _spelt_otherwise(self, ids: Sequence[int]) -> list[int]:
        """The same text with one word in two halves, as models sometimes sample it."""
        for place, token in enumerate(ids):
            word = self.tokens.piece(token).decode("utf-8", "replace")
            if len(word) >= _HALVED and word.isascii() and word.isalpha():
                half = len(word) // 2
                halves = [*self.tokens.tokenize(word[:half]), *self.tokens.tokenize(word[half:])]
                return [*ids[:place], *halves, *ids[place + 1 :]]
        return list(ids)
