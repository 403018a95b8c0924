"""Whether a model's own file names the tokens round a gap, asked of llama.cpp with vocabularies of some kilobytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.request import FillIn
from tavern_tui.engines.embedded.client import _info
from tavern_tui.engines.embedded.fill_in import fill_in_of
from tavern_tui.engines.embedded.protocol import ModelFacts, decode_answer, encode
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tests.engines.embedded.vocabularies import CONTROL, NORMAL, loaded

MARKS = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
LETTERS = "abcdefgh"


def asked(folder: Path, keys: dict[str, int]) -> FillIn | None:
    """What a file with those tokens says whose metadata has ``keys``."""

    def write(writer: Any) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("gpt-2")
        writer.add_token_list([*LETTERS, *MARKS, "<end>"])
        writer.add_token_merges(["a b"])
        writer.add_token_types([NORMAL] * len(LETTERS) + [CONTROL] * 4)
        writer.add_eos_token_id(len(LETTERS) + 3)
        for name, token in keys.items():
            writer.add_uint32(f"tokenizer.ggml.{name}_token_id", token)

    with loaded(folder / "marks.gguf", write) as (lib, model):
        return fill_in_of(lib, model, Vocabulary(lib, model))


@pytest.mark.parametrize("names", [("fim_pre", "fim_suf", "fim_mid"), ("prefix", "suffix", "middle")])
def test_a_file_that_names_the_three_tokens_says_how_gaps_are_filled(tmp_path: Path, names: tuple[str, ...]) -> None:
    assert asked(tmp_path, dict(zip(names, (8, 9, 10), strict=True))) == FillIn(*MARKS)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"fim_pre": 8, "fim_suf": 9},
        {"fim_pre": 8, "fim_suf": 8, "fim_mid": 8},
        {"fim_pre": 0, "fim_suf": 1, "fim_mid": 2},
        {"fim_pre": 8, "fim_suf": 9, "fim_mid": 4_000},
    ],
    ids=["none", "two", "thrice", "letters", "beyond"],
)
def test_tokens_that_only_have_such_names_or_make_no_sense_are_not_taken(tmp_path: Path, keys: dict[str, int]) -> None:
    assert asked(tmp_path, keys) is None


def test_what_the_file_says_reaches_the_engines_capabilities_through_the_host() -> None:
    facts = ModelFacts("/m.gguf", "m", 512, 512, fill_in=FillIn(*MARKS))
    _, heard = decode_answer(encode(1, facts))
    assert isinstance(heard, ModelFacts)
    assert _info(heard).capabilities.fill_in == FillIn(*MARKS)
