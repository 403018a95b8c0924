"""The adapter for llama.cpp's own server, by its native API: progress while it reads, exact counts, cache numbers.

Messages are turned into text by the server's ``/apply-template``, so chat and text take the same road. A router
(a server that was started without a model) loads the model that requests name. Reading a reply is
``engines.llama_server_stream``. Source: the server's README and ``docs/spec/backends.md`` §5; tested against a
stand-in that answers as documented. Which slot a chat has, and how it outlives the server: ``llama_server_slots``.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from urllib.parse import quote

from tavern_tui.domain import engine_messages, messages
from tavern_tui.domain.alternatives import MOST_PER_TOKEN
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.domain.thinking import Thinking
from tavern_tui.engines.base import (
    Capabilities,
    EngineInfo,
    Event,
    Finished,
    Notice,
    PrefillProgress,
    Request,
    Waiting,
)
from tavern_tui.engines.dialects import Roles, model_name
from tavern_tui.engines.faults import Answer, complaint, raised, refusal
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, int_at, list_at, text_at
from tavern_tui.engines.llama_server_slots import ANY, Slots
from tavern_tui.engines.llama_server_stream import NativeReply
from tavern_tui.engines.offered import OfferedModel, chosen
from tavern_tui.engines.openai_body import wants_turns
from tavern_tui.engines.openai_models import read_model
from tavern_tui.engines.roles import arranged
from tavern_tui.engines.slot_record import SlotNotes
from tavern_tui.engines.thinking_switch import template_variables
from tavern_tui.engines.wire_samplers import to_wire
from tavern_tui.engines.wire_tables import LLAMA_SERVER

NAME = "llama-server"
_POLL_SECONDS = 1.0
_COUNTING_AT_ONCE = 4
_LEAVING_SECONDS = 2.0
"""How long letting go may take: a state that takes longer is written by the server without anybody waiting for it."""
# Cut differently by most vocabularies: letters, digits, blanks, accents, an emoji, two scripts.
_SPECIMEN = "The  innkeeper's 1234 lanterns — naïve ☂ 🐉\n\tдом 家 <|im_start|></s>"


class LlamaServerEngine:
    """An ``Engine`` over llama-server. ``model`` is the one to ask a router for, empty for the one that is loaded.

    ``sleep`` is asked to wait between two looks at a server that is loading.
    """

    def __init__(
        self, link: Link, *, model: str = "", sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._link = link
        self._wanted = model
        self._sleep = sleep
        self._info: EngineInfo | None = None
        self._head: list[object] = []
        self._routed = ""
        self._slots = Slots(link)
        self._takes_turns = False

    async def connect(self) -> EngineInfo:
        """Read properties and model. Raises ``EngineError`` (``LOADING``) while the model is not in memory."""
        listed = await self._link.get("/v1/models")
        if listed.status == 503:
            raise self._refusal(listed)
        item = self._choose(listed)
        props = self._checked(await self._link.get("/props" + self._query))
        self._head = await self._tokens("", special=True)
        kind, size = int_at(item, "meta", "vocab_type"), int_at(item, "meta", "n_vocab")
        specimen = await self._tokens(_SPECIMEN)
        named = text_at(props, "model_alias") or text_at(item, "id") or text_at(props, "model_path")
        self._info = EngineInfo(
            engine=NAME,
            model=model_name(named),
            address=self._link.base,
            version=text_at(props, "build_info"),
            context_tokens=int_at(props, "default_generation_settings", "n_ctx"),  # of one slot
            trained_tokens=int_at(item, "meta", "n_ctx_train"),
            chat_template=text_at(props, "chat_template"),
            fingerprint="llama:" + hashlib.sha256(repr((kind, size, specimen)).encode()).hexdigest()[:32],
            add_bos=bool(self._head),
            capabilities=LLAMA_SERVER.capable(
                Capabilities(
                    text_completion=True,
                    chat_completion=True,
                    token_ids=False,  # ids are taken, but a stream leaves out those of held-back and half characters
                    prefill=True,
                    alternatives=MOST_PER_TOKEN,
                    thinking=True,
                )
            ),
            bos_token=text_at(props, "bos_token"),
            eos_token=text_at(props, "eos_token"),
        )
        await self._slots.connected(await self._held_by(item, props, self._info), self._routed)
        return self._info

    def keep_slots_in(self, notes: SlotNotes) -> None:
        """See ``slot_record.KeepsSlots``."""
        self._slots.keep_in(notes)

    def lost(self, chat: str) -> bool:
        """See ``base.ForgetfulEngine``."""
        return self._slots.lost(chat)

    async def models(self) -> list[OfferedModel]:
        """The models that a router has; of another server the one that it was started with. Raises ``EngineError``."""
        listed = self._checked(await self._link.get("/v1/models"))
        return [read_model(item) for item in list_at(listed, "data") if text_at(item, "id")]

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens parsed, no BOS."""
        if self._info is None and self._wanted:
            await self.connect()  # a router has to be told the model
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
        """Let go of connections; what was read of chats is saved before, for a moment, where the server can."""
        try:
            async with asyncio.timeout(_LEAVING_SECONDS):
                await self._slots.leave()
        except TimeoutError:
            pass
        finally:
            await self._link.close()

    async def _held_by(self, item: object, props: object, info: EngineInfo) -> str:
        """A name for all that the numbers in a slot depend on, as far as it is told: a state fits no other."""
        adapters = (await self._link.get("/lora-adapters" + self._query)).json
        said = (
            info.version,
            text_at(props, "model_path"),
            at(item, "meta"),
            info.fingerprint,
            info.context_tokens,
            [(text_at(one, "path"), at(one, "scale")) for one in (adapters if isinstance(adapters, list) else [])],
        )
        return hashlib.sha256(repr(said).encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def _query(self) -> str:
        """What a GET of a router says of the model."""
        return f"?model={quote(self._routed, safe='')}" if self._routed else ""

    def _choose(self, listed: Answer) -> object:
        """The item of the model to ask for; a list with states is that of a router, which has to be told a model."""
        items = [item for item in list_at(listed.json, "data") if text_at(item, "id")]
        if not any(text_at(item, "status", "value") for item in items):
            return items[0] if items else None
        model = chosen([read_model(item) for item in items], self._wanted, self._link.server, before=self._routed)
        self._routed = model.id
        return next((item for item in items if text_at(item, "id") == model.id), None)

    async def _events(self, request: Request) -> AsyncGenerator[Event, None]:
        while True:
            try:
                info = self._info or await self.connect()
                async with aclosing(self._reply(request, info)) as events:
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

    async def _reply(self, request: Request, info: EngineInfo) -> AsyncGenerator[Event, None]:
        sampling = to_wire(request, LLAMA_SERVER, engine=NAME, context_tokens=info.context_tokens)
        for text in sampling.notices:
            yield Notice(text)
        prompt, notice = await self._prompt(request)
        if notice:
            yield Notice(notice)
        slot = await self._slots.place(request.chat)
        if slot is None:
            yield Waiting(engine_messages.slots_busy(NAME).plain)
        body = {
            "prompt": prompt,
            "stream": True,
            "cache_prompt": True,
            "return_progress": True,
            **self._model_field,
            **({"id_slot": slot} if slot not in (None, ANY) else {}),
            **({"preserved_tokens": list(request.tags)} if request.tags else {}),
            **({"n_probs": min(request.alternatives, MOST_PER_TOKEN)} if request.alternatives > 0 else {}),
            **sampling.fields,
        }
        async with self._link.stream("/completion", body) as reply:
            if reply.answer is not None:
                self._checked(reply.answer)
                raise raised(messages.not_an_api(self._link.server), EngineFault.NOT_AN_API, self._link.server)
            reader = NativeReply(NAME, self._link.server, self._link.secret, request.stop, request.alternatives)
            async with aclosing(reader.read(reply.events)) as events:
                async for event in events:
                    if isinstance(event, PrefillProgress):
                        self._slots.reading(event.total)
                    elif isinstance(event, Finished):
                        await self._slots.ended(event.usage.reused)
                    yield event

    async def _prompt(self, request: Request) -> tuple[str | list[object], str]:
        """The prompt as text or ids, and what the user should be told of how it was made."""
        if request.messages:
            return await self._rendered(request)
        ids = [segment.token_ids for segment in request.prompt]
        if ids and all(found is not None for found in ids):
            # An array is taken as it is: nothing is put in front of it.
            return [*self._head, *(token for found in ids for token in found or ())], ""
        return joined(request.prompt), ""

    async def _rendered(self, request: Request) -> tuple[str, str]:
        """The messages through the model's chat template; joined first where it wants the roles to take turns."""
        notice = ""
        while True:
            roles = Roles.ALTERNATING if self._takes_turns else Roles.ANY
            turns = [one.as_dict() for one in arranged(request.messages, roles)]
            switch = template_variables(request.think or Thinking.ON)
            answer = await self._link.post("/apply-template", {"messages": turns, **switch, **self._model_field})
            if self._takes_turns or not wants_turns(answer):
                return text_at(self._checked(answer), "prompt") + request.prefill, notice
            self._takes_turns = True
            notice = engine_messages.roles_arranged(self._link.server).plain

    @property
    def _model_field(self) -> dict[str, object]:
        return {"model": self._routed} if self._routed else {}

    async def _tokens(self, text: str, *, special: bool = False) -> list[object]:
        """Token ids of a text; ``special``: with what the server puts in front of a prompt."""
        body = {"content": text, "add_special": special, "parse_special": True, **self._model_field}
        return list_at(self._checked(await self._link.post("/tokenize", body)), "tokens")

    def _checked(self, answer: Answer) -> object:
        """The JSON of an answer; raises ``EngineError`` where the server refused."""
        if answer.status >= 300 or answer.is_page or complaint(answer.json):
            raise self._refusal(answer)
        return answer.json

    def _refusal(self, answer: Answer) -> EngineError:
        return refusal(self._link.server, answer, engine=NAME, model=self._routed, key=self._link.secret)
