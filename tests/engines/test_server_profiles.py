"""What each kind of server is told and asked beyond the common core: models, contexts, counting, roles, fields."""

from __future__ import annotations

from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import CREATIVE, SamplerPreset
from tavern_tui.domain.request import Message, Role
from tavern_tui.engines.base import EngineInfo, Request
from tavern_tui.engines.detect import detect
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.http import Link
from tavern_tui.engines.offered import OfferedModel, OffersModels
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import generic, hosted, openrouter, tabbyapi, textgen, vllm
from tests.engines import server_answers as answers
from tests.engines.replies import DONE, Heard, chat_request, delta, listen, replying, text_request
from tests.engines.standin import Asked, Reply, Route, Standin, said, streamed

HELLO = streamed(delta("Hello."), delta("", "stop"), DONE)
TALK: tuple[Message, ...] = (
    Message(Role.SYSTEM, "Card.", "system"),
    Message(Role.ASSISTANT, "Greeting."),
    Message(Role.USER, "Hi."),
    Message(Role.SYSTEM, "Note."),
)


async def connected(routes: dict[str, Route], model: str = "") -> tuple[EngineInfo, list[OfferedModel]]:
    """What is found at a server, and the models that it offers."""
    async with Standin(routes) as server:
        engine = await detect(server.base, model=model)
        try:
            info = await engine.connect()
            return info, await engine.models() if isinstance(engine, OffersModels) else []
        finally:
            await engine.close()


async def told(dialect: Dialect, request: Request, routes: dict[str, Route] | None = None) -> dict[str, Any]:
    """The body that a server of that kind gets for a request."""
    path = "/chat/completions" if request.messages else "/completions"
    reply = HELLO if request.messages else replying("Hello.")
    table: dict[str, Route] = {"/v1/models": answers.models("x"), f"POST {dialect.root}{path}": reply}
    async with Standin(table | (routes or {})) as server:
        engine = OpenAIEngine(Link(server.base), dialect)
        heard = await listen(engine, request)
        await engine.close()
    assert heard.text == "Hello."
    return server.bodies(dialect.root + path)[-1]


@pytest.mark.parametrize(
    ("routes", "model", "context", "trained", "version"),
    [
        (answers.TABBY, "Magnum-22B-exl3", 16384, None, ""),
        (answers.TEXTGEN, "Nemo-12B", None, None, ""),
        (answers.LM_STUDIO, "qwen3-14b", 8192, 40960, ""),
        (answers.LM_STUDIO_OLDER, "qwen3-14b", 8192, 40960, ""),
        (answers.VLLM, "mistralai/Mistral-Nemo", 16384, None, "0.9.1"),
        (answers.OLLAMA, "mistral-nemo:12b", 16384, 131072, "0.9.6"),
    ],
    ids=["tabby", "textgen", "lm studio", "older lm studio", "vllm", "ollama"],
)
async def test_the_model_in_memory_is_found_with_its_context(
    routes: dict[str, Route], model: str, context: int | None, trained: int | None, version: str
) -> None:
    info, _ = await connected(routes)
    assert (info.model, info.context_tokens, info.trained_tokens, info.version) == (model, context, trained, version)


async def test_a_server_with_several_models_names_them_and_takes_the_one_that_is_named() -> None:
    info, offered = await connected(answers.LM_STUDIO, "nemo-12b")
    assert info.model == "nemo-12b"
    assert [(one.id, one.loaded) for one in offered] == [("nemo-12b", False), ("qwen3-14b", True)]


@pytest.mark.parametrize(
    ("routes", "unloaded"),
    [
        (answers.OLLAMA, {"/api/ps": said({"models": []})}),
        (answers.LM_STUDIO, {"/api/v1/models": said({"models": [
            {"type": "llm", "key": name, "loaded_instances": []} for name in ("nemo-12b", "qwen3-14b")
        ]})}),
    ],
    ids=["ollama", "lm studio"],
)  # fmt: skip
async def test_a_model_that_the_server_let_go_of_meanwhile_is_still_the_one_that_is_asked_for(
    routes: dict[str, Route], unloaded: dict[str, Route]
) -> None:
    async with Standin(dict(routes)) as server:
        engine = await detect(server.base)
        first = await engine.connect()
        server.routes |= unloaded
        assert (await engine.connect()).model == first.model
        await engine.close()


async def test_a_model_that_was_swapped_in_a_server_of_one_model_is_followed() -> None:
    async with Standin(dict(answers.TABBY)) as server:
        engine = await detect(server.base)
        await engine.connect()
        server.routes["/v1/model"] = said({"id": "Rocinante-12B-exl3", "parameters": {"max_seq_len": 8192}})
        info = await engine.connect()
        await engine.close()
    assert (info.model, info.context_tokens) == ("Rocinante-12B-exl3", 8192)


async def test_tabby_tells_which_of_its_models_is_loaded() -> None:
    info, offered = await connected(answers.TABBY)
    assert [one.id for one in offered if one.loaded] == ["Magnum-22B-exl3"]
    assert info.chat_template == "{{ messages }}"


async def test_a_model_is_also_known_by_the_end_of_its_name_in_any_case() -> None:
    info, _ = await connected(answers.VLLM, "mistral-nemo")
    assert info.model == "mistralai/Mistral-Nemo"


async def test_text_generation_webui_without_a_model_says_so() -> None:
    empty = said({"model_name": "None", "lora_names": [], "loader": None})
    with pytest.raises(EngineError) as caught:
        await connected({**answers.TEXTGEN, "/v1/internal/model/info": empty})
    assert caught.value.fault is EngineFault.NO_MODEL


