"""What a reply may hold: grammars, schemas, banned texts, biases, ends. By llama.cpp, on a model of some kilobytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import BALANCED, NEUTRAL, SamplerPreset
from tavern_tui.engines.base import StopReason
from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.loading import Loaded, load
from tavern_tui.engines.embedded.protocol import ModelSpec
from tavern_tui.engines.embedded.rules import Banned
from tests.engines.embedded.loaded_model import GREEDY, Lib, answer, cache_of, loaded_starter, request
from tests.engines.embedded.tiny_models import tiny_model
from tests.engines.embedded.vocabularies import LoadedVocabulary

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 12}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A model with random weights: what it writes has no sense, and is the same every time."""
    path = tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf")
    loaded = load(ModelSpec(str(path), 256, 1, 0), binding.Flag(), lambda _fraction: None)
    yield loaded
    loaded.lib.llama_free(loaded.context)
    loaded.lib.llama_model_free(loaded.model)


def written(loaded: Loaded, prompt: str = "Once", **fields: Any) -> tuple[str, StopReason]:
    """The reply on an empty cache, and why it ended."""
    given = answer(loaded, cache_of(loaded), request(prompt, **fields))
    return given.text(), given.finished.reason


def test_a_reply_follows_its_grammar_and_ends_with_it(loaded: Loaded) -> None:
    grammar = 'root ::= ("yes" | "no") "."  # one word\n'
    assert written(loaded, grammar=grammar, sampling=BALANCED, seed=1) in {
        ("yes.", StopReason.END),
        ("no.", StopReason.END),
    }


@pytest.mark.parametrize("seed", [3, 8, 9])
def test_a_reply_follows_a_json_schema(loaded: Loaded, seed: int) -> None:
    text, reason = written(loaded, json_schema=json.dumps(PERSON), sampling=BALANCED, seed=seed, response_tokens=80)
    assert reason is StopReason.END
    assert {name: type(value) for name, value in json.loads(text).items()} == {"name": str, "age": int}


@pytest.mark.parametrize(
    "sampling",
    [
        replace(NEUTRAL, typical_p=0.9, xtc_probability=1.0, top_n_sigma=1.0),
        replace(NEUTRAL, mirostat=1),
        replace(NEUTRAL, mirostat=2),
        replace(NEUTRAL, dynamic_temperature_low=0.5, dynamic_temperature_high=2.0, order=("temperature", "top_k")),
    ],
    ids=["truncated", "mirostat-1", "mirostat-2", "dynamic"],
)
def test_no_sampler_leads_out_of_a_grammar(loaded: Loaded, sampling: SamplerPreset) -> None:
    text, _ = written(loaded, grammar="root ::= [a-z ]+", sampling=sampling, seed=2)
    assert re.fullmatch(r"[a-z ]+", text)


def test_where_a_grammar_allows_nothing_more_the_reply_ends(loaded: Loaded) -> None:
    nothing = r'root ::= "hi" [^\x00-\U001FFFFF]'
    text, reason = written(loaded, grammar=nothing)
    # llama.cpp does not rule out bytes that begin no character.
    assert (text.rstrip("\ufffd"), reason) == ("hi", StopReason.END)


def test_the_grammar_counts_for_more_than_a_ban_and_than_the_ban_of_the_end(loaded: Loaded) -> None:
    sampling = replace(GREEDY, ban_eos=True)
    assert written(loaded, grammar='root ::= "hi"', banned=("hi", "h"), sampling=sampling) == ("hi", StopReason.END)


LETTERS = "root ::= [a-d]{12}"


def test_a_banned_text_is_not_in_a_reply_in_whatever_letters(loaded: Loaded) -> None:
    free, _ = written(loaded, grammar=LETTERS, response_tokens=14)
    banned, _ = written(loaded, grammar=LETTERS, response_tokens=14, banned=(free[3:6].upper(), ""))
    assert len(free) == len(banned) == 12
    assert free[3:6] not in banned
    assert banned.startswith(free[: free.index(free[3:6])])


def test_a_text_that_begins_in_the_prompt_is_banned_too(loaded: Loaded) -> None:
    free, _ = written(loaded, "abc", grammar=LETTERS, response_tokens=1)
    held, _ = written(loaded, "abc", grammar=LETTERS, response_tokens=1, banned=(f"bc{free}",))
    assert free != held


