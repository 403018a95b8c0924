"""The adapter for llama.cpp's own server, by its native API: progress while it reads, exact counts, cache numbers.

Messages are turned into text by the server's ``/apply-template``, so chat and text take the same road. Source: the
server's README and ``docs/spec/backends.md`` §5; tested against a stand-in that answers as documented.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import (
    Capabilities,
    EngineInfo,
    Event,
    Finished,
    Notice,
    PrefillProgress,
    Request,
    StopReason,
    TextArrived,
    Usage,
    Waiting,
)
from tavern_tui.engines.dialects import model_name
from tavern_tui.engines.faults import Answer, complaint, raised, refusal, refusal_in_stream
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, float_at, int_at, list_at, parse, text_at
from tavern_tui.engines.sampling_fit import wire_fields
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.streamed_reply import StreamedReply

NAME = "llama-server"
SAMPLERS = {
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "top_n_sigma": "top_n_sigma",
    "repetition_penalty": "repeat_penalty",
    "repetition_range": "repeat_last_n",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "dry_multiplier": "dry_multiplier",
    "dry_base": "dry_base",
    "dry_allowed_length": "dry_allowed_length",
    "dry_range": "dry_penalty_last_n",
    "dry_breakers": "dry_sequence_breakers",
    "xtc_threshold": "xtc_threshold",
    "xtc_probability": "xtc_probability",
}
# Temperature last; samplers that are not named do not run.
_ORDER = ("penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature")
_WHOLE_CONTEXT = -1
_POLL_SECONDS = 1.0
_COUNTING_AT_ONCE = 4
# Cut differently by most vocabularies: letters, digits, blanks, accents, an emoji, two scripts.
_SPECIMEN = "The  innkeeper's 1234 lanterns — naïve ☂ 🐉\n\tдом 家 <|im_start|></s>"


class LlamaServerEngine:
    """An ``Engine`` over llama-server. ``sleep`` is asked to wait between two looks at a server that is loading."""

    def __init__(self, link: Link, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._link = link
        self._sleep = sleep
        self._info: EngineInfo | None = None
        self._head: list[object] = []

    async def connect(self) -> EngineInfo:
        """Read properties and model. Raises ``EngineError`` (``LOADING``) while the model is not in memory."""
        props = self._checked(await self._link.get("/props"))
        item = at((await self._link.get("/v1/models")).json, "data", 0)
        path = text_at(props, "model_path")
        self._head = await self._tokens("", special=True)
        kind, size = int_at(item, "meta", "vocab_type"), int_at(item, "meta", "n_vocab")
        specimen = await self._tokens(_SPECIMEN)
        self._info = EngineInfo(
            engine=NAME,
            model=model_name(text_at(props, "model_alias") or text_at(item, "id") or path),
            address=self._link.base,
            version=text_at(props, "build_info"),
            context_tokens=int_at(props, "default_generation_settings", "n_ctx"),
            trained_tokens=int_at(item, "meta", "n_ctx_train"),
            chat_template=text_at(props, "chat_template"),
            fingerprint="llama:" + hashlib.sha256(repr((kind, size, specimen)).encode()).hexdigest()[:32],
            add_bos=bool(self._head),
            capabilities=Capabilities(
                text_completion=True,
                chat_completion=True,
                token_ids=False,  # ids are taken, but a stream leaves out those of held-back and half characters
                samplers=frozenset(SAMPLERS),
                seed=True,
                prefill=True,
            ),
            bos_token=text_at(props, "bos_token"),
            eos_token=text_at(props, "eos_token"),
        )
        return self._info

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens parsed, no BOS."""
        slots = asyncio.Semaphore(_COUNTING_AT_ONCE)

        async def one(text: str) -> int:
            async with slots:
                return len(await self._tokens(text)) if text else 0

        return list(await asyncio.gather(*(one(text) for text in texts)))

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """Stream one reply; leaving the context closes the connection, which is how this server is stopped.

        While the model is being loaded the stream says ``Waiting`` and goes on when it is there.
        """
        async with aclosing(self._events(request)) as events:
            yield events

    async def close(self) -> None:
        """Let go of connections."""
        await self._link.close()

    async def _events(self, request: Request) -> AsyncGenerator[Event, None]:
        while True:
            try:
                if self._info is None:
                    await self.connect()
                async with aclosing(self._reply(request)) as events:
                    async for event in events:
                        yield event
                return
            except EngineError as error:
                if error.fault is not EngineFault.LOADING:
                    raise
            self._info = None
            yield Waiting(messages.still_loading(NAME).plain)
            while (await self._link.get("/health")).status == 503:
                await self._sleep(_POLL_SECONDS)

    async def _reply(self, request: Request) -> AsyncGenerator[Event, None]:
        body = {
            "prompt": await self._prompt(request),
            "n_predict": request.response_tokens,
            "stream": True,
            "cache_prompt": True,
            "return_progress": True,
            "stop": list(request.stop),
            "seed": -1 if request.seed is None else request.seed,
            "samplers": list(_ORDER),
            **wire_fields(request.sampling, SAMPLERS, neutral_too=True, whole_context=_WHOLE_CONTEXT),
        }
        async with self._link.stream("/completion", body) as reply:
            if reply.answer is not None:
                self._checked(reply.answer)
                raise raised(messages.not_an_api(self._link.server), EngineFault.NOT_AN_API, self._link.server)
            reader = _Reader(self._link.server, self._link.secret, request.stop)
            async with aclosing(reader.read(reply.events)) as events:
                async for event in events:
                    yield event

    async def _prompt(self, request: Request) -> str | list[object]:
        if request.messages:
            body = {"messages": [one.as_dict() for one in request.messages]}
            rendered = self._checked(await self._link.post("/apply-template", body))
            return text_at(rendered, "prompt") + request.prefill
        ids = [segment.token_ids for segment in request.prompt]
        if ids and all(found is not None for found in ids):
            # An array is taken as it is: nothing is put in front of it.
            return [*self._head, *(token for found in ids for token in found or ())]
        return joined(request.prompt)

    async def _tokens(self, text: str, *, special: bool = False) -> list[object]:
        """Token ids of a text; ``special``: with what the server puts in front of a prompt."""
        body = {"content": text, "add_special": special, "parse_special": True}
        return list_at(self._checked(await self._link.post("/tokenize", body)), "tokens")

    def _checked(self, answer: Answer) -> object:
        """The JSON of an answer; raises ``EngineError`` where the server refused."""
        if answer.status >= 300 or answer.is_page or complaint(answer.json):
            raise refusal(self._link.server, answer, engine=NAME, key=self._link.secret)
        return answer.json


