"""The tokens round a gap, as a model's own file names them (``domain.fill_in``). Stands on the binding.

llama.cpp also finds such tokens by their names alone; that is not asked here, since many vocabularies have them and the
model never learned them. Source: the GGUF specification's tokenizer keys and their older names.
"""

from __future__ import annotations

import ctypes
from typing import Any

from tavern_tui.domain.request import FillIn
from tavern_tui.engines.embedded.vocabulary import Vocabulary

_KEYS = (("fim_pre", "fim_suf", "fim_mid"), ("prefix", "suffix", "middle"))
_VALUE_BYTES = 32


def fill_in_of(lib: Any, model: Any, vocabulary: Vocabulary) -> FillIn | None:
    """What the file names, where each is a special token whose text is read as that token; ``None`` otherwise."""
    for names in _KEYS:
        found = [_number(lib, model, f"tokenizer.ggml.{name}_token_id") for name in names]
        marks = [_text(lib, vocabulary, token) for token in found if token is not None]
        if len(set(marks)) == len(names) and all(marks):
            return FillIn(*marks)
    return None


def _number(lib: Any, model: Any, key: str) -> int | None:
    """A number of the file's metadata."""
    value = ctypes.create_string_buffer(_VALUE_BYTES)
    length: int = lib.llama_model_meta_val_str(model, key.encode(), value, _VALUE_BYTES)
    return int(value.value) if length > 0 and value.value.isdigit() else None


def _text(lib: Any, vocabulary: Vocabulary, token: int) -> str:
    """How a special token is written in a prompt; empty for one that is none, or is read otherwise."""
    if not vocabulary.is_special(token):
        return ""
    written: str = lib.llama_vocab_get_text(vocabulary.handle, token).decode("utf-8", "replace")
    return written if vocabulary.tokenize(written) == [token] else ""