def test_a_bias_by_text_and_by_number_moves_tokens(loaded: Loaded) -> None:
    [token] = loaded.vocabulary.tokenize("q")
    assert written(loaded, logit_bias=(("q", 100.0),), response_tokens=3)[0] == "qqq"
    assert written(loaded, logit_bias=((token, 100.0),), response_tokens=3)[0] == "qqq"
    assert written(loaded, logit_bias=(("q", 100.0), ("q", -100.0)))[0].count("q") == 0


def test_biases_of_no_token_of_the_model_change_nothing(loaded: Loaded) -> None:
    odd = ((-5, 9.0), (2**31, 9.0), ("", 9.0), ("q", float("nan")))
    assert written(loaded, logit_bias=odd) == written(loaded)


def test_without_an_end_a_reply_runs_to_its_length(loaded: Loaded) -> None:
    always = tuple((token, 100.0) for token in loaded.vocabulary.ending_tokens())
    assert written(loaded, logit_bias=always)[1] is StopReason.END
    assert written(loaded, logit_bias=always, sampling=replace(GREEDY, ban_eos=True))[1] is StopReason.LENGTH


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"grammar": 'root ::= "a"\nb ::= c'}, "The grammar cannot be read at line 2: there is no rule “c”."),
        ({"grammar": 'root ::= root "a" | "b"'}, "the rule “root” begins with itself"),
        ({"grammar": 'root ::= ("a"?){99} "b"'}, "there are too many ways to go on here"),
        ({"json_schema": '{"type": "string", "pattern": "^(a?){99}$"}'}, "too many ways to go on here"),
        ({"json_schema": '{\n"type": }'}, "it is no JSON at line 2"),
        ({"json_schema": "[]"}, "a schema is an object"),
        ({"json_schema": '{"type": "zork"}'}, "it asks for something that has no grammar"),
        ({"json_schema": '{"$ref": "https://example.org/s.json"}'}, "it asks for something that has no grammar"),
    ],
    ids=["rule", "left", "endless", "pattern", "json", "list", "type", "net"],
)
def test_what_cannot_be_followed_is_refused_before_anything_is_written(
    loaded: Loaded, fields: dict[str, str], told: str
) -> None:
    lib = Lib(loaded.lib, ("llama_decode",))
    with pytest.raises(EngineError) as refused:
        written(replace(loaded, lib=lib), **fields)
    assert told in refused.value.title
    assert lib.calls["llama_decode"] == 0, "nor is the prompt read"
    assert refused.value.fault is EngineFault.REJECTED
    assert written(loaded)


def test_with_a_seed_an_empty_cache_gives_the_same_tokens(loaded: Loaded) -> None:
    lively = replace(
        BALANCED, temperature=1.3, xtc_probability=0.5, dynamic_temperature_low=0.8, dynamic_temperature_high=1.6
    )
    first = written(loaded, sampling=lively, seed=11, response_tokens=24)
    assert written(loaded, sampling=lively, seed=11, response_tokens=24) == first
    assert written(loaded, sampling=lively, seed=12, response_tokens=24) != first


@pytest.mark.parametrize("mode", [1, 2])
def test_mirostat_draws_by_the_seed_too(loaded: Loaded, mode: int) -> None:
    sampling = replace(NEUTRAL, mirostat=mode)
    drawn = {written(loaded, sampling=sampling, seed=seed)[0] for seed in (5, 5, 6, 7)}
    assert 1 < len(drawn) < 4


def test_the_tokens_that_complete_a_banned_text_are_known_within_and_across_tokens(
    vocabulary: LoadedVocabulary,
) -> None:
    vocab = vocabulary.vocabulary
    banned = Banned(vocab, ["hello", "lo w"])
    pieces = [vocab.piece(token).lower() for token in range(vocab.size)]
    for beginning, rests in (("", (b"hello", b"lo w")), ("xHel", (b"lo",)), ("lo", (b" w",)), ("hell", (b"o",))):
        banned = Banned(vocab, ["hello", "lo w"])
        for letter in beginning:
            banned.accept(letter.encode())
        completing = {
            n for n, piece in enumerate(pieces) if piece.startswith(rests) or b"hello" in piece or b"lo w" in piece
        }
        assert banned.tokens() == completing


@pytest.mark.model
def test_the_starter_draws_the_same_tokens_with_the_same_seed(starter_model: Path) -> None:
    loaded = loaded_starter(starter_model, 256)
    drawn = [written(loaded, sampling=BALANCED, seed=seed, response_tokens=12) for seed in (4, 4, 5)]
    assert drawn[0] == drawn[1] != drawn[2]
    loaded.lib.llama_free(loaded.context)
    loaded.lib.llama_model_free(loaded.model)
