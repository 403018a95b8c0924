"""The whole way, from a card to a saved turn, with the starter model in a real engine host."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tavern_tui.config.paths import directories
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Receipt
from tavern_tui.session import embedded
from tavern_tui.session import events as out
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tests.session.conftest import collect

pytestmark = [pytest.mark.model, pytest.mark.together("real model")]

CONFIG = "engine:\n  threads: 1\nreply:\n  response_tokens: 40\n"


@pytest.fixture
async def talk(tavern_home: Path, starter_model: Path) -> AsyncIterator[ChatSession]:
    """A new chat with a sample character on the starter; its host ends with the test."""
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text(CONFIG, encoding="utf-8")
    wishes = Wishes(character="Wren", new=True, model=str(starter_model), seed=5)
    session = open_session(Workspace.open(), wishes)
    await session.open()
    try:
        yield session
    finally:
        await session.connection.engine.close()
        await embedded.stop(directories())


async def reply(session: ChatSession, text: str) -> Turn:
    last = (await collect(session.reply(text)))[-1]
    assert isinstance(last, out.TurnSaved), last
    return last.turn


def receipt(turn: Turn) -> Receipt:
    assert turn.receipt is not None
    return turn.receipt


async def test_a_character_answers_and_a_token_is_read_once(talk: ChatSession) -> None:
    first = await reply(talk, "Good evening. What are you reading?")
    assert first.text.startswith("*")
    assert first.text.rstrip("*\"'")[-1] in ".!?…"
    assert "Alex:" not in first.text

    swiped = (await collect(talk.swipe()))[-1]
    assert isinstance(swiped, out.TurnSaved)
    assert receipt(swiped.turn).evaluated in (0, 1)
    assert swiped.turn.text != first.text

    plan = await talk.plan()
    second = await reply(talk, "And who is Comma?")
    said = await talk.connection.engine.count(["And who is Comma?"])
    cut = await talk.connection.engine.count([(swiped.turn.raw or swiped.turn.text)[len(swiped.turn.text) - 8 :]])
    markup = 16
    evaluated = receipt(second).evaluated
    assert evaluated is not None
    assert evaluated <= said[0] + cut[0] + markup + 2
    assert evaluated < plan.tokens / 4


async def test_the_plans_count_is_the_engines_count(talk: ChatSession) -> None:
    plan = await talk.plan()
    whole = (await talk.connection.engine.count([plan.text]))[0]
    assert 0 <= plan.tokens - whole <= 8


async def test_a_killed_host_ends_the_reply_keeps_its_text_and_the_next_request_has_a_new_host(
    talk: ChatSession,
) -> None:
    await reply(talk, "Hello.")
    before = await embedded.status(directories())
    assert before is not None
    seen: list[out.SessionEvent] = []
    async for event in talk.reply("Tell me everything about the book."):
        seen.append(event)
        if isinstance(event, out.TextArrived) and len(event.text) > 12:
            os.kill(before["pid"], signal.SIGKILL)
            await asyncio.sleep(0)
    failed = seen[-1]
    assert isinstance(failed, out.TurnFailed)
    assert failed.kept_text
    assert talk.tree.turns[failed.turn_id].interrupted
    answered = await reply(talk, "Where were we?")
    assert answered.text
    after = await embedded.status(directories())
    assert after is not None
    assert after["pid"] != before["pid"]
