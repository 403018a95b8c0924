"""``EmbeddedEngine``: the engine contract over the host, and what the commands ask of a host.

Folders and settings come in as values; the host is started when it is first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.memory_fit import ModelShape
from tavern_tui.engines import base
from tavern_tui.engines.embedded import protocol
from tavern_tui.engines.embedded.link import HELLO_SECONDS, Exchange, HostSettings, Link, connect, connect_or_start
from tavern_tui.engines.embedded.options import USUAL, LoadOptions
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.engines.embedded.process import end_host_process, host_process, wait_gone
from tavern_tui.engines.sampling_fit import EMBEDDED_SAMPLERS

LLAMA_SERVER_WORKER = "llama-server"
"""``ModelFacts.worker`` where a llama-server stands in for the binding: it has not all that the binding has."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EmbeddedSettings:
    """What to load and how. ``threads`` of 0: physical cores - 1. ``context_tokens`` of 0: as trained, at most 8,192,
    or 16,384 with all layers on a GPU; ``context_chosen``: it has to be just that one.

    ``gpu_layers`` of -1 means all, of -2 as many as have room; ``options`` is everything else about loading. ``shape``
    is what the model's header says, without which nothing can be estimated. ``replace`` unloads another model that
    others use, without asking. ``keep`` lets a reply run to its end when this program vanishes. ``shift``
    moves up what was read where history was cut, instead of reading it again. ``title`` is what the model is called.
    """

    model: Path
    context_tokens: int = 0
    threads: int = 0
    gpu_layers: int = -1
    replace: bool = False
    keep: bool = False
    host: HostSettings = field(default_factory=HostSettings)
    shift: bool = True
    options: LoadOptions = USUAL
    shape: ModelShape | None = None
    context_chosen: bool = True
    title: str = ""

    def spec(self) -> protocol.ModelSpec:
        """The model as the host is asked for it."""
        path = str(self.model.absolute())
        return protocol.ModelSpec(
            path,
            self.context_tokens,
            self.threads,
            self.gpu_layers,
            self.options,
            self.shape,
            self.context_chosen,
            self.title,
        )


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
        self._running: list[tuple[base.Request, Exchange]] = []
        self._linking = asyncio.Lock()
        self._takes_over = False

    async def connect(self) -> base.EngineInfo:
        """Start the host where none runs, load the model, and describe it."""
        call = protocol.Load(self.settings.spec(), self.settings.replace or self._takes_over)
        facts = await self._ask(call, protocol.ModelFacts)
        self._takes_over = False
        return _info(facts, shifts=self.settings.shift)

    def take_over(self) -> None:
        """See ``base.SharedEngine``."""
        self._takes_over = True

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
        async with aclosing(self._events(request)) as events:
            yield events

    async def close(self) -> None:
        """Close the connection; the host and its model live on."""
        if self._link is not None:
            await self._link.close()
            self._link = None

    async def _events(self, request: base.Request) -> AsyncGenerator[base.Event, None]:
        async with aclosing(self._answers(self._call(request), request)) as answers:
            async for answer in answers:
                if isinstance(answer, base.Event):
                    yield answer

    def end_reply(self, request: base.Request, reply: int) -> None:
        """See ``base.ParallelEngine``."""
        for running, exchange in self._running:
            if running is request:
                exchange.end_reply(reply)

    async def _answers(
        self, call: protocol.Call, request: base.Request | None = None
    ) -> AsyncGenerator[protocol.Answer, None]:
        """The answers to a call, the final one last; asked once more where the host left before it had begun.

        Closing it has aborted the call in the host. ``request`` is what the call was made from, if it is for a reply.
        """
        for attempt in (1, 2):
            link = await self._linked()
            exchange = link.begin(call)
            running = [(request, exchange)] if request is not None else []
            self._running += running
            try:
                while not exchange.ended:
                    yield await exchange.next()
                return
            except EngineError:
                if attempt == 2 or not _left_before(link, exchange):
                    raise
            finally:
                self._running = [pair for pair in self._running if pair not in running]
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
            replies=request.replies,
            alternatives=request.alternatives,
            shift=self.settings.shift,
            banned=request.banned,
            logit_bias=request.logit_bias,
            grammar=request.grammar,
            json_schema=request.json_schema,
        )

    def _hear(self, answer: protocol.Answer) -> None:
        if isinstance(answer, base.Event):
            self._watch(answer)

    async def _ask(
        self, call: protocol.Call, wanted: type[T], tell: Callable[[protocol.Answer], None] | None = None
    ) -> T:
        """The final answer to a call; ``tell`` hears of what comes before it."""
        final: protocol.Answer | None = None
        async with aclosing(self._answers(call)) as answers:
            async for final in answers:
                (tell or self._hear)(final)
        if not isinstance(final, wanted):
            raise EngineError("The engine host gave another answer than was asked.", fault=EngineFault.REJECTED)
        return final

    async def _linked(self) -> Link:
        async with self._linking:
            if self._link is None or not self._link.alive:
                self._link = await connect_or_start(self._place, self.settings.host, self._watch)
            return self._link


def _left_before(link: Link, exchange: Exchange) -> bool:
    """Whether the host left (idle, replaced) before it began with this call, which may then be asked of a new one."""
    return not link.alive and not exchange.begun


def _info(facts: protocol.ModelFacts, *, shifts: bool = True) -> base.EngineInfo:
    capabilities = base.Capabilities(
        token_ids=facts.token_ids,
        samplers=EMBEDDED_SAMPLERS,
        seed=True,
        grammar=True,
        json_schema=True,
        logit_bias=True,
        banned=True,
        parallel=facts.parallel,
        alternatives=facts.alternatives,
        shifts=shifts and facts.worker != LLAMA_SERVER_WORKER,
        fill_in=facts.fill_in,
    )
    if facts.worker == LLAMA_SERVER_WORKER:
        from tavern_tui.engines.wire_tables import LLAMA_SERVER

        capabilities = LLAMA_SERVER.capable(capabilities)
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
        bos_token=facts.bos_token,
        eos_token=facts.eos_token,
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


async def loaded_model(place: HostPlace) -> base.EngineInfo | None:
    """The model that the running host has in memory; ``None`` where there is none. Starts and loads nothing.

    Raises ``EngineError`` where a host is there and does not answer.
    """
    status = await host_status(place)
    return _info(status.model) if status is not None and status.model is not None else None


async def stop_host(
    place: HostPlace,
    *,
    now: bool = True,
    patience: float = HELLO_SECONDS,
    tell: Callable[[str], None] = lambda _text: None,
) -> bool:
    """End the running host and wait until it has gone; ``False`` when none ran. ``now`` aborts its reply.

    With ``now``, a host that has not gone within ``patience`` seconds is killed, which ``tell`` hears in a sentence.
    Raises ``EngineError`` where there is something that cannot be ended.
    """
    try:
        link = await connect(place, patience)
    except EngineError:
        if not now or host_process(place) is None:
            raise
        return await _kill_host(place, tell)
    if link is None:
        # Without a socket it is on its way out, or was stopped there.
        return now and not await wait_gone(place, patience) and await _kill_host(place, tell)
    try:
        link.send(link.new_id(), protocol.Stop("now" if now else "idle"))
        async with asyncio.timeout(patience if now else None):
            await link.wait_gone()
    except TimeoutError:
        return await _kill_host(place, tell)
    finally:
        await link.close()
    return True


async def _kill_host(place: HostPlace, tell: Callable[[str], None]) -> bool:
    process = await end_host_process(place)
    tell(f"The engine did not answer: its process {process} was ended. What had arrived of a reply is kept.")
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
