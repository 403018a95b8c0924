"""The kinds of OpenAI-compatible servers: what each can do beyond the common core, as one table.

A row is knowledge, ``engines.openai`` is the loop over it. Rows for llama-cpp-python and KoboldCpp 1.76 were checked
against the programs themselves, the others against their documentation (``docs/spec/backends.md`` §4–11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tavern_tui.engines.address import origin


class Prefill(Enum):
    """How a chat API is given the beginning of a reply."""

    NONE = "none"
    LAST_MESSAGE = "last message"  # an assistant message at the end is continued
    CONTINUE_FINAL = "continue_final_message"
    RESPONSE_PREFIX = "response_prefix"
    PREFIX_FLAG = "prefix"  # "prefix": true on that message


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server tells something: a path below its base, and the keys to the value in the answer."""

    path: str
    keys: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Counter:
    """How a server counts tokens: POST ``{text_field: text, **extra}`` to ``path``; the count, or the ids, at ``keys``.

    ``names_model``: the request carries the model's id too.
    """

    path: str
    text_field: str
    keys: tuple[str, ...]
    extra: Mapping[str, object] = field(default_factory=dict)
    names_model: bool = False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of server. ``samplers`` maps canonical names to the wire's.

    ``text_completion`` of ``None`` means: ask (``GET`` on the route answers 405 where it exists). ``root`` stands
    before the common routes. ``true_usage`` says that the token numbers in answers are real. ``banned`` is the field
    for texts that a reply must not contain, empty where there is none.
    """

    name: str
    samplers: Mapping[str, str]
    text_completion: bool | None = None
    chat_completion: bool = True
    counter: Counter | None = None
    context: Place | None = None
    template: Place | None = None
    prefill: Prefill = Prefill.NONE
    stop_limit: int = 0
    seed: bool = True
    hosted: bool = False
    true_usage: bool = True
    root: str = "/v1"
    banned: str = ""


_CORE = {
    "temperature": "temperature",
    "top_p": "top_p",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
_DRY = {
    "dry_multiplier": "dry_multiplier",
    "dry_base": "dry_base",
    "dry_allowed_length": "dry_allowed_length",
}
_XTC = {"xtc_threshold": "xtc_threshold", "xtc_probability": "xtc_probability"}
_TRUNCATION = {"top_k": "top_k", "min_p": "min_p", "typical_p": "typical_p"}

LLAMA_CPP_PYTHON = Dialect(
    name="llama-cpp-python",
    samplers=_CORE | {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repeat_penalty"},
    text_completion=True,
    counter=Counter("/extras/tokenize/count", "input", ("count",)),
)
KOBOLDCPP = Dialect(
    name="KoboldCpp",
    samplers={
        "temperature": "temperature",
        "top_k": "top_k",
        "top_p": "top_p",
        "min_p": "min_p",
        "typical_p": "typical",
        "top_n_sigma": "nsigma",
        "repetition_penalty": "rep_pen",
        "repetition_range": "rep_pen_range",
        "presence_penalty": "presence_penalty",
        "dry_multiplier": "dry_multiplier",
        "dry_base": "dry_base",
        "dry_allowed_length": "dry_allowed_length",
        "dry_range": "dry_penalty_last_n",
        "dry_breakers": "dry_sequence_breakers",
        **_XTC,
    },
    text_completion=True,
    counter=Counter("/api/extra/tokencount", "prompt", ("value",)),
    context=Place("/api/extra/true_max_context_length", ("value",)),
    template=Place("/props", ("chat_template",)),
    stop_limit=16,
    true_usage=False,
    banned="banned_tokens",
)
TABBY = Dialect(
    name="TabbyAPI",
    samplers=_CORE
    | _XTC
    | {
        "top_k": "top_k",
        "min_p": "min_p",
        "repetition_penalty": "repetition_penalty",
        "repetition_range": "penalty_range",
    },
    text_completion=True,
    counter=Counter("/v1/token/encode", "text", ("length",), {"add_bos_token": False, "encode_special_tokens": True}),
    context=Place("/v1/model", ("parameters", "max_seq_len")),
    template=Place("/v1/model", ("parameters", "prompt_template_content")),
    prefill=Prefill.RESPONSE_PREFIX,
    seed=False,
    banned="banned_strings",
)
TEXTGEN = Dialect(
    name="text-generation-webui",
    samplers=_CORE
    | _DRY
    | _XTC
    | _TRUNCATION
    | {
        "top_n_sigma": "top_n_sigma",
        "repetition_penalty": "repetition_penalty",
        "repetition_range": "repetition_penalty_range",
    },
    text_completion=True,
    counter=Counter("/v1/internal/token-count", "text", ("length",)),
)
VLLM = Dialect(
    name="vLLM",
    samplers=_CORE | {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition_penalty"},
    text_completion=True,
    counter=Counter("/tokenize", "prompt", ("count",), {"add_special_tokens": False}, names_model=True),
    prefill=Prefill.CONTINUE_FINAL,
    banned="bad_words",
)
LM_STUDIO = Dialect(
    name="LM Studio", samplers=_CORE | {"top_k": "top_k", "repetition_penalty": "repeat_penalty"}, text_completion=True
)
# Ollama's completion route puts the model's own template round the prompt, so it is no text completion.
OLLAMA = Dialect(name="Ollama", samplers=_CORE, text_completion=False)
GENERIC = Dialect(name="OpenAI-compatible server", samplers=_CORE, stop_limit=4)

_HOSTED = {"temperature": "temperature"}
OPENAI = Dialect("OpenAI", _HOSTED, text_completion=False, stop_limit=4, seed=False, hosted=True)
OPENROUTER = Dialect("OpenRouter", _HOSTED, text_completion=False, stop_limit=4, seed=False, hosted=True)
HOSTED = Dialect("hosted API", _HOSTED, text_completion=False, stop_limit=4, seed=False, hosted=True)
HOSTED_WITH_PREFIX = Dialect(
    "hosted API", _HOSTED, text_completion=False, stop_limit=4, seed=False, hosted=True, prefill=Prefill.PREFIX_FLAG
)

# `owned_by` of the first model in /v1/models.
BY_OWNER: Mapping[str, Dialect] = {
    "me": LLAMA_CPP_PYTHON,
    "koboldcpp": KOBOLDCPP,
    "tabbyAPI": TABBY,
    "user": TEXTGEN,
    "vllm": VLLM,
    "organization_owner": LM_STUDIO,
    "library": OLLAMA,
}


@dataclass(frozen=True, slots=True)
class Service:
    """A hosted service, known by its host name: it is not probed. ``prefix`` is where its routes begin."""

    dialect: Dialect
    prefix: str = ""


SERVICES: Mapping[str, Service] = {
    "api.openai.com": Service(OPENAI),
    "openrouter.ai": Service(OPENROUTER, "/api"),
    "api.mistral.ai": Service(HOSTED_WITH_PREFIX),
    "api.deepseek.com": Service(HOSTED),
    "api.groq.com": Service(HOSTED, "/openai"),
    "api.together.xyz": Service(HOSTED),
}


def model_name(model_id: str) -> str:
    """A model's id as people say it: without the folder and ending of a GGUF file, without KoboldCpp's prefix."""
    name = model_id.removeprefix("koboldcpp/")
    if name.lower().endswith(".gguf"):
        name = name.replace("\\", "/").rpartition("/")[2][:-5]
    return name or model_id


def service_at(base: str) -> Service | None:
    """The hosted service at a base URL, ``None`` where the host is none that is known."""
    scheme, host, _ = origin(base)
    return SERVICES.get(host) if scheme == "https" else None
