"""What the engine reads again: a first reply, a swipe, the next turn and a continuation on the starter model.

Everything is real: the session, the embedded engine's host in a process of its own, llama.cpp on one thread. And how
long a whole ``tavern-tui say`` takes, with the engine started for it and with one that is warm.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.settings import remember
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError
from tavern_tui.engines.base import Engine
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.session.events import PrefillProgress, PromptBuilt, SessionEvent, TurnFailed, TurnSaved
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tests.bench.chat_files import CHARACTER
from tests.bench.figures import PROGRAM, Figure, environment
from tests.engines.embedded.running import end_host

SLACK = 2
"""Tokens above the user's turn and its markup that the next turn may read (``docs/architecture.md`` §8)."""


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """One reply's tokens; evaluated and reused as the engine told them before it began to read.

    ``bound`` is the most that the engine may evaluate, ``None`` for a first reply. It counts what the prompt has after
    the last character that the engine had read or written already: the user's turn, markup, and the reply's tail from
    where clean-up changed it. ``generated`` is ``None`` where the receipt does not tell; 0: the model ended at once.
    """

    what: str
    evaluated: int
    reused: int
    generated: int | None
    bound: int | None


class Recorder:
    """Makes replies in a session and remembers what the engine has seen by then."""

    def __init__(self, session: ChatSession) -> None:
        self._session = session
        self._seen = ""
        self.replies: list[ReadAgain] = []

    async def make(self, what: str, stream: AsyncGenerator[SessionEvent, None], bound: int | None = None) -> None:
        """Take one reply to its end. Without a ``bound`` it is what is new in the prompt, and ``SLACK``."""
        prompt, prefill = "", ""
        saved: Turn | None = None
        read: PrefillProgress | None = None
        async for event in stream:
            match event:
                case PromptBuilt(plan=plan):
                    prompt, prefill = plan.text, plan.prefill
                case PrefillProgress():
                    read = read or event
                case TurnSaved(turn=turn):
                    saved = turn
                case TurnFailed(error=error, kept_text=kept):
                    if read is None or kept or not nothing_written(error):
                        raise error
                case _:
                    pass
        if read is None or (saved is not None and saved.receipt is None):
            raise RuntimeError(f"{what}: the engine did not tell what it read")
        if self._seen and bound is None:
            bound = await new_tokens(self._session.connection.engine, self._seen, prompt) + SLACK
        generated = saved.receipt.generated if saved is not None and saved.receipt is not None else 0
        self.replies.append(ReadAgain(what, read.total - read.done, read.done, generated, bound))
        self._seen = prompt + (written(saved, prefill) if saved is not None else "")


def nothing_written(error: TavernError) -> bool:
    """Whether the model read the prompt and ended its reply at once, as a small one may where a reply is complete."""
    return isinstance(error, EngineError) and error.fault is EngineFault.REJECTED


def written(turn: Turn, prefill: str) -> str:
    """What the model itself wrote of a turn: its raw text after the beginning that the prompt gave."""
    return turn.source_text.removeprefix(prefill)


async def new_tokens(engine: Engine, seen: str, prompt: str) -> int:
    """Tokens of ``prompt`` behind its common beginning with ``seen``."""
    pairs = enumerate(zip(seen, prompt, strict=False))
    common = next((at for at, (one, other) in pairs if one != other), min(len(seen), len(prompt)))
    return (await engine.count([prompt[common:]]))[0]


def prepared(home: Path) -> Directories:
    """An empty library in ``home`` whose engine has one thread, and leaves soon if this process is killed."""
    dirs = directories({"TAVERN_HOME": str(home)})
    dirs.config.mkdir(parents=True, exist_ok=True)
    remember(dirs, "engine.threads", 1)
    remember(dirs, "engine.gpu_layers", 0)
    remember(dirs, "engine.idle_minutes", 1.0)
    return dirs


