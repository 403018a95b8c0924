"""Two small vocabularies as vocab-only GGUF files: byte-pair encoding as in GPT-2, and SentencePiece as in Llama.

Both hold what makes segment borders hard: merges across newlines and spaces, and (SentencePiece) the space that is put
before a text's beginning and after each special token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.vocabulary import Vocabulary

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


@dataclass(frozen=True, slots=True)
class LoadedVocabulary:
    """A vocabulary and the texts of its special tokens."""

    name: str
    vocabulary: Vocabulary
    special: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestVocabulary:
    """How to write one."""

    __test__ = False
    name: str
    special: tuple[str, ...]
    write: Callable[[Any], None]

    @contextmanager
    def load(self, folder: Path) -> Iterator[LoadedVocabulary]:
        """Write it into ``folder`` and load it with llama.cpp, vocabulary only."""
        with loaded(folder / f"{self.name}.gguf", self.write) as (lib, model):
            yield LoadedVocabulary(self.name, Vocabulary(lib, model), self.special)


@contextmanager
def loaded(path: Path, write: Callable[[Any], None]) -> Iterator[tuple[Any, Any]]:
    """llama.cpp, and the vocabulary that it read from a file with what ``write`` wrote."""
    writer = gguf.GGUFWriter(path, "llama")
    write(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    lib = binding.library()
    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(str(path).encode(), params)
    assert model, f"llama.cpp did not take {path}"
    try:
        yield lib, model
    finally:
        lib.llama_model_free(model)


def _byte_letters() -> list[str]:
    """GPT-2's letter for each byte: printable bytes stand for themselves, the others for letters from 256 on."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def _write_byte_pairs(writer: Any) -> None:
    merges = ["Ċ Ċ", "Ġ Ġ", "Ġ Ċ", "h e", "t he", "Ġ the", "l l", "he ll", "Ġ a", "ĠĠ ĠĠ", "ĊĊ Ċ", ". Ċ", "Ã ¶"]
    tokens = [*_byte_letters(), *(merge.replace(" ", "") for merge in merges), *BYTE_PAIRS.special]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_merges(merges)
    writer.add_token_types([NORMAL] * (len(tokens) - 2) + [CONTROL] * 2)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)


def _write_sentence_pieces(writer: Any) -> None:
    words = ["▁", "▁▁", "\n\n", "▁a", "▁the", "the", "he", "ll", "hell", ".", "\n▁", "ö", "▁▁▁▁", *"abehlotxy"]
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *words, "[INST]", "[/INST]"]
    kinds = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * len(words), CONTROL, CONTROL]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 259 + [-float(rank) for rank in range(len(words))] + [0.0, 0.0])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(True)


BYTE_PAIRS = TestVocabulary("byte-pairs", ("<|im_start|>", "<|im_end|>"), _write_byte_pairs)
SENTENCE_PIECES = TestVocabulary("sentence-pieces", ("[INST]", "[/INST]", "</s>"), _write_sentence_pieces)
