"""The Ollama adapter over a stand-in that answers as Ollama's documentation says (not recorded)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import BALANCED
from tavern_tui.domain.request import FillIn
from tavern_tui.engines.base import Request, StopReason
from tavern_tui.engines.http import Link
from tavern_tui.engines.ndjson import NdjsonParser
from tavern_tui.engines.ollama import ASKED_CONTEXT, OllamaEngine
from tests.engines import server_answers as answers
from tests.engines.replies import Heard, chat_request, listen, text_request
from tests.engines.standin import Act, Reply, Route, Standin, said
from tests.engines.tale_standins import OllamaStandin

END = {
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 26,
    "prompt_eval_duration": 130_000_000,
    "eval_count": 2,
    "eval_duration": 42_000_000,
}


def line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def lines(*pieces: bytes | Act) -> Reply:
    """A stream of JSON lines in these very pieces."""
    return Reply(kind="application/x-ndjson", stream=pieces)


def piece(text: str, **more: object) -> bytes:
    """A piece of a text completion."""
    return line({"model": "m", "response": text, "done": False, **more})


def turn(text: str, **more: object) -> bytes:
    """A piece of a chat completion."""
    return line({"model": "m", "message": {"role": "assistant", "content": text, **more}, "done": False})


async def talk(request: Request, reply: Route, **routes: Route) -> tuple[Heard, Standin]:
    """One reply over a stand-in whose completions are ``reply``."""
    table = {**answers.OLLAMA, "/api/generate": reply, "/api/chat": reply}
    async with Standin(table | {"/api/" + name: route for name, route in routes.items()}) as server:
        engine = OllamaEngine(Link(server.base))
        heard = await listen(engine, request)
        await engine.close()
    return heard, server


async def test_a_text_is_sent_raw_with_the_context_that_it_was_planned_for() -> None:
    request = text_request(sampling=BALANCED, response_tokens=90, stop=("\nAlex:",), seed=7)
    heard, server = await talk(request, lines(piece("Good "), piece("evening."), line({"response": "", **END})))
    assert heard.text == "Good evening."
    [body] = server.bodies("/api/generate")
    assert (body["model"], body["raw"], body["prompt"]) == ("mistral-nemo:12b", True, "Once upon a time")
    options = body["options"]
    assert isinstance(options, dict)
    assert (options["num_ctx"], options["num_predict"], options["stop"], options["seed"]) == (16384, 90, ["\nAlex:"], 7)
    assert (options["temperature"], options["min_p"], options["repeat_penalty"]) == (0.8, 0.05, 1.05)


async def test_numbers_and_times_come_from_the_last_line() -> None:
    heard, _ = await talk(text_request(), lines(piece("Hi"), line({"response": "", **END})))
    usage = heard.finished.usage
    assert (usage.evaluated, usage.reused, usage.generated) == (26, None, 2)
    assert (usage.prompt_ms, usage.generation_ms) == (130.0, 42.0)


@pytest.mark.parametrize(("word", "reason"), [("stop", StopReason.END), ("length", StopReason.LENGTH)])
async def test_the_reason_of_the_end_is_told(word: str, reason: StopReason) -> None:
    heard, _ = await talk(text_request(), lines(piece("Hi"), line({"response": "", **END, "done_reason": word})))
    assert heard.finished.reason is reason


async def test_messages_go_to_the_chat_and_the_prefill_is_the_last_of_them() -> None:
    heard, server = await talk(
        chat_request("Hi", prefill="*She"),
        lines(turn("", thinking="Hm."), turn(" nods."), line({"message": {}, **END})),
    )
    assert (heard.reasoning, heard.text) == ("Hm.", " nods.")
    assert server.bodies("/api/chat")[0]["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "*She"},
    ]


async def test_a_stop_string_of_ours_ends_the_reply() -> None:
    heard, _ = await talk(text_request(stop=("\nAlex:",)), lines(piece("Yes.\nAl"), piece("ex: No."), Act.HANG))
    assert heard.text == "Yes."
    assert heard.finished.reason is StopReason.STOP_STRING


async def test_a_link_that_breaks_keeps_the_text() -> None:
    heard, _ = await talk(text_request(), lines(piece("Good "), Act.RESET))
    assert heard.text == "Good "
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


async def test_an_error_in_the_stream_is_told() -> None:
    heard, _ = await talk(text_request(), lines(piece("Good "), line({"error": "llama runner process has terminated"})))
    assert heard.text == "Good "
    assert heard.error is not None
    assert heard.error.fault is EngineFault.CRASHED
    assert "runner process" in str(heard.error)


async def test_a_model_that_is_gone_is_named() -> None:
    heard, _ = await talk(text_request(), said({"error": "model 'mistral-nemo:12b' not found, try pulling it"}, 404))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.NO_MODEL
    assert "mistral-nemo:12b" in heard.error.title


async def test_where_nobody_has_set_a_context_ours_is_asked_for() -> None:
    facts = said({"model_info": {"qwen2.context_length": 32768}, "parameters": ""})
    _, server = await talk(text_request(), lines(line({"response": "x", **END})), ps=said({"models": []}), show=facts)
    options = server.bodies("/api/generate")[0]["options"]
    assert isinstance(options, dict)
    assert options["num_ctx"] == ASKED_CONTEXT


async def test_a_context_that_the_user_has_set_for_the_model_holds() -> None:
    _, server = await talk(text_request(), lines(line({"response": "x", **END})), ps=said({"models": []}))
    options = server.bodies("/api/generate")[0]["options"]
    assert isinstance(options, dict)
    assert options["num_ctx"] == 4096


async def test_what_would_be_cut_in_silence_is_not_sent() -> None:
    small = said({"models": [{"name": "mistral-nemo:12b", "context_length": 64}]})
    heard, server = await talk(text_request("word " * 99), lines(line({"response": "x", **END})), ps=small)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert heard.error.context_tokens == 64
    assert server.bodies("/api/generate") == []


async def test_a_context_that_ran_full_is_told() -> None:
    full = {**END, "prompt_eval_count": 16_000, "eval_count": 384}
    heard, _ = await talk(text_request(), lines(piece("Hi"), line({"response": "", **full})))
    assert "ran out of context" in heard.notices[0]


async def test_a_model_that_was_let_go_of_is_loaded_with_the_context_that_it_had() -> None:
    async with Standin(dict(answers.OLLAMA)) as server:
        engine = OllamaEngine(Link(server.base))
        first = await engine.connect()
        server.routes["/api/ps"] = said({"models": []})
        assert await engine.connect() == first


async def test_a_server_without_models_says_so() -> None:
    async with Standin({**answers.OLLAMA, "/api/tags": said({"models": []})}) as server:
        with pytest.raises(EngineError) as caught:
            await OllamaEngine(Link(server.base)).connect()
    assert caught.value.fault is EngineFault.NO_MODEL


async def test_counts_are_said_to_be_estimates() -> None:
    async with Standin(answers.OLLAMA) as server:
        engine = OllamaEngine(Link(server.base))
        assert not (await engine.connect()).capabilities.exact_count
        counts = await engine.count(["", "Over the water, and back again."])
        await engine.close()
    assert counts[0] == 0
    assert counts[1] >= 7


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(exclude_characters="\n\r"), min_size=1).filter(str.strip)), st.integers(1, 7))
def test_lines_are_the_same_however_they_were_cut(texts: list[str], size: int) -> None:
    whole = "\n".join(json.dumps(text, ensure_ascii=False) for text in texts).encode("utf-8", "replace")
    parser = NdjsonParser()
    found = [event for at in range(0, len(whole), size) for event in parser.feed(whole[at : at + size])]
    found += parser.finish()
    assert [event.data for event in found] == [line for line in whole.decode("utf-8", "replace").split("\n") if line]


@pytest.mark.parametrize(
    ("template", "how"),
    [
        (
            "{{- if .Suffix }}<|fim_prefix|>{{ .Prompt }}<|fim_suffix|>{{ .Suffix }}<|fim_middle|>\n{{- else }}x",
            FillIn("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
        ),
        (
            "{{- if .Suffix }}<PRE> {{ .Prompt }} <SUF>{{ .Suffix }} <MID>\n{{- else }}{{ .Prompt }}\n{{- end }}",
            FillIn("<PRE> ", " <SUF>", " <MID>"),
        ),
        ("{{- if .Suffix }}[SUFFIX]{{ .Suffix }}[PREFIX] {{ .Prompt }}{{ end }}", None),
        (
            "<fim_prefix>{{ .Prompt }}<fim_suffix>{{ .Suffix }}<fim_middle>",
            FillIn("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
        ),
        ("{{ .Prompt }}", None),
        ("{{ .System }}\n{{ .Prompt }}\n{{ .Suffix }}", None),
        (7, None),
    ],
    ids=range(7),
)
async def test_a_template_with_a_gap_tells_how_it_is_filled(template: object, how: FillIn | None) -> None:
    async with OllamaStandin() as server:
        server.routes["/api/show"] = said({"template": template, "model_info": {}})
        engine = OllamaEngine(Link(server.base))
        assert (await engine.connect()).capabilities.fill_in == how
        await engine.close()
