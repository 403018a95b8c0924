"""Tokens per second through the engine host against a bare llama.cpp loop, in the same run on the same machine.

Run as ``python tests/bench/host_vs_raw.py MODEL.gguf``. Short rounds alternate and are compared in pairs: a busy
machine disturbs both alike. The median of the pairs counts. The budget is in ``docs/architecture.md`` §8: at least 0.95
of the bare loop. The processor time per token, which other programs disturb less, is told beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Finished, Request
from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings, host_status, stop_host
from tavern_tui.engines.embedded.place import HostPlace

PROMPT = "Once upon a time"
CONTEXT = 512


@dataclass(frozen=True, slots=True)
class Comparison:
    """Tokens per second of both in each round, and milliseconds of processor time per token (0 where nobody tells)."""

    raw: tuple[float, ...]
    host: tuple[float, ...]
    raw_cpu_ms: float
    host_cpu_ms: float

    @property
    def ratio(self) -> float:
        """The host's share of the bare loop's speed: the median over the pairs of rounds."""
        return statistics.median(host / raw for raw, host in zip(self.raw, self.host, strict=True))

    @property
    def cpu_ratio(self) -> float | None:
        """The same by processor time, the share of a token's time that the bare loop needs too."""
        return self.raw_cpu_ms / self.host_cpu_ms if self.host_cpu_ms else None


class RawLoop:
    """The least that llama.cpp can be asked: decode one token, take the likeliest, again."""

    def __init__(self, model: Path, threads: int, *, context: int = CONTEXT, sequences: int = 1) -> None:
        lib = self._lib = binding.library()
        self._model = lib.llama_model_load_from_file(str(model).encode(), lib.llama_model_default_params())
        params = lib.llama_context_default_params()
        params.n_ctx, params.n_threads, params.n_threads_batch = context, threads, threads
        params.n_seq_max, params.kv_unified = sequences, True
        self._context = lib.llama_init_from_model(self._model, params)
        self._batch = lib.llama_batch_init(context, 0, 1)

    def speed(self, tokens: int) -> float:
        """Tokens per second over ``tokens`` tokens after the prompt."""
        lib = self._lib
        lib.llama_memory_clear(lib.llama_get_memory(self._context), True)
        ids = self._ids(PROMPT)
        self._decode(ids, 0)
        sampler = lib.llama_sampler_init_greedy()
        began = time.perf_counter()
        for position in range(len(ids), len(ids) + tokens):
            self._decode([lib.llama_sampler_sample(sampler, self._context, -1)], position)
        elapsed = time.perf_counter() - began
        lib.llama_sampler_free(sampler)
        return tokens / elapsed

    def _ids(self, text: str) -> list[int]:
        raw = text.encode()
        ids = (self._lib.llama_token * (len(raw) + 8))()
        vocabulary = self._lib.llama_model_get_vocab(self._model)
        return list(ids[: self._lib.llama_tokenize(vocabulary, raw, len(raw), ids, len(ids), False, True)])

    def _decode(self, tokens: list[int], start: int) -> None:
        batch = self._batch
        for i, token in enumerate(tokens):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, start + i, 1
            batch.seq_id[i][0], batch.logits[i] = 0, i == len(tokens) - 1
        batch.n_tokens = len(tokens)
        if self._lib.llama_decode(self._context, batch) != 0:
            raise RuntimeError("llama.cpp could not decode")


async def host_speed(engine: EmbeddedEngine, tokens: int) -> float:
    """Tokens per second over the same tokens, from the first to the end of the stream as the client sees it."""
    request = Request((Segment(PROMPT),), response_tokens=tokens, sampling=SamplerPreset(temperature=0))
    async with engine.generate(request) as stream:
        began = time.perf_counter()
        async for event in stream:
            if isinstance(event, Finished):
                elapsed = time.perf_counter() - began - (event.usage.prompt_ms or 0) / 1000
                return (event.usage.generated or 0) / elapsed
    raise RuntimeError("the reply did not finish")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, from Linux's ``/proc/PID/stat`` (fields 14 and 15)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def compare(model: Path, *, tokens: int = 32, threads: int = 1, rounds: int = 16) -> Comparison:
    """So many rounds of each, one after the other, each going first in every second pair."""
    raw, bare, hosted = RawLoop(model, threads), list[float](), list[float]()
    raw_cpu = host_cpu = 0.0
    with tempfile.TemporaryDirectory() as folder:
        place = HostPlace(Path(folder) / "engine", Path(folder) / "cache")
        engine = EmbeddedEngine(place, EmbeddedSettings(model, context_tokens=CONTEXT, threads=threads, gpu_layers=0))
        try:
            await engine.connect()
            status = await host_status(place)
            host = status.pid if status else 0
            for number in range(rounds):
                for bares_turn in (True, False) if number % 2 else (False, True):
                    if bares_turn:
                        began = cpu_seconds(os.getpid())
                        bare.append(raw.speed(tokens))
                        raw_cpu += cpu_seconds(os.getpid()) - began
                    else:
                        began = cpu_seconds(host)
                        hosted.append(await host_speed(engine, tokens))
                        host_cpu += cpu_seconds(host) - began
        finally:
            await engine.close()
            await stop_host(place)
    per_token = 1000 / (tokens * rounds)
    return Comparison(tuple(bare), tuple(hosted), raw_cpu * per_token, host_cpu * per_token)


def main() -> int:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=16)
    given = parser.parse_args()
    found = asyncio.run(compare(given.model, tokens=given.tokens, threads=given.threads, rounds=given.rounds))
    print(
        f"raw loop {max(found.raw):.1f} tokens/s · host {max(found.host):.1f} tokens/s · "
        f"{found.ratio:.3f} of the raw loop (budget 0.95)"
    )
    print(f"processor time per token: raw loop {found.raw_cpu_ms:.2f} ms · host {found.host_cpu_ms:.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
