"""How servers say no: their answers and the network's refusals, turned into ``EngineError``.

One table of dialects for all adapters. Sources: OpenAI's error object (also vLLM, TabbyAPI, llama-server, OpenRouter),
KoboldCpp's ``detail.msg``, FastAPI's ``detail`` (a string or a list), Ollama's and gateways' plain ``error`` strings.
Overflow comes in four wordings with the numbers in different places. Whatever a server says is quoted at most 120
characters long, and never with the key that was sent to it.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from tavern_tui.domain import engine_messages, messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.messages import Wording
from tavern_tui.engines.json_shape import at, int_at, list_at, parse, text_at


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's whole answer. ``retry_after`` is the header's text; ``body`` is cut to what was read."""

    status: int
    content_type: str = ""
    body: str = ""
    retry_after: str = ""

    @property
    def json(self) -> object:
        """The JSON value of the body, ``None`` where it has none."""
        return parse(self.body)

    @property
    def is_page(self) -> bool:
        """Whether this is HTML for a browser."""
        return "html" in self.content_type.lower() or self.body.lstrip()[:15].lower().startswith(("<!doctype", "<html"))


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a server's error object says; empty where it does not. ``value`` is the object."""

    message: str = ""
    kind: str = ""
    code: str = ""
    parameter: str = ""
    value: object = None

    @property
    def words(self) -> str:
        """Everything it says, in lower case, for looking up what it means."""
        return " ".join((self.message, self.kind, self.code)).lower()


_OVERFLOW = (
    "exceed_context_size",
    "context_length_exceeded",
    "maximum context length",
    "exceeds the available context",
    "exceed context window",
    "tokenoverflow",
    "prompt is too long",
    "greater than the context length",  # LM Studio, TabbyAPI
    "context length of only",
    "too large for model with",  # Mistral
    "input length exceeds the context",  # Ollama
    "input is too long",
    "longer than the model's context length",  # SGLang
    "exceeds the maximum allowed length",  # SGLang
    "exceeded model token limit",  # Moonshot
    "`max_new_tokens` must be <=",  # text-generation-inference, Together
)
_LOADING = ("loading", "is starting", "not ready", "warming up")
_NUMBERS = (
    # "maximum context length is 1024 tokens, however you requested 1506 tokens (1501 in your prompt; 5 for …)"
    re.compile(
        r"context length is (?P<context>\d+).*?\((?P<prompt>\d+) (?:in (?:your prompt|the messages)|of text input)"
    ),
    # vLLM: "maximum context length is 4096 tokens. However, your request has 5000 input tokens"
    re.compile(r"context length is (?P<context>\d+).*?(?P<prompt>\d+) (?:input )?tokens"),
    # "Requested tokens (1501) exceed context window of 1024"
    re.compile(r"requested tokens \((?P<prompt>\d+)\) exceed context window of (?P<context>\d+)"),
    # llama-server: "the request exceeds the available context size (4096 tokens)"
    re.compile(r"context size \((?P<context>\d+)"),
    # TabbyAPI: "Prompt length 9000 exceeds the available context size of 8192 tokens"; the reply may be counted in:
    # "Initial job allocation requires 9216 cache tokens, which exceeds the available context size of 8192 tokens"
    re.compile(
        r"(?:prompt length (?P<prompt>\d+) )?(?:exceeds the available context size of|is greater than max_seq_len) "
        r"(?P<context>\d+)"
    ),
    # LM Studio: "Trying to keep the first 5000 tokens … loaded with context length of only 4096 tokens"
    re.compile(r"first (?P<prompt>\d+) tokens.*?context length of only (?P<context>\d+)"),
    # Mistral: "Prompt contains 40000 tokens …, too large for model with 32768 maximum context length"
    re.compile(r"contains (?P<prompt>\d+) tokens.*?model with (?P<context>\d+) maximum"),
    # SGLang: "The input (5000 tokens) is longer than the model's context length (4096 tokens)."
    re.compile(r"input (?:length )?\((?P<prompt>\d+) tokens\).*?length \((?P<context>\d+) tokens\)"),
    # "`inputs` tokens + `max_new_tokens` must be <= 4097. Given: 4000 `inputs` tokens and 500 `max_new_tokens`"
    re.compile(r"must be <= (?P<context>\d+)\. given: (?P<prompt>\d+)"),
    re.compile(r"exceeded model token limit: (?P<context>\d+)"),
    # "prompt is too long: 210000 tokens > 200000 maximum"
    re.compile(r"too long: (?P<prompt>\d+) tokens > (?P<context>\d+)"),
)
# OpenAI says so with the status of too many requests, which would be waited for in vain.
_UNPAID = ("insufficient_quota", "insufficient balance", "exceeded your current quota")
_MODERATED = ("moderation", "flagged", "content policy", "safety")


def complaint(value: object) -> Complaint | None:
    """The error object inside a JSON value (an answer's body, an event of a stream); ``None`` where there is none."""
    error, detail = at(value, "error"), at(value, "detail")
    if isinstance(error, dict):
        # OpenRouter quotes the host that it had asked.
        said = (text_at(error, "message"), text_at(error, "metadata", "raw"))
        return Complaint(
            message=": ".join(part for part in said if part),
            kind=text_at(error, "type"),
            code=str(error.get("code") or ""),
            parameter=text_at(error, "param"),
            value=error,
        )
    if isinstance(error, str) and error:
        return Complaint(message=text_at(value, "message") or error, code=error, value=value)
    if isinstance(detail, dict):
        return Complaint(text_at(detail, "msg") or text_at(detail, "error"), text_at(detail, "type"), value=detail)
    if isinstance(detail, list):
        first = detail[0] if detail else None
        place = list_at(first, "loc")
        return Complaint(
            text_at(first, "msg"), text_at(first, "type"), parameter=str(place[-1]) if place else "", value=first
        )
    if isinstance(detail, str) and detail:
        return Complaint(message=detail, value=value)
    return None


