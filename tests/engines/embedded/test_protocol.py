"""The frames between host and client: what goes in comes out, and nothing else gets through."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.alternatives import Alternative, TokenChoice
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import CREATIVE
from tavern_tui.domain.request import Segment
from tavern_tui.engines import base
from tavern_tui.engines.embedded import protocol
from tavern_tui.engines.embedded.protocol import (
    ANSWERS,
    CALLS,
    MAX_FRAME,
    Answer,
    Call,
    Hello,
    ModelSpec,
    decode_answer,
    decode_call,
    decode_hello,
    encode,
    encode_hello,
)

MODEL = ModelSpec("/models/Mira's 7B.gguf", 4096, 3, 20)
CALL_EXAMPLES: list[Call] = [
    protocol.Load(MODEL, replace=True),
    protocol.Count(MODEL, ("one", "zwei\n", "")),
    protocol.Tokenize(MODEL, "<|im_start|>"),
    protocol.Generate(
        MODEL, (Segment("Hi\n"), Segment("ö", (3, 4))), 20, CREATIVE, ("\nAlex:",), seed=7, chat="c", keep=True
    ),
    protocol.Tune(MODEL, 3.5),
    protocol.Generate(MODEL, (Segment("Hi"),), replies=3, alternatives=5, shift=False),
    protocol.Abort(12, reply=1),
    protocol.Status(),
    protocol.Unload(),
    protocol.Stop("now"),
]
FACTS = protocol.ModelFacts("/m.gguf", "m", 4096, 8192, "{{ x }}", "abc", False, "CPU", "llama.cpp", "1", 2)
ANSWER_EXAMPLES: list[Answer] = [
    base.Waiting("busy", 2),
    base.LoadProgress(0.25),
    base.PrefillProgress(3, 9),
    base.TextArrived(" text\u2028", (1, 2)),
    base.TextArrived("a", (1,), 2, (TokenChoice("a", -0.5, (Alternative("b", -0.25), Alternative("a", -0.5))),)),
    base.Notice("once"),
    base.ReplyFinished(1, base.StopReason.ABORTED, base.Usage(0, 9, 2, 0.0, 4.0, 3), canonical=True),
    protocol.Speed(2, 41.5),
    base.Finished(base.StopReason.STOP_STRING, base.Usage(1, 2, 3, 4.5, 6.0), canonical=False),
    FACTS,
    protocol.Counts((1, 0)),
    protocol.Ids((5,)),
    protocol.Tuned((protocol.Speed(1, 9.5),), 1),
    protocol.HostStatus(1, "0.1", 1, model=FACTS, busy=True, unload_in=4.0),
    protocol.Done(),
    protocol.Refused("It is full.", EngineFault.OVERFLOW, "Shorten it.", "/m.gguf", 900, 512),
]


@pytest.mark.parametrize("call", CALL_EXAMPLES, ids=lambda call: type(call).__name__)
def test_a_call_arrives_as_it_was_sent(call: Call) -> None:
    assert decode_call(encode(3, call)) == (3, call)


@pytest.mark.parametrize("answer", ANSWER_EXAMPLES, ids=lambda answer: type(answer).__name__)
def test_an_answer_arrives_as_it_was_sent(answer: Answer) -> None:
    assert decode_answer(encode(3, answer)) == (3, answer)


def test_every_kind_of_frame_has_an_example_here() -> None:
    assert {type(call) for call in CALL_EXAMPLES} == set(CALLS.values())
    assert {type(answer) for answer in ANSWER_EXAMPLES} == set(ANSWERS.values())


def test_every_kind_of_frame_is_in_the_reference() -> None:
    reference = (Path(__file__).parents[3] / "docs" / "engine-host.md").read_text()
    assert [kind for kind in (*CALLS, *ANSWERS) if f"`{kind}`" not in reference] == []


def test_a_frame_is_one_line() -> None:
    assert encode(1, protocol.Tokenize(MODEL, "two\nlines\r\n")).count(b"\n") == 1


@given(text=st.text())
def test_any_text_survives(text: str) -> None:
    assert decode_call(encode(1, protocol.Tokenize(MODEL, text))) == (1, protocol.Tokenize(MODEL, text))


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    assert decode_call(encode(1, protocol.Tokenize(MODEL, "a\ud83d"))) == (1, protocol.Tokenize(MODEL, "a?"))


@given(path=st.binary(min_size=1).map(lambda name: os.fsdecode(b"/models/" + name)))
def test_any_path_survives(path: str) -> None:
    call = protocol.Tokenize(ModelSpec(path), "a\ud83d")
    assert decode_call(encode(1, call)) == (1, protocol.Tokenize(ModelSpec(path), "a?"))


@given(line=st.binary(max_size=200))
def test_rubbish_is_refused(line: bytes) -> None:
    for decode in (decode_call, decode_answer, decode_hello):
        with pytest.raises(EngineError):
            decode(line)


@pytest.mark.parametrize(
    "frame",
    [
        {"id": -1, "kind": "status"},
        {"id": 1, "kind": "explode"},
        {"id": 1, "kind": "text", "body": {"text": "an answer is no call"}},
        {"id": 1, "kind": "count", "body": {"model": {"path": "/m"}, "texts": [1]}},
        {"id": 1, "kind": "generate", "body": {"model": {"path": "/m"}}},
        {"id": 1, "kind": "generate", "body": {"model": {"path": "/m"}, "prompt": [], "replies": 0}},
        {"id": 1, "kind": "stop", "body": {"when": "yesterday"}},
        {"id": 1, "kind": "status", "body": []},
        {"kind": ["status"]},
        [],
        "status",
    ],
)
def test_a_frame_of_another_shape_is_refused(frame: object) -> None:
    with pytest.raises(EngineError) as refusal:
        decode_call(json.dumps(frame).encode())
    assert refusal.value.fault is EngineFault.REJECTED


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(number: str) -> None:
    good = encode(1, protocol.Tune(MODEL, 3.5))
    with pytest.raises(EngineError):
        decode_call(good.replace(b"3.5", number.encode()))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(EngineError):
        decode_call(b'{"id": 1, "kind": "status", "body": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")


def test_a_refusal_does_not_quote_what_was_sent() -> None:
    frame = {"id": 1, "kind": "tokenize", "body": {"model": {"path": "/m"}, "text": ["a secret prompt"]}}
    with pytest.raises(EngineError) as refusal:
        decode_call(json.dumps(frame).encode())
    assert "secret" not in str(refusal.value)


def test_unknown_fields_of_a_newer_peer_are_ignored() -> None:
    frame = {"id": 1, "kind": "abort", "body": {"call": 4, "gently": True}}
    assert decode_call(json.dumps(frame).encode()) == (1, protocol.Abort(4))


def test_a_frame_that_is_too_long_is_neither_written_nor_read() -> None:
    with pytest.raises(EngineError) as refusal:
        encode(1, protocol.Tokenize(MODEL, "x" * MAX_FRAME))
    assert refusal.value.fault is EngineFault.OVERFLOW
    with pytest.raises(EngineError):
        decode_call(b" " * (MAX_FRAME + 1))


def test_a_hello_tells_protocol_version_and_process() -> None:
    hello = Hello(pid=77)
    assert decode_hello(encode_hello(hello)) == hello
    assert hello.ours


@pytest.mark.parametrize("other", [Hello(protocol.PROTOCOL + 1), Hello(version="0.0.9")])
def test_a_host_of_another_protocol_or_version_is_not_ours(other: Hello) -> None:
    assert not decode_hello(encode_hello(other)).ours


def test_an_error_keeps_all_it_says_on_the_way() -> None:
    error = EngineError(
        "Too long.",
        fault=EngineFault.OVERFLOW,
        hint="Cut.",
        where="/m.gguf",
        prompt_tokens=600,
        context_tokens=512,
    )
    again = protocol.Refused.of(error).error()
    assert vars(again) == vars(error)


def test_a_sampling_value_that_is_not_a_number_is_not_sent() -> None:
    with pytest.raises(EngineError, match="not a number"):
        encode(1, protocol.Tune(MODEL, float("nan")))
