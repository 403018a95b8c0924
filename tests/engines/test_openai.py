"""The OpenAI-compatible adapter: what it asks, what it makes of the answers, and what it never gives away."""

from __future__ import annotations

from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import BALANCED, CREATIVE
from tavern_tui.domain.request import Message, Role
from tavern_tui.engines import wire_tables
from tavern_tui.engines.base import EngineInfo, Request, StopReason
from tavern_tui.engines.dialects import Dialect, Prefill
from tavern_tui.engines.http import Link
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import generic, hosted, koboldcpp, llama_cpp_python, openrouter, tabbyapi, vllm
from tests.engines.replay import Replay
from tests.engines.replies import DONE, MODELS, Heard, chat_request, chunk, delta, listen, replying, text_request
from tests.engines.standin import Asked, Reply, Route, Standin, event, said, streamed


def hello(*pieces: bytes) -> Route:
    """A chat completion of these pieces."""
    return streamed(*(pieces or (delta("Hello."), delta("", "stop"))), DONE)


async def talk(
    request: Request, reply: Route | None = None, *, dialect: Dialect = generic.DIALECT, key: str = "", **routes: Route
) -> tuple[Heard, Standin]:
    """One reply over a stand-in whose chat and text completions are ``reply``."""
    answer = reply or hello()
    table = {"/v1/models": said(MODELS), "/v1/chat/completions": answer, "/v1/completions": answer}
    async with Standin(table | {"/" + path.replace("__", "/"): route for path, route in routes.items()}) as server:
        engine = OpenAIEngine(Link(server.base, key=key), dialect)
        heard = await listen(engine, request)
        await engine.close()
    return heard, server


async def info_of(models: object, dialect: Dialect = generic.DIALECT, **routes: Route) -> EngineInfo:
    """What ``connect`` finds at a server with these models."""
    table: dict[str, Route] = {"/v1/models": said(models)}
    async with Standin(table | {"/" + path.replace("__", "/"): route for path, route in routes.items()}) as server:
        return await OpenAIEngine(Link(server.base), dialect).connect()


def model(**more: object) -> dict[str, object]:
    return {"data": [{"id": "m", **more}]}


@pytest.mark.parametrize(
    ("item", "context"),
    [
        ({"max_model_len": 4096}, 4096),
        ({"context_length": 8192}, 8192),
        ({"context_window": 131072}, 131072),
        ({"meta": {"n_ctx": 2048, "n_ctx_train": 8192}}, 2048),
        ({"max_model_len": "16384"}, 16384),
        ({"max_model_len": None}, None),
        ({}, None),
    ],
)
async def test_the_context_is_read_wherever_a_server_tells_it(item: dict[str, object], context: int | None) -> None:
    assert (await info_of(model(**item))).context_tokens == context


@pytest.mark.parametrize(
    ("given_id", "name"),
    [
        ("/data/models/Mistral-Nemo-12B.Q4_K_M.gguf", "Mistral-Nemo-12B.Q4_K_M"),
        ("C:\\models\\Qwen3.gguf", "Qwen3"),
        ("koboldcpp/Mistral-Nemo", "Mistral-Nemo"),
        ("mistralai/mistral-nemo", "mistralai/mistral-nemo"),
    ],
)
async def test_a_model_is_named_as_people_name_it(given_id: str, name: str) -> None:
    assert (await info_of({"data": [{"id": given_id}]})).model == name


async def test_text_completion_is_offered_where_its_route_exists() -> None:
    here = said({"detail": "Method Not Allowed"}, 405)
    assert (await info_of(model(), v1__completions=here)).capabilities.text_completion
    assert not (await info_of(model())).capabilities.text_completion


async def test_a_server_without_a_model_says_so() -> None:
    with pytest.raises(EngineError) as caught:
        await info_of({"data": []})
    assert caught.value.fault is EngineFault.NO_MODEL


async def test_a_service_with_many_models_asks_to_choose() -> None:
    with pytest.raises(EngineError) as caught:
        await info_of({"data": [{"id": "a"}, {"id": "b"}]}, openrouter.DIALECT)
    assert caught.value.fault is EngineFault.NO_MODEL
    assert "offers 2 models" in str(caught.value)


