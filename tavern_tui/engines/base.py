"""The contract that every engine keeps: ``connect``, ``count``, ``generate``, ``close``.

A prompt goes in as segments (text completion) or messages (chat completion) and comes back as a stream of events.
Leaving the context of ``generate``, for whatever reason, has aborted the work on the other side. Every adapter passes
``tests/engines/test_contract.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable

from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.domain.preset import NEUTRAL, SamplerPreset
from tavern_tui.domain.request import FillIn, Message, Segment
from tavern_tui.domain.thinking import Thinking


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; front ends grey out the rest and the session chooses by it.

    ``samplers`` holds the canonical names (fields of ``SamplerPreset``) that have an effect.
    ``stop_limit`` is the greatest number of stop strings accepted, 0 for no limit. ``grammar`` (GBNF), ``json_schema``,
    ``logit_bias`` and ``banned`` say whether these fields of a ``Request`` are followed. ``alternatives`` is the most
    alternatives that are told of each token, 0 for none; ``parallel`` the most replies of one request. ``thinking``
    says whether ``Request.think`` has an effect, ``recovers`` whether the rest of a reply is asked for where the link
    breaks. ``shifts``: what was read is moved up where text before it leaves the prompt, instead of read again.
    ``one_gap``: it does so for one gap in a prompt, by the rule of ``one_gap.OneGap``.
    ``fill_in`` are the tokens round a gap that the model's own file or template names; ``None`` where it names none.
    """

    text_completion: bool = True
    chat_completion: bool = False
    token_ids: bool = False
    exact_count: bool = True
    samplers: frozenset[str] = frozenset()
    stop_limit: int = 0
    seed: bool = False
    prefill: bool = True
    hosted: bool = False
    grammar: bool = False
    json_schema: bool = False
    logit_bias: bool = False
    alternatives: int = 0
    parallel: int = 1
    banned: bool = False
    thinking: bool = False
    recovers: bool = False
    shifts: bool = False
    fill_in: FillIn | None = None
    one_gap: bool = False


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What ``connect`` found. ``context_tokens`` is the loaded context; ``None`` where the engine does not say.

    ``trained_tokens`` is the context that the model was trained for. ``chat_template`` is the model's own Jinja text,
    empty where unknown. ``fingerprint`` identifies the vocabulary: stored token ids are valid only for an equal one.
    ``add_bos`` says that the engine itself puts the beginning-of-sequence token in front of a prompt. ``bos_token`` and
    ``eos_token`` are the texts of the tokens that begin and end a sequence, empty where unknown.
    """

    engine: str
    model: str
    address: str = ""
    version: str = ""
    context_tokens: int | None = None
    trained_tokens: int | None = None
    chat_template: str = ""
    fingerprint: str = ""
    add_bos: bool = True
    device: str = ""
    capabilities: Capabilities = Capabilities()
    bos_token: str = ""
    eos_token: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One reply to be generated.

    Exactly one of ``prompt`` and ``messages`` is used: ``messages`` when it is not empty. ``response_tokens`` bounds
    the reply. ``stop`` strings end it and are not part of it. ``chat`` is a stable key of the conversation, so that an
    engine can keep its cache for it; ``prefill`` is the reply's given beginning when ``messages`` are sent (it is
    already the end of ``prompt`` otherwise). ``banned`` are texts that the reply should not contain; engines that
    cannot see to it pass over them.

    ``logit_bias`` adds to the score of a token, given by its id or by its text (−100 never, 100 always, as OpenAI has
    it). ``grammar`` is GBNF that the reply has to follow, ``json_schema`` the text of a JSON Schema; at most one of
    them is used, ``grammar`` before ``json_schema``. ``alternatives`` is how many likely tokens are to be told beside
    each one chosen, ``replies`` how many replies are written side by side.

    ``think`` asks for thinking or none of it where ``messages`` are sent (``prompt`` says it itself); ``None`` leaves
    it to the server. ``tags`` are tokens with a meaning of their own that have to arrive as text all the same, such as
    those round thinking; servers that leave such tokens out are asked not to.

    ``suffix`` is the text behind the gap into which the reply goes, for engines that take it beside the prompt
    (``SuffixEngine``); the others are given it in the prompt.

    ``head`` is the number of segments at the beginning of ``prompt`` that stay as they are from reply to reply (system,
    card, persona): a server that shortens a prompt by itself is asked to keep them.
    """

    prompt: tuple[Segment, ...] = ()
    messages: tuple[Message, ...] = ()
    response_tokens: int = 300
    sampling: SamplerPreset = NEUTRAL
    stop: tuple[str, ...] = ()
    seed: int | None = None
    chat: str = ""
    prefill: str = ""
    banned: tuple[str, ...] = ()
    logit_bias: tuple[tuple[int | str, float], ...] = ()
    grammar: str = ""
    json_schema: str = ""
    alternatives: int = 0
    replies: int = 1
    head: int = 0
    think: Thinking | None = None
    tags: tuple[str, ...] = ()
    suffix: str = ""


