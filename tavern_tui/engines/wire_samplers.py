"""From canonical names to the wire: how a request's sampling is said to each kind of server.

A ``Wire`` is the knowledge about one kind (the table is ``engines.wire_tables``), ``to_wire`` the loop over it: the
samplers, their order, the seed, stop strings, banned texts, biases, grammar and schema. Prompt, model and streaming
are the adapters'. Source: ``docs/spec/backends.md`` §14.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from tavern_tui.domain import preset_messages as said
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import NEUTRAL, SamplerPreset
from tavern_tui.engines.base import Capabilities, Request
from tavern_tui.engines.sampling_fit import fit

_RANGES = frozenset({"repetition_range", "dry_range"})
_DYNAMIC = frozenset({"dynamic_temperature_low", "dynamic_temperature_high", "dynamic_temperature_exponent"})
_CLAMP = 100.0
_KEPT = frozenset({"prompt", "messages", "model", "stream", "stream_options", "genkey", "memory"})
"""Fields that a preset's own keys never replace: they are the request itself."""


class Dynamic(Enum):
    """How a server is told of a temperature between two bounds."""

    NONE = "none"
    RANGE = "range"  # the temperature in the middle, and how far it goes to either side
    BOUNDS = "bounds"  # low and high, and a switch


class Bias(Enum):
    """How a server takes biases of tokens."""

    NONE = "none"
    BY_ID = "by id"  # {"15043": 1.5}
    PAIRS = "pairs"  # [[15043, 1.5], ["text", 1.5]]: texts too


class Schema(Enum):
    """How a server takes a JSON Schema."""

    NONE = "none"
    FIELD = "field"  # an object under ``Wire.schema_field``
    RESPONSE_FORMAT = "response_format"  # as OpenAI has it


@dataclass(frozen=True, slots=True)
class Wire:
    """How one kind of server is told of sampling. ``names`` maps canonical names to its own.

    ``length`` and ``context`` are its names for the reply's and the whole's tokens (``context`` empty: not sent).
    ``options`` is the object that holds the values, empty where they stand in the body itself. ``neutral`` says that
    neutral values are sent: to local servers, whose own defaults are not neutral, never to hosted services.
    ``whole`` stands for a range over the whole context, ``None`` for its number of tokens. ``off`` has what a server
    wants for a canonical value of 0. ``quoted_breakers``: DRY's breakers as one text. ``order`` is the field for the
    order of stages, ``stages`` the server's words for each; ``last`` a switch for "the temperature comes last".

    ``stop_limit``, ``banned_limit``, ``bias_limit`` and ``breaker_limit`` are how many are taken, 0 for any number.
    ``no_seed`` is sent where no seed is wanted, ``None`` for nothing. ``grammar`` are the fields that take GBNF, each
    a path; the first is the one that counts, the others are its older names. ``one_range``: DRY looks back as far as
    the repetition penalty does, in one field; DRY's range is sent where the penalty is off.
    """

    names: Mapping[str, str]
    length: str = "max_tokens"
    context: str = ""
    options: str = ""
    neutral: bool = True
    whole: int | None = None
    off: Mapping[str, object] = field(default_factory=dict)
    dynamic: Dynamic = Dynamic.NONE
    quoted_breakers: bool = False
    breaker_limit: int = 0
    order: str = ""
    stages: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)
    last: str = ""
    stop: str = "stop"
    stop_limit: int = 0
    seed: str = "seed"
    no_seed: int | None = None
    banned: str = ""
    banned_limit: int = 0
    bias: Bias = Bias.NONE
    bias_limit: int = 0
    grammar: tuple[tuple[str, ...], ...] = ()
    schema: Schema = Schema.NONE
    schema_field: str = "json_schema"
    one_range: bool = False

    @property
    def samplers(self) -> frozenset[str]:
        """The canonical names that have an effect: ``Capabilities.samplers``."""
        dynamic = _DYNAMIC if self.dynamic is not Dynamic.NONE else frozenset()
        return frozenset(self.names) | dynamic | ({"order"} if self.order or self.last else frozenset())

    def capable(self, rest: Capabilities = Capabilities()) -> Capabilities:  # noqa: B008  (frozen)
        """``rest`` with everything that this table knows: samplers, seed, grammar, schema, biases, banned texts."""
        return replace(
            rest,
            samplers=self.samplers,
            seed=bool(self.seed),
            grammar=bool(self.grammar),
            json_schema=self.schema is not Schema.NONE,
            logit_bias=self.bias is not Bias.NONE,
            banned=bool(self.banned),
        )

    def without(self, *canonical: str) -> Wire:
        """The same for a version that lacks some samplers, ``banned``, ``grammar``, ``json_schema`` or so."""
        gone: dict[str, object] = {
            "names": {name: wire for name, wire in self.names.items() if name not in canonical},
            "dynamic": Dynamic.NONE if _DYNAMIC & frozenset(canonical) else self.dynamic,
        }
        whole: Mapping[str, object] = {"banned": "", "grammar": (), "order": "", "seed": "", "logit_bias": Bias.NONE}
        for name in whole.keys() & frozenset(canonical):
            gone["bias" if name == "logit_bias" else name] = whole[name]
        if "json_schema" in canonical:
            gone["schema"] = Schema.NONE
        return replace(self, **gone)  # type: ignore[arg-type]

    def only(self, accepted: frozenset[str]) -> Wire:
        """The same for a model that takes no more than the ``accepted`` fields, by the wire's names."""
        lost = [canonical for canonical, wire in self.names.items() if wire not in accepted]
        lost += ["seed"] if self.seed not in accepted else []
        lost += ["logit_bias"] if "logit_bias" not in accepted else []
        lost += ["json_schema"] if not accepted & {"response_format", "structured_outputs"} else []
        return self.without(*lost)


