"""What the engine's cache saves: swipes side by side, a chat after a restart, and a chat of sixty turns.

Swipes are compared in the same run with the same number one after the other, and with the least that llama.cpp can be
asked for several sequences. Everything else is counted in tokens, which a busy machine does not change.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.config.settings import remember
from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Finished, Request
from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.session.events import TurnFailed, TurnSaved
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.workspace import Workspace
from tests.bench.chat_files import CHARACTER
from tests.bench.figures import Figure
from tests.bench.host_vs_raw import RawLoop
from tests.bench.replies import library, nothing_written
from tests.engines.embedded.running import end_host

SWIPES = 4
CONTEXT = 1024
PROMPT = "The dragon sleeps under the mountain while the village waits for the thaw. " * 4
LINES = (
    "What is that sound outside?",
    "Tell me of the road over the hills.",
    "I should like something warm to drink.",
    "Who built this house?",
    "And what became of them?",
    "I will sit by the fire for a while.",
    "Have you ever left this valley?",
    "Sing me something old.",
    "What do you keep behind that door?",
    "It grows late. Is the room ready?",
)
# No reply ends by itself, so that all are equally long.
ENDLESS = SamplerPreset(temperature=1.0, ban_eos=True)


class RawSequences(RawLoop):
    """Several sequences over one prompt: one batch a step, a draw for each, nothing else."""

    def speed_of(self, replies: int, tokens: int) -> float:
        """Tokens per second of ``replies`` sequences of ``tokens`` each after the prompt."""
        lib, batch = self._lib, self._batch
        memory = lib.llama_get_memory(self._context)
        lib.llama_memory_clear(memory, True)
        ids = self._ids(PROMPT)
        self._decode(ids, 0)
        samplers = [lib.llama_sampler_init_dist(seed) for seed in range(replies)]
        began = time.perf_counter()
        for sequence in range(1, replies):
            lib.llama_memory_seq_cp(memory, 0, sequence, -1, -1)
        for step in range(tokens):
            for place, sampler in enumerate(samplers):
                token = lib.llama_sampler_sample(sampler, self._context, -1 if step == 0 else place)
                batch.token[place], batch.pos[place], batch.n_seq_id[place] = token, len(ids) + step, 1
                batch.seq_id[place][0], batch.logits[place] = place, True
            batch.n_tokens = replies
            if lib.llama_decode(self._context, batch) != 0:
                raise RuntimeError("llama.cpp could not decode")
        elapsed = time.perf_counter() - began
        for sampler in samplers:
            lib.llama_sampler_free(sampler)
        return replies * tokens / elapsed


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens per second of swipes in each round: side by side, one after the other, and in the bare loop."""

    together: tuple[float, ...]
    in_turn: tuple[float, ...]
    raw: tuple[float, ...]

    def over(self, other: Sequence[float]) -> float:
        """How much faster side by side is than ``other``: the median over the rounds."""
        return statistics.median(one / two for one, two in zip(self.together, other, strict=True))


def figures_of_swipes(model: Path, rounds: int, tokens: int) -> list[Figure]:
    """The table's lines about swipes side by side."""
    pace = asyncio.run(_swiped(model, rounds, tokens))
    return [
        Figure(f"{SWIPES} swipes side by side, best round", max(pace.together), "tokens/s", 1),
        Figure(f"{SWIPES} swipes one after the other, best round", max(pace.in_turn), "tokens/s", 1),
        Figure("bare llama.cpp loop over sequences, best round", max(pace.raw), "tokens/s", 1),
        Figure("side by side over one after the other, median", pace.over(pace.in_turn), "×", 2),
        Figure("side by side over the bare loop, median", pace.over(pace.raw), "×", 2),
    ]