class _Reader(StreamedReply):
    """One streamed native completion. Its last event carries the numbers; an end mark without it is a broken link."""

    def __init__(self, server: str, key: str, stop: Iterable[str]) -> None:
        super().__init__(server, stop)
        self._key = key
        self._last: object = None

    @property
    def over(self) -> bool:
        """Whether the last event came."""
        return self._last is not None

    @property
    def nothing_follows(self) -> bool:
        """Whether the last event came."""
        return self.over

    def take(self, event: SseEvent) -> Iterator[Event]:
        """Progress and text of an event. Raises ``EngineError`` for an error event."""
        value = parse(event.data)
        said = complaint(value) or (complaint({"error": value}) if event.event == "error" else None)
        if said:
            raise refusal_in_stream(self.server, said, key=self._key)
        total, done = int_at(value, "prompt_progress", "total"), int_at(value, "prompt_progress", "processed")
        if total is not None and done is not None:
            yield PrefillProgress(done, total)
        if text := self.scan.feed(text_at(value, "content")):
            yield TextArrived(text)
        if at(value, "stop") is True:
            self._last = value

    def end(self) -> Iterator[Event]:
        """Why the reply ended, and its numbers."""
        if at(self._last, "truncated") is True:
            yield Notice(messages.context_shifted(NAME).plain)
        yield Finished(self._reason(), read_timings(self._last))

    def _reason(self) -> StopReason:
        kind = text_at(self._last, "stop_type")
        if self.scan.matched is not None or kind == "word" or at(self._last, "stopped_word") is True:
            return StopReason.STOP_STRING
        if kind == "limit" or at(self._last, "stopped_limit") is True:
            return StopReason.LENGTH
        return StopReason.END


def read_timings(last: object) -> Usage:
    """Token numbers and milliseconds of a native completion's last event.

    Builds without ``cache_n`` tell the whole prompt in ``tokens_evaluated``: the reused part is the difference.
    """
    evaluated, reused = int_at(last, "timings", "prompt_n"), int_at(last, "timings", "cache_n")
    whole = int_at(last, "tokens_evaluated")
    if reused is None and evaluated is not None and whole is not None:
        reused = max(0, whole - evaluated)
    return Usage(
        evaluated=evaluated,
        reused=reused,
        generated=int_at(last, "timings", "predicted_n"),
        prompt_ms=float_at(last, "timings", "prompt_ms"),
        generation_ms=float_at(last, "timings", "predicted_ms"),
    )
