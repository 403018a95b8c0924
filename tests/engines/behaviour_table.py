"""What adapters were seen to do with a server that answers any request: the second table in ``docs/engines.md``.

Written by ``tests.engines.adapter_table``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tavern_tui.domain.errors import EngineFault
from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Engine, EngineInfo, PrefillProgress, Request, TextArrived, Usage
from tavern_tui.engines.detect import detect
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.llama_standin import LlamaStandin
from tests.engines.replies import Heard, listen
from tests.engines.standin import Standin
from tests.engines.tale_standins import tale_standins

ROUTES = ("/api/extra/generate/stream", "/completion", "/v1/completions", "/v1/chat/completions", "/api/generate")
ABORT = "/api/extra/abort"
LONG = 400
"""Tokens of a reply that is left before its end."""


def request(prompt: str, tokens: int) -> Request:
    """A reply that repeats."""
    return Request(prompt=(Segment(prompt),), response_tokens=tokens, sampling=SamplerPreset(top_k=1), seed=7)


@dataclass(frozen=True)
class Seen:
    """What an adapter did: with a short request, with one that is too long, and when it was left."""

    info: EngineInfo
    heard: Heard
    too_long: Heard
    sent_too_long: bool
    aborted_by_key: bool

    @property
    def usage(self) -> Usage:
        return self.heard.finished.usage


def _numbers(seen: Seen) -> str:
    told = {
        "read": seen.usage.evaluated,
        "reused": seen.usage.reused,
        "written": seen.usage.generated,
        "times": seen.usage.generation_ms,
    }
    return ", ".join(word for word, number in told.items() if number is not None) or "none"


def _overflow(seen: Seen) -> str:
    error = seen.too_long.error
    assert error is not None
    assert error.fault is EngineFault.OVERFLOW
    by = "refused by the server" if seen.sent_too_long else "found before it is sent"
    return f"{by}, {'with' if error.context_tokens else 'without'} numbers"


COLUMNS: Mapping[str, Callable[[Seen], str]] = {
    "while it reads": lambda seen: "progress" if _progress(seen.heard) else "silence",
    "numbers told": _numbers,
    "a prompt that is too long": _overflow,
    "is stopped by": lambda seen: "its job's key" if seen.aborted_by_key else "the closed connection",
}
"""What the table tells of an adapter, by its head."""


def _progress(heard: Heard) -> bool:
    return any(isinstance(event, PrefillProgress) for event in heard.events)


async def seen_at(server: Standin) -> Seen:
    """An adapter at work with a server that runs."""
    engine = await detect(server.base)
    try:
        info = await engine.connect()
        heard = await listen(engine, request("Once upon a time", 5))
        before = _written(server)
        too_long = await listen(engine, request("word " * 3000, 5))
        sent = _written(server) > before
        await _left(engine)
        by_key = any(one.path == ABORT for one in server.asked)
        if not by_key:
            await asyncio.wait_for(server.left.wait(), 30)
        return Seen(info, heard, too_long, sent, by_key)
    finally:
        await engine.close()


def _written(server: Standin) -> int:
    return sum(one.path in ROUTES for one in server.asked)


async def _left(engine: Engine) -> None:
    async with engine.generate(request("Once upon a time", LONG)) as events:
        async for event in events:
            if isinstance(event, TextArrived):
                return


async def behaviour_rows() -> list[str]:
    """A line for every server that there is a stand-in for which answers any request."""
    made: list[Standin] = [KoboldStandin(pause=0.001), LlamaStandin(pause=0.001)]
    made += [server() for _, server in tale_standins()]
    rows = []
    for server in made:
        async with server:
            seen = await seen_at(server)
        cells = (seen.info.engine, *(tell(seen) for tell in COLUMNS.values()))
        rows.append("| " + " | ".join(cells) + " |")
    return sorted(rows, key=str.casefold)
