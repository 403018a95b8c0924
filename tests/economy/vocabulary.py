"""The starter model's vocabulary, read from its file without the model, and a faster way to ask it.

llama.cpp cuts a text at control tokens before it tokenises, so that a prompt is as many small texts as it has turns;
those of a chat come back in every prompt and are tokenised once. That the joined ids are the whole's is a test.
"""

from __future__ import annotations

import functools
import os
import re
from pathlib import Path

from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.vocabulary import Vocabulary

_CONTROL = re.compile(r"(<\|im_start\|>|<\|im_end\|>)")


class PromptTokens:
    """A ``segments.Tokenizer`` that remembers what it was asked. Meant for prompts in ChatML."""

    space_prefix = False

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.whole = vocabulary
        self.fingerprint = vocabulary.fingerprint()
        self._known: dict[str, tuple[int, ...]] = {}
        self._special: dict[int, bool] = {}

    def tokenize(self, text: str) -> list[int]:
        """Ids of ``text``, special tokens parsed, nothing added."""
        ids: list[int] = []
        for piece in _CONTROL.split(text):
            known = self._known.get(piece)
            if known is None:
                known = self._known[piece] = tuple(self.whole.tokenize(piece)) if piece else ()
            ids += known
        return ids

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for."""
        return self.whole.piece(token)

    def is_special(self, token: int) -> bool:
        """Whether texts are cut at this token before they are tokenised."""
        known = self._special.get(token)
        if known is None:
            known = self._special[token] = self.whole.is_special(token)
        return known

    def count(self, text: str) -> int:
        """Tokens of ``text``."""
        return len(self.tokenize(text))


@functools.cache
def prompt_tokens(model: Path) -> PromptTokens:
    """The vocabulary of a model's file, read once in a process; the weights stay on disk."""
    lib = binding.library()
    params = lib.llama_model_default_params()
    params.vocab_only = True
    handle = lib.llama_model_load_from_file(os.fsencode(model), params)
    if not handle:
        raise ValueError(f"llama.cpp cannot read the vocabulary of {model.name}")
    return PromptTokens(Vocabulary(lib, handle))
