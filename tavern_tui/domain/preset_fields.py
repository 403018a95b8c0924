"""The fields of a preset: what kind of value each has, between which bounds, and what it does, as one table.

The files of presets, the command line and the docs read it; ``checked`` is the loop over it. Bounds are where values
stop meaning anything, not where they stop being wise. Sources: ``docs/spec/backends.md`` §2.4, §5–11.
"""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.grammar import grammar_problem
from tavern_tui.domain.grammar_cost import cost_problem
from tavern_tui.domain.preset import STAGES, Preset, ReplyRules, SamplerPreset

MOST_SEED = 2**32 - 2
"""llama.cpp takes the number above it for "choose one yourself"."""
MOST_TEXTS = 256
MOST_CHARACTERS = 1_000
_RANGE = 1_048_576

_STAGE_ALIASES = {"typical": "typical_p", "typ_p": "typical_p", "tfs_z": "tfs", "temp": "temperature"}


class FieldRefusedError(ValueError):
    """The value means nothing in this field; the text says why, in a sentence without its full stop."""


Check = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: what gives the value that was meant, its bounds as people read them, and what it does."""

    check: Check
    bounds: str
    help: str


def checked(name: str, value: object) -> object:
    """The value that was meant for the field ``name``. Raises ``FieldRefusedError``, and ``KeyError`` for no field."""
    return FIELDS[name].check(value)


def nearest_field(name: str) -> str:
    """The field that was probably meant by a name that is none; empty where none is near."""
    near = difflib.get_close_matches(name.casefold(), FIELDS, n=1, cutoff=0.75)
    return near[0] if near else ""


def built(values: Mapping[str, object], *, name: str, extra: tuple[tuple[str, object], ...] = ()) -> Preset:
    """The preset of checked ``values`` by field; what is not given is neutral. ``extra`` passes through to servers."""
    sampling = {field.name for field in fields(SamplerPreset)}
    rules = {field.name for field in fields(ReplyRules)}
    chosen: dict[str, Any] = {key: value for key, value in values.items() if key in sampling}
    made = Preset(
        replace(SamplerPreset(name=name, extra=extra), **chosen),
        ReplyRules(**{key: value for key, value in values.items() if key in rules}),  # type: ignore[arg-type]
    )
    others: dict[str, Any] = {key: values[key] for key in ("seed", "note") if key in values}
    return replace(made, **others)


def _shown(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=False, default=str)
    return safe_line(shown, 40)


def _number(least: float, most: float) -> Check:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FieldRefusedError(f"it is a number from {least:g} to {most:g}, not {_shown(value)}")
        if not math.isfinite(value) or not least <= value <= most:
            raise FieldRefusedError(f"it goes from {least:g} to {most:g}, not {value:g}")
        return float(value)

    return check


def _whole(least: int, most: int, *, empty: bool = False) -> Check:
    def check(value: object) -> int | None:
        if value is None and empty:
            return None
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        if isinstance(number, bool) or not isinstance(number, int):
            raise FieldRefusedError(f"it is a whole number from {least:,} to {most:,}, not {_shown(value)}")
        if not least <= number <= most:
            raise FieldRefusedError(f"it goes from {least:,} to {most:,}, not {_shown(number)}")
        return number

    return check


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise FieldRefusedError(f"it is true or false, not {_shown(value)}")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise FieldRefusedError("it is a text; put it into quotes")
    return value


def _texts(value: object) -> tuple[str, ...]:
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list | tuple) or not all(isinstance(one, str) for one in found):
        raise FieldRefusedError("it is a list of texts, each in quotes")
    kept = tuple(dict.fromkeys(one for one in found if one))
    if len(kept) > MOST_TEXTS or any(len(one) > MOST_CHARACTERS for one in kept):
        raise FieldRefusedError(f"it has at most {MOST_TEXTS} texts, each of at most {MOST_CHARACTERS:,} characters")
    return kept


def _order(value: object) -> tuple[str, ...]:
    stages = tuple(_STAGE_ALIASES.get(stage, stage) for stage in _texts(value))
    unknown = [stage for stage in stages if stage not in STAGES]
    if unknown:
        raise FieldRefusedError(f"there is no stage {_shown(unknown[0])}; there are {', '.join(STAGES)}")
    return stages


def _biases(value: object) -> tuple[tuple[int | str, float], ...]:
    if not isinstance(value, Mapping):
        raise FieldRefusedError('it is written as {"text or number of a token": -100 … 100}')
    if len(value) > MOST_TEXTS:
        raise FieldRefusedError(f"it has at most {MOST_TEXTS} tokens")
    weight = _number(-100, 100)
    biases = ((int(key) if _is_id(key) else str(key), weight(bias)) for key, bias in value.items())
    return tuple((key, float(bias)) for key, bias in biases if key != "" and isinstance(bias, float))


def _is_id(key: object) -> bool:
    return isinstance(key, int) or (isinstance(key, str) and key.isdecimal() and key.isascii() and len(key) < 10)


def _grammar(value: object) -> str:
    text = _text(value)
    problem = (grammar_problem(text) or cost_problem(text)) if text.strip() else None
    if problem is not None:
        raise FieldRefusedError(f"line {problem.line} of it cannot be read: {problem.why}")
    return text


def _schema(value: object) -> str:
    """A schema as its JSON text; one that is written in the file's own notation is taken, too."""
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    text = _text(value)
    if not text.strip():
        return ""
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FieldRefusedError(f"it is no JSON at line {getattr(error, 'lineno', 1)}") from error
    if not isinstance(told, dict):
        raise FieldRefusedError("a schema is an object with a “type”")
    return text