@dataclass(frozen=True, slots=True)
class WireRequest:
    """The fields of a body that say how to sample, and what the user should be told of what is left out."""

    fields: dict[str, object]
    notices: tuple[str, ...] = ()


def to_wire(
    request: Request,
    wire: Wire,
    *,
    engine: str,
    context_tokens: int | None = None,
    bias_ids: Mapping[str, tuple[int, ...]] | None = None,
) -> WireRequest:
    """Everything of ``request`` but the prompt, as the server of ``wire`` wants it; ``engine`` is its name in notices.

    ``context_tokens`` is the loaded context. ``bias_ids`` has the token ids of the texts of ``request.logit_bias``
    (see ``texts_to_encode``). Raises ``EngineError`` (``REJECTED``) for a JSON Schema that is no JSON.
    """
    fitted = fit(request.sampling, wire.samplers, engine, hosted=not wire.neutral)
    notices = list(fitted.notices)
    values: dict[str, object] = {wire.length: request.response_tokens}
    if wire.context and context_tokens:
        values[wire.context] = context_tokens
    values |= sampler_fields(fitted.preset, wire, context_tokens=context_tokens)
    if request.stop and wire.stop:
        values[wire.stop] = list(request.stop[: wire.stop_limit or None])
    if wire.seed and (request.seed is not None or wire.no_seed is not None):
        values[wire.seed] = wire.no_seed if request.seed is None else request.seed
    values |= _banned(request, wire, engine, notices)
    values |= _biases(request, wire, engine, bias_ids or {}, notices)
    beside = _constraint(request, wire, engine, notices)
    fields = {wire.options: values, **beside} if wire.options else values | beside
    own = {name: value for name, value in request.sampling.extra if name not in _KEPT}
    target = values if wire.options else fields
    target |= own
    return WireRequest(fields, tuple(notices))


def sampler_fields(preset: SamplerPreset, wire: Wire, *, context_tokens: int | None = None) -> dict[str, object]:
    """The samplers and their order, by the wire's names; hosted services get only what is not neutral."""
    sent: dict[str, object] = {}
    for canonical, name in wire.names.items():
        value = getattr(preset, canonical)
        if wire.neutral or value != getattr(NEUTRAL, canonical):
            sent[name] = _value(canonical, value, wire, context_tokens)
    if wire.one_range and preset.dry_multiplier and preset.repetition_penalty == NEUTRAL.repetition_penalty:
        sent[wire.names["repetition_range"]] = _value("dry_range", preset.dry_range, wire, context_tokens)
    sent |= _dynamic(preset, wire)
    if wire.order:
        words = [word for stage in preset.stages for word in wire.stages.get(stage, ())]
        sent[wire.order] = list(dict.fromkeys(words))
    if wire.last:
        sent[wire.last] = preset.stages[-1] == "temperature"
    return sent


def texts_to_encode(request: Request, wire: Wire) -> tuple[str, ...]:
    """The texts of the request's biases whose token ids ``to_wire`` needs for this server."""
    if wire.bias is not Bias.BY_ID:
        return ()
    return tuple(dict.fromkeys(token for token, _ in request.logit_bias if isinstance(token, str) and token))


