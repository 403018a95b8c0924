"""``Likely``: what else the model might have written at the place of a token, from llama.cpp's logits.

The logits are those that the model gave, before any sampler has seen them.
"""

from __future__ import annotations

import importlib
from typing import Any

from tavern_tui.domain.alternatives import MOST_PER_TOKEN, Alternative, TokenChoice
from tavern_tui.engines.embedded.vocabulary import Vocabulary

_DIGITS = 4


class Likely:
    """The likeliest ``count`` tokens (at most ``MOST_PER_TOKEN``) of a place in the last batch."""

    def __init__(self, lib: Any, vocabulary: Vocabulary, count: int) -> None:
        self._lib = lib
        self._vocabulary = vocabulary
        self._count = min(count, MOST_PER_TOKEN, vocabulary.size)
        self._numpy: Any = importlib.import_module("numpy") if self._count > 0 else None  # the binding brings it

    def choice(self, context: Any, place: int, token: int) -> TokenChoice | None:
        """``token`` and what was likely beside it, at ``place`` of the batch; ``None`` where nothing was asked for."""
        if self._numpy is None:
            return None
        numpy = self._numpy
        pointer = self._lib.llama_get_logits_ith(context, place)
        logits = numpy.ctypeslib.as_array(pointer, shape=(self._vocabulary.size,)).astype(numpy.float64)
        greatest = logits.max()
        logits -= greatest + numpy.log(numpy.exp(logits - greatest).sum())
        top = numpy.argpartition(logits, -self._count)[-self._count :]
        ordered = top[numpy.argsort(-logits[top], kind="stable")]
        likeliest = tuple(self._alternative(int(found), float(logits[found])) for found in ordered)
        drawn = self._alternative(token, float(logits[token]))
        return TokenChoice(drawn.text, drawn.logprob, likeliest)

    def _alternative(self, token: int, logprob: float) -> Alternative:
        return Alternative(self._vocabulary.name(token), round(logprob, _DIGITS))
