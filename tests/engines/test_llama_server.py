"""The llama-server adapter over a stand-in that answers as the server's documentation says."""

from __future__ import annotations

import asyncio

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import BALANCED
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import PrefillProgress, Request, StopReason, Waiting
from tavern_tui.engines.http import Link
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.llama_server_stream import read_timings
from tests.engines.llama_standin import BOS, LOADING, LlamaStandin, native
from tests.engines.replies import chat_request, listen, text_request
from tests.engines.standin import Asked, Reply, Standin, event, said, streamed


async def no_sleep(_: float) -> None:
    """Polling without waiting."""
    await asyncio.sleep(0)


async def test_connecting_tells_model_contexts_template_and_version() -> None:
    async with LlamaStandin() as server:
        info = await LlamaServerEngine(Link(server.base)).connect()
    assert (info.engine, info.model, info.version) == ("llama-server", "tale-1B.Q4_K_M", "b6500-0123abc")
    assert (info.context_tokens, info.trained_tokens) == (1024, 8192)
    assert "<|im_start|>" in info.chat_template
    assert info.add_bos


async def test_an_equal_vocabulary_has_an_equal_fingerprint_and_another_has_not() -> None:
    async with LlamaStandin() as one, LlamaStandin() as two, LlamaStandin() as three:
        three.ids("other words come first here")
        prints = [(await LlamaServerEngine(Link(s.base)).connect()).fingerprint for s in (one, two, three)]
    assert prints[0] == prints[1] != prints[2]


async def test_connecting_to_a_loading_server_says_that_it_is_loading() -> None:
    async with LlamaStandin(loading=1) as server:
        with pytest.raises(EngineError) as caught:
            await LlamaServerEngine(Link(server.base)).connect()
    assert caught.value.fault is EngineFault.LOADING
    assert "still loading" in caught.value.title


async def test_a_reply_waits_for_a_server_that_is_loading() -> None:
    async with LlamaStandin(loading=4) as server:
        heard = await listen(LlamaServerEngine(Link(server.base), sleep=no_sleep), text_request(response_tokens=3))
    assert heard.events[0] == Waiting("llama-server is still loading its model (503).")
    assert "still loading" in heard.events[0].why
    assert heard.finished.usage.generated == 3


async def test_a_server_that_begins_to_load_again_is_waited_for() -> None:
    async with LlamaStandin() as server:
        whole = server.routes["/completion"]

        def loading_once(_: Asked) -> Reply:
            server.routes["/completion"] = whole
            return said(LOADING, 503)

        server.routes["/completion"] = loading_once
        heard = await listen(LlamaServerEngine(Link(server.base), sleep=no_sleep), text_request(response_tokens=2))
    assert [type(event) for event in heard.events[:2]] == [Waiting, PrefillProgress]
    assert heard.finished.usage.generated == 2


async def test_reading_the_prompt_is_reported() -> None:
    async with LlamaStandin() as server:
        heard = await listen(LlamaServerEngine(Link(server.base)), text_request("one two", response_tokens=2))
    assert heard.events[0] == PrefillProgress(4, 4)


async def test_every_sampler_is_sent_and_temperature_comes_last() -> None:
    async with LlamaStandin() as server:
        await listen(LlamaServerEngine(Link(server.base)), text_request(sampling=BALANCED, stop=("x",), seed=9))
    body = server.bodies("/completion")[0]
    assert body["samplers"] == [
        "penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature",
    ]  # fmt: skip
    assert (body["temperature"], body["min_p"], body["dry_multiplier"], body["dry_penalty_last_n"]) == (
        0.8,
        0.05,
        0.8,
        2048,
    )
    assert (body["n_predict"], body["seed"], body["stop"], body["cache_prompt"]) == (300, 9, ["x"], True)


async def test_a_request_without_a_seed_asks_for_a_random_one() -> None:
    async with LlamaStandin() as server:
        await listen(LlamaServerEngine(Link(server.base)), text_request())
    assert server.bodies("/completion")[0]["seed"] == -1


async def test_messages_take_the_servers_own_template_and_the_prefill_follows() -> None:
    async with LlamaStandin() as server:
        heard = await listen(LlamaServerEngine(Link(server.base)), chat_request("Hi", prefill="*She"))
    prompt = server.bodies("/completion")[0]["prompt"]
    assert prompt == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n*She"
    assert heard.text