class StopReason(Enum):
    """Why a reply ended."""

    END = "end"
    STOP_STRING = "stop_string"
    LENGTH = "length"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens and times of one reply; ``None`` where the engine does not tell. Milliseconds.

    Of the prompt ``evaluated`` tokens were read, ``reused`` were in the cache where they belong, and ``shifted`` were
    in the cache at another place and moved; the three add up to the prompt.
    """

    evaluated: int | None = None
    reused: int | None = None
    generated: int | None = None
    prompt_ms: float | None = None
    generation_ms: float | None = None
    shifted: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The engine is busy with others, or loading; ``why`` is a sentence, ``place`` 1 for next in line (0 unknown)."""

    why: str
    place: int = 0


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """The model is being loaded: ``fraction`` from 0 to 1."""

    fraction: float


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """``done`` of ``total`` prompt tokens have been read (reused ones count as done)."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ReasoningArrived:
    """A piece of the model's thinking, where the server separates it from the reply. ``reply``: as ``TextArrived``."""

    text: str
    reply: int = 0


@dataclass(frozen=True, slots=True)
class TextArrived:
    """A piece of the reply; ``token_ids`` where the engine knows them (their text joined is ``text``).

    ``reply`` numbers the replies of a request for several, from 0. ``alternatives`` are there where they were asked
    for: one for each whole token of the piece, from its beginning.
    """

    text: str
    token_ids: tuple[int, ...] = ()
    reply: int = 0
    alternatives: tuple[TokenChoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should be told once about this reply (a parameter dropped, a substitute used)."""

    text: str


@dataclass(frozen=True, slots=True)
class ReplyFinished:
    """One of several replies of a request has ended; the others go on. The fields are those of ``Finished``.

    Sent for each reply of a request for more than one, before the stream's ``Finished``, whose usage is all of theirs.
    """

    reply: int
    reason: StopReason
    usage: Usage = field(default_factory=Usage)
    canonical: bool | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a stream that was not broken.

    ``canonical`` says whether tokenising the reply's text after its prompt gives the very ids that were sampled; ids
    need keeping only where it is ``False``. ``None`` where the engine does not tell, or the ids do not cover the text
    (a stop string that began inside a token). ``alternatives`` are those of the reply's tokens from its beginning, of
    an engine that tells them only at the end.
    """

    reason: StopReason
    usage: Usage = field(default_factory=Usage)
    canonical: bool | None = None
    alternatives: tuple[TokenChoice, ...] = ()


Event = Waiting | LoadProgress | PrefillProgress | ReasoningArrived | TextArrived | Notice | ReplyFinished | Finished


class Engine(Protocol):
    """See the module's docstring. Methods raise ``EngineError``; nothing else leaves an adapter."""

    async def connect(self) -> EngineInfo:
        """Reach the engine, load what must be loaded, and say what is there. May be called again to look anew."""
        ...

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text by the vocabulary that will read it, special tokens parsed, no BOS added."""
        ...

    def generate(self, request: Request) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Stream one reply. The iterator ends after ``Finished``; leaving the context early aborts the work."""
        ...

    async def close(self) -> None:
        """Let go of connections. The engine's process, where there is one, lives on."""
        ...


@runtime_checkable
class ParallelEngine(Protocol):
    """An engine whose ``Capabilities.parallel`` is more than 1: of several replies each can be ended by itself."""

    def end_reply(self, request: Request, reply: int) -> None:
        """End one reply of the ``request`` that is being written; the others go on. Nothing where it has ended."""
        ...


@runtime_checkable
class SharedEngine(Protocol):
    """An engine in whose place another window may have something: ``IN_USE`` asks, and this is the yes."""

    def take_over(self) -> None:
        """The next ``connect`` takes the place of what another window uses; once."""
        ...


@runtime_checkable
class CrowdedEngine(Protocol):
    """An engine that other clients use too, and whose work for one of them can be stopped, if a person says so."""

    async def stop_other(self) -> bool:
        """Stop what is written for another client; whether something was. Never our own. Raises ``EngineError``."""
        ...


@runtime_checkable
class SuffixEngine(Protocol):
    """An engine over a server that may be given the text behind a gap beside the prompt (``Request.suffix``)."""

    async def takes_suffix(self) -> bool:
        """Whether it is read, found out by trying once per model: many servers refuse it or pass over it."""
        ...


@runtime_checkable
class ForgetfulEngine(Protocol):
    """An engine that may be started anew behind our back, and can tell."""

    def lost(self, chat: str) -> bool:
        """Whether it is known to have nothing in memory of what it read for ``chat``, and to have kept nothing."""
        ...
