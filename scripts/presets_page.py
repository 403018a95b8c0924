"""The tables of ``docs/presets.md``, out of the tables that the program reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from tavern_tui.domain.preset import BUILT_IN, NEUTRAL, SamplerPreset
from tavern_tui.domain.preset_fields import FIELDS
from tavern_tui.engines.sampling_fit import EMBEDDED_SAMPLERS
from tavern_tui.engines.wire_samplers import Bias, Dynamic, Schema, Wire
from tavern_tui.engines.wire_tables import WIRES
from tavern_tui.session.presets import NOTES

_MARKED = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_NONE = "–"
_SHOWN = {
    "KoboldCpp": "KoboldCpp",
    "llama-server": "llama-server",
    "text-generation-webui": "text-generation-webui",
    "TabbyAPI": "TabbyAPI",
    "vLLM": "vLLM",
    "Ollama": "Ollama",
    "LM Studio": "LM Studio",
    "OpenRouter": "OpenRouter",
    "OpenAI-compatible server": "others",
}
_BIASES = {Bias.BY_ID: "by number", Bias.PAIRS: "by text or number"}
_SCHEMAS = {Schema.RESPONSE_FORMAT: "response_format"}
_DYNAMIC = {Dynamic.RANGE: "dynatemp_range", Dynamic.BOUNDS: "dynatemp_low, _high"}


def page(text: str) -> str:
    """``text``, the page, with its tables as they are now."""
    tables = {"ours": _ours, "fields": _fields, "names": _names, "limits": _limits}
    return _MARKED.sub(lambda match: match.group(1) + tables[match["name"]]() + match.group(3), text)


def _table(header: str, rows: Iterable[Sequence[str]]) -> str:
    titles = header.split(", ")
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n" + "".join(f"| {' | '.join(row)} |\n" for row in lines) + "\n"


def _ours() -> str:
    def row(name: str, one: SamplerPreset) -> Sequence[str]:
        dry = (one.dry_multiplier, one.dry_base, one.dry_allowed_length, one.dry_range)
        penalty = f"{one.repetition_penalty:g}" + (
            f" over {one.repetition_range}" if one.repetition_penalty > 1 else ""
        )
        return (
            f"`{name}`",
            f"{one.temperature:g}",
            f"{one.min_p:g}",
            penalty,
            " / ".join(f"{value:g}" for value in dry) if one.dry_multiplier else "off",
            f"{one.xtc_threshold:g} / {one.xtc_probability:g}" if one.xtc_probability else "off",
            NOTES[name],
        )

    header = "preset, temperature, min-p, repetition penalty, DRY, XTC, for"
    return _table(header, (row(name, one) for name, one in BUILT_IN.items()))


def _fields() -> str:
    rows = ((f"`{n}`", one.bounds, _neutral(getattr(NEUTRAL, n, None)), one.help) for n, one in FIELDS.items())
    return _table("field, values, neutral, what it does", rows)


def _neutral(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(f"`{one.encode('unicode_escape').decode()}`" for one in value) or "none"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: ""}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def _names() -> str:
    shown = {title: WIRES[kind] for kind, title in _SHOWN.items()}
    lines = []
    for name in FIELDS:
        if hasattr(NEUTRAL, name):
            lines.append([name, "yes" if name in EMBEDDED_SAMPLERS else _NONE, *_cells(name, shown)])
    for name in ("stop", "banned", "logit_bias", "grammar", "json_schema", "seed"):
        lines.append([name, "yes", *(_rule(name, wire) or _NONE for wire in shown.values())])
    return _table(", ".join(("field", "embedded", *shown)), lines)


def _cells(name: str, shown: Mapping[str, Wire]) -> list[str]:
    return [_named(name, wire) or _NONE for wire in shown.values()]


def _named(name: str, wire: Wire) -> str:
    if name in wire.names:
        return wire.names[name]
    if name == "order":
        return wire.order or wire.last
    if name == "dynamic_temperature_exponent" and wire.dynamic is not Dynamic.NONE:
        return "dynatemp_exponent"
    return _DYNAMIC.get(wire.dynamic, "") if name.startswith("dynamic_") else ""


def _rule(name: str, wire: Wire) -> str:
    match name:
        case "grammar":
            return ", ".join(".".join(path) for path in wire.grammar)
        case "json_schema":
            return _SCHEMAS.get(wire.schema, wire.schema_field if wire.schema is Schema.FIELD else "")
        case "logit_bias":
            return _BIASES.get(wire.bias, "")
        case _:
            return str(getattr(wire, name))


def _limits() -> str:
    def most(limit: int, taken: object) -> str:
        return _NONE if not taken else f"{limit}" if limit else "any number"

    return _table(
        "server, stop strings, banned texts, biases, DRY's breakers",
        (
            (
                title,
                most(wire.stop_limit, wire.stop),
                most(wire.banned_limit, wire.banned),
                most(wire.bias_limit, wire.bias is not Bias.NONE),
                most(wire.breaker_limit, "dry_breakers" in wire.names),
            )
            for title, wire in ((title, WIRES[kind]) for kind, title in _SHOWN.items())
        ),
    )
