"""Sampling on the wire: what each kind of server is told, by the table of ``docs/spec/backends.md`` §14."""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import BALANCED, BUILT_IN, NEUTRAL, PRECISE, STAGES, SamplerPreset
from tavern_tui.engines import wire_tables as tables
from tavern_tui.engines.base import Capabilities, Request
from tavern_tui.engines.wire_samplers import Bias, Schema, Wire, read_schema, sampler_fields, texts_to_encode, to_wire
from tavern_tui.engines.wire_tables import WIRES

SPEC = Path(__file__).resolve().parents[2] / "docs" / "spec" / "backends.md"
# The columns of §14 and the rows of ours that they are.
COLUMNS = {
    "kobold": tables.KOBOLDCPP,
    "llama-server": tables.LLAMA_SERVER,
    "text-gen-webui": tables.TEXTGEN,
    "Tabby": tables.TABBY,
    "vLLM": tables.VLLM,
    "Ollama options": tables.OLLAMA,
    "OpenRouter": tables.OPENROUTER,
}
CANONICAL = {
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical": "typical_p",
    "tfs": "tfs",
    "top_a": "top_a",
    "nsigma": "top_n_sigma",
    "rep_pen": "repetition_penalty",
    "rep_range": "repetition_range",
}

WITH_SCHEMA = {name: wire for name, wire in WIRES.items() if wire.schema is not Schema.NONE}


def spec_rows() -> dict[str, dict[str, str]]:
    """The table of §14: canonical name → column → what stands there."""
    lines = SPEC.read_text("utf-8").partition("## 14.")[2].partition("\n## ")[0].splitlines()
    header, _, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|")
    return {row[0]: dict(zip(header[1:], row[1:], strict=True)) for row in rows}


def sent(wire: Wire, *, bias_ids: dict[str, tuple[int, ...]] | None = None, **request: Any) -> dict[str, Any]:
    """The fields of a request."""
    return to_wire(Request(**request), wire, engine="x", context_tokens=4096, bias_ids=bias_ids).fields


def told(wire: Wire, **request: Any) -> tuple[str, ...]:
    """What the user is told about a request."""
    return to_wire(Request(**request), wire, engine="Rig", context_tokens=4096).notices


@pytest.mark.parametrize("column", COLUMNS)
def test_samplers_have_the_names_of_the_specification(column: str) -> None:
    table = {row: cells[column] for row, cells in spec_rows().items()}
    names = {ours: table[theirs].split(" ")[0] for theirs, ours in CANONICAL.items()}
    given = {ours: name for ours, name in names.items() if name not in ("–", "ignored")}
    assert {ours: name for ours, name in COLUMNS[column].names.items() if ours in names} == given


@pytest.mark.parametrize("column", COLUMNS)
def test_what_the_specification_says_a_server_lacks_is_not_sent(column: str) -> None:
    table, wire = {row: cells[column] for row, cells in spec_rows().items()}, COLUMNS[column]
    lacks = {row for row, cell in table.items() if cell in ("–", "ignored")}
    assert ("dry_*" in lacks) == ("dry_multiplier" not in wire.samplers)
    assert ("xtc_*" in lacks) == ("xtc_probability" not in wire.samplers)
    assert ("mirostat" in lacks) == ("mirostat" not in wire.samplers)
    assert ("ban phrases" in lacks) == (not wire.banned)
    assert ("seed" in lacks) == (not wire.seed)
    if "dynatemp" in lacks:
        assert "dynamic_temperature_high" not in wire.samplers


@pytest.mark.parametrize("wire", WIRES.values(), ids=WIRES)
@pytest.mark.parametrize("preset", BUILT_IN.values(), ids=BUILT_IN)
def test_every_preset_becomes_json_with_the_length(wire: Wire, preset: SamplerPreset) -> None:
    body = sent(wire, sampling=preset, response_tokens=77)
    values = body[wire.options] if wire.options else body
    assert json.loads(json.dumps(body)) == body
    assert values[wire.length] == 77


