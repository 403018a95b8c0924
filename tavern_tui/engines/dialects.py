"""``Dialect``: what an OpenAI-compatible server can do beyond the common core, as data.

The rows are in ``engines.servers``, one file per kind of server; ``engines.openai`` is the loop over them. How a kind
is told of sampling is its ``Wire``. Source: ``docs/spec/backends.md`` §4–11.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from tavern_tui.engines.faults import Answer
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.thinking_switch import Switch
from tavern_tui.engines.wire_samplers import Wire


class Prefill(Enum):
    """How a chat API is given the beginning of a reply."""

    NONE = "none"
    LAST_MESSAGE = "last message"  # an assistant message at the end is continued
    CONTINUE_FINAL = "continue_final_message"
    RESPONSE_PREFIX = "response_prefix"
    PREFIX_FLAG = "prefix"  # "prefix": true on that message
    PARTIAL_FLAG = "partial"  # "partial": true on that message
    CONTINUE_FLAG = "continue_"  # "continue_": true beside the messages


class Roles(Enum):
    """Which orders of roles a chat API takes."""

    ANY = "any"
    SYSTEM_FIRST = "system first"  # system messages only at the beginning
    ALTERNATING = "alternating"  # one system message, then user and assistant in turn, the user first


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server tells something: a path below its base, and the keys to the value in the answer."""

    path: str
    keys: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """How a server counts tokens: POST ``{text_field: text, **extra}`` to ``path``; the count, or the ids, at ``keys``.

    ``names_model``: the request carries the model's id too. ``ids`` are the keys to the ids, empty where none are told.
    """

    path: str
    text_field: str
    keys: tuple[str, ...]
    extra: Mapping[str, object] = field(default_factory=dict)
    names_model: bool = False
    ids: tuple[str, ...] = ()


class Asking(Protocol):
    """Something that asks a server: ``engines.http.Link``. Both raise ``EngineError``."""

    async def get(self, path: str) -> Answer:
        """The answer to a GET, whatever its status."""
        ...

    async def post(self, path: str, body: object) -> Answer:
        """The answer to a POST of a JSON body, whatever its status."""
        ...


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server, called ``name``. ``wire`` is how it is told of sampling.

    ``text_completion`` of ``None`` means: ask (``GET`` on the route answers 405 where it exists). ``root`` stands
    before the common routes. ``true_usage`` says that the token numbers in answers are real. ``names`` says whether a
    message may carry its speaker's name. ``extra`` goes with every request. ``logprobs`` is the greatest number of
    alternatives told per token, ``parallel`` of replies per request. ``thinking`` says how it is told whether to think.
    ``tags`` goes with a finished prompt whose reply has tags that have to arrive as text.

    ``loads_named``: it has several models and loads the one that a request names. ``forced`` are fields that keep a
    model from ending a reply, of a server that says nothing where a prompt is too long (``engines.openai_empty``).

    ``survey`` reads the server's own list of models, ``None`` in its answer where there is none; ``look`` adds what is
    known of the chosen one beside the list. ``context``, ``template`` and ``version`` are simpler forms of the latter.
    ``suffix`` of ``False``: it takes that field, and does the wrong thing with it.
    """

    name: str
    wire: Wire
    text_completion: bool | None = None
    chat_completion: bool = True
    counter: Counter | None = None
    context: Place | None = None
    template: Place | None = None
    version: Place | None = None
    survey: Callable[[Asking], Awaitable[list[OfferedModel] | None]] | None = None
    look: Callable[[Asking, OfferedModel], Awaitable[OfferedModel]] | None = None
    prefill: Prefill = Prefill.NONE
    roles: Roles = Roles.ANY
    names: bool = True
    extra: Mapping[str, object] = field(default_factory=dict)
    logprobs: int = 0
    parallel: int = 1
    loads_named: bool = False
    hosted: bool = False
    true_usage: bool = True
    root: str = "/v1"
    thinking: Switch | None = None
    tags: Mapping[str, object] = field(default_factory=dict)
    forced: Mapping[str, object] = field(default_factory=dict)
    suffix: bool = True


def model_name(model_id: str) -> str:
    """A model's id as people say it: without the folder and ending of a GGUF file, without KoboldCpp's prefix."""
    name = model_id.removeprefix("koboldcpp/")
    if name.lower().endswith(".gguf"):
        name = name.replace("\\", "/").rpartition("/")[2][:-5]
    return name or model_id
