"""Whose sampler preset calls which of our fields what, program by program. Reading and writing: ``sampler_files``.

Sources: SillyTavern ``textgen-settings.js`` and its KoboldAI settings (``docs/spec/sillytavern-prompts.md`` §11.1),
text-generation-webui's presets, ``docs/spec/backends.md`` §14.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Look(StrEnum):
    """How a value is written down where it is not as ours is."""

    SAME = ""
    WHOLE_CONTEXT = "-1 is the whole context"
    NEGATIVE_IS_OFF = "below zero is off"
    JSON_TEXT = "a list as a JSON text"
    BARE_LIST = "texts of JSON between commas, without brackets"
    RANDOM_BELOW_ZERO = "below zero is none"
    OBJECT = "an object, empty for none"


@dataclass(frozen=True, slots=True)
class Row:
    """A field: ``theirs`` in the file, ``ours`` in a preset."""

    theirs: str
    ours: str
    look: Look = Look.SAME


@dataclass(frozen=True, slots=True)
class Dynamic:
    """How a program says that the temperature moves: a switch, the bounds."""

    switch: str
    low: str
    high: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A program's file. ``passed`` are fields that only some servers know: the wire's name and the value that is off.

    ``other`` are fields that do nothing here: the values that are not worth a word, and what is said of others.
    ``tells`` are fields of which one at least shows whose file it is, where all of ``needs`` are there.
    """

    program: str
    title: str
    needs: frozenset[str]
    tells: frozenset[str]
    rows: tuple[Row, ...]
    passed: Mapping[str, tuple[str, Any]]
    other: Mapping[str, tuple[tuple[Any, ...], str]]
    dynamic: Dynamic | None = None
    banned: str = ""
    biases: str = ""
    order: str = ""
    greedy: str = ""
    yaml: bool = False


KOBOLD_STAGES = ("top_k", "top_a", "top_p", "tfs", "typical_p", "temperature", "penalties")
"""What the numbers of ``sampler_order`` mean."""

KOBOLD_ORDER = (6, 0, 1, 3, 4, 2, 5)
"""KoboldCpp's own order: a preset that says it says nothing of ours."""

_LENGTH = "The length of replies is a setting: reply.response_tokens."
_CONTEXT = "The context size is a setting: engine.context_tokens."
_LENGTHS: dict[str, tuple[tuple[Any, ...], str]] = {"genamt": ((), _LENGTH), "max_length": ((), _CONTEXT)}
_BOTH = (
    Row("top_p", "top_p"),
    Row("top_k", "top_k", Look.NEGATIVE_IS_OFF),
    Row("top_a", "top_a"),
    Row("min_p", "min_p"),
    Row("tfs", "tfs"),
)
_SAME_NAMES = (
    Row("smoothing_factor", "smoothing_factor"),
    Row("smoothing_curve", "smoothing_curve"),
    Row("xtc_threshold", "xtc_threshold"),
    Row("xtc_probability", "xtc_probability"),
    Row("dry_multiplier", "dry_multiplier"),
    Row("dry_base", "dry_base"),
    Row("dry_allowed_length", "dry_allowed_length"),
    Row("mirostat_mode", "mirostat"),
    Row("mirostat_tau", "mirostat_tau"),
    Row("mirostat_eta", "mirostat_eta"),
    Row("dynatemp_exponent", "dynamic_temperature_exponent"),
    Row("ban_eos_token", "ban_eos"),
)
_ODD: dict[str, tuple[str, Any]] = {
    "epsilon_cutoff": ("epsilon_cutoff", 0),
    "eta_cutoff": ("eta_cutoff", 0),
    "no_repeat_ngram_size": ("no_repeat_ngram_size", 0),
    "penalty_alpha": ("penalty_alpha", 0),
    "guidance_scale": ("guidance_scale", 1),
    "negative_prompt": ("negative_prompt", ""),
}
_ORDERED = "The order of samplers is kept in the file; our own is used."

