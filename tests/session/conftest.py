"""A session over the fake engine, with a real chat log in a folder of its own."""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tavern_tui.domain.character import Character
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.fake import FakeEngine, Script
from tavern_tui.session import doctor
from tavern_tui.session.attempts import Tries
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import SessionEvent
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore

if TYPE_CHECKING:
    from tests.session.other_terminal import Others

MIRA = Character(
    name="Mira",
    description="{{char}} keeps the night ferry and talks to {{user}} across the water.",
    greeting='*Mira lifts a lantern.* "Across, {{user}}?"',
    alternate_greetings=('*Fog.* "Who is there?"',),
    example_dialogue='<START>\n{{user}}: Is it deep?\n{{char}}: "Deep enough."',
)
OPTIONS = ReplyOptions(response_tokens=60, template="ChatML", updates_per_second=1000.0)

Opener = Callable[..., ChatSession]


@pytest.fixture
def store(tmp_path: Path) -> ChatStore:
    """An empty folder of chats."""
    return ChatStore(tmp_path / "chats", device="device1", state=tmp_path / "state")


@pytest.fixture
def begin(store: ChatStore) -> Opener:
    """``begin(reply, …)`` makes a session on a new chat whose engine gives those replies in turn."""

    def opener(
        *replies: Script,
        character: Character = MIRA,
        lorebooks: tuple[Lorebook, ...] = (),
        tries: Tries | None = None,
        **options: object,
    ) -> ChatSession:
        log = store.create("A crossing", (character.name,), "Alex")
        return ChatSession(
            log=log,
            character=character,
            persona=Persona("Alex"),
            connection=Connection(FakeEngine(replies or ("Yes.",)), clock=lambda: 0.0),
            options=replace(OPTIONS, **options),  # type: ignore[arg-type]
            lorebooks=lorebooks,
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
            tries=tries,
        )

    return opener


@pytest.fixture
async def session(begin: Opener) -> ChatSession:
    """A chat with a greeting that is open here."""
    session = begin("Yes.")
    await session.open()
    return session


@pytest.fixture
def other() -> Iterator[Others]:
    """``other(session)`` is another terminal on the chat of ``session``."""
    from tests.session.other_terminal import Others  # which is about the chats made here

    others = Others()
    yield others
    others.kill()


_answered_before = functools.cache(doctor._answer)


@pytest.fixture
def engine_probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor's processes, such as the one that loads the engine, are started once for all tests."""
    monkeypatch.setattr(doctor, "_answer", _answered_before)


async def collect(stream: AsyncGenerator[SessionEvent, None]) -> list[SessionEvent]:
    """All events of one reply."""
    return [event async for event in stream]


def fake_of(session: ChatSession) -> FakeEngine:
    """The session's engine, as the fake that it is."""
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    return engine
