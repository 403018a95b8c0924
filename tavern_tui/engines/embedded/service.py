"""``Host``: what the engine host does once its process runs: guests, their turns, and the model that is kept.

It serves clients over a Unix socket (``docs/engine-host.md``), one reply at a time, keeps the model until it has been
idle for a while, and leaves when it has been idle for longer. How its process begins is in ``host``; what computes is
a ``worker``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui import __version__
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.loading_messages import another_in_use, settings_in_use
from tavern_tui.engines import base
from tavern_tui.engines.embedded import protocol
from tavern_tui.engines.embedded.guest import Guest
from tavern_tui.engines.embedded.line import Line
from tavern_tui.engines.embedded.place import HostPlace, same_user
from tavern_tui.engines.embedded.worker import DEFAULT_CONTEXT, Emit, Worker

LATELY = 600.0
"""Seconds for which a connected client that used a model is asked before the model is replaced for another."""
_LOOK_ROUND = 30.0
_GOODBYE = 2.0


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds without use after which the model is unloaded, and after which the host leaves.

    ``keep`` is when what was read for the last chat is put on disk, so that little is lost to a crash or a power cut.
    ``stuck`` is how long work may go on after it was told to end: code in C that never comes back would keep everybody
    waiting.
    """

    unload: float
    leave: float
    keep: float = 300.0
    stuck: float = 300.0


@dataclass(slots=True)
class _Running:
    """The call that has its turn."""

    guest: Guest
    call_id: int
    aborted: bool = False