@pytest.mark.parametrize(
    ("dialect", "routes"),
    [
        (tabbyapi.DIALECT, answers.TABBY),
        (textgen.DIALECT, answers.TEXTGEN),
        (vllm.DIALECT, answers.VLLM),
    ],
    ids=["tabby", "textgen", "vllm"],
)
async def test_tokens_are_counted_by_the_server_without_its_bos(dialect: Dialect, routes: dict[str, Route]) -> None:
    async with Standin(routes) as server:
        engine = OpenAIEngine(Link(server.base), dialect)
        assert await engine.count(["", "one", "one two three"]) == [0, 1, 3]
        assert (await engine.connect()).capabilities.exact_count


async def test_text_generation_webui_is_told_to_use_its_own_context_and_breakers_as_one_text() -> None:
    body = await told(textgen.DIALECT, text_request(sampling=CREATIVE), answers.TEXTGEN)
    assert body["truncation_length"] == 0
    assert body["dry_sequence_breakers"] == r'"\n", ":", "\"", "*"'
    assert body["model"] == "Nemo-12B.gguf"


async def test_openrouter_is_kept_from_cutting_prompts_and_gets_what_the_model_takes() -> None:
    item = {"id": "m", "context_length": 32768, "supported_parameters": ["temperature", "min_p", "max_tokens", "stop"]}
    item["top_provider"] = {"max_completion_tokens": 200}
    models: dict[str, Route] = {"/v1/models": said({"data": [item]})}
    body = await told(openrouter.DIALECT, chat_request(sampling=CREATIVE, response_tokens=300, seed=5), models)
    assert body["transforms"] == []
    assert (body["temperature"], body["min_p"], body["max_tokens"]) == (1.1, 0.05, 200)
    assert not body.keys() & {"seed", "top_k", "repetition_penalty", "xtc_probability"}


async def test_neutral_values_stay_away_from_hosted_services() -> None:
    body = await told(hosted.OPENAI, chat_request(sampling=SamplerPreset()))
    assert not body.keys() & {"temperature", "top_p", "seed"}


async def test_texts_to_make_likelier_go_as_the_ids_that_the_server_has_for_them() -> None:
    request = text_request(logit_bias=(("two words", 5.0), (77, -100.0)))
    body = await told(textgen.DIALECT, request, answers.TEXTGEN)
    assert body["logit_bias"] == {"1": 5.0, "2": 5.0, "77": -100.0}


async def test_where_only_the_beginning_may_have_system_messages_the_later_ones_are_the_users() -> None:
    body = await told(hosted.MISTRAL, Request(messages=TALK))
    assert [one["role"] for one in body["messages"]] == ["system", "assistant", "user", "user"]
    assert not any("name" in one for one in body["messages"])


@pytest.mark.parametrize(
    "complaint",
    [
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "After the optional system message, conversation roles must alternate user and assistant roles",
        "System role not supported",
    ],
)
async def test_a_template_that_wants_turns_is_given_them_told_and_remembered(complaint: str) -> None:
    def picky(asked: Asked) -> Reply:
        roles = [one["role"] for one in asked.json["messages"]]  # type: ignore[attr-defined]
        begin = roles[1:] if roles[0] == "system" else roles
        in_turn = begin == [("user", "assistant")[place % 2] for place in range(len(begin))]
        return HELLO if in_turn else said({"error": {"message": complaint, "code": 400}}, 400)

    table: dict[str, Route] = {**answers.VLLM, "POST /v1/chat/completions": picky}
    async with Standin(table) as server:
        engine = OpenAIEngine(Link(server.base), vllm.DIALECT)
        first, second = [await listen(engine, Request(messages=TALK)) for _ in range(2)]
    assert first.text == second.text == "Hello."
    assert sum("take turns" in notice for notice in first.notices) == 1
    assert second.notices == []
    sent = [body["messages"] for body in server.bodies("/v1/chat/completions")]
    assert len(sent) == 3
    assert (
        sent[1]
        == sent[2]
        == [
            {"role": "system", "name": "system", "content": "Card."},
            {"role": "user", "content": "[Start]"},
            {"role": "assistant", "content": "Greeting."},
            {"role": "user", "content": "Hi.\n\nNote."},
        ]
    )


async def test_a_complaint_that_stays_is_the_users_to_read() -> None:
    stubborn = said({"error": {"message": "roles must alternate", "code": 400}}, 400)
    async with Standin({**answers.VLLM, "POST /v1/chat/completions": stubborn}) as server:
        heard: Heard = await listen(OpenAIEngine(Link(server.base), vllm.DIALECT), Request(messages=TALK))
    assert heard.error is not None
    assert heard.error.fault is EngineFault.REJECTED
    assert len(server.bodies("/v1/chat/completions")) == 2


async def test_grammars_and_schemas_go_under_the_names_of_the_server() -> None:
    rules = 'root ::= "yes" | "no"'
    assert (await told(tabbyapi.DIALECT, text_request(grammar=rules), answers.TABBY))["grammar_string"] == rules
    schema = await told(vllm.DIALECT, text_request(json_schema='{"type": "object"}'), answers.VLLM)
    assert schema["response_format"]["json_schema"]["schema"] == {"type": "object"}


async def test_an_unknown_server_is_told_only_what_openai_always_had_and_says_what_is_left_out() -> None:
    here = {"/v1/completions": said({"detail": "Method Not Allowed"}, 405)}
    body = await told(generic.DIALECT, text_request(sampling=CREATIVE), here)  # type: ignore[arg-type]
    assert not body.keys() & {"min_p", "dry_multiplier", "xtc_probability"}
