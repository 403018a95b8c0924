"""A group of three over the fake engine: Mira who talks much, Tom who talks little, and Wren, on a real chat log."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.character import Character
from tavern_tui.domain.events import Body, PropertySet
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.regex_script import RegexScript
from tavern_tui.engines.fake import FakeEngine, Script
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import SessionEvent, TurnSaved
from tavern_tui.session.groups.part import GroupPart, Player
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore

Begin = Callable[..., ChatSession]


def card(name: str, talkativeness: float, **fields: object) -> Character:
    """A member whose card says how readily it speaks."""
    source = {"data": {"extensions": {"talkativeness": talkativeness}}}
    given = {"description": f"{name} is of the ferry's crew.", "greeting": f"{name} nods.", **fields}
    return Character(name=name, source=source, **given)  # type: ignore[arg-type]


MIRA, TOM, WREN = card("Mira", 1.0), card("Tom", 0.0), card("Wren", 0.0)
BOOK = Lorebook("Tom's", (LoreEntry(uid=1, keys=("storm",), content="Tom once lost a boat.", comment="boat"),))


@pytest.fixture
def store(tmp_path: Path) -> ChatStore:
    """An empty folder of chats."""
    return ChatStore(tmp_path / "chats", device="device1", state=tmp_path / "state")


@pytest.fixture
def begin(store: ChatStore) -> Begin:
    """``begin(reply, …)`` makes a session on a new group; ``said`` are properties, ``gone`` names without a card."""

    def opener(
        *replies: Script,
        members: tuple[Character, ...] = (MIRA, TOM, WREN),
        said: dict[str, object] | None = None,
        gone: tuple[str, ...] = (),
        **more: Any,
    ) -> ChatSession:
        log = store.create("The crew", [one.name for one in members], "Alex")
        properties: list[Body] = [PropertySet(key, value) for key, value in (said or {}).items()]
        if properties:
            log.append(*properties)
        return session_on(log, *replies, members=members, gone=gone, **more)

    return opener


def session_on(
    log: object,
    *replies: Script,
    members: tuple[Character, ...] = (MIRA, TOM, WREN),
    gone: tuple[str, ...] = (),
    books: dict[str, tuple[Lorebook, ...]] | None = None,
    scripts: dict[str, tuple[RegexScript, ...]] | None = None,
    **options: object,
) -> ChatSession:
    """A session on a group's log; ``books`` and ``scripts`` are members', by their names."""
    usual = ReplyOptions(response_tokens=60, template="ChatML", updates_per_second=1000.0)
    session = ChatSession(
        log=log,  # type: ignore[arg-type]
        character=members[0],
        persona=Persona("Alex"),
        connection=Connection(FakeEngine(replies or ("Yes.",)), clock=lambda: 0.0),
        options=replace(usual, **options),  # type: ignore[arg-type]
        clock=lambda: 1_700_000_000.0,
        dice=lambda: 0.5,
    )
    cards = {one.name: one for one in members}

    def player(name: str) -> Player:
        if name in gone or name not in cards:
            return Player(Character(name=name), problem=f"There is no character “{name}”.")
        return Player(cards[name], (books or {}).get(name, ()), scripts=(scripts or {}).get(name))

    session.group = GroupPart(session, player)
    return session


async def spoken(stream: AsyncGenerator[SessionEvent, None]) -> list[str]:
    """Who spoke, in turn."""
    return [event.turn.name async for event in stream if isinstance(event, TurnSaved)]


async def collect(stream: AsyncGenerator[SessionEvent, None]) -> list[SessionEvent]:
    """All events."""
    return [event async for event in stream]


def part(session: ChatSession) -> GroupPart:
    """The session's group."""
    assert session.group is not None
    return session.group


def prompts(session: ChatSession) -> list[str]:
    """What the engine has read, in turn."""
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    return ["".join(segment.text for segment in request.prompt) for request in engine.requests]