class Host:
    """One host: a place, a worker made when it is first needed, and the guests of the moment."""

    def __init__(self, place: HostPlace, make_worker: Callable[[], Worker], patience: Patience) -> None:
        self._place = place
        self._make_worker = make_worker
        self._patience = patience
        self._line = Line()
        self._guests: set[Guest] = set()
        self._welcomed: set[asyncio.Task[None]] = set()
        self._worker: Worker | None = None
        self._facts: protocol.ModelFacts | None = None
        self._spec: protocol.ModelSpec | None = None
        self._running: _Running | None = None
        self._began = self._used_at = self._kept_at = time.monotonic()
        self._leaving = False
        self._used = asyncio.Event()
        self._over = asyncio.Event()

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until stopped or idle for long. ``ready`` is called when clients can connect.

        The caller holds the place's life lock, so a socket that is there is nobody's.
        """
        path = self._place.socket
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._welcome, path, limit=protocol.MAX_FRAME)
        rest = asyncio.ensure_future(self._rest(path, path.stat().st_ino))
        ready()
        try:
            await self._over.wait()
        finally:
            rest.cancel()
            server.close()
            path.unlink(missing_ok=True)
            if self._worker is not None:
                await self._worker.close()
            for guest in self._guests:
                guest.close()
            if self._welcomed:
                await asyncio.wait(self._welcomed, timeout=_GOODBYE)

    def stop(self, when: str = "now") -> None:
        """Leave: ``idle`` after the replies in progress and in line, ``now`` by aborting them."""
        self._leaving = True
        self._place.socket.unlink(missing_ok=True)
        if when == "now":
            for guest in list(self._guests):
                for call_id, (call, _) in list(guest.calls.items()):
                    if _works(call):
                        self._abort(guest, call_id, None)
        task = asyncio.ensure_future(self._leave())
        task.add_done_callback(lambda _: self._over.set())

    async def _leave(self) -> None:
        while tasks := [task for guest in self._guests for call, task in guest.calls.values() if _works(call)]:
            await asyncio.wait(tasks)
            await asyncio.sleep(0)

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._entertain(reader, writer))
        self._welcomed.add(task)
        task.add_done_callback(self._welcomed.discard)

    async def _entertain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._leaving or not same_user(writer.get_extra_info("socket")):
            writer.close()
            return
        guest = Guest(reader, writer)
        self._guests.add(guest)
        writer.write(protocol.encode_hello(protocol.Hello(pid=os.getpid())))
        try:
            await guest.serve(self._perform, self._abort)
        finally:
            if any(guest.calls.values()):
                await asyncio.wait([task for _, task in guest.calls.values()])
            self._guests.discard(guest)

    async def _perform(self, guest: Guest, call_id: int, call: protocol.Call, emit: Emit) -> protocol.Final:
        if self._leaving and _works(call):
            guest.close()
            raise EngineError("The engine host is leaving.", fault=EngineFault.UNAVAILABLE)
        if isinstance(call, protocol.Status):
            return self._status(guest)
        if isinstance(call, protocol.Stop):
            self.stop(call.when)
            return protocol.Done()
        self._used_at = time.monotonic()
        if isinstance(call, protocol.Count | protocol.Tokenize) and self._has(call.model):
            return await self._tokens(call)
        if isinstance(call, protocol.Load) and self._facts is not None and self._suits(guest, call.model):
            guest.model, guest.used_at = call.model.path, self._used_at
            return self._facts
        async with self._turn(guest, call_id, call, emit):
            return await self._work(call, emit)

    async def _work(self, call: protocol.Call, emit: Emit) -> protocol.Final:
        """What a call does when it has its turn and its model is loaded."""
        if isinstance(call, protocol.Unload):
            await self._unload()
            return protocol.Done()
        if self._worker is None or self._facts is None:
            raise EngineError("No model is loaded.", fault=EngineFault.NO_MODEL)
        if isinstance(call, protocol.Generate):
            return await self._worker.generate(call, emit)
        if isinstance(call, protocol.Tune):
            return self._tuned(await self._worker.tune(call.seconds, emit))
        if isinstance(call, protocol.Count | protocol.Tokenize):
            return await self._tokens(call)
        return self._facts

    async def _tokens(self, call: protocol.Count | protocol.Tokenize) -> protocol.Final:
        if self._worker is None:
            raise EngineError("No model is loaded.", fault=EngineFault.NO_MODEL)
        if isinstance(call, protocol.Count):
            return protocol.Counts(await self._worker.count(call.texts))
        return protocol.Ids(await self._worker.tokenize(call.text))

    @asynccontextmanager
    async def _turn(self, guest: Guest, call_id: int, call: protocol.Call, emit: Emit) -> AsyncIterator[None]:
        """The call's turn in the line, with its model loaded."""
        self._ask_others(guest, call)
        async with self._line.turn(lambda place: emit(base.Waiting(self._why(), place))):
            running = self._running = _Running(guest, call_id)
            try:
                await self._load_for(guest, call, emit)
                if running.aborted:
                    raise EngineError("The request was withdrawn.", fault=EngineFault.REJECTED)
                yield
            except EngineError as error:
                if error.fault is EngineFault.CRASHED:
                    self._facts = self._spec = None  # what crashed is loaded anew for the next call
                raise
            finally:
                self._running = None
                self._used_at = guest.used_at = time.monotonic()
                self._used.set()

    def _why(self) -> str:
        name = self._facts.name if self._facts else "The engine"
        return f"{name} is busy with another reply."

    def _abort(self, guest: Guest, call_id: int, reply: int | None) -> None:
        """End a call, or one ``reply`` of it: the one that has its turn through the worker.

        One that waits is taken out of the line; of its replies none can be ended yet.
        """
        running = self._running
        if running is not None and (running.guest, running.call_id) == (guest, call_id):
            if reply is not None:
                if self._worker is not None:
                    self._worker.end_reply(reply)
                return
            running.aborted = True
            if self._worker is not None:
                self._worker.abort()
                asyncio.get_running_loop().call_later(self._patience.stuck, self._end_stuck, running)
        elif call_id in guest.calls and reply is None:
            guest.calls[call_id][1].cancel()

    def _end_stuck(self, running: _Running) -> None:
        """End this process where the work that was aborted still goes on; whoever asks next starts another."""
        if self._running is running:
            sys.stderr.write("Work that was told to end did not: the host ends itself.\n")
            os._exit(1)

    def _has(self, spec: protocol.ModelSpec) -> bool:
        return self._facts is not None and self._facts.path == spec.path

    async def _load_for(self, guest: Guest, call: protocol.Call, emit: Emit) -> None:
        if not isinstance(call, _MODEL_CALLS):
            return
        self._ask_others(guest, call)
        guest.model = call.model.path
        if self._suits(guest, call.model):
            return
        if self._worker is None:
            self._worker = self._make_worker()
        self._facts = self._spec = None
        self._facts = await self._worker.load(call.model, emit)
        self._spec = call.model

    def _suits(self, guest: Guest, wanted: protocol.ModelSpec) -> bool:
        """Whether what is loaded will do: as asked, or near enough where others use it too."""
        if self._spec is None or self._facts is None or self._spec == wanted:
            return self._spec is not None
        least = wanted.context_tokens or min(DEFAULT_CONTEXT, self._facts.trained_tokens or DEFAULT_CONTEXT)
        if not wanted.context_chosen and self._spec == replace(wanted, context_tokens=self._spec.context_tokens):
            return least <= self._facts.context_tokens
        enough = wanted.context_tokens <= self._facts.context_tokens
        return self._spec.serves(wanted) and enough and bool(self._others(guest))

    def _others(self, guest: Guest) -> list[Guest]:
        """Other connected clients that used the loaded model lately, or are using it."""
        if self._facts is None:
            return []
        since = time.monotonic() - LATELY
        users = [other for other in self._guests - {guest} if other.model == self._facts.path]
        return [user for user in users if user.used_at >= since or _at_work(user)]

    def _ask_others(self, guest: Guest, call: protocol.Call) -> None:
        """Refuse a call for another model than the one that others use, unless it says to replace it.

        The same file loaded otherwise is another model, too.
        """
        if not isinstance(call, _MODEL_CALLS) or call.replace or self._facts is None:
            return
        if self._suits(guest, call.model) or not self._others(guest):
            return
        asked = another_in_use(self._facts.name, call.model.name)
        if self._has(call.model):
            asked = settings_in_use(self._facts.name)
        raise EngineError(asked.title, fault=EngineFault.IN_USE, where=self._facts.path, hint=asked.hint)

    def _tuned(self, tuned: protocol.Tuned) -> protocol.Tuned:
        """From now on the model counts as loaded with the best number of threads."""
        if self._facts is not None and self._spec is not None:
            self._facts = replace(self._facts, threads=tuned.best)
            self._spec = replace(self._spec, threads=tuned.best)
        return tuned

    async def _unload(self) -> None:
        self._facts = self._spec = None
        if self._worker is not None:
            await self._worker.unload()

    async def _keep(self) -> None:
        """Let the worker keep what it has read; nothing is kept twice for the same use."""
        async with self._line.turn(lambda _: None):
            self._kept_at = self._used_at
            if self._worker is not None and self._facts is not None:
                await self._worker.keep()

    def _status(self, asker: Guest) -> protocol.HostStatus:
        now = time.monotonic()
        idle = 0.0 if self._line.busy else now - self._used_at
        return protocol.HostStatus(
            pid=os.getpid(),
            version=__version__,
            protocol=protocol.PROTOCOL,
            worker=self._worker.name if self._worker else "",
            devices=self._worker.devices() if self._worker else (),
            model=self._facts,
            busy=self._line.busy,
            waiting=self._line.waiting,
            clients=len(self._guests - {asker}),
            up_seconds=now - self._began,
            unload_in=max(0.0, self._patience.unload - idle) if self._facts else None,
            exit_in=max(0.0, self._patience.leave - idle),
            log=str(self._place.log),
        )

    async def _rest(self, path: Path, inode: int) -> None:
        """Unload when idle, leave when idle for long or when the socket is gone, so that nobody can come any more."""
        while True:
            idle = time.monotonic() - self._used_at
            if not self._line.busy:
                if self._facts is not None and self._kept_at != self._used_at and idle >= self._patience.keep:
                    await self._keep()
                    continue
                if self._facts is not None and idle >= self._patience.unload:
                    async with self._line.turn(lambda _: None):
                        await self._unload()
                    continue
                if idle >= self._patience.leave or not _is(path, inode):
                    self.stop("idle")
                    return
            due = self._patience.unload if self._facts else self._patience.leave
            if self._facts and self._kept_at != self._used_at:
                due = min(due, self._patience.keep)
            seconds = 1.0 if self._line.busy else min(_LOOK_ROUND, max(0.05, due - idle))
            self._used.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._used.wait()


_MODEL_CALLS = (protocol.Load, protocol.Count, protocol.Tokenize, protocol.Generate, protocol.Tune)


def _works(call: protocol.Call) -> bool:
    return isinstance(call, _MODEL_CALLS)


def _at_work(guest: Guest) -> bool:
    return any(_works(call) for call, _ in guest.calls.values())


def _is(path: Path, inode: int) -> bool:
    try:
        return path.stat().st_ino == inode
    except OSError:
        return False
