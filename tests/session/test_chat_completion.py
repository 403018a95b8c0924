"""Replies from servers that take messages: what they are sent, and how what they write is put together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.chat_completion import PostProcessing
from tavern_tui.domain.request import Message, Role
from tavern_tui.engines.base import Request
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.engines.http import Link
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.prompt import defaults
from tavern_tui.prompt.chat_completion import default_preset
from tavern_tui.prompt.chat_completion.post_process import OPENING_TURN
from tavern_tui.session.chat_completion import preset_for, sends_messages
from tavern_tui.session.connection import Connection
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tests.engines.standin import Reply, Standin, event, said, streamed
from tests.prompt.builders import given
from tests.session.conftest import Opener, collect, fake_of

OURS = defaults.CHAT.replace("{{char}}", "Mira").replace("{{user}}", "Alex")
GREETING = '*Mira lifts a lantern.* "Across, Alex?"'
MESSAGES_ONLY = replace(DEFAULT_INFO, capabilities=replace(DEFAULT_INFO.capabilities, text_completion=False))
NO_PREFILL = replace(MESSAGES_ONLY, capabilities=replace(MESSAGES_ONLY.capabilities, prefill=False))


def requests(session: ChatSession) -> list[Request]:
    return fake_of(session).requests


async def talked(session: ChatSession, *texts: str) -> list[Request]:
    """Say ``texts`` in turn; the requests that the engine got."""
    await session.open()
    for text in texts:
        await collect(session.reply(text))
    return requests(session)


async def test_the_engine_gets_the_card_the_examples_and_the_chat_as_messages(begin: Opener) -> None:
    session = begin(chat_completion=True)
    (request,) = await talked(session, "Is anybody there?")
    assert request.prompt == ()
    assert request.messages == (
        Message(
            Role.SYSTEM,
            f"{OURS}\nMira keeps the night ferry and talks to Alex across the water.\n\n"
            f'{default_preset.EXAMPLE}\n\nAlex: Is it deep?\nMira: "Deep enough."\n\n{default_preset.CHAT_BEGINS}',
        ),
        Message(Role.ASSISTANT, GREETING),
        Message(Role.USER, "Is anybody there?"),
    )
    assert request.prefill == ""
    assert request.stop == ("\nAlex:",)


async def test_the_plan_is_of_the_messages_that_are_sent(begin: Opener) -> None:
    session = begin(chat_completion=True)
    (request,) = await talked(session, "Is anybody there?")
    plan = await session.plan()
    assert plan.messages()[: len(request.messages)] == request.messages
    assert plan.template == "chat completion"


async def test_a_family_that_insists_on_turns_gets_them(begin: Opener) -> None:
    session = begin(chat_completion=True, template="Gemma 2")
    (request,) = await talked(session, "Is anybody there?")
    assert [one.role for one in request.messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]


async def test_the_beginning_stays_the_same_from_turn_to_turn_and_new_texts_are_counted_in_one_request(
    begin: Opener,
) -> None:
    session = begin(chat_completion=True)
    await talked(session, "One.", "Two.")
    before = session.connection.counts.requests
    await collect(session.reply("Three."))
    assert session.connection.counts.requests == before + 1
    second, third = (request.messages for request in requests(session)[1:])
    assert third[: len(second)] == second


async def test_a_given_beginning_is_told_beside_the_messages_and_is_in_the_reply(begin: Opener) -> None:
    session = begin("waves.", chat_completion=True, prefill="*Mira ")
    (request,) = await talked(session, "Hello.")
    assert request.prefill == "*Mira "
    assert request.messages[-1] == Message(Role.USER, "Hello.")
    assert session.tree.path()[-1].text == "*Mira waves."


async def test_under_classic_it_is_a_message(begin: Opener) -> None:
    session = begin("waves.", chat_completion=True, prefill="*Mira ", policy="classic")
    (request,) = await talked(session, "Hello.")
    assert request.prefill == ""
    assert request.messages[-1] == Message(Role.SYSTEM, "*Mira ")
    assert session.tree.path()[-1].text == "*Mira waves."


async def continued(session: ChatSession, info: object, *replies: str) -> tuple[Request, str]:
    """The request of a continuation by an engine of that ``info``, and the text of the turn afterwards."""
    session.connection = Connection(FakeEngine(replies, info=info), clock=lambda: 0.0)  # type: ignore[arg-type]
    await talked(session, "Hello.")
    await collect(session.continue_reply())
    return requests(session)[-1], session.tree.path()[-1].text


async def test_an_engine_that_can_goes_on_from_the_text_itself(begin: Opener) -> None:
    request, text = await continued(begin(), MESSAGES_ONLY, "She nods", ", once.")
    assert request.prefill == "She nods"
    assert request.messages[-1] == Message(Role.USER, "Hello.")
    assert text == "She nods, once."


@pytest.mark.parametrize("added", ["Then she waits.", " Then she waits."])
async def test_one_that_cannot_is_asked_to_and_what_it_adds_stands_after_one_blank(begin: Opener, added: str) -> None:
    request, text = await continued(begin(), NO_PREFILL, "She nods.", added)
    assert request.prefill == ""
    assert [one.content for one in request.messages[-2:]] == ["She nods.", default_preset.GO_ON]
    assert text == "She nods. Then she waits."


async def test_under_classic_the_postfix_stands_before_whatever_is_added(begin: Opener) -> None:
    _, text = await continued(begin(policy="classic"), NO_PREFILL, "She nods.", " Then.")
    assert text == "She nods.  Then."


@pytest.mark.parametrize(
    ("text", "chat", "wanted", "expected"),
    [(True, True, False, False), (True, True, True, True), (True, False, True, False), (False, True, False, True)],
)
def test_messages_are_sent_where_they_are_wanted_or_nothing_else_is_taken(
    text: bool, chat: bool, wanted: bool, expected: bool
) -> None:
    can = replace(DEFAULT_INFO.capabilities, text_completion=text, chat_completion=chat)
    info = replace(DEFAULT_INFO, capabilities=can)
    assert sends_messages(info, ReplyOptions(chat_completion=wanted)) is expected


def test_the_users_own_texts_are_the_presets() -> None:
    form = preset_for(given(system_text="Write well.", post_history_text="Stay brief."), DEFAULT_INFO)
    assert [one.content for one in form.prompts] == ["Write well.", "Stay brief."]
    assert form.custom_prompt_post_processing is PostProcessing.MERGE


async def test_a_server_that_takes_messages_alone_is_sent_them_over_a_real_connection(begin: Opener) -> None:
    def answer(_: object) -> Reply:
        said_so = {"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": None}]}
        ended = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        return streamed(event(said_so), event(ended), b"data: [DONE]\n\n")

    models = said({"object": "list", "data": [{"id": "some-gemma-2", "object": "model"}]})
    async with Standin({"/v1/models": models, "/v1/chat/completions": answer}) as server:
        session = begin(template="Gemma 2")
        session.connection = Connection(OpenAIEngine(Link(server.base)), clock=lambda: 0.0)
        await session.open()
        await collect(session.reply("Is anybody there?"))
        await session.connection.engine.close()
    (body,) = server.bodies("/v1/chat/completions")
    sent = body["messages"]
    assert isinstance(sent, list)
    assert [one["role"] for one in sent] == ["system", "user", "assistant", "user"]
    assert sent[0]["content"].startswith(OURS)
    assert sent[1:] == [
        {"role": "user", "content": OPENING_TURN},
        {"role": "assistant", "content": GREETING},
        {"role": "user", "content": "Is anybody there?"},
    ]
    assert session.tree.path()[-1].text == "Yes."
