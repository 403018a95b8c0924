"""Recordings: what a server answers to a fixed list of questions, so that its ways can be replayed without it.

A recording is JSON: ``server``, ``recorded`` (whether it is a real server's), and ``exchanges``, each with the request
and the raw answer. Nothing personal is in it: no address, no key, none of the headers but those that the meaning of an
answer hangs on, no folder of a model's file. ``docs/engines.md`` shows the format.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.http import Link, RawAnswer
from tavern_tui.engines.json_shape import parse, text_at
from tavern_tui.engines.server_kind import MODELS, kinds

FORMAT = 1
MOST_BYTES = 64 << 10
"""Of one answer."""
_MOST_OF_A_PAGE = 500

_KEPT_HEADERS = ("content-type", "retry-after", "transfer-encoding")
_ABSENT = frozenset({404, 405, 501})
_LONG_KEY, _QUOTED = 20, 4  # characters
_KEY = "tavern-recording"
_MODEL = object()
"""Stands in a body for the first model that the server has."""

_PROMPT = "Once upon a time, in the harbour town of Vell,"
_TURN = "<|im_start|>user\nSay hi.<|im_end|>\n<|im_start|>assistant\n"
_COUNTED = "The lantern — “ünïcode” 🐉 flickers."
_SAYING = [{"role": "user", "content": "Say hi."}]
# A file of weights by its whole path; a home folder, whatever stands behind it.
_WEIGHTS = re.compile(r'"(?:[A-Za-z]:)?[\\/][^"]*[\\/](?=[^"\\/]+\.(?:gguf|safetensors|bin)\b)', re.IGNORECASE)
_HOMES = re.compile(r"(/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})[^/\\\"\s]+")


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: its name in the recording, and the request. Raw bytes are sent as they are."""

    name: str
    path: str
    body: Mapping[str, object] | bytes | None = None
    note: str = ""

    @property
    def method(self) -> str:
        """``POST`` where there is a body."""
        return "GET" if self.body is None else "POST"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and what came back; ``asked`` is the body that was sent."""

    ask: Ask
    asked: object
    answer: RawAnswer


@dataclass(frozen=True, slots=True)
class Recording:
    """All exchanges with one ``server``; ``recorded`` of ``False``: made up, or recorded from a stand-in."""

    server: str
    exchanges: tuple[Exchange, ...] = field(default=(), repr=False)
    recorded: bool = True


def _kobold(**more: object) -> dict[str, object]:
    return {"prompt": _PROMPT, "max_length": 24, "sampler_seed": 7, "trim_stop": True, "genkey": _KEY, **more}


def _openai(**more: object) -> dict[str, object]:
    return {"model": _MODEL, "max_tokens": 16, **more}


_READS = (
    Ask("kobold model", "/api/v1/model"),
    Ask("kobold context", "/api/extra/true_max_context_length"),
    Ask("kobold numbers before", "/api/extra/perf"),
)
_WRITES = (
    Ask("kobold count", "/api/extra/tokencount", {"prompt": _COUNTED, "special": False}),
    Ask("kobold count of nothing", "/api/extra/tokencount", {"prompt": "", "special": True}),
    Ask("kobold stream", "/api/extra/generate/stream", _kobold()),
    Ask("kobold stream to its end", "/api/extra/generate/stream", _kobold(prompt=_TURN, max_length=60, top_k=1)),
    Ask("kobold stream to a stop string", "/api/extra/generate/stream", _kobold(stop_sequence=[","])),
    Ask("kobold numbers after", "/api/extra/perf"),
    Ask("kobold check", "/api/extra/generate/check", {"genkey": _KEY}, "after the job has ended"),
    Ask("kobold check of another's", "/api/extra/generate/check", {"genkey": "nobody's"}),
    Ask("llama count", "/tokenize", {"content": _COUNTED, "add_special": False}),
    Ask("llama stream", "/completion", {"prompt": _PROMPT, "n_predict": 16, "seed": 7, "stream": True}),
    Ask("llama template", "/apply-template", {"messages": _SAYING}),
    Ask("llama-cpp-python count", "/extras/tokenize/count", {"input": _COUNTED}),
    Ask("webui count", "/v1/internal/token-count", {"text": _COUNTED}),
    Ask("tabby count", "/v1/token/encode", {"text": _COUNTED}),
    Ask("text", "/v1/completions", _openai(prompt=_PROMPT)),
    Ask("text stream", "/v1/completions", _openai(prompt=_PROMPT, stream=True)),
    Ask("chat", "/v1/chat/completions", _openai(messages=_SAYING)),
    Ask("chat stream", "/v1/chat/completions", _openai(messages=_SAYING, stream=True)),
    Ask("no such model", "/v1/chat/completions", {"model": "no-such-model", "messages": _SAYING, "max_tokens": 4}),
    Ask("prompt too long", "/v1/completions", _openai(prompt="word " * 5000), "25,000 characters"),
    Ask("no JSON", "/v1/completions", b"{not json"),
    Ask("ollama stream", "/api/chat", {"model": _MODEL, "messages": _SAYING, "options": {"num_predict": 16}}),
)


def questions() -> tuple[Ask, ...]:
    """Everything that is asked: what tells servers apart, then what they write."""
    telling = sorted({path for kind in kinds() for path in kind.questions} - {MODELS})
    return (*(Ask(path, path) for path in (MODELS, *telling)), *_READS, *_WRITES)


async def record(link: Link, asks: Sequence[Ask] | None = None) -> AsyncGenerator[Exchange, None]:
    """The exchanges with a server, one by one. What it does not have is kept only where that tells what it is.

    Raises ``EngineError`` where it cannot be reached at all; a question that it breaks off is left out.
    """
    model = ""
    for ask in questions() if asks is None else asks:
        body = ask.body
        asked: Any = body if body is None or isinstance(body, bytes) else _with_model(body, model)
        try:
            answer = await link.raw(ask.method, ask.path, asked, MOST_BYTES)
        except EngineError as error:
            if error.fault is EngineFault.UNREACHABLE and ask.path == MODELS:
                raise
            continue
        if ask.path == MODELS:
            model = text_at(parse(answer.body.decode("utf-8", "replace")), "data", 0, "id")
        if ask.name == ask.path or answer.status not in _ABSENT:
            yield Exchange(ask, asked, answer)


def as_json(recording: Recording, *, secret: str = "") -> str:
    """A recording as its file has it, without ``secret`` and folders of the user's."""
    exchanges = [_exchange(one, secret) for one in recording.exchanges]
    whole = {"format": FORMAT, "server": recording.server, "recorded": recording.recorded, "exchanges": exchanges}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _exchange(one: Exchange, secret: str) -> dict[str, object]:
    headers = {name: one.answer.headers[name] for name in _KEPT_HEADERS if name in one.answer.headers}
    response: dict[str, object] = {"status": one.answer.status, "headers": headers}
    page = "html" in headers.get("content-type", "")
    body = one.answer.body[:_MOST_OF_A_PAGE] if page else one.answer.body
    try:
        response["body"] = cleaned(body.decode("utf-8"), secret)
    except UnicodeDecodeError:
        text = cleaned(body.decode("utf-8", "surrogateescape"), secret)
        response["body_base64"] = base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")
    if not one.answer.whole or len(body) < len(one.answer.body):
        response["cut"] = True
    asked = one.asked.decode("utf-8", "replace") if isinstance(one.asked, bytes) else one.asked
    request = {"method": one.ask.method, "path": one.ask.path, "body": _cleaned_value(asked, secret)}
    note = {"note": one.ask.note} if one.ask.note else {}
    return {"name": one.ask.name, **note, "request": request, "response": response}


def cleaned(text: str, secret: str = "") -> str:
    """A text without a key, without the folders of model files, and without the names of home folders.

    Services quote a wrong key by its first and last characters: of one that is no word such quotes go, too.
    """
    if secret:
        text = text.replace(secret, "…")
    if len(secret) >= _LONG_KEY:
        text = re.sub(rf"{re.escape(secret[:_QUOTED])}[^\s\"\\]*", "…", text)
    return _HOMES.sub(r"\1user", _WEIGHTS.sub('"/models/', text))


def _cleaned_value(value: object, secret: str) -> object:
    """The same for everything inside a JSON value."""
    return json.loads(cleaned(json.dumps(value, ensure_ascii=False), secret))


def _with_model(body: Mapping[str, object], model: str) -> dict[str, object]:
    return {key: model if value is _MODEL else value for key, value in body.items()}