TEXTGEN = Layout(
    "sillytavern",
    "SillyTavern text completion preset",
    frozenset(("temp", "rep_pen")),
    frozenset(("typical_p", "freq_pen", "mirostat_mode", "temperature_last", "do_sample", "nsigma")),
    (
        Row("temp", "temperature"),
        *_BOTH,
        Row("typical_p", "typical_p"),
        Row("nsigma", "top_n_sigma"),
        Row("rep_pen", "repetition_penalty"),
        Row("rep_pen_range", "repetition_range", Look.WHOLE_CONTEXT),
        Row("freq_pen", "frequency_penalty"),
        Row("presence_pen", "presence_penalty"),
        *_SAME_NAMES,
        Row("dry_sequence_breakers", "dry_breakers", Look.JSON_TEXT),
        Row("dry_penalty_last_n", "dry_range", Look.WHOLE_CONTEXT),
        Row("seed", "seed", Look.RANDOM_BELOW_ZERO),
        Row("grammar_string", "grammar"),
        Row("json_schema", "json_schema", Look.OBJECT),
    ),
    {**_ODD, "encoder_rep_pen": ("encoder_repetition_penalty", 1), "skew": ("skew", 0)},
    {
        **_LENGTHS,
        "temperature_last": ((True,), "Here the temperature is always applied last."),
        "sampler_priority": ((), _ORDERED),
        "samplers": ((["top_k", "tfs_z", "typical_p", "top_p", "min_p", "temperature"],), _ORDERED),
        "rep_pen_slope": ((0, 1), "It is kept in the file; no server of today knows it."),
        "rep_pen_decay": ((0,), "It is kept in the file; few servers know it, and it is not sent."),
        "num_beams": ((1,), "There is no beam search here."),
        "n": ((1,), "The number of replies is chosen with each one."),
    },
    Dynamic("dynatemp", "min_temp", "max_temp"),
    banned="banned_tokens",
    biases="logit_bias",
    order="sampler_order",
    greedy="do_sample",
)
KOBOLD = Layout(
    "kobold",
    "KoboldAI preset",
    frozenset(("temp", "rep_pen")),
    frozenset(("rep_pen_slope", "typical", "sampler_order", "tfs", "top_k")),
    (
        Row("temp", "temperature"),
        *_BOTH,
        Row("typical", "typical_p"),
        Row("rep_pen", "repetition_penalty"),
        Row("rep_pen_range", "repetition_range", Look.WHOLE_CONTEXT),
        Row("mirostat", "mirostat"),
        Row("mirostat_tau", "mirostat_tau"),
        Row("mirostat_eta", "mirostat_eta"),
        Row("grammar", "grammar"),
        Row("seed", "seed", Look.RANDOM_BELOW_ZERO),
    ),
    {},
    {**_LENGTHS, "rep_pen_slope": ((0, 1), "It is kept in the file; no server of today knows it.")},
    order="sampler_order",
)
WEBUI = Layout(
    "webui",
    "text-generation-webui preset",
    frozenset(),
    frozenset(
        (
            *("do_sample", "dynatemp_low", "dynatemp_high", "dynamic_temperature", "repetition_penalty_range"),
            *("dry_sequence_breakers", "mirostat_mode", "epsilon_cutoff", "eta_cutoff", "encoder_repetition_penalty"),
            *("no_repeat_ngram_size", "penalty_alpha", "guidance_scale", "temperature_last", "sampler_priority"),
        )
    ),
    (
        Row("temperature", "temperature"),
        *_BOTH,
        Row("typical_p", "typical_p"),
        Row("top_n_sigma", "top_n_sigma"),
        Row("repetition_penalty", "repetition_penalty"),
        Row("repetition_penalty_range", "repetition_range", Look.WHOLE_CONTEXT),
        Row("frequency_penalty", "frequency_penalty"),
        Row("presence_penalty", "presence_penalty"),
        *_SAME_NAMES,
        Row("dry_sequence_breakers", "dry_breakers", Look.BARE_LIST),
        Row("seed", "seed", Look.RANDOM_BELOW_ZERO),
        Row("grammar_string", "grammar"),
    ),
    {**_ODD, "encoder_repetition_penalty": ("encoder_repetition_penalty", 1)},
    {
        "temperature_last": ((True, False), ""),
        "sampler_priority": ((), _ORDERED),
        "max_new_tokens": ((), _LENGTH),
        "truncation_length": ((), _CONTEXT),
    },
    Dynamic("dynamic_temperature", "dynatemp_low", "dynatemp_high"),
    greedy="do_sample",
    yaml=True,
)
CHAT = Layout(
    "openai",
    "chat completion preset",
    frozenset(),
    frozenset(),
    (
        Row("temperature", "temperature"),
        Row("frequency_penalty", "frequency_penalty"),
        Row("presence_penalty", "presence_penalty"),
        Row("top_p", "top_p"),
        Row("top_k", "top_k", Look.NEGATIVE_IS_OFF),
        Row("top_a", "top_a"),
        Row("min_p", "min_p"),
        Row("repetition_penalty", "repetition_penalty"),
        Row("seed", "seed", Look.RANDOM_BELOW_ZERO),
    ),
    {},
    {"openai_max_context": ((), _CONTEXT), "openai_max_tokens": ((), _LENGTH), "n": ((1,), "")},
)

LAYOUTS = (TEXTGEN, KOBOLD, WEBUI)
"""The files that hold samplers alone."""
