"""The sampler chain: a preset's values as llama.cpp samplers, in one fixed order with the temperature last.

Penalties and DRY work on all tokens, truncation follows, then XTC, then the temperature, then the draw. A value that
is neutral adds no sampler. A temperature of 0 takes the likeliest token after penalties and DRY.
"""

from __future__ import annotations

import ctypes
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.engines.embedded.vocabulary import Vocabulary

SAMPLERS = frozenset(
    {
        "temperature",
        "top_k",
        "top_p",
        "min_p",
        "typical_p",
        "top_n_sigma",
        "repetition_penalty",
        "repetition_range",
        "presence_penalty",
        "frequency_penalty",
        "penalize_prompt",
        "dry_multiplier",
        "dry_base",
        "dry_allowed_length",
        "dry_range",
        "dry_breakers",
        "xtc_threshold",
        "xtc_probability",
    }
)
_SEEDS = 2**32 - 1
"""llama.cpp takes the last 32-bit number for "choose one yourself"."""

_PENALTIES = b"penalties"


@contextmanager
def sampler_chain(
    lib: Any, vocabulary: Vocabulary, preset: SamplerPreset, *, context: int, seed: int | None, history: Sequence[int]
) -> Iterator[Any]:
    """A chain that has seen ``history`` (the prompt's ids), as far as the preset wants it, and is freed on leaving.

    ``context`` (tokens) stands for the ranges that are 0, which mean everything. Without a ``seed`` one is drawn.
    """
    seed = secrets.randbelow(_SEEDS) if seed is None else seed % _SEEDS
    chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())
    try:
        for sampler in _samplers(lib, vocabulary, preset, context, seed):
            if preset.penalize_prompt or lib.llama_sampler_name(sampler) != _PENALTIES:
                for token in history[-_looks_back(preset, context) :]:
                    lib.llama_sampler_accept(sampler, token)
            lib.llama_sampler_chain_add(chain, sampler)
        yield chain
    finally:
        lib.llama_sampler_free(chain)


def _looks_back(preset: SamplerPreset, context: int) -> int:
    return max(preset.repetition_range or context, preset.dry_range or context)


def _samplers(lib: Any, vocabulary: Vocabulary, p: SamplerPreset, context: int, seed: int) -> Iterator[Any]:
    if p.repetition_penalty != 1.0 or p.presence_penalty or p.frequency_penalty:
        look_back = min(p.repetition_range or context, context)
        yield lib.llama_sampler_init_penalties(
            vocabulary.size, look_back, p.repetition_penalty, p.frequency_penalty, p.presence_penalty
        )
    if p.dry_multiplier > 0:
        breakers = [text.encode("utf-8", "replace") for text in p.dry_breakers if text]
        yield lib.llama_sampler_init_dry(
            vocabulary.handle,
            p.dry_multiplier,
            p.dry_base,
            p.dry_allowed_length,
            min(p.dry_range or context, context),
            (ctypes.c_char_p * len(breakers))(*breakers),
            len(breakers),
        )
    if p.temperature <= 0:
        yield lib.llama_sampler_init_greedy()
        return
    if p.top_n_sigma > 0:
        yield lib.llama_sampler_init_top_n_sigma(p.top_n_sigma)
    if p.top_k > 0:
        yield lib.llama_sampler_init_top_k(p.top_k)
    if p.typical_p < 1:
        yield lib.llama_sampler_init_typical(p.typical_p, 1)
    if p.top_p < 1:
        yield lib.llama_sampler_init_top_p(p.top_p, 1)
    if p.min_p > 0:
        yield lib.llama_sampler_init_min_p(p.min_p, 1)
    if p.xtc_probability > 0:
        yield lib.llama_sampler_init_xtc(p.xtc_probability, p.xtc_threshold, 1, seed)
    if p.temperature != 1:
        yield lib.llama_sampler_init_temp(p.temperature)
    yield lib.llama_sampler_init_dist(seed)
