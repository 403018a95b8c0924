"""The adapter for OpenAI-compatible servers and services: chat and text completion, streamed.

What the kinds of servers differ in is their ``Dialect``; what is sent is made by ``engines.openai_body``, what comes
is read by ``engines.openai_stream``. Sources: OpenAI's API reference and ``docs/spec/backends.md`` §4, §14, §15.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from tavern_tui.domain import engine_messages, messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Capabilities, EngineInfo, Event, Notice, Request
from tavern_tui.engines.counting import EncodingCounter
from tavern_tui.engines.dialects import Dialect, Prefill, Roles, model_name
from tavern_tui.engines.faults import Answer, complaint, raised, refusal
from tavern_tui.engines.http import Link, StreamReply
from tavern_tui.engines.json_shape import at, int_at, list_at
from tavern_tui.engines.learning import Memory
from tavern_tui.engines.offered import OfferedModel, chosen
from tavern_tui.engines.openai_body import UNTOLD, Body, Learned, body_for, unwanted, wants_turns, wire_for, without
from tavern_tui.engines.openai_empty import Doubts, told_when_silent
from tavern_tui.engines.openai_models import looked_at, offered, told
from tavern_tui.engines.openai_parallel import ParallelReader
from tavern_tui.engines.openai_stream import ReplyReader
from tavern_tui.engines.openai_suffix import reads_suffix
from tavern_tui.engines.servers.generic import DIALECT as GENERIC
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.wire_samplers import texts_to_encode

_COUNTING_AT_ONCE = 4


class OpenAIEngine:
    """An ``Engine`` over an OpenAI-compatible API. ``model`` is the one to ask for, empty for the one that is loaded.

    A parameter that the server names in a refusal is left out for that model from then on; the user is told once.
    """

    def __init__(self, link: Link, dialect: Dialect = GENERIC, *, model: str = "", version: str = "") -> None:
        self._link = link
        self._dialect = dialect
        self._wanted = model
        self._version = version
        self._model = OfferedModel(model)
        self._info: EngineInfo | None = None
        self._uncounted: int | None = None
        self._encoding: EncodingCounter | None = None
        self._learned: dict[str, Learned] = {}
        self._memory: Memory | None = None
        self._several: dict[int, ParallelReader] = {}
        self._told: set[tuple[str, str]] = set()
        self._suffix: dict[str, bool] = {}

    async def connect(self) -> EngineInfo:
        """Read the list of models and what the server tells about the chosen one."""
        before = self._model.id if self._dialect.loads_named else ""
        offers = await self.models()
        model = chosen(offers, self._wanted, self._link.server, before=before, hosted=self._dialect.hosted)
        self._model = model = await looked_at(self._link, self._dialect, model)
        if self._dialect.version is not None:
            said = await told(self._link, self._dialect.version.path, *self._dialect.version.keys)
            self._version = said if isinstance(said, str) else self._version
        await self._learn_to_count()
        self._info = EngineInfo(
            engine=self._name,
            model=model_name(model.id),
            address=self._link.base,
            version=self._version,
            context_tokens=model.context_tokens,
            trained_tokens=model.trained_tokens,
            chat_template=model.chat_template,
            capabilities=await self._capabilities(),
        )
        return self._info

    async def models(self) -> list[OfferedModel]:
        """The models that the server offers. Raises ``EngineError``."""
        found = await offered(self._link, self._dialect)
        if isinstance(found, Answer):
            raise self._refusal(found)
        return found

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the server's tokenizer, else by a published encoding, else estimated.

        ``Capabilities.exact_count`` tells whether they are the model's own.
        """
        if self._info is None:
            await self.connect()
        if self._encoding is not None:
            return await self._encoding.count(texts)
        slots = asyncio.Semaphore(_COUNTING_AT_ONCE)

        async def one(text: str) -> int:
            async with slots:
                found = await self._counted(text)
            if found is None:
                raise raised(messages.server_broke(self._link.server), EngineFault.REJECTED, self._link.server)
            return max(0, found - (self._uncounted or 0))

        return list(await asyncio.gather(*(one(text) for text in texts)))

    def remember_in(self, memory: Memory) -> None:
        """Use what ``memory`` has of a model from the next request on, and keep there what is learned."""
        self._memory = memory

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """Stream one reply; leaving the context closes the connection, which ends the work on the server."""
        async with aclosing(self._events(request)) as events:
            yield events

    def end_reply(self, request: Request, reply: int) -> None:
        """See ``base.ParallelEngine``. The server writes it to its end all the same; nothing of it is heard."""
        if (reader := self._several.get(id(request))) is not None:
            reader.end_reply(reply)

    async def takes_suffix(self) -> bool:
        """See ``base.SuffixEngine``."""
        dialect, model = self._dialect, self._model.id
        if not (dialect.suffix and dialect.true_usage and self._info and self._info.capabilities.text_completion):
            return False
        if model not in self._suffix:
            path, fields = dialect.root + "/completions", {"model": model, **dialect.extra}
            self._suffix[model] = await reads_suffix(self._link, path, fields, dialect.wire.length)
        return self._suffix[model]

    async def close(self) -> None:
        """Let go of connections, and of what counted in the server's place."""
        await self._link.close()
        if self._encoding is not None:
            await self._encoding.close()

    @property
    def _name(self) -> str:
        return self._link.server if self._dialect.hosted else self._dialect.name

    async def _events(self, request: Request) -> AsyncGenerator[Event, None]:
        info = self._info or await self.connect()
        model, learned = self._model, await self._limits()
        ids = await self._bias_ids(request, model)
        body = body_for(request, self._dialect, model, info, learned, ids)
        for text in body.notices:
            if (model.id, text) not in self._told:
                self._told.add((model.id, text))
                yield Notice(text)
        while True:
            async with self._link.stream(body.path, body.value) as reply:
                refused = _refused(reply)
                if refused is None:
                    async with aclosing(self._read(reply, request, body)) as events:
                        async for event in events:
                            yield event
                    return
            if request.messages and wants_turns(refused) and learned.roles is not Roles.ALTERNATING:
                learned.roles = Roles.ALTERNATING
                await self._keep(learned)
                body = body_for(request, self._dialect, model, info, learned, ids)
                yield Notice(engine_messages.roles_arranged(self._link.server).plain)
                continue
            name = unwanted(refused, body.value)
            if not name:
                raise self._refusal(refused)
            body, before = Body(body.path, without(body.value, name, learned)), body
            await self._keep(learned)
            renamed = len(body.value) == len(before.value)  # a length under its newer name: the user loses nothing
            if name not in UNTOLD and not renamed:
                yield Notice(messages.parameter_dropped(self._link.server, name).plain)

    async def _limits(self) -> Learned:
        """What is known of the chosen model's limits, from this life or an earlier one."""
        name = self._model.id
        if name not in self._learned:
            told = await self._memory.recall(self._server, name) if self._memory else ""
            self._learned[name] = Learned.read(told)
        return self._learned[name]

    async def _keep(self, learned: Learned) -> None:
        if self._memory is not None:
            await self._memory.keep(self._server, self._model.id, str(learned))

    @property
    def _server(self) -> str:
        """The server as memories know it: another version of it may take what this one does not."""
        return f"{self._link.base} {self._version}".strip()

    async def _read(self, reply: StreamReply, request: Request, body: Body) -> AsyncGenerator[Event, None]:
        reader = self._reader(request, body)
        stream = _whole(reply.answer) if reply.answer else reply.events
        forced, length = self._dialect.forced, self._dialect.wire.length
        doubts = Doubts(self._link, self._link.server, forced, length, self.count)
        try:
            async with aclosing(reader.read(stream)) as events:
                async for event in told_when_silent(events, body, doubts) if forced else events:
                    yield event
        except EngineError as error:
            if error.fault is EngineFault.BROKEN_STREAM and reader.silent and not self._dialect.hosted:
                await self._ask_why(body)
            raise
        finally:
            self._several.pop(id(request), None)

    def _reader(self, request: Request, body: Body) -> ReplyReader | ParallelReader:
        """What reads the replies of a request."""
        alternatives = self._info.capabilities.alternatives if self._info else 0

        def one() -> ReplyReader:
            return ReplyReader(
                self._link.server,
                request.stop,
                model=self._model.id,
                key=self._link.secret,
                true_usage=self._dialect.true_usage,
                alternatives=min(request.alternatives, alternatives),
            )

        several = int_at(body.value, "n") or 1
        if several == 1:
            return one()
        self._several[id(request)] = reader = ParallelReader(one, several)
        return reader

    async def _ask_why(self, body: Body) -> None:
        """Raise what the server says to the same request without streaming.

        llama-cpp-python meets a prompt that is too long only after it has answered 200, and ends the stream silently.
        """
        whole = {k: v for k, v in body.value.items() if k not in ("stream", "stream_options")}
        answer = await self._link.post(body.path, whole | {self._dialect.wire.length: 1})
        if answer.status >= 300 or complaint(answer.json):
            raise self._refusal(answer)

    def _refusal(self, answer: Answer) -> EngineError:
        return refusal(self._link.server, answer, engine=self._name, model=self._model.id, key=self._link.secret)

    async def _capabilities(self) -> Capabilities:
        text = self._dialect.text_completion
        if text is None:
            text = (await self._link.get(self._dialect.root + "/completions")).status == 405
        model = self._model
        alternatives = self._dialect.logprobs
        if model.accepts is not None and "top_logprobs" not in model.accepts:
            alternatives = 0
        return wire_for(self._dialect, model).capable(
            Capabilities(
                text_completion=text,
                chat_completion=self._dialect.chat_completion,
                exact_count=self._encoding is None or await self._encoding.exact(),
                prefill=self._dialect.prefill is not Prefill.NONE,
                hosted=self._dialect.hosted,
                alternatives=alternatives,
                parallel=self._dialect.parallel,
                thinking=self._dialect.thinking is not None,
            )
        )

    async def _learn_to_count(self) -> None:
        """Find out what an empty text counts (a BOS token, on some servers), or that the server does not count."""
        self._uncounted = await self._counted("") if self._dialect.counter else None
        before = self._encoding
        if self._uncounted is not None:
            self._encoding = None
        elif before is None or before.model != self._model.id:
            self._encoding = EncodingCounter(self._model.id)
        if before is not None and before is not self._encoding:
            await before.close()

    async def _counted(self, text: str) -> int | None:
        """The server's count of a text, ``None`` where it gives none."""
        counter = self._dialect.counter
        found = at(await self._tokenized(text), *counter.keys) if counter else None
        return len(found) if isinstance(found, list) else int_at(found)

    async def _bias_ids(self, request: Request, model: OfferedModel) -> Mapping[str, tuple[int, ...]]:
        """The token ids of the texts that are to be likelier or less likely, as far as the server tells them."""
        counter = self._dialect.counter
        if counter is None or not counter.ids:
            return {}
        found = {}
        for text in texts_to_encode(request, wire_for(self._dialect, model)):
            ids = list_at(await self._tokenized(text), *counter.ids)
            found[text] = tuple(one for one in ids[self._uncounted or 0 :] if isinstance(one, int))
        return found

    async def _tokenized(self, text: str) -> object:
        """What the server's tokenizer says of a text, ``None`` where it refuses."""
        counter = self._dialect.counter
        if counter is None:
            return None
        body = {**counter.extra, counter.text_field: text}
        if counter.names_model:
            body["model"] = self._model.id
        answer = await self._link.post(counter.path, body)
        return answer.json if answer.status < 300 else None


def _refused(reply: StreamReply) -> Answer | None:
    """The answer that is no reply, ``None`` where it is one."""
    answer = reply.answer
    return answer if answer and (answer.status >= 300 or answer.is_page) else None


async def _whole(answer: Answer) -> AsyncIterator[SseEvent]:
    """An answer that came in one piece although a stream was asked for, as a stream of one event."""
    yield SseEvent(answer.body)
