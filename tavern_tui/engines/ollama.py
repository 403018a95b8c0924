"""The adapter for Ollama, by its own API: only there a finished prompt can be sent and the context be set.

Ollama cuts a prompt that is too long without a word, so every request names the context that the prompt was planned
for, and what cannot fit is not sent. It has no tokenizer to ask: counts are estimates, and are said to be. Source: its
``docs/api.md`` and ``docs/spec/backends.md`` §9; tested against a stand-in that answers as documented.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import FillIn, joined
from tavern_tui.domain.thinking import Thinking
from tavern_tui.engines.base import (
    Capabilities,
    EngineInfo,
    Event,
    Finished,
    Notice,
    ReasoningArrived,
    Request,
    StopReason,
    Usage,
)
from tavern_tui.engines.counting import EncodingCounter
from tavern_tui.engines.faults import Answer, complaint, raised, refusal, refusal_in_stream
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, float_at, int_at, list_at, parse, text_at
from tavern_tui.engines.offered import OfferedModel, chosen
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.streamed_reply import StreamedReply
from tavern_tui.engines.thinking_switch import think_field
from tavern_tui.engines.wire_samplers import to_wire
from tavern_tui.engines.wire_tables import OLLAMA

NAME = "Ollama"
ASKED_CONTEXT = 8192
"""Tokens that are asked for where nobody has set a context: Ollama's own 2,048 or 4,096 is little for roleplay."""

_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,8})\s*$", re.MULTILINE)
_GAP = re.compile(
    r"(?:\}\}|\A)[ \n]*([^{}\n]{1,60})\{\{-?\s*\.Prompt\s*-?\}\}"
    r"([^{}\n]{1,60})\{\{-?\s*\.Suffix\s*-?\}\}([^{}\n]{1,60})"
)
_MS = 1e-6  # a nanosecond


class OllamaEngine:
    """An ``Engine`` over Ollama. ``model`` is the one to ask for, empty for the one that is loaded, else the first."""

    def __init__(self, link: Link, *, model: str = "", version: str = "") -> None:
        self._link = link
        self._wanted = model
        self._version = version
        self._model = model
        self._info: EngineInfo | None = None
        self._counter: EncodingCounter | None = None

    async def connect(self) -> EngineInfo:
        """Read which models are there and loaded, and what is told of the chosen one."""
        model = chosen(await self.models(), self._wanted, self._link.server, before=self._model)
        facts = self._checked(await self._link.post("/api/show", {"model": model.id, "name": model.id}))
        had = self._info.context_tokens if self._info and self._model == model.id else None
        self._model = model.id
        trained = _trained(facts)
        set_by_user = _NUM_CTX.search(text_at(facts, "parameters"))
        context = model.context_tokens or had or (int(set_by_user[1]) if set_by_user else ASKED_CONTEXT)
        if self._counter is None:
            self._counter = EncodingCounter(model.id)
        self._info = EngineInfo(
            engine=NAME,
            model=model.id.removesuffix(":latest"),
            address=self._link.base,
            version=self._version,
            context_tokens=min(context, trained or context),
            trained_tokens=trained,
            capabilities=OLLAMA.capable(
                Capabilities(
                    text_completion=True,
                    chat_completion=True,
                    exact_count=False,
                    prefill=True,
                    thinking=True,
                    fill_in=_fill_in(text_at(facts, "template")),
                )
            ),
        )
        return self._info

    async def models(self) -> list[OfferedModel]:
        """The installed models, those in memory with the context that they were loaded with."""
        installed, loaded = await asyncio.gather(self._link.get("/api/tags"), self._link.get("/api/ps"))
        running = {text_at(item, "name"): item for item in list_at(loaded.json, "models")}
        items = list_at(self._checked(installed), "models")
        names = [name for item in items if (name := text_at(item, "name"))]
        return [
            OfferedModel(name, int_at(running.get(name), "context_length"), loaded=name in running) for name in names
        ]

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text as another model's encoding counts them, with a margin."""
        if self._counter is None:
            await self.connect()
        assert self._counter is not None
        return await self._counter.count(texts)

    @asynccontextmanager
    async def generate(self, request: Request) -> AsyncIterator[AsyncIterator[Event]]:
        """Stream one reply; leaving the context closes the connection, which ends the work on the server."""
        async with aclosing(self._events(request)) as events:
            yield events

    async def close(self) -> None:
        """Let go of connections, and of what counts."""
        await self._link.close()
        if self._counter is not None:
            await self._counter.close()

    async def _events(self, request: Request) -> AsyncGenerator[Event, None]:
        info = self._info or await self.connect()
        await self._see_that_it_fits(request, info)
        sampling = to_wire(request, OLLAMA, engine=NAME, context_tokens=info.context_tokens)
        for text in sampling.notices:
            yield Notice(text)
        body: dict[str, object] = {"model": self._model, "stream": True, **sampling.fields}
        if request.messages:
            prefill = [{"role": "assistant", "content": request.prefill}] if request.prefill else []
            turns = [{"role": one.role.value, "content": one.content} for one in request.messages]
            path, body["messages"] = "/api/chat", [*turns, *prefill]
            body |= think_field(request.think or Thinking.ON)
        else:
            path = "/api/generate"
            body |= {"prompt": joined(request.prompt), "raw": True}
        async with self._link.stream(path, body) as reply:
            if reply.answer is not None:
                self._checked(reply.answer)
                raise raised(messages.not_an_api(self._link.server), EngineFault.NOT_AN_API, self._link.server)
            reader = OllamaReply(self._link.server, self._link.secret, request.stop, self._model, info.context_tokens)
            async with aclosing(reader.read(reply.events)) as events:
                async for event in events:
                    yield event

    async def _see_that_it_fits(self, request: Request, info: EngineInfo) -> None:
        """Refuse what Ollama would cut from the front without a word. Raises ``EngineError`` (``OVERFLOW``)."""
        texts = [joined(request.prompt), *(one.content for one in request.messages), request.prefill]
        room = info.context_tokens
        if room is None or sum(len(text.encode("utf-8", "replace")) for text in texts) <= room:
            return  # no token is less than a byte
        size = sum(await self.count([text for text in texts if text]))
        if size > room:
            server = self._link.server
            wording = messages.overflow(server, size, room)
            raise raised(wording, EngineFault.OVERFLOW, server, prompt_tokens=size, context_tokens=room)

    def _checked(self, answer: Answer) -> object:
        """The JSON of an answer; raises ``EngineError`` where the server refused."""
        if answer.status >= 300 or answer.is_page or complaint(answer.json):
            raise self._refusal(answer)
        return answer.json

    def _refusal(self, answer: Answer) -> EngineError:
        return refusal(self._link.server, answer, engine=NAME, model=self._model, key=self._link.secret)


