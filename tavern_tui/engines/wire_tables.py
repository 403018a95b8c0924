"""How every kind of server is told of sampling: the table of names, forms and limits, one ``Wire`` each.

Rows for llama-cpp-python and KoboldCpp 1.76 were checked against the programs themselves, the others against their
documentation. Source: ``docs/spec/backends.md`` §2.4, §5–11, §14.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.engines.wire_samplers import Bias, Dynamic, Schema, Wire

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
_DRY_REACH = {"dry_range": "dry_penalty_last_n", "dry_breakers": "dry_sequence_breakers"}
_XTC = {"xtc_threshold": "xtc_threshold", "xtc_probability": "xtc_probability"}
_MIROSTAT = {"mirostat": "mirostat", "mirostat_tau": "mirostat_tau", "mirostat_eta": "mirostat_eta"}
_SMOOTHING = {"smoothing_factor": "smoothing_factor", "smoothing_curve": "smoothing_curve"}

# The sampler ids of KoboldAI; 2 is top-p and min-p in one. Logit bias, grammar, top-n-sigma and DRY come before them,
# XTC after, wherever they stand.
_KOBOLD_STAGES: dict[str, tuple[str | int, ...]] = {
    "penalties": (6,),
    "top_k": (0,),
    "top_a": (1,),
    "tfs": (3,),
    "typical_p": (4,),
    "top_p": (2,),
    "temperature": (5,),
}

KOBOLDCPP = Wire(
    names={
        "temperature": "temperature",
        "top_k": "top_k",
        "top_p": "top_p",
        "min_p": "min_p",
        "typical_p": "typical",
        "tfs": "tfs",
        "top_a": "top_a",
        "top_n_sigma": "nsigma",
        "repetition_penalty": "rep_pen",
        "repetition_range": "rep_pen_range",
        "presence_penalty": "presence_penalty",
        "ban_eos": "use_default_badwordsids",
        **_DRY,
        **_DRY_REACH,
        **_XTC,
        **_MIROSTAT,
        **_SMOOTHING,
    },
    length="max_length",
    context="max_context_length",
    dynamic=Dynamic.RANGE,
    breaker_limit=24,
    order="sampler_order",
    stages=_KOBOLD_STAGES,
    stop="stop_sequence",
    stop_limit=16,
    seed="sampler_seed",
    no_seed=-1,
    banned="banned_tokens",
    banned_limit=48,
    bias=Bias.BY_ID,
    bias_limit=16,
    grammar=(("grammar",),),
)
"""KoboldCpp's own API. What a limit cuts off would be dropped by the server without a word."""

KOBOLDCPP_OPENAI = replace(
    KOBOLDCPP,
    names={**KOBOLDCPP.names, "mirostat": "mirostat_mode"},
    length="max_tokens",
    context="",
    stop="stop",
    seed="seed",
)
"""The same samplers in a body of its OpenAI-compatible routes, which take mirostat by text-generation-webui's name."""

LLAMA_SERVER = Wire(
    names={
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
        "ban_eos": "ignore_eos",
        **_DRY,
        **_DRY_REACH,
        **_XTC,
        **_MIROSTAT,
    },
    length="n_predict",
    whole=-1,
    off={"top_n_sigma": -1},
    dynamic=Dynamic.RANGE,
    order="samplers",
    stages={
        "penalties": ("penalties",),
        "dry": ("dry",),
        "top_n_sigma": ("top_n_sigma",),
        "top_k": ("top_k",),
        "typical_p": ("typ_p",),
        "top_p": ("top_p",),
        "min_p": ("min_p",),
        "xtc": ("xtc",),
        "temperature": ("temperature",),
    },
    no_seed=-1,
    bias=Bias.PAIRS,
    grammar=(("grammar",),),
    schema=Schema.FIELD,
)
"""llama.cpp's own server, ``/completion``. Stages that its order does not name do not run, so it is always sent."""

TEXTGEN = Wire(
    names=_CORE
    | _DRY
    | _XTC
    | _SMOOTHING
    | {
        "top_k": "top_k",
        "min_p": "min_p",
        "typical_p": "typical_p",
        "tfs": "tfs",
        "top_a": "top_a",
        "top_n_sigma": "top_n_sigma",
        "repetition_penalty": "repetition_penalty",
        "repetition_range": "repetition_penalty_range",
        "dry_breakers": "dry_sequence_breakers",
        "mirostat": "mirostat_mode",
        "mirostat_tau": "mirostat_tau",
        "mirostat_eta": "mirostat_eta",
        "ban_eos": "ban_eos_token",
    },
    one_range=True,
    dynamic=Dynamic.BOUNDS,
    quoted_breakers=True,
    order="sampler_priority",
    stages={
        "penalties": ("repetition_penalty", "presence_penalty", "frequency_penalty"),
        "dry": ("dry",),
        "top_n_sigma": ("top_n_sigma",),
        "top_k": ("top_k",),
        "top_a": ("top_a",),
        "tfs": ("tfs",),
        "typical_p": ("typical_p",),
        "top_p": ("top_p",),
        "min_p": ("min_p",),
        "xtc": ("xtc",),
        "temperature": ("dynamic_temperature", "quadratic_sampling", "temperature", "mirostat"),
    },
    no_seed=-1,
    bias=Bias.BY_ID,
    grammar=(("grammar_string",),),
)
"""text-generation-webui. Which of these have an effect depends on its loader; it does not say which one that is.

A range over everything is sent as a number: 0 means that to its Transformers loaders, and "no penalty" to llama.cpp.
"""

