"""Models with two sets of RoPE factors: which of them a context uses, which decides what a position means in it.

llama.cpp chooses by the size of the whole context, so that one grown beyond the border reads the same tokens otherwise,
and what was saved on one side of it is rubbish on the other. Source: llama.cpp's ``get_rope_factors``.
"""

from __future__ import annotations

import ctypes
from typing import Any

_META_BYTES = 128


def short_context(lib: Any, model: Any) -> int:
    """The context up to which a model uses its first set of factors, in tokens; 0 for a model with one set or none."""
    architecture = _meta(lib, model, "general.architecture")
    if _meta(lib, model, f"{architecture}.rope.scaling.type") != "longrope":
        return 0
    written = _meta(lib, model, f"{architecture}.rope.scaling.original_context_length")
    return int(written) if written.isdecimal() else 0


def factors_of(lib: Any, model: Any, cells: int) -> str:
    """The set that a context of ``cells`` tokens uses, ``short`` or ``long``; empty where there is no choice."""
    short = short_context(lib, model)
    return "" if not short else "short" if cells <= short else "long"


def spare_within(lib: Any, model: Any, tokens: int, spare: int) -> int:
    """How many of ``spare`` tokens a context of ``tokens`` may have beside without the other set of factors."""
    short = short_context(lib, model)
    return min(spare, short - tokens) if 0 < tokens <= short else spare


def _meta(lib: Any, model: Any, key: str) -> str:
    """A value of the model's header as text; empty where there is none."""
    buffer = ctypes.create_string_buffer(_META_BYTES)
    lib.llama_model_meta_val_str(model, key.encode(), buffer, _META_BYTES)
    return buffer.value.decode("utf-8", "replace")
