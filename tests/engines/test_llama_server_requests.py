"""What llama-server is asked for beside a prompt: who waits for a slot, fields of a request, and a router's models."""

from __future__ import annotations

from collections.abc import Callable

from tavern_tui.domain.alternatives import Alternative, TokenChoice
from tavern_tui.domain.request import Message, Role
from tavern_tui.engines.base import PrefillProgress, Request, TextArrived, Waiting
from tavern_tui.engines.http import Link
from tavern_tui.engines.llama_server import LlamaServerEngine
from tests.engines.llama_standin import PROPS, LlamaStandin, native
from tests.engines.replies import Heard, chat_request, listen, text_request
from tests.engines.standin import Asked, Reply, said, streamed


def at_work(*busy: bool) -> Reply:
    """Slots that others use now."""
    return said([{"id": place, "n_ctx": 1024, "is_processing": one} for place, one in enumerate(busy)])


async def talks(prepare: Callable[[LlamaStandin], None], *requests: Request) -> tuple[list[Heard], LlamaStandin]:
    """Replies one after the other, over a stand-in that was changed before."""
    async with LlamaStandin() as server:
        prepare(server)
        engine = LlamaServerEngine(Link(server.base))
        heard = [await listen(engine, request) for request in requests]
        await engine.close()
    return heard, server


async def test_that_every_slot_is_at_work_is_told_and_the_request_waits_there() -> None:
    def prepare(server: LlamaStandin) -> None:
        server.routes["/slots"] = at_work(True)

    [heard], _ = await talks(prepare, text_request(response_tokens=2))
    assert heard.events[0] == Waiting("llama-server is at work for others: waiting for a place.")
    assert heard.finished.usage.generated == 2


async def test_alternatives_come_with_the_tokens() -> None:
    likely = [{"id": 5, "token": "Hi", "logprob": -0.1}, {"id": 6, "token": "Yo", "logprob": -3.0}]
    told = [{"id": 5, "token": "Hi", "bytes": [72, 105], "logprob": -0.1, "top_logprobs": likely}]

    def prepare(server: LlamaStandin) -> None:
        end = native("", stop=True, stop_type="eos")
        server.routes["/completion"] = streamed(native("Hi", completion_probabilities=told), end)

    [heard], server = await talks(prepare, text_request(alternatives=2))
    choice = TokenChoice("Hi", -0.1, (Alternative("Hi", -0.1), Alternative("Yo", -3.0)))
    assert heard.events[0] == TextArrived("Hi", alternatives=(choice,))
    assert server.bodies("/completion")[0]["n_probs"] == 2


async def test_grammar_schema_and_biases_go_as_the_server_takes_them() -> None:
    rules = 'root ::= "yes"'
    _, server = await talks(
        lambda _: None,
        text_request(grammar=rules, logit_bias=(("storm", -100.0), (7, 2.0))),
        text_request(json_schema='{"type": "object"}'),
    )
    first, second = server.bodies("/completion")
    assert (first["grammar"], first["logit_bias"]) == (rules, [["storm", -100.0], [7, 2.0]])
    assert second["json_schema"] == {"type": "object"}
    assert "grammar" not in second


async def test_a_chat_template_that_wants_turns_is_given_them_from_then_on() -> None:
    def prepare(server: LlamaStandin) -> None:
        whole = server.routes["/apply-template"]
        assert callable(whole)

        def picky(asked: Asked) -> Reply:
            messages = asked.json["messages"]
            assert isinstance(messages, list)
            if [one["role"] for one in messages] != ["user"]:
                said_so = "Error: Jinja Exception: Conversation roles must alternate user/assistant/user/assistant/..."
                return said({"error": {"code": 500, "message": said_so, "type": "server_error"}}, 500)
            reply = whole(asked)
            assert isinstance(reply, Reply)
            return reply

        server.routes["/apply-template"] = picky

    twice = Request(messages=(Message(Role.USER, "One."), Message(Role.USER, "Two.")), response_tokens=1)
    [first, second], server = await talks(prepare, twice, twice)
    assert "take turns" in first.notices[0]
    assert second.notices == []
    assert len(server.bodies("/apply-template")) == 3
    assert "One.\n\nTwo." in str(server.bodies("/completion")[0]["prompt"])


ROUTED = {
    "data": [
        {"id": "nemo", "status": {"value": "unloaded"}},
        {"id": "qwen/3", "status": {"value": "loaded"}, "meta": {"n_vocab": 9, "vocab_type": 2, "n_ctx_train": 40960}},
    ]
}


def as_router(server: LlamaStandin) -> None:
    """Without a model of its own: who asks for anything has to name one."""

    def props(asked: Asked) -> Reply:
        return said({**PROPS, "model_alias": "qwen3" if asked.path.endswith("qwen%2F3") else "nemo"})

    del server.routes["/props"]
    server.routes |= {
        "/v1/models": said(ROUTED),
        "/props?model=qwen%2F3": props,
        "/props?model=nemo": props,
        "/slots?model=qwen%2F3": at_work(False),
    }


async def test_a_router_is_asked_for_the_model_in_memory_by_name_everywhere() -> None:
    [text, chat], server = await talks(as_router, text_request(response_tokens=1), chat_request(response_tokens=1))
    assert text.text
    assert chat.text
    paths = ("/completion", "/tokenize", "/apply-template")
    assert {body["model"] for path in paths for body in server.bodies(path)} == {"qwen/3"}


async def test_a_router_is_asked_for_the_model_that_was_named() -> None:
    async with LlamaStandin() as server:
        as_router(server)
        engine = LlamaServerEngine(Link(server.base), model="NEMO")
        assert (await engine.connect()).model == "nemo"
        assert [(one.id, one.loaded) for one in await engine.models()] == [("nemo", False), ("qwen/3", True)]
        await engine.count(["a few words"])
    assert {body["model"] for body in server.bodies("/tokenize")} == {"nemo"}


async def test_a_server_with_one_model_is_not_told_its_name() -> None:
    [heard], server = await talks(lambda _: None, text_request(response_tokens=1))
    assert isinstance(heard.events[0], PrefillProgress)
    assert "model" not in server.bodies("/completion")[0]
