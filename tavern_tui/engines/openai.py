"""The adapter for OpenAI-compatible servers and services: chat and text completion, streamed.

What the kinds of servers differ in is the table of ``engines.dialects``; reading a stream is ``engines.openai_stream``.
Sources: OpenAI's API reference and ``docs/spec/backends.md`` §4, §14, §15.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import Capabilities, EngineInfo, Event, Notice, Request
from tavern_tui.engines.counting import EncodingCounter
from tavern_tui.engines.dialects import GENERIC, Dialect, Place, Prefill, model_name
from tavern_tui.engines.faults import Answer, complaint, overflows, raised, refusal
from tavern_tui.engines.http import Link, StreamReply
from tavern_tui.engines.json_shape import at, int_at, list_at, text_at
from tavern_tui.engines.openai_stream import ReplyReader
from tavern_tui.engines.sampling_fit import fit, wire_fields
from tavern_tui.engines.sse import SseEvent

_COUNTING_AT_ONCE = 4
_MOST_BANNED = 48  # KoboldCpp passes over further ones
_ESSENTIAL = frozenset({"model", "messages", "prompt", "stream"})
_UNTOLD = frozenset({"stream_options"})  # left out without a word: the user loses nothing
# Where the item of /v1/models tells the loaded context: vLLM, OpenRouter, Groq, text-generation-webui, llama-server.
_CONTEXT_KEYS = (
    ("max_model_len",),
    ("context_length",),
    ("context_window",),
    ("max_context_length",),
    ("meta", "n_ctx"),
)


class OpenAIEngine:
    """An ``Engine`` over an OpenAI-compatible API. ``model`` is the id to ask for, empty for the first one offered.

    A parameter that the server names in a refusal is left out for that model from then on; the user is told once.
    """

    def __init__(self, link: Link, dialect: Dialect = GENERIC, *, model: str = "", version: str = "") -> None:
        self._link = link
        self._dialect = dialect
        self._wanted = model
        self._version = version
        self._model = model
        self._info: EngineInfo | None = None
        self._uncounted: int | None = None
        self._encoding: EncodingCounter | None = None
        self._dropped: dict[str, set[str]] = {}
        self._told: set[tuple[str, str]] = set()

    async def connect(self) -> EngineInfo:
        """Read the list of models and what the server tells about the chosen one."""
        offered = await self._offered()
        item = self._choose(offered)
        self._model = text_at(item, "id")
        context = next((found for keys in _CONTEXT_KEYS if (found := int_at(item, *keys))), None)
        if self._dialect.context:
            context = int_at(await self._told_at(self._dialect.context)) or context
        template = await self._told_at(self._dialect.template) if self._dialect.template else ""
        await self._learn_to_count()
        self._info = EngineInfo(
            engine=self._name,
            model=model_name(self._model),
            address=self._link.base,
            version=self._version,
            context_tokens=context,
            trained_tokens=int_at(item, "meta", "n_ctx_train"),
            chat_template=template if isinstance(template, str) else "",
            capabilities=await self._capabilities(),
        )
        return self._info

    async def models(self) -> list[str]:
        """The ids of the models that the server offers."""
        return [text_at(item, "id") for item in await self._offered()]

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

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """Stream one reply; leaving the context closes the connection, which ends the work on the server."""
        async with aclosing(self._events(request)) as events:
            yield events

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
        path, body, notices = self._prepare(request, info)
        for text in notices:
            if (self._model, text) not in self._told:
                self._told.add((self._model, text))
                yield Notice(text)
        while True:
            async with self._link.stream(path, body) as reply:
                refused = (
                    reply.answer if reply.answer and (reply.answer.status >= 300 or reply.answer.is_page) else None
                )
                if refused is None:
                    async with aclosing(self._read(reply, request, path, body)) as events:
                        async for event in events:
                            yield event
                    return
            name = self._unwanted(refused, body)
            if not name:
                raise self._refusal(refused)
            body = self._without(body, name)
            if name not in _UNTOLD:
                yield Notice(messages.parameter_dropped(self._link.server, name).plain)

    async def _read(
        self, reply: StreamReply, request: Request, path: str, body: Mapping[str, object]
    ) -> AsyncGenerator[Event, None]:
        reader = ReplyReader(
            self._link.server,
            request.stop,
            model=self._model,
            key=self._link.secret,
            true_usage=self._dialect.true_usage,
        )
        stream = _whole(reply.answer) if reply.answer else reply.events
        try:
            async with aclosing(reader.read(stream)) as events:
                async for event in events:
                    yield event
        except EngineError as error:
            if error.fault is EngineFault.BROKEN_STREAM and reader.silent and not self._dialect.hosted:
                await self._ask_why(path, body)
            raise

    async def _ask_why(self, path: str, body: Mapping[str, object]) -> None:
        """Raise what the server says to the same request without streaming.

        llama-cpp-python meets a prompt that is too long only after it has answered 200, and ends the stream silently.
        """
        whole = {k: v for k, v in body.items() if k not in ("stream", "stream_options")} | {"max_tokens": 1}
        answer = await self._link.post(path, whole)
        if answer.status >= 300 or complaint(answer.json):
            raise self._refusal(answer)

    def _prepare(self, request: Request, info: EngineInfo) -> tuple[str, dict[str, object], list[str]]:
        """Path, body and notices of a request."""
        fitted = fit(request.sampling, info.capabilities.samplers, self._name, hosted=self._dialect.hosted)
        notices = list(fitted.notices)
        body: dict[str, object] = {"model": self._model, "stream": True, "max_tokens": request.response_tokens}
        if self._dialect.true_usage:
            body["stream_options"] = {"include_usage": True}
        body |= wire_fields(
            fitted.preset,
            self._dialect.samplers,
            neutral_too=not self._dialect.hosted,
            whole_context=info.context_tokens or 32_768,
        )
        if request.stop:
            body["stop"] = list(request.stop[: self._dialect.stop_limit or None])
        if request.banned and self._dialect.banned:
            body[self._dialect.banned] = list(request.banned[:_MOST_BANNED])
        if request.seed is not None and self._dialect.seed:
            body["seed"] = request.seed
        if request.messages:
            if not info.capabilities.chat_completion:
                raise raised(messages.takes_text_only(self._name), EngineFault.REJECTED, self._link.server)
            body["messages"] = [one.as_dict() for one in request.messages]
            notices += self._add_prefill(body, request.prefill)
            path = "/chat/completions"
        else:
            if not info.capabilities.text_completion:
                raise raised(messages.takes_messages_only(self._name), EngineFault.REJECTED, self._link.server)
            body["prompt"] = joined(request.prompt)
            path = "/completions"
        for name in self._dropped.get(self._model, ()):
            body = self._without(body, name)
        return self._dialect.root + path, body, notices

    def _add_prefill(self, body: dict[str, object], prefill: str) -> list[str]:
        if not prefill:
            return []
        last: dict[str, object] = {"role": "assistant", "content": prefill}
        match self._dialect.prefill:
            case Prefill.NONE:
                return [messages.prefill_left_out(self._name).plain]
            case Prefill.RESPONSE_PREFIX:
                body["response_prefix"] = prefill
                return []
            case Prefill.CONTINUE_FINAL:
                body |= {"add_generation_prompt": False, "continue_final_message": True}
            case Prefill.PREFIX_FLAG:
                last["prefix"] = True
            case Prefill.LAST_MESSAGE:
                pass
        body["messages"] = [*list_at(body, "messages"), last]
        return []

    def _unwanted(self, answer: Answer, body: Mapping[str, object]) -> str:
        """The name of the parameter that a refusal is about, empty where it names none that can be left out."""
        said = complaint(answer.json)
        if said is None or answer.status not in (400, 422) or overflows(said):
            return ""
        candidates = sorted(set(body) - _ESSENTIAL, key=len, reverse=True)
        if said.parameter in candidates:
            return said.parameter
        for name in candidates:
            if re.search(rf"(?:['\"`“]|(?:parameter|field|argument)s?:? ){name}(?!\w)", said.message):
                return name
        return ""

    def _without(self, body: Mapping[str, object], name: str) -> dict[str, object]:
        """``body`` without a parameter, from now on; a length that is only called otherwise is kept."""
        self._dropped.setdefault(self._model, set()).add(name)
        rest = {key: value for key, value in body.items() if key != name}
        if name == "max_tokens" and "max_completion_tokens" not in self._dropped[self._model]:
            rest["max_completion_tokens"] = body[name]
        return rest

    def _refusal(self, answer: Answer) -> EngineError:
        return refusal(self._link.server, answer, engine=self._name, model=self._model, key=self._link.secret)

    async def _offered(self) -> list[object]:
        answer = await self._link.get(self._dialect.root + "/models")
        if answer.status >= 300 or answer.is_page or (complaint(answer.json) and not list_at(answer.json, "data")):
            raise self._refusal(answer)
        items = list_at(answer.json, "data") or list_at(answer.json)
        return [item for item in items if text_at(item, "id")]

    def _choose(self, offered: Sequence[object]) -> object:
        if self._wanted:
            return next((item for item in offered if text_at(item, "id") == self._wanted), {"id": self._wanted})
        server = self._link.server
        if not offered:
            raise raised(messages.no_such_model(server), EngineFault.NO_MODEL, server)
        if self._dialect.hosted and len(offered) > 1:
            raise raised(messages.choose_model(server, len(offered)), EngineFault.NO_MODEL, server)
        return offered[0]

    async def _told_at(self, place: Place) -> object:
        answer = await self._link.get(place.path)
        return at(answer.json, *place.keys) if answer.status < 300 else None

    async def _capabilities(self) -> Capabilities:
        text = self._dialect.text_completion
        if text is None:
            text = (await self._link.get(self._dialect.root + "/completions")).status == 405
        return Capabilities(
            text_completion=text,
            chat_completion=self._dialect.chat_completion,
            exact_count=self._encoding is None or await self._encoding.exact(),
            samplers=frozenset(self._dialect.samplers),
            stop_limit=0,
            seed=self._dialect.seed,
            prefill=self._dialect.prefill is not Prefill.NONE,
            hosted=self._dialect.hosted,
        )

    async def _learn_to_count(self) -> None:
        """Find out what an empty text counts (a BOS token, on some servers), or that the server does not count."""
        self._uncounted = await self._counted("") if self._dialect.counter else None
        before = self._encoding
        if self._uncounted is not None:
            self._encoding = None
        elif before is None or before.model != self._model:
            self._encoding = EncodingCounter(self._model)
        if before is not None and before is not self._encoding:
            await before.close()

    async def _counted(self, text: str) -> int | None:
        """The server's count of a text, ``None`` where it gives none."""
        counter = self._dialect.counter
        if counter is None:
            return None
        body = {**counter.extra, counter.text_field: text}
        if counter.names_model:
            body["model"] = self._model
        answer = await self._link.post(counter.path, body)
        if answer.status >= 300:
            return None
        found = at(answer.json, *counter.keys)
        return len(found) if isinstance(found, list) else int_at(found)


async def _whole(answer: Answer) -> AsyncIterator[SseEvent]:
    """An answer that came in one piece although a stream was asked for, as a stream of one event."""
    yield SseEvent(answer.body)
