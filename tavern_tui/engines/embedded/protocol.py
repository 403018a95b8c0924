"""What the engine host and its clients say to each other: frames, their bounds, and their meaning.

A frame is one line of JSON, UTF-8, at most ``MAX_FRAME`` bytes. The host speaks first: one hello. Then the client
sends calls and the host sends answers to them, each marked with the call's id; ``docs/engine-host.md`` is the
reference. This module turns frames into values and back and does no input or output.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tavern_tui import __version__
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import NEUTRAL, SamplerPreset
from tavern_tui.domain.request import FillIn, Segment
from tavern_tui.engines import base
from tavern_tui.engines.embedded.options import USUAL, LoadOptions
from tavern_tui.engines.embedded.options import ModelSpec as ModelSpec

PROTOCOL = 1
GREETING = "tavern-tui engine host"
MAX_FRAME = 16 * 1024 * 1024
MOST_REPLIES = 64
"""Replies that one call may ask for."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The host's first frame. Its shape and the ``stop`` call never change, so that any version can replace any."""

    protocol: int = PROTOCOL
    version: str = __version__
    pid: int = 0

    @property
    def ours(self) -> bool:
        """Whether this program can go on talking; a host of another version is replaced."""
        return self.protocol == PROTOCOL and self.version == __version__


@dataclass(frozen=True, slots=True)
class Load:
    """Load the model if it is not loaded, and describe it. ``replace`` unloads a model that others use."""

    model: ModelSpec
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """Count the tokens of each text: special tokens parsed, nothing added."""

    model: ModelSpec
    texts: tuple[str, ...]
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Tokenize:
    """The token ids of a text: special tokens parsed, nothing added."""

    model: ModelSpec
    text: str
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Generate:
    """Write one reply; the fields are those of ``base.Request``.

    ``keep`` lets the reply run to its end when the client's connection drops; without it the reply is aborted.
    ``shift`` moves what was read up in the cache where history was cut; without it that is read again.
    """

    model: ModelSpec
    prompt: tuple[Segment, ...]
    response_tokens: int = 300
    sampling: SamplerPreset = NEUTRAL
    stop: tuple[str, ...] = ()
    seed: int | None = None
    chat: str = ""
    replace: bool = False
    keep: bool = False
    banned: tuple[str, ...] = ()
    logit_bias: tuple[tuple[int | str, float], ...] = ()
    grammar: str = ""
    json_schema: str = ""
    replies: Annotated[int, Field(ge=1, le=MOST_REPLIES)] = 1
    alternatives: Annotated[int, Field(ge=0)] = 0
    shift: bool = True


@dataclass(frozen=True, slots=True)
class Tune:
    """Measure one to all cores for ``seconds`` altogether, and answer with the speeds."""

    model: ModelSpec
    seconds: float = 20.0
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Abort:
    """End the call with id ``call`` of this connection; that call answers for itself.

    With ``reply``, only that one of the call's replies ends (counted from 0).
    """

    call: int
    reply: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Describe the host."""


@dataclass(frozen=True, slots=True)
class Unload:
    """Let go of the model; waits for the reply in progress."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the host: ``idle`` when the replies in progress and in line are written, ``now`` aborts them."""

    when: Literal["idle", "now"] = "idle"


Call = Load | Count | Tokenize | Generate | Tune | Abort | Status | Unload | Stop


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is loaded. ``device`` names what computes; ``token_ids`` says whether replies carry ids.

    ``options`` are those in force; ``gpu_layers`` of ``layers`` are on a GPU. ``rope_base`` and ``rope_scale`` are what
    positions are computed with, 0 where the worker does not tell. ``notes``: what the user should know of the load.
    ``parallel`` replies are written side by side, ``alternatives`` told per token. ``fill_in``: see ``base``.
    """

    path: str
    name: str
    context_tokens: int
    trained_tokens: int
    chat_template: str = ""
    fingerprint: str = ""
    add_bos: bool = True
    device: str = ""
    worker: str = ""
    worker_version: str = ""
    threads: int = 0
    token_ids: bool = True
    bos_token: str = ""
    eos_token: str = ""
    options: LoadOptions = USUAL
    gpu_layers: int = 0
    layers: int = 0
    rope_base: float = 0.0
    rope_scale: float = 0.0
    notes: tuple[str, ...] = ()
    parallel: int = 1
    alternatives: int = 0
    fill_in: FillIn | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """Answer to ``Count``."""

    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ids:
    """Answer to ``Tokenize``."""

    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens generated per second with a number of threads."""

    threads: int
    tokens_per_second: float


@dataclass(frozen=True, slots=True)
class Tuned:
    """Answer to ``Tune``: every speed measured, and the number of threads to use."""

    speeds: tuple[Speed, ...]
    best: int


@dataclass(frozen=True, slots=True)
class HostStatus:
    """The state of a host. ``worker`` is empty before the first model; times are in seconds, ``None`` for never."""

    pid: int
    version: str
    protocol: int
    worker: str = ""
    devices: tuple[str, ...] = ()
    model: ModelFacts | None = None
    busy: bool = False
    waiting: int = 0
    clients: int = 0
    up_seconds: float = 0.0
    unload_in: float | None = None
    exit_in: float | None = None
    log: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """Answer to calls that have nothing to tell."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The call's end with an error; the fields are those of ``EngineError``."""

    title: str
    fault: EngineFault = EngineFault.REJECTED
    hint: str = ""
    where: str = ""
    prompt_tokens: int | None = None
    context_tokens: int | None = None

    def error(self) -> EngineError:
        """The error to raise on the client's side."""
        return EngineError(
            self.title,
            fault=self.fault,
            hint=self.hint,
            where=self.where,
            prompt_tokens=self.prompt_tokens,
            context_tokens=self.context_tokens,
        )

    @classmethod
    def of(cls, error: EngineError) -> Refused:
        """The frame that carries ``error``."""
        return cls(error.title, error.fault, error.hint, error.where, error.prompt_tokens, error.context_tokens)