def refusal(server: str, answer: Answer, *, engine: str = "", model: str = "", key: str = "") -> EngineError:
    """The error that a refusing answer (status 300 and above, or a page) stands for.

    ``engine`` and ``model`` are named where the text is about them; ``key`` is struck out of whatever is quoted.
    """
    said = complaint(answer.json) or Complaint(message="" if answer.is_page else answer.body)
    if answer.is_page and answer.status < 400:
        return raised(messages.web_page(server), EngineFault.NOT_AN_API, server)
    return _refused(server, answer.status, said, answer.retry_after, engine or server, model, key)


def refusal_in_stream(server: str, said: Complaint, *, model: str = "", key: str = "") -> EngineError:
    """The error of an error object that came inside a stream which had begun as a success."""
    status = int(said.code) if re.fullmatch(r"[45]\d\d", said.code) else 0
    return _refused(server, status, said, "", server, model, key)


def raised(
    wording: Wording,
    fault: EngineFault,
    server: str,
    *,
    retry_after: float | None = None,
    prompt_tokens: int | None = None,
    context_tokens: int | None = None,
) -> EngineError:
    """An ``EngineError`` with a wording's title and advice. What is safe depends on who asked, so they say it."""
    return EngineError(
        wording.title,
        hint=wording.advice,
        where=server,
        fault=fault,
        retry_after=retry_after,
        prompt_tokens=prompt_tokens,
        context_tokens=context_tokens,
    )


def overflows(said: Complaint) -> bool:
    """Whether a complaint is that the prompt is too long."""
    return any(mark in said.words for mark in _OVERFLOW)


def overflow_numbers(said: Complaint) -> tuple[int | None, int | None]:
    """Tokens of the prompt and of the context, as far as an overflow complaint tells them."""
    prompt, context = int_at(said.value, "n_prompt_tokens"), int_at(said.value, "n_ctx")
    if prompt is None and context is None:
        for pattern in _NUMBERS:
            if found := pattern.search(said.message.lower()):
                groups = found.groupdict()
                return (int(groups["prompt"]) if groups.get("prompt") else None, int(groups["context"]))
    return prompt, context


def retry_seconds(header: str, now: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait by a ``Retry-After`` header (seconds or an HTTP date); ``None`` where it says nothing usable."""
    text = header.strip()
    if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text):
        return float(text)
    try:
        when = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(0.0, when - now())


def _refused(
    server: str, status: int, said: Complaint, retry_after: str, engine: str, model: str, key: str
) -> EngineError:
    quote = _quotable(said.message, key)
    words = said.words
    if overflows(said):
        prompt, context = overflow_numbers(said)
        return raised(
            messages.overflow(server, prompt, context),
            EngineFault.OVERFLOW,
            server,
            prompt_tokens=prompt,
            context_tokens=context,
        )
    wait = retry_seconds(retry_after)
    if status == 402 or (status == 429 and any(mark in words for mark in _UNPAID)):
        return raised(engine_messages.out_of_credit(server, quote, status), EngineFault.REJECTED, server)
    if status == 403 and any(mark in words for mark in _MODERATED):
        return raised(messages.rejected(server, status, quote), EngineFault.REJECTED, server)
    if status in (401, 403) or "authentication" in said.kind.lower():
        return raised(messages.key_refused(server, status or 401), EngineFault.KEY_REFUSED, server)
    if status == 429:
        return raised(messages.rate_limited(server, wait), EngineFault.RATE_LIMITED, server, retry_after=wait)
    if status == 404:
        if "model" in words:
            return raised(messages.no_such_model(server, model), EngineFault.NO_MODEL, server)
        return raised(messages.not_an_api(server, quote), EngineFault.NOT_AN_API, server)
    if status == 503:
        return _unavailable(server, words, engine, model, wait)
    if status in (408, 502, 504) or 520 <= status < 531:
        wording = messages.no_answer(server, f"its gateway says {status}")
        return raised(wording, EngineFault.UNREACHABLE, server, retry_after=wait)
    if 300 <= status < 400:
        return raised(messages.not_an_api(server, f"moved ({status})"), EngineFault.NOT_AN_API, server)
    if status >= 500 or not status:
        return raised(messages.server_broke(server, status or None, quote), EngineFault.CRASHED, server)
    if said.code == "model_not_found":
        return raised(messages.no_such_model(server, model), EngineFault.NO_MODEL, server)
    return raised(messages.rejected(server, status, quote), EngineFault.REJECTED, server)


def _unavailable(server: str, words: str, engine: str, model: str, wait: float | None) -> EngineError:
    if any(mark in words for mark in _LOADING):
        return raised(messages.still_loading(engine, model), EngineFault.LOADING, server, retry_after=wait)
    return raised(messages.busy(engine), EngineFault.BUSY, server, retry_after=wait)


def _quotable(message: str, key: str) -> str:
    """A server's words without the key: some repeat it whole, some its first and last characters."""
    if not key:
        return message
    message = message.replace(key, "…")
    return re.sub(rf"{re.escape(key[:4])}\S*", "…", message) if len(key) >= 8 else message