class OllamaReply(StreamedReply):
    """One streamed reply of ``/api/generate`` or ``/api/chat``; the event with ``done`` carries the numbers."""

    def __init__(
        self, server: str, key: str, stop: Iterable[str], model: str = "", context_tokens: int | None = None
    ) -> None:
        super().__init__(server, stop)
        self._key = key
        self._model = model
        self._context = context_tokens
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
        """Thinking and text of an event. Raises ``EngineError`` for an error."""
        value = parse(event.data)
        if said := complaint(value):
            raise refusal_in_stream(self.server, said, model=self._model, key=self._key)
        if thinking := text_at(value, "thinking") or text_at(value, "message", "thinking"):
            yield ReasoningArrived(thinking)
        yield from self.text(text_at(value, "response") or text_at(value, "message", "content"))
        if at(value, "done") is True:
            self._last = value

    def end(self) -> Iterator[Event]:
        """Why the reply ended, and its numbers. A stop string is told as an ordinary end."""
        if self.scan.matched is not None:
            reason = StopReason.STOP_STRING
        else:
            reason = StopReason.LENGTH if text_at(self._last, "done_reason") == "length" else StopReason.END
        usage = read_durations(self._last)
        if self._context and (usage.evaluated or 0) + (usage.generated or 0) >= self._context:
            yield Notice(messages.context_shifted(NAME).plain)
        yield Finished(reason, usage)


def read_durations(last: object) -> Usage:
    """Token numbers and times of a reply's last event. How much of the prompt was cached is not told."""
    prompt, generation = float_at(last, "prompt_eval_duration"), float_at(last, "eval_duration")
    return Usage(
        evaluated=int_at(last, "prompt_eval_count"),
        generated=int_at(last, "eval_count"),
        prompt_ms=None if prompt is None else prompt * _MS,
        generation_ms=None if generation is None else generation * _MS,
    )


def _trained(facts: object) -> int | None:
    """The context that a model was trained for: the key begins with its architecture's name."""
    info = at(facts, "model_info")
    found = [int_at(info, key) for key in info if key.endswith(".context_length")] if isinstance(info, dict) else []
    return next((number for number in found if number), None)


def _fill_in(template: str) -> FillIn | None:
    """The tokens round a gap, as a model's Ollama template has them; ``None`` where it has no gap between them."""
    found = _GAP.search(template)
    return FillIn(found[1], found[2], found[3].rstrip()) if found is not None else None