Final = ModelFacts | Counts | Ids | Tuned | HostStatus | Done | Refused | base.Finished
Progress = base.Waiting | base.LoadProgress | base.PrefillProgress
Answer = Final | Speed | Progress | base.TextArrived | base.Notice | base.ReplyFinished

CALLS: Mapping[str, type[Call]] = {
    "load": Load,
    "count": Count,
    "tokenize": Tokenize,
    "generate": Generate,
    "tune": Tune,
    "abort": Abort,
    "status": Status,
    "unload": Unload,
    "stop": Stop,
}
ANSWERS: Mapping[str, type[Answer]] = {
    "waiting": base.Waiting,
    "loading": base.LoadProgress,
    "reading": base.PrefillProgress,
    "text": base.TextArrived,
    "notice": base.Notice,
    "speed": Speed,
    "reply_finished": base.ReplyFinished,
    "finished": base.Finished,
    "model": ModelFacts,
    "counts": Counts,
    "ids": Ids,
    "tuned": Tuned,
    "status": HostStatus,
    "done": Done,
    "refused": Refused,
}
FINAL: tuple[type[Final], ...] = (ModelFacts, Counts, Ids, Tuned, HostStatus, Done, Refused, base.Finished)


@dataclass(frozen=True, slots=True)
class _Envelope:
    kind: str
    id: int = Field(default=0, ge=0, le=2**53)
    body: dict[str, Any] = field(default_factory=dict)


_PATHS = frozenset({"path", "log", "where"})
_KINDS = {kind_class: kind for table in (CALLS, ANSWERS) for kind, kind_class in table.items()}
_ADAPTERS: Mapping[type[Any], TypeAdapter[Any]] = {c: TypeAdapter(c) for c in (*_KINDS, Hello, _Envelope)}


def encode(call_id: int, body: Call | Answer) -> bytes:
    """The frame of a call or an answer. Halves of surrogate pairs, which UTF-8 cannot hold, become ``?``.

    In a path they stand for its bytes that are no UTF-8 (PEP 383), and stay, as JSON's escapes.

    Raises ``EngineError`` when the frame would be longer than ``MAX_FRAME``, or holds a number that is none.
    """
    frame = {"id": call_id, "kind": _KINDS[type(body)], "body": _ADAPTERS[type(body)].dump_python(body, mode="json")}
    try:
        text = json.dumps(frame, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError as error:
        raise EngineError("A sampling value is not a number.", fault=EngineFault.REJECTED) from error
    try:
        line = text.encode() + b"\n"
    except UnicodeEncodeError:
        line = json.dumps(_without_halves(frame), separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_FRAME:
        raise EngineError(
            f"The prompt is {len(line) // 2**20} MB; the engine takes {MAX_FRAME // 2**20} MB.",
            fault=EngineFault.OVERFLOW,
            hint="Shorten the context in Connections.",
        )
    return line


def _without_halves(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _without_halves(held, name) for name, held in value.items()}
    if isinstance(value, list):
        return [_without_halves(held, key) for held in value]
    if isinstance(value, str) and key not in _PATHS:
        return value.encode("utf-8", "replace").decode()
    return value


def encode_hello(hello: Hello) -> bytes:
    """The host's first frame."""
    frame = {"hello": GREETING, "protocol": hello.protocol, "version": hello.version, "pid": hello.pid}
    return json.dumps(frame).encode() + b"\n"


def decode_call(line: bytes) -> tuple[int, Call]:
    """A client's frame. Raises ``EngineError`` (``REJECTED``) for anything that is not one."""
    call_id, call = _decode(line, CALLS)
    return call_id, call


def decode_answer(line: bytes) -> tuple[int, Answer]:
    """A host's frame. Raises ``EngineError`` (``REJECTED``) for anything that is not one."""
    call_id, answer = _decode(line, ANSWERS)
    return call_id, answer


def decode_hello(line: bytes) -> Hello:
    """The host's first frame. Raises ``EngineError`` when something else answers on the socket."""
    record = _parse(line)
    if record.get("hello") != GREETING:
        raise _unreadable("the other side is not an engine host")
    hello: Hello = _checked(Hello, {name: record[name] for name in ("protocol", "version", "pid") if name in record})
    return hello


def _decode(line: bytes, table: Mapping[str, type[Any]]) -> tuple[int, Any]:
    envelope = _checked(_Envelope, _parse(line))
    kind = table.get(envelope.kind)
    if kind is None:
        raise _unreadable(f"unknown kind {envelope.kind[:40]!r}")
    return envelope.id, _checked(kind, envelope.body)


def _parse(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_FRAME:
        raise _unreadable(f"longer than {MAX_FRAME} bytes")
    try:
        record = json.loads(line, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _unreadable("not a line of JSON") from error
    if not isinstance(record, dict):
        raise _unreadable("not a JSON object")
    return record


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _checked(wanted: type[Any], record: Mapping[str, Any]) -> Any:
    try:
        return _ADAPTERS[wanted].validate_python(record)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "frame"
        raise _unreadable(f"{place}: {first['msg'].lower()}") from error


def _unreadable(why: str) -> EngineError:
    return EngineError(
        f"A message between the program and its engine host cannot be read: {why}.", fault=EngineFault.REJECTED
    )