async def test_the_chosen_model_is_asked_for() -> None:
    async with Standin(
        {"/v1/models": said({"data": [{"id": "a"}, {"id": "b"}]}), "/v1/chat/completions": hello()}
    ) as s:
        engine = OpenAIEngine(Link(s.base), openrouter.DIALECT, model="b")
        await listen(engine, chat_request())
        assert [model.id for model in await engine.models()] == ["a", "b"]
    assert s.bodies("/v1/chat/completions")[0]["model"] == "b"


async def test_a_local_server_gets_every_sampler_that_it_knows() -> None:
    request = text_request(sampling=CREATIVE, seed=7, response_tokens=90, stop=("\nAlex:",))
    _, server = await talk(
        request, replying("x"), dialect=llama_cpp_python.DIALECT, extras__tokenize__count=said({"count": 0})
    )
    body = server.bodies("/v1/completions")[0]
    assert body["prompt"] == "Once upon a time"
    assert (body["temperature"], body["min_p"], body["top_k"], body["seed"]) == (1.1, 0.05, 0, 7)
    assert (body["max_tokens"], body["stop"], body["repeat_penalty"]) == (90, ["\nAlex:"], 1.05)


async def test_a_hosted_service_gets_temperature_and_length_only() -> None:
    request = chat_request(sampling=CREATIVE, seed=7)
    heard, server = await talk(request, dialect=hosted.OPENAI)
    body = server.bodies("/v1/chat/completions")[0]
    assert set(body) == {"model", "stream", "stream_options", "messages", "max_tokens", "temperature"}
    assert "temperature and length only" in heard.notices[0]


async def test_a_substitute_for_dry_is_told_once_per_model() -> None:
    async with Standin(
        {"/v1/models": said(MODELS), "/v1/completions": replying("x"), "/tokenize": said({"count": 0})}
    ) as s:
        engine = OpenAIEngine(Link(s.base), vllm.DIALECT)
        first, second = [await listen(engine, text_request(sampling=BALANCED)) for _ in range(2)]
    assert first.notices == ["vLLM has no DRY: repetition penalty 1.05 instead."]
    assert second.notices == []
    assert [body["repetition_penalty"] for body in s.bodies("/v1/completions")] == [1.05, 1.05]


@pytest.mark.parametrize(
    ("dialect", "field"),
    [(koboldcpp.DIALECT, "banned_tokens"), (tabbyapi.DIALECT, "banned_strings"), (vllm.DIALECT, "bad_words")],
    ids=lambda value: getattr(value, "name", value),
)
async def test_banned_texts_go_where_a_server_takes_them(dialect: Dialect, field: str) -> None:
    async with Standin({"/v1/models": said(MODELS), "/v1/completions": replying("x")}) as server:
        await listen(OpenAIEngine(Link(server.base), dialect), text_request(banned=tuple(map(str, range(60)))))
        await listen(OpenAIEngine(Link(server.base), llama_cpp_python.DIALECT), text_request(banned=("storm",)))
    told, not_told = server.bodies("/v1/completions")
    assert told[field] == [str(at) for at in range(dialect.wire.banned_limit or 60)]
    assert not any("ban" in name or "bad" in name for name in not_told)


async def test_only_as_many_stop_strings_are_sent_as_are_taken_and_all_are_kept() -> None:
    stop = tuple("abcdef")
    heard, server = await talk(chat_request(stop=stop), hello(delta("xyz f x"), delta("", "stop")))
    assert server.bodies("/v1/chat/completions")[0]["stop"] == list("abcd")
    assert heard.text == "xyz "
    assert heard.finished.reason is StopReason.STOP_STRING