TABBY = Wire(
    names=_CORE
    | _XTC
    | {
        "top_k": "top_k",
        "min_p": "min_p",
        "repetition_penalty": "repetition_penalty",
        "repetition_range": "penalty_range",
    },
    whole=-1,
    last="temperature_last",
    seed="",
    banned="banned_strings",
    bias=Bias.BY_ID,
    grammar=(("grammar_string",),),
    schema=Schema.FIELD,
)
"""TabbyAPI. It accepts DRY, mirostat, a moving temperature and more, and does nothing with them: they are not here."""

VLLM = Wire(
    names=_CORE
    | {
        "top_k": "top_k",
        "min_p": "min_p",
        "repetition_penalty": "repetition_penalty",
        "ban_eos": "ignore_eos",
    },
    off={"top_k": -1},
    banned="bad_words",
    bias=Bias.BY_ID,
    grammar=(("structured_outputs", "grammar"), ("guided_grammar",)),
    schema=Schema.RESPONSE_FORMAT,
)
"""vLLM. A top-k of 0 is refused by builds before 2025; −1 means "off" to all of them, and to SGLang and Aphrodite."""

LM_STUDIO = Wire(
    names=_CORE | {"top_k": "top_k", "repetition_penalty": "repeat_penalty"},
    bias=Bias.BY_ID,
    schema=Schema.RESPONSE_FORMAT,
)

OLLAMA = Wire(
    names=_CORE
    | _MIROSTAT
    | {
        "top_k": "top_k",
        "min_p": "min_p",
        "typical_p": "typical_p",
        "repetition_penalty": "repeat_penalty",
        "repetition_range": "repeat_last_n",
    },
    length="num_predict",
    context="num_ctx",
    options="options",
    whole=-1,
    schema=Schema.FIELD,
    schema_field="format",
)
"""Ollama's own API: the values stand in an object ``options``, the schema beside it."""

OLLAMA_OPENAI = Wire(names=_CORE, schema=Schema.RESPONSE_FORMAT)

LLAMA_CPP_PYTHON = Wire(
    names=_CORE
    | {
        "top_k": "top_k",
        "min_p": "min_p",
        "repetition_penalty": "repeat_penalty",
        "mirostat": "mirostat_mode",
        "mirostat_tau": "mirostat_tau",
        "mirostat_eta": "mirostat_eta",
    },
    bias=Bias.BY_ID,
    grammar=(("grammar",),),
)
GENERIC = Wire(names=_CORE, stop_limit=4)
"""A server of an unknown kind: what OpenAI's API has always had."""

HOSTED = Wire(names={"temperature": "temperature"}, neutral=False, stop_limit=4, seed="")
"""A hosted service: temperature and length only (``docs/ux.md`` §4)."""

OPENAI = replace(HOSTED, schema=Schema.RESPONSE_FORMAT, bias=Bias.BY_ID)
OPENROUTER = Wire(
    names=_CORE | {"top_k": "top_k", "min_p": "min_p", "top_a": "top_a", "repetition_penalty": "repetition_penalty"},
    neutral=False,
    stop_limit=4,
    bias=Bias.BY_ID,
    schema=Schema.RESPONSE_FORMAT,
)
"""OpenRouter's names. Each model takes some of them: ``Wire.only`` with its ``supported_parameters``."""

WIRES: dict[str, Wire] = {
    "KoboldCpp": KOBOLDCPP,
    "KoboldCpp (OpenAI route)": KOBOLDCPP_OPENAI,
    "llama-server": LLAMA_SERVER,
    "text-generation-webui": TEXTGEN,
    "TabbyAPI": TABBY,
    "vLLM": VLLM,
    "LM Studio": LM_STUDIO,
    "Ollama": OLLAMA,
    "Ollama (OpenAI route)": OLLAMA_OPENAI,
    "llama-cpp-python": LLAMA_CPP_PYTHON,
    "OpenRouter": OPENROUTER,
    "OpenAI": OPENAI,
    "hosted API": HOSTED,
    "OpenAI-compatible server": GENERIC,
}
"""Every row by the name of its kind, for the table in ``docs/presets.md``."""
