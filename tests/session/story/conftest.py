"""A story over the fake engine, with a real chat log in a folder of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tavern_tui.domain.character import Character
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.fake import FakeEngine, Script
from tavern_tui.session.connection import Connection
from tavern_tui.session.modes.choosing import mode_set
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.session.story.story import StorySession
from tavern_tui.storage.chat_store import ChatStore
from tests.session.conftest import fake_of, store

__all__ = ["fake_of", "store"]

Teller = Callable[..., Awaitable[StorySession]]


@pytest.fixture
def tell(store: ChatStore) -> Teller:
    """``await tell(text, reply, …)`` opens a new story of that text whose engine writes those passages in turn."""

    async def opened(text: str = "", *replies: Script, **options: object) -> StorySession:
        log = store.create("A tale", (), "Alex")
        log.append(mode_set("story"))
        chat = ChatSession(
            log=log,
            character=Character(name="Narrator"),
            persona=Persona("Alex"),
            connection=Connection(FakeEngine(replies or ("Yes.",)), clock=lambda: 0.0),
            options=replace(ReplyOptions(template="ChatML", updates_per_second=1000.0), **options),  # type: ignore[arg-type]
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
        )
        await chat.open()
        story = StorySession(chat)
        await story.open()
        if text:
            story.edit(0, 0, text)
            await story.save()
        return story

    return opened