def picky(*unwanted: str, status: int = 400, named_in: str = "param") -> Route:
    """A chat completion that refuses the first of these parameters that it meets."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "GET":
            return said({"detail": "Method Not Allowed"}, 405)
        for name in unwanted:
            if name in asked.json:
                said_name = name if named_in == "param" else None
                problem = {"message": f"Unsupported parameter: '{name}' is not supported.", "param": said_name}
                return said({"error": problem}, status)
        reply = hello()
        assert isinstance(reply, Reply)
        return reply

    return answer


@pytest.mark.parametrize("named_in", ["param", "message"])
@pytest.mark.parametrize("status", [400, 422])
async def test_a_parameter_that_is_refused_is_dropped_told_and_remembered(named_in: str, status: int) -> None:
    table = {"/v1/models": said(MODELS), "/v1/chat/completions": picky("temperature", status=status, named_in=named_in)}
    async with Standin(table) as server:
        engine = OpenAIEngine(Link(server.base), hosted.OPENAI)
        first, second = [await listen(engine, chat_request(sampling=BALANCED)) for _ in range(2)]
    assert first.text == second.text == "Hello."
    assert [("temperature" in body) for body in server.bodies("/v1/chat/completions")] == [True, False, False]
    assert sum("“temperature”" in notice for notice in first.notices) == 1
    assert second.notices == []


async def test_a_length_that_is_only_called_otherwise_still_bounds_the_reply() -> None:
    heard, server = await talk(chat_request(response_tokens=77), picky("max_tokens"), dialect=hosted.OPENAI)
    assert heard.notices == []
    last = server.bodies("/v1/chat/completions")[-1]
    assert "max_tokens" not in last
    assert last["max_completion_tokens"] == 77


async def test_several_parameters_may_be_refused_one_after_the_other() -> None:
    heard, server = await talk(
        chat_request(stop=("x",), sampling=BALANCED), picky("stop", "temperature", "stream_options")
    )
    assert heard.text == "Hello."
    assert len(server.bodies("/v1/chat/completions")) == 4
    assert not any("stream_options" in notice for notice in heard.notices)


async def test_a_refusal_that_names_nothing_to_drop_is_the_users_to_read() -> None:
    heard, server = await talk(chat_request(), said({"error": {"message": "Bad request", "param": "messages"}}, 400))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.REJECTED
    assert len(server.bodies("/v1/chat/completions")) == 1


async def test_an_overflow_that_mentions_a_parameter_drops_nothing() -> None:
    problem = {"message": "'max_tokens' is too large: maximum context length is 8192 tokens", "param": "max_tokens"}
    heard, server = await talk(chat_request(), said({"error": problem}, 400))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.OVERFLOW
    assert len(server.bodies("/v1/chat/completions")) == 1


@pytest.mark.parametrize(
    ("pieces", "thought"),
    [
        ((delta("", reasoning_content="Hm, "), delta("", reasoning_content="yes.")), "Hm, yes."),
        ((delta("", reasoning="Hm."),), "Hm."),
        ((event({"choices": [{"delta": {"content": [{"type": "thinking", "thinking": "Hm."}]}}]}),), "Hm."),
        ((event({"choices": [{"delta": {"content": [{"type": "thinking",
          "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": ""}]}}]}),), "Hm."),
    ],
)  # fmt: skip
async def test_thinking_is_kept_apart_from_the_reply(pieces: tuple[bytes, ...], thought: str) -> None:
    heard, _ = await talk(chat_request(), hello(*pieces, delta("Hello."), delta("", "stop")))
    assert (heard.reasoning, heard.text) == (thought, "Hello.")


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        ("stop", StopReason.END),
        ("length", StopReason.LENGTH),
        ("content_filter", StopReason.END),
        ("eos", StopReason.END),
    ],
)
async def test_the_reason_of_the_end_is_told(finish: str, reason: StopReason) -> None:
    heard, _ = await talk(chat_request(), hello(delta("Hi", "null"), delta(" there", None), delta("", finish)))
    assert heard.text == "Hi there"
    assert heard.finished.reason is reason
    assert bool(heard.notices) == (finish == "content_filter")


async def test_a_stop_string_that_the_server_names_is_told_as_such() -> None:
    heard, _ = await talk(
        text_request(), streamed(chunk("Hi"), chunk("", "stop", stop_reason="\n"), DONE), dialect=vllm.DIALECT
    )
    assert heard.finished.reason is StopReason.STOP_STRING


async def test_the_string_null_is_no_end() -> None:
    heard, _ = await talk(chat_request(), streamed(delta("Hi", "null")))
    assert heard.text == "Hi"
    assert heard.error is not None


async def test_token_numbers_come_from_the_last_chunk() -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 90}}
    heard, _ = await talk(chat_request(), hello(delta("Hi", "stop"), event({"choices": [], "usage": usage})))
    numbers = heard.finished.usage
    assert (numbers.evaluated, numbers.reused, numbers.generated) == (10, 90, 7)


@pytest.mark.parametrize(
    ("style", "last", "extra"),
    [
        (Prefill.CONTINUE_FINAL, {"role": "assistant", "content": "*She"}, {"continue_final_message": True}),
        (Prefill.PREFIX_FLAG, {"role": "assistant", "content": "*She", "prefix": True}, {}),
        (Prefill.LAST_MESSAGE, {"role": "assistant", "content": "*She"}, {}),
        (Prefill.RESPONSE_PREFIX, {"role": "user", "content": "Say hi."}, {"response_prefix": "*She"}),
    ],
)
async def test_the_beginning_of_a_reply_is_given_as_the_server_takes_it(
    style: Prefill, last: dict[str, Any], extra: dict[str, Any]
) -> None:
    dialect = Dialect("x", wire_tables.GENERIC, text_completion=True, prefill=style)
    heard, server = await talk(chat_request(prefill="*She"), dialect=dialect)
    body = server.bodies("/v1/chat/completions")[0]
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[-1] == last
    assert extra.items() <= body.items()
    assert heard.notices == []


async def test_a_prefill_that_cannot_be_given_is_told() -> None:
    heard, server = await talk(chat_request(prefill="*She"))
    assert "beginning of a reply" in heard.notices[0]
    assert server.bodies("/v1/chat/completions")[0]["messages"] == [{"role": "user", "content": "Say hi."}]


async def test_a_name_is_sent_with_the_message_that_has_one() -> None:
    request = Request(messages=(Message(Role.SYSTEM, "a", "example_user"), Message(Role.USER, "b")))
    _, server = await talk(request)
    assert server.bodies("/v1/chat/completions")[0]["messages"] == [
        {"role": "system", "name": "example_user", "content": "a"},
        {"role": "user", "content": "b"},
    ]


async def test_messages_keep_their_roles() -> None:
    request = Request(messages=(Message(Role.SYSTEM, "a"), Message(Role.USER, "b"), Message(Role.ASSISTANT, "c")))
    _, server = await talk(request)
    assert server.bodies("/v1/chat/completions")[0]["messages"] == [
        {"role": "system", "content": "a"},
        {"role": "user", "content": "b"},
        {"role": "assistant", "content": "c"},
    ]


async def test_a_prompt_text_for_a_chat_only_service_is_refused_before_it_is_sent() -> None:
    heard, server = await talk(text_request(), dialect=hosted.OPENAI)
    assert heard.error is not None
    assert heard.error.fault is EngineFault.REJECTED
    assert server.bodies("/v1/completions") == []


async def test_without_a_tokenizer_another_models_encoding_counts_and_the_counts_are_said_to_be_estimates() -> None:
    async with Standin({"/v1/models": said(MODELS)}) as server:
        engine = OpenAIEngine(Link(server.base))
        try:
            assert await engine.count(["", "Over the water, and back again."]) == [0, 10]
            assert not (await engine.connect()).capabilities.exact_count
        finally:
            await engine.close()


async def test_a_tokenizer_that_is_missing_after_all_gives_estimates() -> None:
    info = await info_of(MODELS, vllm.DIALECT, tokenize=said({"detail": "Not Found"}, 404))
    assert not info.capabilities.exact_count


async def test_a_bos_token_that_a_server_counts_with_is_taken_off() -> None:
    def count(asked: Asked) -> Reply:
        return said({"value": 1 + len(str(asked.json["prompt"]).split())})

    async with Standin({"/v1/models": said(MODELS), "/api/extra/tokencount": count}) as server:
        engine = OpenAIEngine(Link(server.base), koboldcpp.DIALECT)
        assert await engine.count(["", "one", "one two three"]) == [0, 1, 3]


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (text_request(), " there was an island named Elyria, where there were"),
        (chat_request(), "Hello! I'm here to help with your data analysis."),
    ],
)
async def test_recorded_koboldcpp_replies_are_read(request_: Request, text: str) -> None:
    async with Replay("koboldcpp-1.76", playing=("completions_stream", "chat_stream")) as server:
        engine = OpenAIEngine(Link(server.base), koboldcpp.DIALECT)
        heard = await listen(engine, request_)
        info = await engine.connect()
    assert heard.text == text
    assert heard.finished.reason is StopReason.LENGTH
    assert (info.model, info.context_tokens) == ("SmolLM2-135M-Instruct.Q4_1", 2048)