@pytest.mark.parametrize("wire", [tables.HOSTED, tables.OPENAI, tables.OPENROUTER], ids=["hosted", "openai", "router"])
def test_a_hosted_service_gets_no_neutral_value(wire: Wire) -> None:
    assert sent(wire, sampling=NEUTRAL) == {"max_tokens": 300}
    assert sent(wire, sampling=replace(PRECISE, min_p=0.0)) == {"max_tokens": 300, "temperature": 0.4}


def test_a_local_server_gets_neutral_values_too() -> None:
    body = sent(tables.KOBOLDCPP, sampling=NEUTRAL)
    assert (body["temperature"], body["top_k"], body["rep_pen"], body["xtc_probability"]) == (1.0, 0, 1.0, 0.0)
    assert (body["dynatemp_range"], body["mirostat"], body["sampler_seed"]) == (0.0, 0, -1)


def test_a_value_of_zero_is_said_as_the_server_says_off_or_all() -> None:
    everything = SamplerPreset(repetition_penalty=1.1, repetition_range=0, dry_multiplier=0.8, dry_range=0)
    body = sent(tables.LLAMA_SERVER, sampling=everything)
    assert (body["top_n_sigma"], body["repeat_last_n"], body["dry_penalty_last_n"]) == (-1, -1, -1)
    assert sent(tables.KOBOLDCPP, sampling=everything)["rep_pen_range"] == 4096
    assert sent(tables.TEXTGEN, sampling=everything)["repetition_penalty_range"] == 4096
    assert sent(tables.TABBY, sampling=everything)["penalty_range"] == -1


def test_dry_breakers_are_a_list_or_one_quoted_text() -> None:
    assert sent(tables.KOBOLDCPP, sampling=BALANCED)["dry_sequence_breakers"] == ["\n", ":", '"', "*"]
    text = sent(tables.TEXTGEN, sampling=BALANCED)["dry_sequence_breakers"]
    assert json.loads(f"[{text}]") == ["\n", ":", '"', "*"]
    many = replace(BALANCED, dry_breakers=tuple(map(str, range(30))))
    assert len(sent(tables.KOBOLDCPP, sampling=many)["dry_sequence_breakers"]) == 24


def test_a_moving_temperature_is_a_middle_and_a_range_or_two_bounds() -> None:
    moving = SamplerPreset(temperature=0.7, dynamic_temperature_low=0.5, dynamic_temperature_high=1.5)
    body = sent(tables.LLAMA_SERVER, sampling=moving)
    assert (body["temperature"], body["dynatemp_range"], body["dynatemp_exponent"]) == (1.0, 0.5, 1.0)
    body = sent(tables.TEXTGEN, sampling=moving)
    assert (body["dynamic_temperature"], body["dynatemp_low"], body["dynatemp_high"]) == (True, 0.5, 1.5)
    assert sent(tables.TEXTGEN, sampling=BALANCED)["dynamic_temperature"] is False


def test_the_temperature_comes_last_unless_the_preset_says_otherwise() -> None:
    first = replace(BALANCED, order=("temperature", "top_k"))
    assert sent(tables.KOBOLDCPP, sampling=BALANCED)["sampler_order"] == [6, 0, 1, 3, 4, 2, 5]
    assert sent(tables.KOBOLDCPP, sampling=first)["sampler_order"] == [6, 5, 1, 3, 4, 2, 0]
    assert sent(tables.LLAMA_SERVER, sampling=BALANCED)["samplers"][-1] == "temperature"
    assert sent(tables.LLAMA_SERVER, sampling=first)["samplers"][-1] == "top_k"
    assert sent(tables.TABBY, sampling=BALANCED)["temperature_last"] is True
    assert sent(tables.TABBY, sampling=first)["temperature_last"] is False
    assert "order of samplers" in told(tables.VLLM, sampling=first)[1]


