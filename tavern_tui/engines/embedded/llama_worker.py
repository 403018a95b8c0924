"""``LlamaWorker``: one thread that calls llama.cpp, seen from asyncio.

Counting and tokenising do not wait for a reply: between two decodes the thread does what was put in meanwhile.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Finished, LoadProgress, Notice
from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.cores import best_threads, physical_cores
from tavern_tui.engines.embedded.llama import LlamaModel
from tavern_tui.engines.embedded.loading import Loaded
from tavern_tui.engines.embedded.parking_disk import StateFolder, state_key
from tavern_tui.engines.embedded.protocol import Answer, Generate, ModelFacts, ModelSpec, Speed, Tuned
from tavern_tui.engines.embedded.worker import Emit

T = TypeVar("T")


class LlamaWorker:
    """The worker of ``worker.Worker`` that computes in this process.

    ``states`` is the folder for what outlives it; ``None``: nothing does.
    """

    name = "llama.cpp in the host"

    def __init__(self, states: Path | None = None) -> None:
        binding.library()
        self._states = states
        self._ended: set[int] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="llama")
        self._flag = binding.Flag()
        self._small: deque[Callable[[], None]] = deque()
        self._model: LlamaModel | None = None

    async def load(self, spec: ModelSpec, emit: Emit) -> ModelFacts:
        """See ``Worker``."""
        self._flag.put_down()
        later = _on_loop(emit)

        def load() -> ModelFacts:
            self._free()
            last = -1.0

            def progress(fraction: float) -> None:
                nonlocal last
                if fraction - last >= 0.01 or fraction >= 1:
                    last = fraction
                    later(LoadProgress(fraction))

            self._model = LlamaModel(spec, self._flag, progress, disk=self._disk)
            return self._model.facts

        facts = await self._run(load)
        for note in facts.notes:
            emit(Notice(note))
        return facts

    async def unload(self) -> None:
        """See ``Worker``."""
        await self._run(self._free)

    async def count(self, texts: Sequence[str]) -> tuple[int, ...]:
        """See ``Worker``."""
        return await self._between(lambda: tuple(len(self._loaded().vocabulary.tokenize(text)) for text in texts))

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """See ``Worker``."""
        return await self._between(lambda: tuple(self._loaded().vocabulary.tokenize(text)))

    async def generate(self, work: Generate, emit: Emit) -> Finished:
        """See ``Worker``."""
        self._flag.put_down()
        self._ended = ended = set[int]()
        later = _on_loop(emit)
        return await self._run(lambda: self._loaded().generate(work, later, self._do_small, ended))

    def end_reply(self, reply: int) -> None:
        """See ``Worker``."""
        self._ended.add(reply)

    async def keep(self) -> None:
        """See ``Worker``."""
        await self._run(lambda: self._model.keep() if self._model is not None else None)

    async def tune(self, seconds: float, emit: Emit) -> Tuned:
        """See ``Worker``."""
        self._flag.put_down()
        most = physical_cores()
        speeds: list[Speed] = []
        for threads in range(1, most + 1):
            speed = await self._run(partial(self._loaded().speed, threads, seconds / most))
            if self._flag.raised:
                break
            speeds.append(speed)
            emit(speed)
        best = best_threads(speeds) or self._loaded().threads
        await self._run(lambda: self._loaded().use_threads(best))
        return Tuned(tuple(speeds), best)

    def abort(self) -> None:
        """See ``Worker``."""
        self._flag.put_up()

    def devices(self) -> tuple[str, ...]:
        """See ``Worker``."""
        return binding.devices()

    async def close(self) -> None:
        """See ``Worker``."""
        self._flag.put_up()
        await self.unload()
        self._thread.shutdown(wait=False)

    def _loaded(self) -> LlamaModel:
        if self._model is None:
            raise EngineError("No model is loaded.", fault=EngineFault.NO_MODEL)
        return self._model

    def _free(self) -> None:
        if self._model is not None:
            self._model.keep()
            self._model.close()
            self._model = None

    def _disk(self, loaded: Loaded) -> StateFolder | None:
        """What keeps the loaded model's caches on disk; ``None`` where they are not to be kept."""
        if self._states is None:
            return None
        build = f"{binding.binding_version()} {binding.library_bytes()}"
        try:
            key = state_key(Path(loaded.facts.path), settings=loaded.state_settings, build=build)
        except OSError:
            return None
        return StateFolder(self._states, key)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _between(self, work: Callable[[], T]) -> T:
        """Run small work in the thread: at once when it is free, else between two decodes."""
        future: Future[T] = Future()

        def settle() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(work())
            except EngineError as error:
                future.set_exception(error)

        self._small.append(settle)
        self._thread.submit(self._do_small)
        return await asyncio.wrap_future(future)

    def _do_small(self) -> None:
        while self._small:
            self._small.popleft()()


def _on_loop(emit: Emit) -> Emit:
    """``emit`` as the thread may call it."""
    loop = asyncio.get_running_loop()

    def later(event: Answer) -> None:
        loop.call_soon_threadsafe(emit, event)

    return later