async def test_known_ids_are_sent_as_ids_with_the_bos_in_front() -> None:
    prompt = (Segment("one", (7,)), Segment(" two", (8, 9)))
    async with LlamaStandin() as server:
        await listen(LlamaServerEngine(Link(server.base)), Request(prompt=prompt, response_tokens=1))
    assert server.bodies("/completion")[0]["prompt"] == [BOS, 7, 8, 9]


async def test_a_prompt_of_which_some_ids_are_unknown_is_sent_as_text() -> None:
    prompt = (Segment("one", (7,)), Segment(" two"))
    async with LlamaStandin() as server:
        await listen(LlamaServerEngine(Link(server.base)), Request(prompt=prompt, response_tokens=1))
    assert server.bodies("/completion")[0]["prompt"] == "one two"


async def test_counting_parses_special_tokens_and_adds_none() -> None:
    async with LlamaStandin() as server:
        assert await LlamaServerEngine(Link(server.base)).count(["", "one two", "x"]) == [0, 3, 1]
    assert all(b["add_special"] is False and b["parse_special"] is True for b in server.bodies("/tokenize"))


async def test_a_second_reply_reuses_what_was_read() -> None:
    async with LlamaStandin() as server:
        engine = LlamaServerEngine(Link(server.base))
        first, second = [await listen(engine, text_request(response_tokens=2)) for _ in range(2)]
    assert first.finished.usage.reused == 0
    assert (second.finished.usage.evaluated, second.finished.usage.reused) == (1, 7)
    assert second.finished.usage.prompt_ms == 12.5


def test_builds_that_tell_no_cache_number_are_reckoned() -> None:
    usage = read_timings({"timings": {"prompt_n": 10, "predicted_n": 3}, "tokens_evaluated": 110})
    assert (usage.evaluated, usage.reused, usage.generated) == (10, 100, 3)


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"stop_type": "eos"}, StopReason.END),
        ({"stop_type": "limit"}, StopReason.LENGTH),
        ({"stop_type": "word"}, StopReason.STOP_STRING),
        ({"stopped_limit": True}, StopReason.LENGTH),
        ({"stopped_word": True}, StopReason.STOP_STRING),
        ({"stopped_eos": True}, StopReason.END),
    ],
)
async def test_old_and_new_builds_tell_the_reason_of_the_end(last: dict[str, object], reason: StopReason) -> None:
    async with LlamaStandin() as server:
        server.routes["/completion"] = streamed(native("Hi"), native("", stop=True, **last))
        heard = await listen(LlamaServerEngine(Link(server.base)), text_request())
    assert heard.finished.reason is reason


async def test_an_error_field_of_old_builds_is_an_error() -> None:
    problem = b'error: {"code": 500, "message": "slot failed", "type": "server_error"}\n\n'
    async with LlamaStandin() as server:
        server.routes["/completion"] = streamed(native("Good "), problem)
        heard = await listen(LlamaServerEngine(Link(server.base)), text_request())
    assert heard.text == "Good "
    assert heard.error is not None
    assert "slot failed" in str(heard.error)


async def test_a_prompt_that_the_server_cut_is_told() -> None:
    async with LlamaStandin() as server:
        server.routes["/completion"] = streamed(native("Hi"), native("", stop=True, stop_type="eos", truncated=True))
        heard = await listen(LlamaServerEngine(Link(server.base)), text_request())
    assert "ran out of context" in heard.notices[0]


async def test_a_server_without_templates_says_so_for_messages() -> None:
    async with LlamaStandin() as server:
        del server.routes["/apply-template"]
        heard = await listen(LlamaServerEngine(Link(server.base)), chat_request())
    assert heard.error is not None
    assert heard.error.fault is EngineFault.NOT_AN_API


async def test_a_key_that_is_missing_is_asked_for() -> None:
    locked = said({"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}}, 401)
    async with Standin({"/props": locked}) as server:
        with pytest.raises(EngineError) as caught:
            await LlamaServerEngine(Link(server.base)).connect()
    assert caught.value.fault is EngineFault.KEY_REFUSED


async def test_progress_without_numbers_is_passed_over() -> None:
    async with LlamaStandin() as server:
        odd = event({"prompt_progress": {"total": "many"}})
        server.routes["/completion"] = streamed(odd, event([1]), native("Hi"), native("", stop=True, stop_type="eos"))
        heard = await listen(LlamaServerEngine(Link(server.base)), text_request())
    assert heard.text == "Hi"
