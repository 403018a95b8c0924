"""What of a sampler preset an engine can follow: the preset that it gets, what is told of the difference, and what
each value does there. The names on the wire are ``wire_samplers``'.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum

from tavern_tui.domain import messages
from tavern_tui.domain.preset import NEUTRAL, SamplerPreset

PENALTY_FOR_DRY = 1.05
PENALTY_RANGE_FOR_DRY = 1024

ALL_SAMPLERS = frozenset(field.name for field in fields(SamplerPreset)) - {"name", "extra"}
EMBEDDED_SAMPLERS = ALL_SAMPLERS - {"tfs", "top_a", "smoothing_factor", "smoothing_curve"}
"""What has an effect in the embedded engine: everything but what llama.cpp does not have (any more)."""

_DRY = frozenset({"dry_multiplier", "dry_base", "dry_allowed_length", "dry_range", "dry_breakers"})
_XTC = frozenset({"xtc_threshold", "xtc_probability"})
_DYNAMIC = frozenset({"dynamic_temperature_low", "dynamic_temperature_high", "dynamic_temperature_exponent"})
_MIROSTAT = frozenset({"mirostat", "mirostat_tau", "mirostat_eta"})
_PENALTIES = ("repetition_penalty", "presence_penalty", "frequency_penalty")
# A value that steers a sampler counts only while the sampler is on: (the switch, what it switches).
_SWITCHES = (
    ("dry_multiplier", _DRY),
    ("xtc_probability", _XTC),
    ("mirostat", _MIROSTAT),
    ("dynamic_temperature_high", _DYNAMIC),
    ("smoothing_factor", frozenset({"smoothing_curve"})),
)
_REACH = frozenset({"repetition_range", "penalize_prompt"})
# What has no effect while mirostat chooses: it takes the place of everything that cuts off the tail.
_UNDER_MIROSTAT = frozenset({"top_k", "top_p", "min_p", "typical_p", "top_n_sigma", "tfs", "top_a", "order"}) | _XTC
# What has no effect at a temperature of 0, which takes the likeliest token that penalties and DRY leave.
_UNDER_ZERO = _UNDER_MIROSTAT | _MIROSTAT | {"smoothing_factor", "smoothing_curve"}
_SHOWN = {
    "dry_multiplier": "DRY",
    "xtc_probability": "XTC",
    "min_p": "min-p",
    "top_k": "top-k",
    "top_p": "top-p",
    "typical_p": "typical-p",
    "top_n_sigma": "top-n-sigma",
    "repetition_penalty": "repetition penalty",
    "presence_penalty": "presence penalty",
    "frequency_penalty": "frequency penalty",
    "mirostat": "mirostat",
    "dynamic_temperature_high": "dynamic temperature",
    "tfs": "TFS",
    "top_a": "top-a",
    "smoothing_factor": "smoothing",
    "ban_eos": "ban of the end token",
    "order": "order of samplers",
}


@dataclass(frozen=True, slots=True)
class FittedSampling:
    """A preset as an engine can follow it, and what the user should be told about the difference."""

    preset: SamplerPreset
    notices: tuple[str, ...] = ()


class Effect(Enum):
    """What a value of a preset does on an engine."""

    WORKS = "works"
    OFF = "off"  # it is neutral, or its sampler is
    OVERRULED = "overruled"  # another value of the preset leaves it nothing to do: mirostat, a temperature of 0
    IGNORED = "ignored"  # the engine has no such sampler


def fit(preset: SamplerPreset, samplers: frozenset[str], engine: str, *, hosted: bool = False) -> FittedSampling:
    """``preset`` without what ``engine`` lacks; a mild repetition penalty stands in for DRY where it can.

    ``samplers`` are the canonical names that have an effect. ``hosted`` services are told of in one sentence.
    """
    missing = _active(preset) - samplers
    if not missing:
        return FittedSampling(preset)
    notices = []
    changes: dict[str, object] = {name: getattr(NEUTRAL, name) for name in missing}
    if hosted and samplers <= {"temperature"}:
        notices.append(messages.hosted_sampling(engine).plain)
    else:
        named = {name for name in missing if name in _SHOWN}
        if _stands_in(preset, missing, samplers):
            changes |= {"repetition_penalty": PENALTY_FOR_DRY, "repetition_range": PENALTY_RANGE_FOR_DRY}
            reach = PENALTY_RANGE_FOR_DRY if "repetition_range" in samplers else None
            notices.append(messages.penalty_for_dry(engine, PENALTY_FOR_DRY, reach).plain)
            named.discard("dry_multiplier")
        if named:
            notices.append(messages.samplers_left_out(engine, tuple(sorted(_SHOWN[n] for n in named))).plain)
    return FittedSampling(replace(preset, **changes), tuple(notices))  # type: ignore[arg-type]


def effects(preset: SamplerPreset, samplers: frozenset[str]) -> dict[str, Effect]:
    """What each value of ``preset`` does on an engine with ``samplers``: what a screen of presets greys out."""
    found: dict[str, Effect] = {}
    active = _active(preset)
    for name in sorted(ALL_SAMPLERS):
        if name not in samplers:
            found[name] = Effect.IGNORED
        elif name in _overruled(preset, samplers) and name in active:
            found[name] = Effect.OVERRULED
        else:
            found[name] = Effect.WORKS if name in active else Effect.OFF
    return found


def _overruled(preset: SamplerPreset, samplers: frozenset[str]) -> frozenset[str]:
    if preset.temperature <= 0 and not preset.dynamic:
        return _UNDER_ZERO
    return _UNDER_MIROSTAT if preset.mirostat and "mirostat" in samplers else frozenset()


def _active(preset: SamplerPreset) -> frozenset[str]:
    """Names of changed fields that have an effect: what steers a sampler that is off does not count."""
    active = preset.changed() & ALL_SAMPLERS
    for switch, switched in _SWITCHES:
        if switch not in active:
            active -= switched
    if not active.intersection(_PENALTIES):
        active -= _REACH
    return active


def _stands_in(preset: SamplerPreset, missing: frozenset[str], samplers: frozenset[str]) -> bool:
    has_own = preset.repetition_penalty != NEUTRAL.repetition_penalty
    return "dry_multiplier" in missing and "repetition_penalty" in samplers and not has_own