def _numbered(least: float, most: float, what: str) -> Field:
    return Field(_number(least, most), f"{least:g}–{most:g}", what)


def _counted(least: int, most: int, what: str) -> Field:
    return Field(_whole(least, most), f"{least:,}–{most:,}", what)


FIELDS: dict[str, Field] = {
    "temperature": _numbered(0, 10, "How freely the next token is drawn; 0 always takes the likeliest."),
    "top_k": _counted(0, 100_000, "Only so many of the likeliest tokens; 0 is off."),
    "top_p": _numbered(0, 1, "Only the likeliest tokens that together have this probability; 1 is off."),
    "min_p": _numbered(0, 1, "Only tokens at least so likely beside the likeliest; 0 is off."),
    "typical_p": _numbered(0, 1, "Only tokens about as surprising as one expects; 1 is off."),
    "top_n_sigma": _numbered(0, 10, "Only tokens within so many standard deviations of the likeliest; 0 is off."),
    "tfs": _numbered(0, 1, "Tail-free sampling, on older servers; 1 is off."),
    "top_a": _numbered(0, 1, "A bound that grows with the square of the likeliest, on some servers; 0 is off."),
    "repetition_penalty": _numbered(0.1, 5, "Makes tokens less likely that were there before; 1 is off."),
    "repetition_range": _counted(0, _RANGE, "How many tokens the penalties look back; 0 is the whole context."),
    "presence_penalty": _numbered(-2, 2, "Taken off a token that was there before; 0 is off."),
    "frequency_penalty": _numbered(-2, 2, "Taken off a token for each time that it was there; 0 is off."),
    "penalize_prompt": Field(_truth, "true, false", "Whether the penalties look into the prompt, too (embedded)."),
    "dry_multiplier": _numbered(0, 10, "Strength of DRY, which keeps sequences from repeating; 0 is off."),
    "dry_base": _numbered(1, 8, "How fast DRY grows with the length of what repeats."),
    "dry_allowed_length": _counted(1, 1_000, "The longest sequence of tokens that may repeat."),
    "dry_range": _counted(0, _RANGE, "How many tokens DRY looks back; 0 is the whole context."),
    "dry_breakers": Field(_texts, "texts", "Texts at which DRY begins anew."),
    "xtc_threshold": _numbered(0, 1, "XTC: tokens at least so likely may be left out, but for the least likely."),
    "xtc_probability": _numbered(0, 1, "How often XTC does so; 0 is off."),
    "mirostat": _counted(0, 2, "Mirostat 1 or 2 in place of what cuts off the tail; 0 is off."),
    "mirostat_tau": _numbered(0, 20, "The surprise that mirostat aims at."),
    "mirostat_eta": _numbered(0, 1, "How fast mirostat learns."),
    "dynamic_temperature_low": _numbered(0, 10, "The temperature where the model is sure; with _high of 0, off."),
    "dynamic_temperature_high": _numbered(0, 10, "The temperature where the model is in doubt; 0 is off."),
    "dynamic_temperature_exponent": _numbered(0.01, 10, "How it goes from the one to the other; 1 is straight."),
    "smoothing_factor": _numbered(0, 10, "Smooth sampling, on some servers; 0 is off."),
    "smoothing_curve": _numbered(1, 10, "The curve of smooth sampling."),
    "ban_eos": Field(_truth, "true, false", "Forbids the model to end the reply by itself."),
    "order": Field(_order, "stages", "Stages of sampling in another order than ours; the others stay."),
    "stop": Field(_texts, "texts", "Further texts that end a reply."),
    "banned": Field(_texts, "texts", "Texts that may not be in a reply."),
    "logit_bias": Field(_biases, "−100–100 each", "Makes tokens likelier or less likely, by text or by number."),
    "grammar": Field(_grammar, "GBNF", "A grammar that the reply has to follow."),
    "json_schema": Field(_schema, "JSON Schema", "A schema that the reply has to follow, as JSON."),
    "seed": Field(_whole(0, MOST_SEED, empty=True), f"0–{MOST_SEED:,}", "The same seed draws the same tokens."),
    "note": Field(_text, "a text", "A few words about the preset, for yourself."),
}
"""Every field of a file of presets, in the order in which they are shown."""

TEXTUAL = frozenset({"order", "stop", "banned", "dry_breakers", "grammar", "json_schema", "note"})
"""The fields that hold texts."""
