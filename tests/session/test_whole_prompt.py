"""Prompts rendered with a chat template that has no form as an instruct template, for an engine that takes text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.persona import Persona
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import Capabilities, Request
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.session.conftest import MIRA, collect

# It numbers its turns: no instruct template can say that.
NUMBERED = (
    "{{ bos_token }}{% for m in messages %}<{{ loop.index }} {{ m.role }}>{{ m.content }}</t>\n{% endfor %}"
    "{% if add_generation_prompt %}<{{ messages | length + 1 }} assistant>{% endif %}"
)
OPTIONS = ReplyOptions(response_tokens=60, template="Chat template", template_asked=True)


@pytest.fixture
def session(tmp_path: Path) -> ChatSession:
    info = replace(
        DEFAULT_INFO,
        chat_template=NUMBERED,
        bos_token="<s>",
        eos_token="</t>",
        capabilities=Capabilities(),
        add_bos=True,
    )
    store = ChatStore(tmp_path / "chats", device="device1", state=tmp_path / "state")
    return ChatSession(
        log=store.create("A crossing", (MIRA.name,), "Alex"),
        character=MIRA,
        persona=Persona("Alex"),
        connection=Connection(FakeEngine(("Deep enough.",), info=info), clock=lambda: 0.0),
        options=OPTIONS,
        clock=lambda: 1_700_000_000.0,
        dice=lambda: 0.5,
    )


def asked(session: ChatSession) -> Request:
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    return engine.requests[-1]


async def test_the_engine_reads_what_the_chat_template_writes(session: ChatSession) -> None:
    await session.open()
    await collect(session.reply("Is it deep?"))
    request = asked(session)
    text = joined(request.prompt)
    assert request.messages == ()
    assert text.startswith("<1 system>")
    assert " user>Is it deep?</t>\n<" in text
    assert text.endswith(" assistant>")
    assert text.count("Mira keeps the night ferry") == 1
    assert session.tree.turns[session.tree.tip].text == "Deep enough."


async def test_a_reply_goes_on_where_it_ended(session: ChatSession) -> None:
    await session.open()
    await collect(session.reply("Is it deep?"))
    await collect(session.continue_reply())
    assert joined(asked(session).prompt).endswith(" assistant>Deep enough.")


async def test_the_receipt_says_which_template_it_was(session: ChatSession) -> None:
    await session.open()
    await collect(session.reply("Is it deep?"))
    receipt = session.tree.turns[session.tree.tip].receipt
    assert receipt is not None
    assert receipt.template == "Chat template"


async def test_a_prompt_that_its_markup_makes_too_long_is_cut_anew(session: ChatSession) -> None:
    await session.open()
    for at in range(25):
        await collect(session.reply(f"word {'and word ' * 12}{at}"))
    request = asked(session)
    tokens = await session.connection.engine.count([joined(request.prompt)])
    assert "word 24" not in joined(request.prompt).split("user>")[0]
    assert tokens[0] + OPTIONS.response_tokens <= 2048
    assert tokens[0] > 1024


async def test_an_engine_that_takes_messages_and_is_asked_for_them_renders_them_itself(session: ChatSession) -> None:
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    engine.info = replace(engine.info, capabilities=replace(DEFAULT_INFO.capabilities, chat_completion=True))
    session.options = replace(OPTIONS, chat_completion=True)
    await session.open()
    await collect(session.reply("Is it deep?"))
    assert asked(session).prompt == ()
    assert asked(session).messages
