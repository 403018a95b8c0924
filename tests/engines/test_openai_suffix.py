"""Whether a server reads the text behind a gap is tried once, and only who reads it is given it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tavern_tui.engines.base import Request, SuffixEngine
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.http import Link
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import generic, koboldcpp, llama_cpp_python
from tavern_tui.session.late_engine import LateEngine
from tests.engines.replies import DONE, MODELS, listen, text_request
from tests.engines.standin import Asked, Reply, Route, Standin, event, said, streamed

Usage = Callable[[Asked], dict[str, int]]


def counted(*fields: str) -> Usage:
    """Usage as of a server that reads those fields."""
    return lambda asked: {"prompt_tokens": sum(len(str(asked.json.get(name, "")).split()) for name in fields)}


def server(usage: Usage, status: int = 200) -> Standin:
    """A stand-in whose completions tell that usage, and refuse a suffix with another ``status``."""

    def complete(asked: Asked) -> Reply:
        if "suffix" in asked.json and status != 200:
            return said({"error": {"message": "suffix is not currently supported", "type": "BadRequest"}}, status)
        if asked.json.get("stream"):
            return streamed(event({"choices": [{"text": "a gull", "finish_reason": "stop"}]}), DONE)
        return said({"choices": [{"text": " a"}], "usage": usage(asked)})

    routes: dict[str, Route] = {
        "/v1/models": said(MODELS),
        "GET /v1/completions": said({}, 405),
        "POST /v1/completions": complete,
    }
    return Standin(routes)


async def takes(standin: Standin, dialect: Dialect = generic.DIALECT) -> bool:
    async with standin:
        engine = OpenAIEngine(Link(standin.base), dialect)
        await engine.connect()
        found = [await engine.takes_suffix() for _ in range(2)]
        await engine.close()
    assert len(standin.bodies("/v1/completions")) <= 2  # asked once
    return found == [True, True]


async def test_a_server_that_counts_the_suffix_reads_it() -> None:
    assert await takes(server(counted("prompt", "suffix")))


@pytest.mark.parametrize(
    ("usage", "status"),
    [(counted("prompt"), 200), (counted("prompt", "suffix"), 400), (lambda _: {}, 200)],
    ids=["passed over", "refused", "uncounted"],
)
async def test_a_server_that_passes_over_it_or_refuses_it_or_counts_nothing_does_not(usage: Usage, status: int) -> None:
    assert not await takes(server(usage, status))


@pytest.mark.parametrize("dialect", [llama_cpp_python.DIALECT, koboldcpp.DIALECT], ids=lambda one: one.name)
async def test_servers_that_do_the_wrong_thing_or_count_falsely_are_not_tried(dialect: Dialect) -> None:
    standin = server(counted("prompt", "suffix"))
    standin.routes |= {
        "POST /extras/tokenize/count": said({"count": 1}),
        "POST /api/extra/tokencount": said({"value": 1}),
    }
    assert not await takes(standin, dialect)
    assert not standin.bodies("/v1/completions")


async def test_the_suffix_goes_beside_the_prompt_and_only_where_there_is_one() -> None:
    async with server(counted("prompt")) as standin:
        for request in (text_request("The fog"), Request(prompt=text_request("The fog").prompt, suffix=" fell.")):
            engine = OpenAIEngine(Link(standin.base))
            await listen(engine, request)
            await engine.close()
    assert [body.get("suffix") for body in standin.bodies("/v1/completions")] == [None, " fell."]


async def test_an_engine_that_is_found_late_is_asked_once_it_was_found() -> None:
    async with server(counted("prompt", "suffix")) as standin:
        engine = OpenAIEngine(Link(standin.base))

        async def find() -> OpenAIEngine:
            return engine

        late = LateEngine(find)
        assert isinstance(late, SuffixEngine)
        assert not await late.takes_suffix()
        await late.connect()
        assert await late.takes_suffix()
        await late.close()
