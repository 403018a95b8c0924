"""Contexts beyond what a model was trained for: what its rotary position embedding (RoPE) needs for that.

Pure. The automatic rule and its limits are KoboldCpp's (``docs/spec/gguf.md`` §5); models that bring a scaling of
their own are left alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

USUAL_BASES = (10_000.0, 500_000.0)
"""Bases that the rule knows how to raise: those of models without a longer context of their own making."""
SHORT = 2048
"""Tokens: a context up to here is never worth a change."""
_SOLAR_TENSORS = (435, 611)
_SOLAR_WINDOW = 8


class RopeChange(Enum):
    """What is done about positions."""

    NONE = "none"
    RAISED = "raised"
    OWN = "own"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class RopeFacts:
    """What a header tells. ``scale`` is llama.cpp's ``freq_scale``, 1 without; ``factors``: per-frequency tensors."""

    trained_tokens: int | None = None
    base: float = 10_000.0
    scale: float = 1.0
    scaling: str = ""
    factors: bool = False
    solar: bool = False


@dataclass(frozen=True, slots=True)
class Rope:
    """What an engine is told. ``base`` and ``scale`` of 0 leave the model's own."""

    base: float = 0.0
    scale: float = 0.0
    change: RopeChange = RopeChange.NONE


def is_solar(architecture: str, base: float, tensors: int) -> bool:
    """Whether a model is one of the Solar family, whose attention looks through a window eight times as narrow."""
    return architecture == "llama" and base == USUAL_BASES[0] and tensors in _SOLAR_TENSORS


def rope_for(facts: RopeFacts, context_tokens: int, *, base: float = 0.0, scale: float = 0.0) -> Rope:
    """What positions need for ``context_tokens``. ``base`` or ``scale`` above 0 are somebody's own and hold as such."""
    if base or scale:
        return Rope(base, scale, RopeChange.MANUAL)
    trained = facts.trained_tokens
    if not trained or context_tokens <= trained or context_tokens <= SHORT:
        return Rope()
    scaled = facts.scale != 1 or facts.scaling in ("linear", "yarn", "longrope")
    if facts.base not in USUAL_BASES or scaled or facts.factors:
        return Rope(change=RopeChange.OWN)
    return Rope(raised_base(facts.base, trained, context_tokens, solar=facts.solar), change=RopeChange.RAISED)


def raised_base(base: float, trained: int, wanted: int, *, solar: bool = False) -> float:
    """The base with which a model trained for ``trained`` tokens reads ``wanted`` ("Gradient AI" formula)."""
    window = _SOLAR_WINDOW if solar else 1
    far, near = (math.log10(tokens * window / math.tau) for tokens in (wanted, trained))
    raised = float(base ** (far / near))
    return raised * (1 + (far - near) / (far * near - (far + near))) if solar else raised
