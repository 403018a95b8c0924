"""``EmbeddedEngine``: the engine contract over the host, and what the commands ask of a host.

Folders and settings come in as values; the host is started when it is first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines import base
from tavern_tui.engines.embedded import protocol
from tavern_tui.engines.embedded.link import Exchange, HostSettings, Link, connect, connect_or_start
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.engines.embedded.sampling import SAMPLERS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """What to load and how. ``context_tokens`` of 0: as trained, at most 8,192. ``threads`` of 0: physical cores - 1.

    ``gpu_layers`` of -1 means all. ``replace`` unloads another model that others use, without asking. ``keep`` lets a
    reply run to its end when this program vanishes.
    """

    model: Path
    context_tokens: int = 0
    threads: int = 0
    gpu_layers: int = -1
    replace: bool = False
    keep: bool = False
    host: HostSettings = field(default_factory=HostSettings)

    def spec(self) -> protocol.ModelSpec:
        """The model as the host is asked for it."""
        path = str(self.model.absolute())
        return protocol.ModelSpec(path, self.context_tokens, self.threads, self.gpu_layers)


class EmbeddedEngine:
    """A model on this machine, in the host's process. ``watch`` hears of loading and waiting during ``connect``."""

    def __init__(
        self,
        place: HostPlace,
        settings: EmbeddedSettings,
        watch: Callable[[base.Event], None] = lambda _event: None,
    ) -> None:
        self._place = place
        self.settings = settings
        self._watch = watch
        self._link: Link | None = None
        self._linking = asyncio.Lock()

    async def connect(self) -> base.EngineInfo:
        """Start the host where none runs, load the model, and describe it."""
        call = protocol.Load(self.settings.spec(), self.settings.replace)
        return _info(await self._ask(call, protocol.ModelFacts))

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens parsed, no BOS added; not held up by a reply in progress."""
        if not texts:
            return []
        call = protocol.Count(self.settings.spec(), tuple(texts), self.settings.replace)
        return list((await self._ask(call, protocol.Counts)).tokens)

    async def tokenize(self, text: str) -> list[int]:
        """The token ids of a text, special tokens parsed, no BOS added."""
        call = protocol.Tokenize(self.settings.spec(), text, self.settings.replace)
        return list((await self._ask(call, protocol.Ids)).ids)

    async def tune(self, seconds: float = 20.0, tell: Callable[[protocol.Speed], None] | None = None) -> protocol.Tuned:
        """Measure one to all cores for ``seconds`` altogether; the host uses the best from then on.

        ``tell`` hears of each number of threads when it has been measured.
        """

        def hear(answer: protocol.Answer) -> None:
            if tell is not None and isinstance(answer, protocol.Speed):
                tell(answer)

        call = protocol.Tune(self.settings.spec(), seconds, self.settings.replace)
        return await self._ask(call, protocol.Tuned, hear)

    @asynccontextmanager
    async def generate(self, request: base.Request) -> AsyncIterator[AsyncIterator[base.Event]]:
        """Stream one reply; leaving the context has aborted it in the host."""
        events = self._events(request)
        try:
            yield events
        finally:
            await events.aclose()

    async def close(self) -> None:
        """Close the connection; the host and its model live on."""
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def _events(self, request: base.Request) -> AsyncGenerator[base.Event, None]:
        call = self._call(request)
        for attempt in (1, 2):
            link = await self._linked()
            exchange = link.begin(call)
            try:
                while not exchange.ended:
                    answer = await exchange.next()
                    if isinstance(answer, base.Event):
                        yield answer
                return
            except EngineError:
                if attempt == 2 or not _left_before(link, exchange):
                    raise
            finally:
                await exchange.end()

    def _call(self, request: base.Request) -> protocol.Generate:
        if request.messages:
            raise EngineError("The embedded engine takes a rendered prompt, not messages.", fault=EngineFault.REJECTED)
        return protocol.Generate(
            model=self.settings.spec(),
            prompt=request.prompt,
            response_tokens=request.response_tokens,
            sampling=request.sampling,
            stop=request.stop,
            seed=request.seed,
            chat=request.chat,
            replace=self.settings.replace,
            keep=self.settings.keep,
        )

    def _hear(self, answer: protocol.Answer) -> None:
        if isinstance(answer, base.Event):
            self._watch(answer)

    async def _ask(
        self, call: protocol.Call, wanted: type[T], tell: Callable[[protocol.Answer], None] | None = None
    ) -> T:
        """The final answer to a call; asked once more where the host left before it had begun."""
        for attempt in (1, 2):
            link = await self._linked()
            exchange = link.begin(call)
            try:
                while not exchange.ended:
                    answer = await exchange.next()
                    (tell or self._hear)(answer)
                if isinstance(answer, wanted):
                    return answer
                raise EngineError("The engine host gave another answer than was asked.", fault=EngineFault.REJECTED)
            except EngineError:
                if attempt == 2 or not _left_before(link, exchange):
                    raise
            finally:
                await exchange.end()
        raise link.gone()

    async def _linked(self) -> Link:
        async with self._linking:
            if self._link is None or not self._link.alive:
                self._link = await connect_or_start(self._place, self.settings.host, self._watch)
            return self._link


def _left_before(link: Link, exchange: Exchange) -> bool:
    """Whether the host left (idle, replaced) before it began with this call, which may then be asked of a new one."""
    return not link.alive and not exchange.begun


def _info(facts: protocol.ModelFacts) -> base.EngineInfo:
    capabilities = base.Capabilities(token_ids=facts.token_ids, samplers=SAMPLERS, seed=True)
    return base.EngineInfo(
        engine="embedded",
        model=facts.name,
        address=facts.path,
        version=f"{facts.worker} {facts.worker_version}".strip(),
        context_tokens=facts.context_tokens,
        trained_tokens=facts.trained_tokens or None,
        chat_template=facts.chat_template,
        fingerprint=facts.fingerprint,
        add_bos=facts.add_bos,
        device=facts.device,
        capabilities=capabilities,
    )


async def host_status(place: HostPlace) -> protocol.HostStatus | None:
    """The state of the running host, of any version; ``None`` when none runs. Starts nothing."""
    link = await connect(place)
    if link is None:
        return None
    try:
        if not link.hello.ours:
            return protocol.HostStatus(link.hello.pid, link.hello.version, link.hello.protocol, log=str(place.log))
        answer = await link.ask(protocol.Status())
        return answer if isinstance(answer, protocol.HostStatus) else None
    finally:
        await link.close()


async def stop_host(place: HostPlace, *, now: bool = True) -> bool:
    """End the running host and wait until it has gone; ``False`` when none ran. ``now`` aborts its reply."""
    link = await connect(place)
    if link is None:
        return False
    try:
        link.send(link.new_id(), protocol.Stop("now" if now else "idle"))
        await link.wait_gone()
    finally:
        await link.close()
    return True


async def tune(
    place: HostPlace,
    settings: EmbeddedSettings,
    seconds: float = 20.0,
    tell: Callable[[protocol.Speed], None] | None = None,
) -> protocol.Tuned:
    """Measure one to all cores for ``seconds`` altogether. ``settings`` names the model; the caller stores the best."""
    engine = EmbeddedEngine(place, replace(settings, threads=0))
    try:
        return await engine.tune(seconds, tell)
    finally:
        await engine.close()
