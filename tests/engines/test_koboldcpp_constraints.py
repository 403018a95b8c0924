"""KoboldCpp's later builds: what else was likely at each token, and JSON Schemas that it makes grammars of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.replies import Heard, listen, text_request
from tests.engines.standin import Asked, Reply, said

STREAM = "/api/extra/generate/stream"
CHOICES = "/api/extra/last_logprobs"
CONVERT = "/api/extra/json_to_grammar"
SCHEMA = json.dumps({"type": "object"})


async def heard_from(server: KoboldStandin, **changes: Any) -> Heard:
    """A reply of six tokens, the same each time."""
    engine = KoboldCppEngine(Link(server.base))
    heard = await listen(engine, text_request(response_tokens=6, seed=0, **changes))
    await engine.close()
    return heard


async def test_what_else_was_likely_is_told_at_the_end_for_every_token_of_the_reply() -> None:
    async with KoboldStandin(version="1.102") as server:
        heard = await heard_from(server, alternatives=3)
    (body,) = server.bodies(STREAM)
    assert body["logprobs"] is True
    told = heard.finished.alternatives
    assert "".join(choice.text for choice in told) == heard.text
    assert [one.text for one in told[0].likeliest] == [told[0].text, " else"]


async def test_nothing_is_told_of_tokens_that_are_no_part_of_the_reply() -> None:
    async with KoboldStandin(version="1.102") as server:
        whole = (await heard_from(server)).text
        heard = await heard_from(server, alternatives=3, stop=(whole[-3:],))
    told = "".join(choice.text for choice in heard.finished.alternatives)
    assert told
    assert heard.text.startswith(told)


@pytest.mark.parametrize(
    "said_instead", [said({}, 404), said({"logprobs": None}), said({"logprobs": {"content": [5]}})]
)
async def test_a_reply_is_whole_where_nothing_is_told(said_instead: Reply) -> None:
    async with KoboldStandin(version="1.102") as server:
        server.routes[CHOICES] = said_instead
        heard = await heard_from(server, alternatives=3)
    assert heard.finished.alternatives == ()
    assert heard.text


async def test_an_old_version_is_not_asked_what_it_does_not_have() -> None:
    async with KoboldStandin(version="1.76") as server:
        engine = KoboldCppEngine(Link(server.base))
        can = (await engine.connect()).capabilities
        heard = await listen(engine, text_request(alternatives=3, json_schema=SCHEMA, response_tokens=2))
        await engine.close()
    assert (can.alternatives, can.json_schema) == (0, False)
    assert not {CHOICES, CONVERT} & {asked.path for asked in server.asked}
    assert "logprobs" not in server.bodies(STREAM)[0]
    assert any("JSON Schema" in notice for notice in heard.notices)


async def test_a_schema_is_followed_by_the_grammar_that_the_server_makes_of_it() -> None:
    async with KoboldStandin(version="1.102") as server:
        engine = KoboldCppEngine(Link(server.base))
        assert (await engine.connect()).capabilities.json_schema
        for _ in range(2):
            heard = await listen(engine, text_request(json_schema=SCHEMA, response_tokens=2))
        await engine.close()
    assert [body["grammar"] for body in server.bodies(STREAM)] == ["root ::= object"] * 2
    assert server.bodies(CONVERT)[1:] == [{"schema": {"type": "object"}}]
    assert heard.notices == []


async def test_a_schema_that_the_server_makes_nothing_of_is_told() -> None:
    async with KoboldStandin(version="1.102") as server:
        heard = await heard_from(server, json_schema='{"odd": 1}')
    assert "grammar" not in server.bodies(STREAM)[0]
    assert any("JSON Schema" in notice for notice in heard.notices)


async def test_a_schema_that_is_no_json_is_refused_before_anything_is_sent() -> None:
    async with KoboldStandin(version="1.102") as server:
        heard = await heard_from(server, json_schema="{")
    assert isinstance(heard.error, EngineError)
    assert heard.error.fault is EngineFault.REJECTED
    assert server.bodies(STREAM) == []


async def test_whether_schemas_are_understood_is_asked_once_for_each_version() -> None:
    async with KoboldStandin(version="1.102") as server:

        def older(asked: Asked) -> Reply:
            assert asked.path == CONVERT
            return said({}, 404)

        engine = KoboldCppEngine(Link(server.base))
        first = [(await engine.connect()).capabilities.json_schema for _ in range(2)]
        server.routes["/api/extra/version"] = said({"result": "KoboldCpp", "version": "1.80"})
        server.routes[CONVERT] = older
        second = (await engine.connect()).capabilities.json_schema
        await engine.close()
    assert (first, second) == ([True, True], False)
    assert len(server.bodies(CONVERT)) == 2
