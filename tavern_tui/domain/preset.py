"""Sampler presets: how the next token is chosen, in canonical names that every engine maps to its own.

Values that change nothing are *neutral*; adapters for hosted services leave neutral values out. Our presets and their
numbers are a product decision (the table in ``docs/ux.md`` §4); canonical names: ``docs/spec/backends.md`` §14.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

DRY_BREAKERS = ("\n", ":", '"', "*")


@dataclass(frozen=True, slots=True)
class SamplerPreset:
    """Sampling values; every default is the neutral value. Temperature is applied last, unless ``order`` says else.

    ``repetition_range`` and ``dry_range`` are in tokens looked back (0 = the engine's whole context).
    ``top_n_sigma`` of 0 is off. Without ``penalize_prompt`` the penalties (not DRY) look back over the reply alone.

    ``mirostat`` is 0 (off), 1 or 2; ``mirostat_tau`` is the surprise it aims at, ``mirostat_eta`` how fast it learns.
    ``dynamic_temperature_low`` and ``_high`` are the bounds of a temperature that follows the model's doubt (both 0 =
    off: ``temperature`` holds). ``order`` names stages of sampling, first to last; empty is our own order, and a stage
    that it leaves out comes where ours has it. ``extra`` are keys of a server's own, sent to it as they are.
    """

    name: str = "neutral"
    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    typical_p: float = 1.0
    top_n_sigma: float = 0.0
    repetition_penalty: float = 1.0
    repetition_range: int = 1024
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    penalize_prompt: bool = True
    dry_multiplier: float = 0.0
    dry_base: float = 1.75
    dry_allowed_length: int = 2
    dry_range: int = 2048
    dry_breakers: tuple[str, ...] = DRY_BREAKERS
    xtc_threshold: float = 0.1
    xtc_probability: float = 0.0
    mirostat: int = 0
    mirostat_tau: float = 5.0
    mirostat_eta: float = 0.1
    dynamic_temperature_low: float = 0.0
    dynamic_temperature_high: float = 0.0
    dynamic_temperature_exponent: float = 1.0
    order: tuple[str, ...] = ()
    extra: tuple[tuple[str, object], ...] = ()

    def changed(self) -> frozenset[str]:
        """Names of the fields that differ from neutral (``name`` never counts)."""
        return frozenset(f.name for f in fields(self) if f.name != "name" and getattr(self, f.name) != f.default)


NEUTRAL = SamplerPreset()
BALANCED = SamplerPreset(name="balanced", temperature=0.8, min_p=0.05, dry_multiplier=0.8)
CREATIVE = SamplerPreset(
    name="creative", temperature=1.1, min_p=0.05, dry_multiplier=0.8, xtc_threshold=0.1, xtc_probability=0.5
)
PRECISE = SamplerPreset(name="precise", temperature=0.4, min_p=0.1)
STORY = SamplerPreset(name="story", temperature=1.0, min_p=0.03, dry_multiplier=0.8, dry_allowed_length=4)
# Penalised for words of the prompt, a model of 135M loses its thread: the names, the props and the closing marks that
# it has to take up again are all in the last 256 tokens (tests/samples/first_replies.txt).
STARTER = SamplerPreset(
    name="starter",
    temperature=0.7,
    min_p=0.1,
    repetition_penalty=1.1,
    repetition_range=256,
    penalize_prompt=False,
)

BUILT_IN: dict[str, SamplerPreset] = {p.name: p for p in (BALANCED, NEUTRAL, CREATIVE, PRECISE, STORY, STARTER)}