@given(st.permutations(STAGES))
def test_an_order_names_every_stage_of_a_server_once(order: list[str]) -> None:
    for wire in (tables.KOBOLDCPP, tables.LLAMA_SERVER, tables.TEXTGEN):
        words = sampler_fields(SamplerPreset(order=tuple(order)), wire)[wire.order]
        assert isinstance(words, list)
        assert sorted(map(str, words)) == sorted(str(word) for stage in wire.stages.values() for word in stage)


def test_keys_of_a_servers_own_pass_through_and_never_replace_the_request() -> None:
    own = replace(BALANCED, extra=(("skew", 0.5), ("min_p", 0.2), ("prompt", "no"), ("stream", False)))
    body = sent(tables.TABBY, sampling=own)
    assert (body["skew"], body["min_p"]) == (0.5, 0.2)
    assert not {"prompt", "stream"} & set(body)
    assert sent(tables.OLLAMA, sampling=own)["options"]["skew"] == 0.5
    assert sent(tables.HOSTED, sampling=own)["skew"] == 0.5


@pytest.mark.parametrize(
    ("wire", "most"), [(tables.KOBOLDCPP, 16), (tables.OPENAI, 4), (tables.LLAMA_SERVER, 20)], ids=["16", "4", "all"]
)
def test_as_many_stop_strings_are_sent_as_are_taken(wire: Wire, most: int) -> None:
    assert len(sent(wire, stop=tuple(map(str, range(20))))[wire.stop]) == most


def test_banned_texts_are_sent_up_to_the_limit_and_told_of_elsewhere() -> None:
    texts = tuple(f"word {n}" for n in range(50))
    assert len(sent(tables.KOBOLDCPP, banned=texts)["banned_tokens"]) == 48
    assert told(tables.KOBOLDCPP, banned=texts) == ("Rig takes 48 banned texts; the last 2 of 50 are left out.",)
    assert len(sent(tables.TABBY, banned=texts)["banned_strings"]) == 50
    assert told(tables.LLAMA_SERVER, banned=("one", "two")) == (
        "Rig cannot keep texts out of a reply: “one”, “two” may come.",
    )


def test_biases_go_by_number_or_by_text_as_the_server_takes_them() -> None:
    biases = ((15, 1.5), ("hi", -200.0))
    assert sent(tables.LLAMA_SERVER, logit_bias=biases)["logit_bias"] == [[15, 1.5], ["hi", -100.0]]
    assert sent(tables.VLLM, logit_bias=biases, bias_ids={"hi": (7, 8)})["logit_bias"] == {
        "15": 1.5,
        "7": -100.0,
        "8": -100.0,
    }
    assert texts_to_encode(Request(logit_bias=biases), tables.VLLM) == ("hi",)
    assert texts_to_encode(Request(logit_bias=biases), tables.LLAMA_SERVER) == ()
    assert told(tables.VLLM, logit_bias=biases) == ("Rig takes a bias by token number only: “hi” left out.",)
    assert told(tables.OLLAMA, logit_bias=biases) == (
        "Rig takes no bias of single tokens: the reply is written without.",
    )
    assert len(sent(tables.KOBOLDCPP, logit_bias=tuple((n, 1.0) for n in range(40)))["logit_bias"]) == 16


def test_a_grammar_has_the_servers_name_and_counts_for_more_than_a_schema() -> None:
    both: dict[str, Any] = {"grammar": 'root ::= "a"', "json_schema": '{"type": "object"}'}
    assert sent(tables.KOBOLDCPP, **both)["grammar"] == 'root ::= "a"'
    assert sent(tables.TEXTGEN, **both)["grammar_string"] == 'root ::= "a"'
    assert sent(tables.VLLM, **both)["structured_outputs"] == {"grammar": 'root ::= "a"'}
    assert "json_schema" not in sent(tables.LLAMA_SERVER, **both)
    assert told(tables.LM_STUDIO, grammar='root ::= "a"') == ("Rig takes no grammar: the reply is written without.",)


