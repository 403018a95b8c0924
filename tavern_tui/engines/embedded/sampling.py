"""The sampler chain: a preset's values as llama.cpp samplers, in the preset's order, ours with the temperature last.

What a reply may hold (``rules``) comes first, then penalties and DRY, what cuts off the tail, XTC, the temperature,
and the draw. A value that is neutral adds no sampler. A temperature of 0 takes the likeliest token after penalties and
DRY. Mirostat cuts off the tail and draws by itself: with it only penalties, DRY and the temperature are left.
"""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.engines.embedded.rules import NO_RULES, Rules, RuleSampler, bias_sampler
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tavern_tui.engines.sampling_fit import EMBEDDED_SAMPLERS

SAMPLERS = EMBEDDED_SAMPLERS

_SEEDS = 2**32 - 1
"""llama.cpp takes the last 32-bit number for "choose one yourself"."""

_PENALTIES = b"penalties"
_MIROSTAT_TOKENS = 100
"""How many tokens mirostat 1 looks at to learn how quickly they become unlikely; llama.cpp's own choice."""


@contextmanager
def sampler_chain(
    lib: Any,
    vocabulary: Vocabulary,
    preset: SamplerPreset,
    *,
    context: int,
    seed: int | None,
    history: Sequence[int],
    rules: Rules = NO_RULES,
    reply: Sequence[int] = (),
) -> Iterator[Any]:
    """A chain that has seen ``history`` (the prompt's ids), as far as the preset wants it, and is freed on leaving.

    ``reply`` are the ids that were written after it already.

    ``context`` (tokens) stands for the ranges that are 0, which mean everything. Without a ``seed`` one is drawn.
    Raises ``EngineError`` (``REJECTED``) for a grammar or a schema that cannot be read.
    """
    seed = secrets.randbelow(_SEEDS) if seed is None else seed % _SEEDS
    rules = replace(rules, ban_eos=rules.ban_eos or preset.ban_eos)
    watching = RuleSampler(lib, vocabulary, rules, history) if rules.watched else None
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    try:
        biased = bias_sampler(lib, vocabulary, rules.logit_bias)
        for sampler in (biased, watching.pointer if watching else None):
            if sampler is not None:
                lib.llama_sampler_chain_add(chain, sampler)
        for sampler in _samplers(lib, vocabulary, preset, context, seed):
            if preset.penalize_prompt or lib.llama_sampler_name(sampler) != _PENALTIES:
                for token in history[-_looks_back(preset, context) :]:
                    lib.llama_sampler_accept(sampler, token)
            lib.llama_sampler_chain_add(chain, sampler)
        for token in reply:
            lib.llama_sampler_accept(chain, token)
        if watching is not None:
            watching.forbid(rules.forbidden)
        yield chain
    finally:
        lib.llama_sampler_free(chain)
        if watching is not None:
            watching.free()


def _looks_back(preset: SamplerPreset, context: int) -> int:
    return max(preset.repetition_range or context, preset.dry_range or context)


def _samplers(lib: Any, vocabulary: Vocabulary, p: SamplerPreset, context: int, seed: int) -> Iterator[Any]:
    """The samplers of the preset's stages, in its order, and what draws."""
    table = _stages(lib, vocabulary, p, context, seed)
    greedy = p.temperature <= 0 and not p.dynamic
    kept = {"penalties", "dry"} if greedy else {"penalties", "dry", "temperature"} if p.mirostat else set(table)
    for stage in p.stages:
        if stage in kept and (sampler := table[stage]()) is not None:
            yield sampler
    if greedy:
        yield lib.llama_sampler_init_greedy()
    elif p.mirostat == 1:
        yield lib.llama_sampler_init_mirostat(vocabulary.size, seed, p.mirostat_tau, p.mirostat_eta, _MIROSTAT_TOKENS)
    elif p.mirostat:
        yield lib.llama_sampler_init_mirostat_v2(seed, p.mirostat_tau, p.mirostat_eta)
    else:
        yield lib.llama_sampler_init_dist(seed)


def _stages(
    lib: Any, vocabulary: Vocabulary, p: SamplerPreset, context: int, seed: int
) -> Mapping[str, Callable[[], Any]]:
    """What makes the sampler of each stage, or ``None`` where the preset has it off."""
    return {
        "penalties": lambda: _penalties(lib, vocabulary, p, context),
        "dry": lambda: _dry(lib, vocabulary, p, context) if p.dry_multiplier > 0 else None,
        "top_n_sigma": lambda: lib.llama_sampler_init_top_n_sigma(p.top_n_sigma) if p.top_n_sigma > 0 else None,
        "top_k": lambda: lib.llama_sampler_init_top_k(p.top_k) if p.top_k > 0 else None,
        "top_a": lambda: None,
        "tfs": lambda: None,
        "typical_p": lambda: lib.llama_sampler_init_typical(p.typical_p, 1) if p.typical_p < 1 else None,
        "top_p": lambda: lib.llama_sampler_init_top_p(p.top_p, 1) if p.top_p < 1 else None,
        "min_p": lambda: lib.llama_sampler_init_min_p(p.min_p, 1) if p.min_p > 0 else None,
        "xtc": lambda: _xtc(lib, p, seed) if p.xtc_probability > 0 else None,
        "temperature": lambda: _temperature(lib, p),
    }


def _penalties(lib: Any, vocabulary: Vocabulary, p: SamplerPreset, context: int) -> Any | None:
    if p.repetition_penalty == 1.0 and not p.presence_penalty and not p.frequency_penalty:
        return None
    look_back = min(p.repetition_range or context, context)
    return lib.llama_sampler_init_penalties(
        vocabulary.size, look_back, p.repetition_penalty, p.frequency_penalty, p.presence_penalty
    )


def _dry(lib: Any, vocabulary: Vocabulary, p: SamplerPreset, context: int) -> Any:
    breakers = [text.encode("utf-8", "replace") for text in p.dry_breakers if text]
    return lib.llama_sampler_init_dry(
        vocabulary.handle,
        p.dry_multiplier,
        p.dry_base,
        p.dry_allowed_length,
        min(p.dry_range or context, context),
        (ctypes.c_char_p * len(breakers))(*breakers),
        len(breakers),
    )


def _xtc(lib: Any, p: SamplerPreset, seed: int) -> Any:
    return lib.llama_sampler_init_xtc(p.xtc_probability, p.xtc_threshold, 1, seed)


def _temperature(lib: Any, p: SamplerPreset) -> Any | None:
    if p.dynamic:
        low, high = p.dynamic_temperature_low, p.dynamic_temperature_high
        return lib.llama_sampler_init_temp_ext((low + high) / 2, (high - low) / 2, p.dynamic_temperature_exponent)
    return lib.llama_sampler_init_temp(p.temperature) if p.temperature != 1 else None