async def _swiped(model: Path, rounds: int, tokens: int) -> Pace:
    raw = RawSequences(model, threads=1, context=CONTEXT, sequences=SWIPES)
    found: list[tuple[float, float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        place = HostPlace(Path(folder) / "engine", Path(folder) / "cache")
        engine = EmbeddedEngine(place, EmbeddedSettings(model, context_tokens=CONTEXT, threads=1, gpu_layers=0))
        try:
            await engine.connect()
            request = Request((Segment(PROMPT),), response_tokens=tokens, sampling=ENDLESS, seed=1)
            await _written(engine, replace(request, replies=SWIPES, response_tokens=1))  # the prompt is read
            for _ in range(rounds):
                bare = raw.speed_of(SWIPES, tokens)
                together = await _written(engine, replace(request, replies=SWIPES))
                seconds = [tokens / await _written(engine, request) for _ in range(SWIPES)]
                found.append((together, SWIPES * tokens / sum(seconds), bare))
        finally:
            await engine.close()
            await end_host(place)
    together_s, in_turn_s, raw_s = zip(*found, strict=True)
    return Pace(together_s, in_turn_s, raw_s)


async def _written(engine: EmbeddedEngine, request: Request) -> float:
    """Tokens per second of all replies to a request, the reading of its prompt aside."""
    began = time.perf_counter()
    last = await _last(engine, request)
    elapsed = time.perf_counter() - began - (last.usage.prompt_ms or 0.0) / 1000
    return (last.usage.generated or 0) / elapsed


async def _last(engine: EmbeddedEngine, request: Request) -> Finished:
    async with engine.generate(request) as stream:
        events = [event async for event in stream]
    last = events[-1]
    if not isinstance(last, Finished):
        raise RuntimeError("the reply did not finish")
    return last


def figures_of_reopening(model: Path) -> list[Figure]:
    """The table's lines about a chat that is opened again after the host has gone."""
    first, again, new = asyncio.run(_reopened(model))
    return [
        Figure("a long chat, read for the first time", first, "tokens"),
        Figure("the same with a new turn, after a restart", again, "tokens", target=new + 128),
        Figure("of these new", new, "tokens"),
    ]


async def _reopened(model: Path) -> tuple[int, int, int]:
    """Tokens evaluated at first and after a restart, and how many of these are new."""
    prompt = "".join(f"Night {night}: {PROMPT}" for night in range(10))
    turn = "\nAnd what did the miller's daughter see at the well that night?"
    request = Request((Segment(prompt),), response_tokens=1, sampling=ENDLESS, chat="evening")
    evaluated: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        place = HostPlace(Path(folder) / "engine", Path(folder) / "cache")
        for asked in (request, replace(request, prompt=(Segment(prompt + turn),))):
            engine = EmbeddedEngine(place, EmbeddedSettings(model, context_tokens=CONTEXT, threads=1, gpu_layers=0))
            try:
                last = await _last(engine, asked)
                new = (await engine.count([turn]))[0]
            finally:
                await engine.close()
                await end_host(place)
            evaluated.append(last.usage.evaluated or 0)
    return evaluated[0], evaluated[1], new


def figures_of_evening(model: Path, turns: int, response_tokens: int) -> list[Figure]:
    """The table's lines about a long chat in a small context, whose history is cut again and again."""
    lines: list[Figure] = []
    for policy, shift in (("economy", True), ("economy", False), ("classic", True), ("classic", False)):
        told = asyncio.run(_evening(model, turns, response_tokens, policy, shift=shift))
        how = f"{turns} turns, {policy}, {'moving' if shift else 'not moving'}"
        lines += [Figure(f"{how}: {name}", value, "tokens") for name, value in told.items()]
    return lines


async def _evening(model: Path, turns: int, response_tokens: int, policy: str, *, shift: bool) -> dict[str, int]:
    """Tokens of all prompts together: evaluated, reused and shifted."""
    sums = dict.fromkeys(("evaluated", "reused", "shifted", "generated"), 0)
    async with library() as dirs:
        remember(dirs, "engine.context_shift", shift)
        wishes = Wishes(
            character=CHARACTER,
            model=str(model.absolute()),
            response_tokens=response_tokens,
            context_tokens=CONTEXT,
            seed=7,
        )
        session = open_session(Workspace.open(dirs=dirs), wishes)
        session.lorebooks = ()
        session.options = replace(session.options, policy=policy)
        try:
            await session.open()
            for number in range(turns):
                async for event in session.reply(LINES[number % len(LINES)]):
                    if isinstance(event, TurnFailed) and (event.kept_text or not nothing_written(event.error)):
                        raise event.error
                    if isinstance(event, TurnSaved) and event.turn.receipt is not None:
                        for name in sums:
                            sums[name] += getattr(event.turn.receipt, name) or 0
        finally:
            await session.connection.engine.close()
    return sums
