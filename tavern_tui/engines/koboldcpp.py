"""The adapter for KoboldCpp by its own API: streams that outlive a broken link, exact counts, a head that is kept.

A reply is a ``Job`` with a key of our own (``engines.koboldcpp_job``), so that stopping it stops nobody else's.
Messages go to the server's OpenAI-compatible routes, by the engine that is handed in for that. Sources:
``docs/spec/backends.md`` §2; the program itself, 1.76, whose recorded answers the tests replay.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace

from tavern_tui.domain import job_messages, messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import (
    Capabilities,
    Engine,
    EngineInfo,
    Event,
    Finished,
    Notice,
    Request,
    TextArrived,
    Waiting,
)
from tavern_tui.engines.dialects import model_name
from tavern_tui.engines.faults import Answer, complaint, raised, refusal
from tavern_tui.engines.http import Link, StreamReply
from tavern_tui.engines.json_shape import int_at, list_at, text_at
from tavern_tui.engines.koboldcpp_job import PERF, Job, Pace
from tavern_tui.engines.koboldcpp_models import MODEL, NOTHING, Shelf
from tavern_tui.engines.koboldcpp_others import Others
from tavern_tui.engines.koboldcpp_schema import Schemas
from tavern_tui.engines.koboldcpp_stream import NAME, KoboldReader
from tavern_tui.engines.koboldcpp_versions import tells_alternatives, wire_of
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.wire_samplers import WireRequest, texts_to_encode, to_wire

VERSION = "/api/extra/version"
CONTEXT = "/api/extra/true_max_context_length"
ADVERTISED_CONTEXT = "/api/v1/config/max_context_length"
PROPS = "/props"
TOKENS = "/api/extra/tokencount"
STREAM = "/api/extra/generate/stream"

_COUNTING_AT_ONCE = 4
_MOST_ALTERNATIVES = 5
_ROOM = 16
"""Tokens of context that KoboldCpp leaves to a prompt and to a reply at the least."""
# Cut differently by most vocabularies: letters, digits, blanks, accents, an emoji, two scripts.
_ABOVE, _BELOW = "The  innkeeper's 1234 lanterns — naïve ☂ 🐉\n", "Two дом 家 <|im_start|></s>"


class KoboldCppEngine:
    """An ``Engine`` over KoboldCpp from 1.49 on. ``chat`` takes requests with messages; without it there are none.

    ``model`` is the one to have, of those in the server's admin folder; empty for whichever is loaded.
    """

    def __init__(
        self,
        link: Link,
        *,
        version: str = "",
        chat: Engine | None = None,
        pace: Pace | None = None,
        model: str = "",
    ) -> None:
        self._link = link
        self._version = version
        self._chat = chat
        self._schemas = Schemas(link)
        self._alternatives = 0
        self._pace = pace or Pace()
        self._wire = wire_of(version)
        self._info: EngineInfo | None = None
        self._put_in_front = 0
        self._others = Others(link, self._pace)
        self._shelf = Shelf(link, model, self._pace)
        self._adds_bos = False
        self._keeps_head = False
        self._told: set[tuple[str, str]] = set()
        self._left: Job | None = None
        """A job that could not be stopped when it was left: KoboldCpp may still work on it."""

    async def connect(self) -> EngineInfo:
        """Read model, version and context. Raises ``EngineError``: ``NO_MODEL`` where none is loaded."""
        model = await self._shelf.with_wanted(text_at(self._checked(await self._link.get(MODEL)), "result"))
        told, context, props = await asyncio.gather(*map(self._link.get, (VERSION, CONTEXT, PROPS)))
        if model == NOTHING:
            raise raised(messages.no_such_model(self._link.server), EngineFault.NO_MODEL, self._link.server)
        self._version = text_at(told.json, "version") or self._version
        self._wire = wire_of(self._version)
        size = int_at(context.json, "value") if context.status < 300 else None
        if size is None:
            size = int_at((await self._link.get(ADVERTISED_CONTEXT)).json, "value")
        fingerprint = await self._learn_to_count()
        self._alternatives = _MOST_ALTERNATIVES if tells_alternatives(self._version) else 0
        can = Capabilities(
            chat_completion=self._chat is not None,
            prefill=False,
            recovers=True,
            alternatives=self._alternatives,
            # Its context shift, which is on unless somebody switched it off; that is not told.
            shifts=True,
            one_gap=True,
        )
        # Builds without alternatives are older than the conversion of schemas, too.
        schema = bool(self._alternatives) and await self._schemas.understood(self._version)
        self._info = EngineInfo(
            engine=NAME,
            model=model_name(model),
            address=self._link.base,
            version=self._version,
            context_tokens=size,
            chat_template=text_at(props.json, "chat_template") if props.status < 300 else "",
            fingerprint=fingerprint,
            add_bos=self._adds_bos,
            capabilities=replace(self._wire.capable(can), json_schema=schema),
        )
        return self._info

    def only_look(self) -> None:
        """See ``offered.LoadsWanted``."""
        self._shelf = Shelf(self._link, "", self._pace)

    async def models(self) -> list[OfferedModel]:
        """The loaded model, and those of its admin folder. Raises ``EngineError``."""
        named, context = await asyncio.gather(self._link.get(MODEL), self._link.get(CONTEXT))
        told = text_at(self._checked(named), "result")
        size = int_at(context.json, "value") if context.status < 300 else None
        loaded = [] if told == NOTHING else [OfferedModel(model_name(told), size, loaded=True)]
        return [*loaded, *await self._shelf.others(*(one.id for one in loaded))]

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens parsed, no BOS."""
        if self._info is None:
            await self.connect()
        slots = asyncio.Semaphore(_COUNTING_AT_ONCE)

        async def one(text: str) -> int:
            async with slots:
                return await self._counted(text)

        return list(await asyncio.gather(*(one(text) for text in texts)))

    async def tokens(self, text: str) -> tuple[int, ...]:
        """Token ids of a text, without a BOS; empty on builds that tell numbers only."""
        _, ids = await self._tokenised(text)
        return ids[self._put_in_front :]

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """Stream one reply; leaving the context stops our job on the server, and no other.

        While others are served first, and while the rest of a reply is asked for after a broken link, the stream says
        ``Waiting``.
        """
        async with aclosing(self._chatted(request) if request.messages else self._events(request)) as events:
            yield events

    async def stop_other(self) -> bool:
        """See ``base.CrowdedEngine``. Possible while nobody stands in KoboldCpp's queue, us included."""
        return await self._others.stop()

    async def close(self) -> None:
        """Let go of connections."""
        await self._link.close()
        if self._chat is not None:
            await self._chat.close()

    async def _chatted(self, request: Request) -> AsyncGenerator[Event, None]:
        if self._chat is None:
            raise raised(messages.takes_text_only(NAME), EngineFault.REJECTED, self._link.server)
        info = self._info or await self.connect()
        said = "\n".join(one.content for one in request.messages)
        if (context := info.context_tokens) is not None and _may_be_longer(said, request.response_tokens, context):
            self._see_that_it_fits(await self._counted(said), context)
        request = await self._schemas.followed(request)
        async with self._chat.generate(request) as events:
            async for event in events:
                yield event

    async def _events(self, request: Request) -> AsyncGenerator[Event, None]:
        info = self._info or await self.connect()
        if self._left is not None:
            await self._left.abort()
            self._left = None
        request = await self._schemas.followed(request)
        wired = await self._wired(request, info)
        for text in wired.notices:
            if (info.model, text) not in self._told:
                self._told.add((info.model, text))
                yield Notice(text)
        length = int_at(wired.fields, self._wire.length) or request.response_tokens
        job = Job(self._link, f"tavern-{secrets.token_hex(8)}", length, self._pace)
        kept = request.head if self._keeps_head and request.head < len(request.prompt) else 0
        head, prompt = joined(request.prompt[:kept]), joined(request.prompt[kept:])
        body = {"prompt": prompt, "genkey": job.key, "trim_stop": True, "quiet": True, **wired.fields}
        body |= {"render_special": True} if request.tags else {}
        body |= {"logprobs": True} if min(request.alternatives, self._alternatives) > 0 else {}
        if head:
            body["memory"] = head
        async with aclosing(self._others.waited_for()) as waiting:
            async for place in waiting:
                yield place
        async with aclosing(self._reply(job, body, request)) as events, self._others.ours():
            async for event in events:
                yield event

    async def _reply(self, job: Job, body: dict[str, object], request: Request) -> AsyncGenerator[Event, None]:
        ended = False
        async with AsyncExitStack() as stack:
            opened: list[StreamReply] = []
            try:
                async with aclosing(self._opened(stack, body, opened)) as waiting:
                    async for place in waiting:
                        yield place
                (reply,) = opened
                if reply.answer is not None:
                    ended = True
                    self._checked(reply.answer)
                    raise raised(messages.not_an_api(self._link.server), EngineFault.NOT_AN_API, self._link.server)
                reader = KoboldReader(self._link.server, request.stop, self._link.secret)
                async with aclosing(job.events(reply.events)) as stream, aclosing(reader.read(stream)) as events:
                    text = ""
                    async for event in events:
                        ended = ended or (isinstance(event, Finished) and job.over)
                        text += event.text if isinstance(event, TextArrived) else ""
                        yield await self._with_choices(event, job, text, request)
            finally:
                if not ended:
                    await self._stop(job)

    async def _with_choices(self, event: Event, job: Job, text: str, request: Request) -> Event:
        """The end of a reply with what was likely at each token of its ``text``, where that was asked for."""
        most = min(request.alternatives, self._alternatives)
        if not isinstance(event, Finished) or most <= 0:
            return event
        return replace(event, alternatives=await job.choices(text, most))

    async def _opened(
        self, stack: AsyncExitStack, body: dict[str, object], into: list[StreamReply]
    ) -> AsyncGenerator[Waiting, None]:
        """Ask for a reply and put it ``into`` the list; until our turn comes, say so. KoboldCpp answers at our turn."""
        opening = asyncio.ensure_future(stack.enter_async_context(self._link.stream(STREAM, body)))
        told = 0
        try:
            while not (await asyncio.wait({opening}, timeout=self._pace.queue))[0]:
                place = await self._place()
                if place and (told == 0 or place < told):
                    told = place
                    yield Waiting(job_messages.queued(NAME, place).plain, place)
            into.append(opening.result())
        finally:
            if not opening.done():
                opening.cancel()
                await asyncio.wait({opening})

    async def _place(self) -> int:
        """Our place among those that wait, 0 where nobody does. Who came after us counts at first."""
        try:
            perf = (await self._link.get(PERF)).json
        except EngineError:
            return 0
        return (int_at(perf, "queue") or 0) if int_at(perf, "idle") == 0 else 0

    async def _stop(self, job: Job) -> None:
        """Stop a job that is left; where KoboldCpp cannot be reached it is stopped before the next one begins."""
        self._left = job
        try:
            async with asyncio.timeout(self._pace.goodbye):
                await job.abort()
                self._left = None
        except (EngineError, TimeoutError):
            pass

    async def _wired(self, request: Request, info: EngineInfo) -> WireRequest:
        """Everything of the request but the prompt, with a reply no longer than there is room for.

        KoboldCpp cuts a prompt that is too long without a word. Raises ``EngineError`` (``OVERFLOW``) instead.
        """
        ids = {text: await self.tokens(text) for text in texts_to_encode(request, self._wire)}
        wired = to_wire(request, self._wire, engine=NAME, context_tokens=info.context_tokens, bias_ids=ids)
        whole, length, context = joined(request.prompt), self._wire.length, info.context_tokens
        if context is None or not _may_be_longer(whole, request.response_tokens, context):
            return wired
        size = await self._counted(whole) + info.add_bos
        self._see_that_it_fits(size, context)
        wired.fields[length] = min(context - size, int_at(wired.fields, length) or context)
        return wired

    def _see_that_it_fits(self, size: int, context: int) -> None:
        """Raises ``EngineError`` (``OVERFLOW``) for a prompt that leaves no room for a reply."""
        server, room = self._link.server, context - _ROOM
        if size > room:
            wording = messages.overflow(server, size, room)
            raise raised(wording, EngineFault.OVERFLOW, server, prompt_tokens=size, context_tokens=room)

    async def _counted(self, text: str) -> int:
        """Tokens of a text. Builds that count no further than 50,000 say 0: those count it in halves."""
        if not text:
            return 0
        value, _ = await self._tokenised(text)
        if value == 0 and len(text) > 1:
            middle = text.rfind("\n", 1, len(text) // 2) + 1 or len(text) // 2
            return await self._counted(text[:middle]) + await self._counted(text[middle:])
        return max(0, value - self._put_in_front)

    async def _learn_to_count(self) -> str:
        """Find out which vocabulary this is (its fingerprint), and, where it is another, how it is counted with.

        KoboldCpp tokenises ``memory`` and prompt apart: where a text in two parts has other tokens than the whole
        (the second gets a blank in front, in some vocabularies), all of a prompt has to stay together.
        """
        _, whole = await self._tokenised(_ABOVE + _BELOW)
        fingerprint = f"koboldcpp:{hashlib.sha256(repr(whole).encode()).hexdigest()[:32]}" if whole else ""
        if fingerprint and self._info is not None and self._info.fingerprint == fingerprint:
            return fingerprint
        head, (self._put_in_front, _) = await asyncio.gather(self._tokenised("", special=True), self._tokenised(""))
        above, below = await asyncio.gather(self.tokens(_ABOVE), self.tokens(_BELOW))
        self._adds_bos = head[0] > 0
        self._keeps_head = bool(whole) and above + below == whole[self._put_in_front :]
        return fingerprint

    async def _tokenised(self, text: str, *, special: bool = False) -> tuple[int, tuple[int, ...]]:
        """Number and ids of a text's tokens; ``special``: with a BOS in front, where the model has one."""
        told = self._checked(await self._link.post(TOKENS, {"prompt": text, "special": special}))
        ids = tuple(one for one in list_at(told, "ids") if isinstance(one, int))
        value = int_at(told, "value")
        if value is None:
            raise raised(messages.server_broke(self._link.server), EngineFault.CRASHED, self._link.server)
        return value, ids

    def _checked(self, answer: Answer) -> object:
        """The JSON of an answer; raises ``EngineError`` where the server refused."""
        if answer.status >= 300 or answer.is_page or complaint(answer.json):
            raise refusal(self._link.server, answer, engine=NAME, key=self._link.secret)
        return answer.json


def _may_be_longer(text: str, response_tokens: int, context: int) -> bool:
    """Whether a text and its reply may take more than the context: no text has more tokens than bytes."""
    return len(text.encode("utf-8", "replace")) + response_tokens >= context