@asynccontextmanager
async def library() -> AsyncIterator[Directories]:
    """A library of its own whose engine host has ended when the context is left."""
    with tempfile.TemporaryDirectory() as name:
        dirs = prepared(Path(name))
        try:
            yield dirs
        finally:
            await end_host(HostPlace(dirs.engine, dirs.cache))


async def read_again(model: Path, response_tokens: int = 60) -> list[ReadAgain]:
    """A short talk with a sample character: what each kind of reply had to read.

    Without lore: an entry that fires for the first time changes the beginning of the prompt.
    """
    async with library() as dirs:
        wishes = Wishes(character=CHARACTER, model=str(model.absolute()), response_tokens=response_tokens, seed=7)
        session = open_session(Workspace.open(dirs=dirs), wishes)
        session.lorebooks = ()
        try:
            await session.open()
            recorder = Recorder(session)
            await recorder.make("first reply", session.reply("Is there a room left, and something warm to eat?"))
            await recorder.make("swipe", session.swipe(), bound=1)
            await recorder.make("next turn", session.reply("I came on foot over the hills. What is that sound?"))
            await recorder.make("continue", session.continue_reply())
            await recorder.make("turn after a continuation", session.reply("Then let us look together."))
        finally:
            await session.connection.engine.close()
        return recorder.replies


def figures_of_reading(model: Path, response_tokens: int) -> list[Figure]:
    """The table's lines about what is read again."""
    lines: list[Figure] = []
    for reply in asyncio.run(read_again(model, response_tokens)):
        lines += [
            Figure(f"{reply.what}: evaluated", reply.evaluated, "tokens", target=reply.bound),
            Figure(f"{reply.what}: reused", reply.reused, "tokens"),
            Figure(f"{reply.what}: generated", reply.generated, "tokens"),
        ]
    return lines


def figures_of_say(model: Path, response_tokens: int) -> list[Figure]:
    """The table's lines about a whole ``tavern-tui say``."""
    return asyncio.run(_said(model, response_tokens))


async def _said(model: Path, response_tokens: int) -> list[Figure]:
    async with library() as dirs:
        lines: list[Figure] = []
        talk = (("engine started for it", "Good evening."), ("warm engine", "Is there a room left?"))
        for when, text in talk:
            command = [str(PROGRAM), "say", CHARACTER, text, "--json", "--seed", "7", "--model", str(model)]
            command += ["--length", str(response_tokens)]
            wall, cpu, reply = await asyncio.to_thread(_run, command, dirs.data)
            times = (reply["prompt_ms"], reply["generation_ms"])
            engine = None if None in times else sum(times) / 1000
            lines += [
                Figure(f"say, {when}: whole", wall, "s", 2),
                Figure(f"say, {when}: of that the engine's", engine, "s", 2),
                Figure(f"say, {when}: the command itself", cpu, "CPU-s", 2),
                Figure(f"say, {when}: evaluated", reply["evaluated"], "tokens"),
                Figure(f"say, {when}: generated", reply["generated"], "tokens"),
                Figure(f"say, {when}: speed", reply["tokens_per_second"], "tokens/s", 1),
            ]
        return lines


def _run(command: list[str], home: Path) -> tuple[float, float, dict[str, Any]]:
    """Run ``command``: wall seconds, processor seconds of it alone, and the JSON that it printed."""
    began = time.perf_counter()
    # To a file: a pipe would stay open for as long as the engine host, if that ever took it along.
    with (home / "said.json").open("w+b") as out:
        with subprocess.Popen(command, cwd=home, env=environment(home), stdout=out, stderr=subprocess.DEVNULL) as child:
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        out.seek(0)
        printed = out.read()
    if child.returncode != 0:
        raise RuntimeError(f"say ended with {child.returncode}: {printed.decode()}")
    reply: dict[str, Any] = json.loads(printed)
    return wall, used.ru_utime + used.ru_stime, reply
