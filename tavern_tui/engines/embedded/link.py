"""``Link``: a client's connection to the host, which it starts when none runs.

Several calls may run at once over one link; each is an ``Exchange``. Nothing here knows what a call means.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Waiting
from tavern_tui.engines.embedded.place import HostPlace, same_user, try_lock
from tavern_tui.engines.embedded.process import MODULE
from tavern_tui.engines.embedded.protocol import (
    FINAL,
    MAX_FRAME,
    Abort,
    Answer,
    Call,
    Hello,
    Refused,
    Stop,
    decode_answer,
    decode_hello,
    encode,
)
from tavern_tui.engines.python_child import child_command, child_environment

START_SECONDS = 60.0
"""How long a new host may take until clients can connect."""
REPLACE_SECONDS = 600.0
"""How long a host of another version may take to finish its reply."""
HELLO_SECONDS = 10.0
"""How long a host may take to answer who it is."""
_ABORT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class HostSettings:
    """How a host is started; one that runs already keeps its own. Seconds; ``llama_server`` is a path or empty.

    ``keep_after`` seconds without use what was read is put on disk; with ``forget`` nothing of chats ever is.
    """

    unload_after: float = 900.0
    leave_after: float = 3600.0
    worker: str = "auto"
    llama_server: str = ""
    keep_after: float = 300.0
    forget: bool = False

    def arguments(self) -> list[str]:
        """For the host's command line."""
        given = ["--unload-after", str(self.unload_after), "--leave-after", str(self.leave_after)]
        given += ["--keep-after", str(self.keep_after), *(["--forget"] if self.forget else [])]
        return [*given, "--worker", self.worker, "--llama-server", self.llama_server]


class Exchange:
    """One call and its answers."""

    def __init__(self, link: Link, call_id: int) -> None:
        self._link = link
        self.call_id = call_id
        self._answers: asyncio.Queue[Answer | None] = asyncio.Queue()
        self.ended = False
        self.begun = False

    def arrived(self, answer: Answer | None) -> None:
        """Take an answer from the link; ``None`` when the connection is gone."""
        self._answers.put_nowait(answer)

    async def next(self) -> Answer:
        """The next answer. Raises the host's refusal, or ``CRASHED`` when the host has gone, as ``EngineError``."""
        answer = await self._answers.get()
        if answer is None or isinstance(answer, FINAL):
            self.ended = True
        if answer is None:
            raise self._link.gone()
        if isinstance(answer, Refused):
            raise answer.error()
        self.begun = True
        return answer

    def end_reply(self, reply: int) -> None:
        """End one of the call's several replies; the others go on."""
        if not self.ended:
            self._link.send(self._link.new_id(), Abort(self.call_id, reply))

    async def end(self) -> None:
        """Abort the call unless it has ended, and wait until the host has; at most some seconds."""
        if self.ended:
            return
        self._link.send(self._link.new_id(), Abort(self.call_id))
        try:
            async with asyncio.timeout(_ABORT_SECONDS):
                while not self.ended:
                    await self.next()
        except (EngineError, TimeoutError):
            pass  # ended all the same: the host refused, or it has gone, and with it the work
        finally:
            self._link.forget(self)