def _value(canonical: str, value: object, wire: Wire, context_tokens: int | None) -> object:
    if canonical in _RANGES and value == 0:
        return (context_tokens or 32_768) if wire.whole is None else wire.whole
    if canonical in wire.off and not value:
        return wire.off[canonical]
    if isinstance(value, tuple):
        breakers = [text for text in value if text][: wire.breaker_limit or None]
        return ", ".join(json.dumps(text) for text in breakers) if wire.quoted_breakers else breakers
    return value


def _dynamic(preset: SamplerPreset, wire: Wire) -> dict[str, object]:
    """The moving temperature, in the server's way of saying it."""
    low, high = preset.dynamic_temperature_low, preset.dynamic_temperature_high
    exponent = preset.dynamic_temperature_exponent
    if wire.dynamic is Dynamic.NONE or not (preset.dynamic or wire.neutral):
        return {}
    if wire.dynamic is Dynamic.BOUNDS:
        bounds = {"dynatemp_low": low, "dynatemp_high": high, "dynatemp_exponent": exponent} if preset.dynamic else {}
        return {"dynamic_temperature": preset.dynamic, **bounds}
    if not preset.dynamic:
        return {"dynatemp_range": 0.0, "dynatemp_exponent": exponent}
    middle = {wire.names["temperature"]: (low + high) / 2} if "temperature" in wire.names else {}
    return {**middle, "dynatemp_range": (high - low) / 2, "dynatemp_exponent": exponent}


def _banned(request: Request, wire: Wire, engine: str, notices: list[str]) -> dict[str, object]:
    if not request.banned:
        return {}
    if not wire.banned:
        notices.append(said.banned_unfollowed(engine, request.banned).plain)
        return {}
    most, given = wire.banned_limit, len(request.banned)
    if most and given > most:
        notices.append(said.limited(engine, "banned texts", most, given).plain)
    return {wire.banned: list(request.banned[: most or None])}


def _biases(
    request: Request, wire: Wire, engine: str, ids: Mapping[str, tuple[int, ...]], notices: list[str]
) -> dict[str, object]:
    if not request.logit_bias:
        return {}
    if wire.bias is Bias.NONE:
        notices.append(said.not_followed(engine, "bias of single tokens").plain)
        return {}
    if wire.bias is Bias.PAIRS:
        return {"logit_bias": [[token, _clamped(bias)] for token, bias in request.logit_bias if token != ""]}
    unknown = tuple(text for text in texts_to_encode(request, wire) if not ids.get(text))
    if unknown:
        notices.append(said.bias_unknown(engine, unknown).plain)
    found = dict(_by_id(request, ids))
    most = wire.bias_limit
    if most and len(found) > most:
        notices.append(said.limited(engine, "biases", most, len(found)).plain)
    kept = dict(list(found.items())[: most or None])
    return {"logit_bias": kept} if kept else {}


def _by_id(request: Request, ids: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, float]]:
    for token, bias in request.logit_bias:
        for one in ids.get(token, ()) if isinstance(token, str) else (token,):
            yield str(one), _clamped(bias)


def _clamped(bias: float) -> float:
    return max(-_CLAMP, min(_CLAMP, bias))


def _constraint(request: Request, wire: Wire, engine: str, notices: list[str]) -> dict[str, object]:
    """The grammar or the schema that the reply has to follow."""
    if request.grammar.strip():
        if not wire.grammar:
            notices.append(said.not_followed(engine, "grammar").plain)
        return {path[0]: _nested(path[1:], request.grammar) for path in wire.grammar}
    if not request.json_schema.strip():
        return {}
    if wire.schema is Schema.NONE:
        notices.append(said.not_followed(engine, "JSON Schema").plain)
        return {}
    schema = read_schema(request.json_schema)
    if wire.schema is Schema.FIELD:
        return {wire.schema_field: schema}
    named = {"name": "reply", "schema": schema, "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": named}}


def _nested(path: tuple[str, ...], value: object) -> object:
    return {path[0]: _nested(path[1:], value)} if path else value


def read_schema(text: str) -> dict[str, object]:
    """A JSON Schema's object. Raises ``EngineError`` (``REJECTED``) for what is none, with its line."""
    try:
        schema = json.loads(text)
    except RecursionError:
        wording = said.schema_unread("it is nested too deep")
        raise EngineError(wording.title, fault=EngineFault.REJECTED, hint=wording.hint) from None
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        wording = said.schema_unread(f"it is no JSON at line {line}")
        raise EngineError(wording.title, fault=EngineFault.REJECTED, hint=wording.hint) from error
    if not isinstance(schema, dict):
        wording = said.schema_unread("a schema is an object with a “type”")
        raise EngineError(wording.title, fault=EngineFault.REJECTED, hint=wording.hint)
    return schema
