"""Sampler presets: how the next token is chosen, in canonical names that every engine maps to its own.

Values that change nothing are *neutral*; adapters for hosted services leave neutral values out. Our presets and their
numbers are a product decision (the table in ``docs/ux.md`` §4); canonical names: ``docs/spec/backends.md`` §14.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

DRY_BREAKERS = ("\n", ":", '"', "*")

STAGES = (
    "penalties",
    "dry",
    "top_n_sigma",
    "top_k",
    "top_a",
    "tfs",
    "typical_p",
    "top_p",
    "min_p",
    "xtc",
    "temperature",
)
"""The stages of sampling in our order: what makes repeats unlikely, what cuts off the tail, the temperature."""


@dataclass(frozen=True, slots=True)
class SamplerPreset:
    """Sampling values; every default is the neutral value. Temperature is applied last, unless ``order`` says else.

    ``repetition_range`` and ``dry_range`` are in tokens looked back (0 = the engine's whole context).
    ``top_n_sigma`` of 0 is off. Without ``penalize_prompt`` the penalties (not DRY) look back over the reply alone.

    ``mirostat`` is 0 (off), 1 or 2; ``mirostat_tau`` is the surprise it aims at, ``mirostat_eta`` how fast it learns.
    ``dynamic_temperature_low`` and ``_high`` are the bounds of a temperature that follows the model's doubt (both 0 =
    off: ``temperature`` holds). ``order`` names stages of ``STAGES``, first to last: these change places among
    themselves, the others stay where our order has them. ``extra`` are keys of a server's own, sent to it as they are.

    ``tfs`` (tail-free, 1 = off), ``top_a`` (0 = off) and ``smoothing_factor`` (0 = off) are older samplers that some
    servers still have. ``ban_eos`` forbids the model to end the reply by itself.
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
    tfs: float = 1.0
    top_a: float = 0.0
    smoothing_factor: float = 0.0
    smoothing_curve: float = 1.0
    ban_eos: bool = False

    def changed(self) -> frozenset[str]:
        """Names of the fields that differ from neutral (``name`` never counts)."""
        return frozenset(f.name for f in fields(self) if f.name != "name" and getattr(self, f.name) != f.default)

    @property
    def dynamic(self) -> bool:
        """Whether the temperature moves between two bounds."""
        return self.dynamic_temperature_high > self.dynamic_temperature_low >= 0

    @property
    def stages(self) -> tuple[str, ...]:
        """Every stage of ``STAGES`` in the order of this preset; names that are no stage are passed over."""
        wanted = iter(dict.fromkeys(stage for stage in self.order if stage in STAGES))
        named = frozenset(self.order)
        return tuple(next(wanted) if stage in named else stage for stage in STAGES)


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


@dataclass(frozen=True, slots=True)
class ReplyRules:
    """What a preset says of a reply beside the sampling. ``stop`` strings end it, ``banned`` texts may not be in it.

    ``logit_bias``, ``grammar`` (GBNF) and ``json_schema`` are those of ``engines.base.Request``.
    """

    stop: tuple[str, ...] = ()
    banned: tuple[str, ...] = ()
    logit_bias: tuple[tuple[int | str, float], ...] = ()
    grammar: str = ""
    json_schema: str = ""


NO_RULES = ReplyRules()


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that is chosen by the name of a preset. ``seed`` of ``None``: another one for every reply."""

    sampling: SamplerPreset = NEUTRAL
    rules: ReplyRules = NO_RULES
    seed: int | None = None
    note: str = ""