class Link:
    """A connection whose hello has been read. ``Exchange`` by ``Exchange``, until the host goes or ``close``."""

    def __init__(
        self, place: HostPlace, hello: Hello, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.place = place
        self.hello = hello
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._exchanges: dict[int, Exchange] = {}
        self._why_gone: EngineError | None = None
        self._reading = asyncio.ensure_future(self._read())

    @property
    def alive(self) -> bool:
        """Whether the host can still be spoken to, as far as is known."""
        return not self._reading.done()

    def new_id(self) -> int:
        """An id for a call."""
        return next(self._ids)

    def send(self, call_id: int, call: Call) -> None:
        """Put a call on its way; a host that has gone is noticed by the reader."""
        if not self._writer.is_closing():
            self._writer.write(encode(call_id, call))

    def begin(self, call: Call) -> Exchange:
        """Send a call and get its exchange. Raises ``EngineError`` when the call is too long to be sent."""
        exchange = Exchange(self, self.new_id())
        if self.alive:
            self.send(exchange.call_id, call)
            self._exchanges[exchange.call_id] = exchange
        else:
            exchange.arrived(None)
        return exchange

    async def ask(self, call: Call) -> Answer:
        """The final answer to a call that has no events worth hearing."""
        exchange = self.begin(call)
        while not exchange.ended:
            answer = await exchange.next()
        return answer

    def forget(self, exchange: Exchange) -> None:
        """The exchange hears no more."""
        self._exchanges.pop(exchange.call_id, None)

    def gone(self) -> EngineError:
        """Why the host can be spoken to no longer."""
        return self._why_gone or EngineError(
            "The engine host ended unexpectedly.",
            fault=EngineFault.CRASHED,
            hint=f"The next reply starts it anew. Its log: {self.place.log}",
        )

    async def wait_gone(self) -> None:
        """Wait until the host has closed the connection."""
        await asyncio.wait([self._reading])

    async def close(self) -> None:
        """Close the connection; the host aborts what still runs on it."""
        self._writer.close()
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                call_id, answer = decode_answer(line)
                exchange = self._exchanges.get(call_id)
                if exchange is not None:
                    exchange.arrived(answer)
                if isinstance(answer, FINAL):
                    self._exchanges.pop(call_id, None)
        except EngineError as error:
            self._why_gone = error
        except (OSError, ValueError):
            pass  # the connection broke, or a frame had no end: either way there is no host to speak to
        finally:
            self._writer.close()
            for exchange in self._exchanges.values():
                exchange.arrived(None)
            self._exchanges.clear()


async def connect(place: HostPlace, patience: float = HELLO_SECONDS) -> Link | None:
    """A link to the running host of any version; ``None`` when none runs.

    Raises ``EngineError`` for a stranger, and for a host that does not answer within ``patience`` seconds.
    """
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_unix_connection(place.socket, limit=MAX_FRAME)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError, ConnectionResetError):
        return None
    except TimeoutError as error:
        raise _unreachable(place, "it does not answer") from error
    except OSError as error:
        raise _unreachable(place, error.strerror or "") from error
    try:
        if not same_user(writer.get_extra_info("socket")):
            raise _unreachable(place, "it belongs to another user")
        async with asyncio.timeout(patience):
            line = await reader.readline()
        if not line:
            writer.close()
            return None
        return Link(place, decode_hello(line), reader, writer)
    except (TimeoutError, ValueError) as error:
        writer.close()
        raise _unreachable(place, "it does not answer") from error
    except OSError:
        writer.close()
        return None
    except EngineError:
        writer.close()
        raise


def _unreachable(place: HostPlace, why: str) -> EngineError:
    return EngineError(
        f"The engine host cannot be reached: {why}.",
        fault=EngineFault.UNREACHABLE,
        where=str(place.socket),
        hint="`tavern-tui engine stop` ends it, then try again.",
    )


async def connect_or_start(place: HostPlace, settings: HostSettings, tell: Callable[[Waiting], None]) -> Link:
    """A link to a host of this version: the one that runs, else a new one. One of another version is replaced.

    However many do this at once, one host is started. Raises ``EngineError`` when none can be.
    """
    link = await connect(place)
    if link is not None and link.hello.ours:
        return link
    place.make()
    async with _start_lock(place):
        link = link or await connect(place)
        if link is not None and not link.hello.ours:
            await link.close()
            link = await connect(place)
        if link is not None and not link.hello.ours:
            tell(Waiting("The engine of another version finishes its reply."))
            await _replace(link)
            link = None
        if link is None:
            await _start(place, settings)
            link = await connect(place)
    if link is None:
        raise _unreachable(place, "it left at once")
    return link


async def _replace(link: Link) -> None:
    """Ask a host of another version to leave after its reply, and wait until it has."""
    link.send(link.new_id(), Stop("idle"))
    try:
        async with asyncio.timeout(REPLACE_SECONDS):
            await link.wait_gone()
    except TimeoutError as error:
        raise EngineError(
            f"An engine host of version {link.hello.version} is still at work.",
            fault=EngineFault.BUSY,
            where=str(link.place.folder),
            hint="Wait for its reply, or end it: `tavern-tui engine stop`.",
        ) from error
    finally:
        await link.close()


@asynccontextmanager
async def _start_lock(place: HostPlace) -> AsyncIterator[None]:
    """Held by one client at a time; the others wait until a host is there."""
    until = time.monotonic() + START_SECONDS + REPLACE_SECONDS
    while (lock := try_lock(place.start_lock)) is None:
        if time.monotonic() >= until:
            raise _unreachable(place, "another window has been starting it for minutes")
        await asyncio.sleep(0.05)
    try:
        yield
    finally:
        os.close(lock)


async def _start(place: HostPlace, settings: HostSettings) -> None:
    """Start a host and wait until clients can connect to it."""
    command = child_command(MODULE, "--folder", str(place.folder.absolute()))
    command += ["--cache", str(place.cache.absolute()), "--wait", str(START_SECONDS / 2), *settings.arguments()]
    said = await asyncio.to_thread(_first_line, command)
    if said != "ready":
        raise EngineError(
            said or "The engine host did not start.",
            fault=EngineFault.UNAVAILABLE,
            where=str(place.folder),
            hint=f"Its log: {place.log}",
        )


def _first_line(command: Sequence[str]) -> str:
    """Run the host's command, which detaches itself, and read the first line that the host then writes."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=child_environment(),
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        return process.stdout.readline().decode("utf-8", "replace").strip()
