"""KoboldCpp by its own API: what is sent, whose turn it is, whose job is stopped, and what old versions lack."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Request, StopReason, TextArrived, Waiting
from tavern_tui.engines.http import Link, Timeouts
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.koboldcpp_job import Pace
from tavern_tui.engines.koboldcpp_stream import read_perf
from tavern_tui.engines.koboldcpp_versions import is_native, parsed, wire_of
from tests.engines.kobold_standin import KoboldStandin, native
from tests.engines.llama_standin import TALE
from tests.engines.replies import chat_request, listen, text_request
from tests.engines.standin import Act, Asked, Reply, Standin, said, streamed

QUICK = Pace(queue=0.01, silence=60.0, look=0.001, rest=60.0, goodbye=60.0, undecided=0.0)
SOON_LEFT = replace(QUICK, rest=0.05)
SOON_DOUBTED = replace(QUICK, silence=0.01, look=0.01)
STREAM = "/api/extra/generate/stream"


@asynccontextmanager
async def engine_at(server: Standin, **given: Any) -> AsyncIterator[KoboldCppEngine]:
    """The adapter for a server, in no hurry to give up and quick to look."""
    engine = KoboldCppEngine(Link(server.base), **{"pace": QUICK, **given})
    try:
        yield engine
    finally:
        await engine.close()


def told(count: int, seed: int = 0) -> str:
    """The first tokens that the stand-in writes from a seed."""
    return "".join(TALE[seed : seed + count])


# What is sent.


async def test_the_head_of_a_prompt_goes_into_memory_and_the_rest_into_the_prompt() -> None:
    segments = (Segment("You are Mira.\n"), Segment("Tom: Hello.\n"), Segment("Mira:"))
    async with KoboldStandin() as server, engine_at(server) as engine:
        await listen(engine, Request(prompt=segments, head=1, response_tokens=2))
        await listen(engine, Request(prompt=segments, response_tokens=2))
        await listen(engine, Request(prompt=segments, head=3, response_tokens=2))
    with_head, without, nothing_left = server.bodies(STREAM)
    assert (with_head["memory"], with_head["prompt"]) == ("You are Mira.\n", "Tom: Hello.\nMira:")
    assert "memory" not in without
    assert without["prompt"] == nothing_left["prompt"] == "You are Mira.\nTom: Hello.\nMira:"


async def test_no_memory_is_sent_where_a_text_cut_in_two_has_other_tokens() -> None:
    def with_a_blank(asked: Asked) -> Reply:
        ids = [len(word) for word in (" " + str(asked.json["prompt"])).split(" ")]  # a blank in front is a token
        return said({"value": len(ids), "ids": ids})

    async with KoboldStandin() as server, engine_at(server) as engine:
        server.routes["/api/extra/tokencount"] = with_a_blank
        await listen(engine, Request(prompt=(Segment("A\n"), Segment("B")), head=1, response_tokens=2))
    assert server.bodies(STREAM)[0]["prompt"] == "A\nB"


async def test_every_job_has_a_key_of_its_own() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        for _ in range(2):
            await listen(engine, text_request(response_tokens=1))
    first, second = (body["genkey"] for body in server.bodies(STREAM))
    assert first
    assert second
    assert first != second


async def test_samplers_and_limits_go_by_koboldcpps_names() -> None:
    preset = SamplerPreset(temperature=0.7, repetition_penalty=1.1, typical_p=0.9)
    async with KoboldStandin() as server, engine_at(server) as engine:
        request = text_request(sampling=preset, stop=("\n",), banned=("shivers",), seed=7, response_tokens=5)
        await listen(engine, request)
    (body,) = server.bodies(STREAM)
    expected: dict[str, object] = {
        "temperature": 0.7,
        "rep_pen": 1.1,
        "typical": 0.9,
        "sampler_seed": 7,
        "max_length": 5,
    }
    expected |= {"max_context_length": 1024, "stop_sequence": ["\n"], "banned_tokens": ["shivers"], "trim_stop": True}
    assert {key: body[key] for key in expected} == expected


async def test_a_bias_of_a_text_is_sent_by_the_ids_of_its_tokens() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        ids = await engine.tokens("lantern")
        await listen(engine, text_request(logit_bias=(("lantern", -5.0),), response_tokens=1))
    assert len(ids) == 1
    assert server.bodies(STREAM)[0]["logit_bias"] == {str(ids[0]): -5.0}


async def test_messages_are_refused_where_nothing_takes_them() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        heard = await listen(engine, chat_request())
    assert heard.error is not None
    assert "takes prompt text only" in heard.error.title


# The context: what KoboldCpp would cut in silence.


async def test_a_prompt_without_room_for_a_reply_is_an_overflow_and_is_not_sent() -> None:
    async with KoboldStandin(context=64) as server, engine_at(server) as engine:
        heard = await listen(engine, text_request("word " * 32, response_tokens=8))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert (heard.error.prompt_tokens, heard.error.context_tokens) == (65, 48)
    assert not server.bodies(STREAM)


async def test_a_reply_is_no_longer_than_the_room_that_is_left() -> None:
    async with KoboldStandin(context=64) as server, engine_at(server) as engine:
        heard = await listen(engine, text_request("word " * 20, response_tokens=40))
    assert heard.finished.reason is StopReason.LENGTH
    assert server.bodies(STREAM)[0]["max_length"] == 64 - 41


async def test_a_count_that_the_server_has_no_number_for_is_made_of_halves() -> None:
    def clamped(asked: Asked) -> Reply:
        size = len(str(asked.json["prompt"]))
        return said({"value": 0 if size >= 100 else size, "ids": []})

    async with KoboldStandin() as server, engine_at(server) as engine:
        server.routes["/api/extra/tokencount"] = clamped
        assert await engine.count(["x" * 950, "line\n" * 50, ""]) == [950, 250, 0]


# Turns and jobs.


async def test_who_waits_for_another_client_is_told_the_place_and_then_served() -> None:
    async with KoboldStandin(hold_after=1) as server, engine_at(server) as one, engine_at(server) as other:
        first = asyncio.create_task(listen(one, text_request(response_tokens=3, seed=0)))
        await server.begun.wait()
        events = []
        async with other.generate(text_request(response_tokens=3, seed=0)) as stream:
            async for event in stream:
                events.append(event)
                server.go_on.set()
        assert (await first).text == told(3)
    assert events[0] == Waiting("KoboldCpp is busy with another client. You are next.", 1)
    assert "".join(event.text for event in events if isinstance(event, TextArrived)) == told(3)


async def test_a_server_that_lets_nobody_wait_is_busy() -> None:
    async with KoboldStandin(hold_after=1, queue=0) as server, engine_at(server) as one, engine_at(server) as other:
        first = asyncio.create_task(listen(one, text_request(response_tokens=3)))
        await server.begun.wait()
        heard = await listen(other, text_request())
        server.go_on.set()
        assert (await first).text
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BUSY


async def test_leaving_stops_our_job_and_no_other() -> None:
    async with KoboldStandin(hold_after=2) as server, engine_at(server) as engine:
        async with engine.generate(text_request(response_tokens=50)) as events:
            async for event in events:
                if isinstance(event, TextArrived):
                    break
        assert server.jobs[0].aborted
        assert server.aborted_keys == [server.jobs[0].key]


async def test_leaving_the_queue_drops_our_job_and_leaves_the_one_that_runs() -> None:
    async with KoboldStandin(hold_after=1) as server, engine_at(server) as one, engine_at(server) as other:
        first = asyncio.create_task(listen(one, text_request(response_tokens=3)))
        await server.begun.wait()
        async with other.generate(text_request()) as stream:
            async for event in stream:
                assert isinstance(event, Waiting)
                break
        server.go_on.set()
        assert (await first).finished.reason is StopReason.LENGTH
        assert not server.jobs[0].aborted
        assert server.aborted_keys == [str(server.bodies(STREAM)[1]["genkey"])]


async def test_a_reply_that_ended_by_itself_is_not_stopped() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        await listen(engine, text_request(response_tokens=3))
    assert server.aborted_keys == []


async def test_a_job_that_could_not_be_stopped_is_stopped_before_the_next_begins() -> None:
    async with KoboldStandin(hold_after=2, cut_after=2) as server, engine_at(server, pace=SOON_LEFT) as engine:
        abort = server.routes.pop("/api/extra/abort")
        server.routes["/api/extra/abort"] = Reply(stream=[Act.RESET])
        check = server.routes.pop("/api/extra/generate/check")
        server.routes["/api/extra/generate/check"] = Reply(stream=[Act.RESET])
        heard = await listen(engine, text_request(response_tokens=9))
        assert heard.error is not None
        assert heard.error.fault is EngineFault.BROKEN_STREAM
        server.routes |= {"/api/extra/abort": abort, "/api/extra/generate/check": check}
        assert (await listen(engine, text_request(response_tokens=3, seed=0))).text == told(3)
    assert server.aborted_keys == [server.jobs[0].key]
    assert server.jobs[0].aborted


# A link that breaks.


@pytest.mark.parametrize("act", [Act.RESET, Act.CLOSE], ids=lambda act: act.value)
async def test_what_was_written_after_the_link_broke_is_asked_for(act: Act) -> None:
    async with KoboldStandin(cut_after=2, act=act) as server, engine_at(server) as engine:
        heard = await listen(engine, text_request(response_tokens=9, seed=0))
    assert heard.text == told(9)
    assert heard.finished.reason is StopReason.LENGTH
    assert heard.finished.usage.generated == 9
    assert len(server.bodies(STREAM)) == 1
    assert server.aborted_keys == []


async def test_what_is_still_being_written_after_the_link_broke_comes_as_it_is_written() -> None:
    async with KoboldStandin(cut_after=2, hold_after=4) as server, engine_at(server) as engine:
        events = []
        async with engine.generate(text_request(response_tokens=9, seed=0)) as stream:
            async for event in stream:
                events.append(event)
                if isinstance(event, Waiting):
                    server.go_on.set()
    assert "".join(event.text for event in events if isinstance(event, TextArrived)) == told(9)
    waited = [event for event in events if isinstance(event, Waiting)]
    assert waited == [Waiting("The link broke: asking KoboldCpp for the rest.")]


async def test_a_server_that_is_out_of_reach_for_a_while_is_asked_again() -> None:
    async with KoboldStandin(cut_after=2, unanswered=3) as server, engine_at(server) as engine:
        assert (await listen(engine, text_request(response_tokens=9, seed=0))).text == told(9)


async def test_a_server_that_stays_out_of_reach_is_given_up_with_the_text_kept() -> None:
    async with KoboldStandin(cut_after=2, unanswered=1 << 30) as server, engine_at(server, pace=SOON_LEFT) as engine:
        heard = await listen(engine, text_request(response_tokens=9, seed=0))
    assert heard.text == told(2)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


async def test_a_stop_string_counts_in_what_came_after_the_link_broke() -> None:
    async with KoboldStandin(cut_after=2, hold_after=9) as server, engine_at(server) as engine:
        heard = await listen(engine, text_request(response_tokens=40, seed=0, stop=(TALE[6] + TALE[7],)))
        assert server.jobs[0].aborted
    assert heard.text == told(6)
    assert heard.finished.reason is StopReason.STOP_STRING


async def test_a_job_whose_place_another_has_taken_is_broken_with_the_text_kept() -> None:
    async with KoboldStandin(cut_after=2) as server, engine_at(server) as engine:
        server.routes["/api/extra/generate/check"] = said({"results": [{"text": ""}]})
        heard = await listen(engine, text_request(response_tokens=9, seed=0))
    assert heard.text == told(2)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


async def test_a_job_that_the_server_stopped_with_the_link_is_broken_with_all_its_text_kept() -> None:
    async with KoboldStandin(cut_after=2, hold_after=5) as server, engine_at(server) as engine:
        listening = asyncio.create_task(listen(engine, text_request(response_tokens=9, seed=0)))
        await server.begun.wait()
        server.jobs[0].aborted = True
        server.go_on.set()
        heard = await listening
    assert heard.text == told(5)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.BROKEN_STREAM


async def test_a_link_that_died_without_a_word_is_noticed_by_what_the_server_has_written() -> None:
    async with KoboldStandin(cut_after=2, act=Act.HANG) as server, engine_at(server, pace=SOON_DOUBTED) as engine:
        assert (await listen(engine, text_request(response_tokens=9, seed=0))).text == told(9)


async def test_a_server_that_only_takes_its_time_is_not_left() -> None:
    looked = asyncio.Event()

    def nothing_new(asked: Asked) -> Reply:
        if len(server.bodies("/api/extra/generate/check")) == 3:
            looked.set()
        return said({"results": [{"text": server.jobs[-1].text}]})

    async with KoboldStandin(hold_after=2) as server, engine_at(server, pace=Pace(silence=0.01)) as engine:
        server.routes["/api/extra/generate/check"] = nothing_new
        listening = asyncio.create_task(listen(engine, text_request(response_tokens=5, seed=0)))
        await asyncio.wait_for(looked.wait(), 30)
        server.go_on.set()
        heard = await listening
    assert heard.text == told(5)
    assert not any(isinstance(event, Waiting) for event in heard.events)


async def test_a_server_that_does_not_know_the_question_is_not_left_for_its_silence() -> None:
    looked = asyncio.Event()

    def unknown(asked: Asked) -> Reply:
        if len(server.bodies("/api/extra/generate/check")) == 3:
            looked.set()
        return said({}, 404)

    async with KoboldStandin(hold_after=2) as server, engine_at(server, pace=Pace(silence=0.01)) as engine:
        server.routes["/api/extra/generate/check"] = unknown
        listening = asyncio.create_task(listen(engine, text_request(response_tokens=5, seed=0)))
        await asyncio.wait_for(looked.wait(), 30)
        server.go_on.set()
        assert (await listening).text == told(5)


async def test_builds_that_never_say_why_they_end_are_asked() -> None:
    def without_reason(asked: Asked) -> Reply:
        server.routes["/api/extra/generate/check"] = said({"results": [{"text": "Good day"}]})
        server.routes["/api/extra/perf"] = said({"idle": 1, "stop_reason": 1, "last_token_count": 2})
        return streamed(native("Good", None), native(" day", None))

    async with KoboldStandin(version="1.60") as server, engine_at(server) as engine:
        server.routes[STREAM] = without_reason
        heard = await listen(engine, text_request())
    assert heard.text == "Good day"
    assert heard.finished.reason is StopReason.END
    assert not any(isinstance(event, Waiting) for event in heard.events)


# What is there.


async def test_a_swapped_model_has_another_name_and_other_capabilities() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        before = await engine.connect()
        server.model = "koboldcpp/other-7B"
        server.routes["/api/extra/version"] = said({"result": "KoboldCpp", "version": "1.102"})
        server.routes["/props"] = said({"chat_template": "{{ messages }}", "total_slots": 1})
        after = await engine.connect()
    assert (before.model, after.model) == ("tale-1B.Q4_K_M", "other-7B")
    assert (before.chat_template, after.chat_template) == ("", "{{ messages }}")
    assert "top_n_sigma" in after.capabilities.samplers - before.capabilities.samplers


async def test_a_second_look_at_the_same_vocabulary_asks_about_it_once() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        assert await engine.connect() == await engine.connect()
    asked = [str(body["prompt"]) for body in server.bodies("/api/extra/tokencount")]
    assert len(asked) - len(set(asked)) == 2  # a blank one with a BOS and one without, and the second look


async def test_a_server_without_a_model_says_so() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        server.model = "inactive"
        with pytest.raises(EngineError) as caught:
            await engine.connect()
    assert caught.value.fault is EngineFault.NO_MODEL


async def test_a_password_is_asked_for() -> None:
    locked = {"detail": {"error": "Unauthorized", "msg": "Authentication key is missing.", "type": "unauthorized"}}
    async with KoboldStandin() as server, engine_at(server) as engine:
        server.routes["/api/extra/tokencount"] = said(locked, 401)
        with pytest.raises(EngineError) as caught:
            await engine.connect()
    assert caught.value.fault is EngineFault.KEY_REFUSED


async def test_the_size_that_is_told_to_others_counts_where_the_true_one_is_not_told() -> None:
    async with KoboldStandin() as server, engine_at(server) as engine:
        server.routes["/api/extra/true_max_context_length"] = said({}, 404)
        server.routes["/api/v1/config/max_context_length"] = said({"value": 2048})
        assert (await engine.connect()).context_tokens == 2048


async def test_a_server_that_hangs_over_the_numbers_does_not_hold_up_the_end() -> None:
    async with KoboldStandin() as server:
        server.routes["/api/extra/perf"] = Reply(stream=[Act.HANG])
        link = Link(server.base, timeouts=Timeouts(read=60))
        engine = KoboldCppEngine(link, pace=Pace(goodbye=0.05))
        heard = await listen(engine, text_request(response_tokens=2))
        await engine.close()
    assert heard.finished.usage.generated is None


@pytest.mark.parametrize(
    ("perf", "tokens", "milliseconds"),
    [
        ({"last_token_count": 23, "last_eval": 30.0}, 23, 690.0),
        ({"last_token_count": 20, "last_eval": 4.0, "last_eval_speed": 5.0}, 20, 4000.0),
        ({"last_token_count": 0, "last_eval": 0.0, "last_eval_speed": 0.0}, 0, None),
        ({}, None, None),
    ],
    ids=["per-token", "speed", "nothing-written", "nothing-told"],
)
def test_times_are_read_in_either_unit(perf: object, tokens: int | None, milliseconds: float | None) -> None:
    usage = read_perf(perf)
    assert (usage.generated, usage.generation_ms) == (tokens, milliseconds)


# Versions.


def test_versions_compare_by_their_numbers() -> None:
    assert parsed("1.104.1") > parsed("1.99") > parsed("1.76")
    assert parsed("dev") == ()


def test_older_than_its_streams_or_memory_is_spoken_to_otherwise() -> None:
    assert [is_native(version) for version in ("1.48.1", "1.49", "1.104", "")] == [False, True, True, True]


def test_what_a_version_lacks_is_not_claimed() -> None:
    assert "dry_multiplier" not in wire_of("1.69").samplers
    assert "dry_breakers" not in wire_of("1.69").samplers
    assert "dry_multiplier" in wire_of("1.70").samplers
    assert "xtc_threshold" not in wire_of("1.73").samplers
    assert not wire_of("1.75").banned
    assert wire_of("1.76").banned
    assert "top_n_sigma" not in wire_of("1.76").samplers
    assert wire_of("").samplers == wire_of("9.0").samplers