@pytest.mark.parametrize("wire", WITH_SCHEMA.values(), ids=WITH_SCHEMA)
def test_a_schema_is_sent_as_an_object_in_the_servers_place(wire: Wire) -> None:
    body = sent(wire, json_schema='{"type": "object"}')
    if wire.schema is Schema.FIELD:
        assert body[wire.schema_field] == {"type": "object"}
    else:
        assert body["response_format"]["json_schema"]["schema"] == {"type": "object"}


@pytest.mark.parametrize(
    ("text", "why"),
    [('{\n"a": }', "no JSON at line 2"), ("[1]", "an object"), ("[" * 100_000, "nested too deep")],
    ids=["broken", "list", "deep"],
)
def test_a_schema_that_is_none_is_refused_with_its_line(text: str, why: str) -> None:
    with pytest.raises(EngineError, match=why) as refused:
        read_schema(text)
    assert refused.value.fault is EngineFault.REJECTED


def test_what_a_server_can_do_follows_from_its_row() -> None:
    able = tables.LLAMA_SERVER.capable(Capabilities(chat_completion=True))
    assert (able.grammar, able.json_schema, able.logit_bias, able.banned, able.seed) == (True, True, True, False, True)
    assert able.chat_completion
    assert able.samplers == tables.LLAMA_SERVER.samplers
    assert not tables.TABBY.capable().seed


def test_an_older_version_is_told_of_less() -> None:
    old = tables.KOBOLDCPP.without("xtc_probability", "xtc_threshold", "dynamic_temperature_high", "grammar", "banned")
    assert not {"xtc_probability", "dynamic_temperature_high"} & old.samplers
    assert not {"xtc_probability", "dynatemp_range", "grammar"} & set(
        sent(old, sampling=BALANCED, grammar="root ::= x")
    )
    bare = tables.LLAMA_SERVER.without("logit_bias", "json_schema", "seed", "order")
    assert (bare.bias, bare.schema, bare.seed, bare.order) == (Bias.NONE, Schema.NONE, "", "")


def test_a_model_gets_only_the_fields_that_its_host_says_it_takes() -> None:
    some = tables.OPENROUTER.only(frozenset({"temperature", "min_p", "response_format"}))
    assert some.samplers == {"temperature", "min_p"}
    assert (some.seed, some.bias, some.schema) == ("", Bias.NONE, Schema.RESPONSE_FORMAT)


def test_every_field_of_a_preset_is_known_to_some_server() -> None:
    known = frozenset[str]().union(*(wire.samplers for wire in WIRES.values()))
    assert {field.name for field in fields(SamplerPreset)} - known == {"name", "extra", "penalize_prompt"}


def test_names_on_the_wire_are_plain() -> None:
    for wire in WIRES.values():
        assert all(re.fullmatch(r"[a-z_]+", name) for name in wire.names.values())


def test_what_is_off_on_vllm_is_so_in_the_word_that_all_its_builds_take() -> None:
    assert sent(tables.VLLM)["top_k"] == -1
    assert sent(tables.VLLM, sampling=SamplerPreset(top_k=40))["top_k"] == 40


def test_koboldcpp_hears_of_mirostat_by_another_name_on_its_routes_for_messages() -> None:
    preset = SamplerPreset(mirostat=2)
    assert sent(tables.KOBOLDCPP, sampling=preset)["mirostat"] == 2
    body = sent(tables.KOBOLDCPP_OPENAI, sampling=preset)
    assert body["mirostat_mode"] == 2
    assert "mirostat" not in body


def test_a_range_over_everything_switches_nothing_off_in_the_webuis_llama_cpp() -> None:
    penalty = SamplerPreset(repetition_penalty=1.1, repetition_range=0)
    dry = SamplerPreset(dry_multiplier=0.8, dry_range=2048)
    both = SamplerPreset(repetition_penalty=1.1, repetition_range=512, dry_multiplier=0.8, dry_range=2048)
    ranges = [sent(tables.TEXTGEN, sampling=one)["repetition_penalty_range"] for one in (penalty, dry, both)]
    assert ranges == [4096, 2048, 512]
