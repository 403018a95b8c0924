"""A chat on llama-server outlives the program and the server, and is forgotten there when it is forgotten here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.character import Character
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.http import Link
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import Notice, TurnSaved
from tavern_tui.session.forgetting import what_goes
from tavern_tui.session.kept_slots import servers_with
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.reading_cost import ReadingCost, cost_of_next
from tavern_tui.session.refusals import remembering
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace
from tests.engines.llama_standin import LlamaStandin

MIRA = Character(name="Mira", description="A ferrywoman who knows the river. " * 20, greeting="The boat is ready.")
LINE = "Take me across, please."
LITTLE = 60
"""Tokens of a line with its markup, at most."""


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace in a folder of its own."""
    return Workspace.open()


async def opened(workspace: Workspace, server: LlamaStandin, name: str = "") -> ChatSession:
    """A chat in a program that has just started; a new one without a name."""
    log = workspace.chats.open(name) if name else workspace.new_chat(MIRA, Persona("Alex"))
    engine = remembering(workspace, LlamaServerEngine(Link(server.base)))
    session = ChatSession(
        log=log,
        character=MIRA,
        persona=Persona("Alex"),
        connection=Connection(engine, clock=lambda: 0.0),
        options=ReplyOptions(response_tokens=8, template="ChatML", policy="economy", seed=1),
    )
    await session.open()
    return session


async def said(session: ChatSession) -> tuple[ReadingCost, int, list[str]]:
    """Say a line: what the next reply was expected to read, what it read, and what was told beside it."""
    await session.connection.ready()
    expected = await cost_of_next(session)
    notices, read = [], 0
    async for event in session.reply(LINE):
        if isinstance(event, Notice):
            notices.append(event.text)
        elif isinstance(event, TurnSaved) and event.turn.receipt is not None:
            read = event.turn.receipt.evaluated or 0
    return expected, read, notices


async def talked(workspace: Workspace, server: LlamaStandin) -> str:
    """A chat that was talked in and left; its name."""
    session = await opened(workspace, server)
    await said(session)
    await session.connection.engine.close()
    return session.log.path.stem


async def test_after_a_new_start_of_both_only_what_is_new_is_read_and_that_is_foretold(workspace: Workspace) -> None:
    async with LlamaStandin(files={}) as server:
        name = await talked(workspace, server)
        server.start_anew()
        session = await opened(workspace, server, name)
        expected, read, notices = await said(session)
        await session.connection.engine.close()
    assert read <= LITTLE
    assert expected.reads <= LITTLE
    assert not [notice for notice in notices if "lost" in notice]


async def test_a_server_that_kept_nothing_is_foretold_to_read_everything(workspace: Workspace) -> None:
    async with LlamaStandin() as server:
        name = await talked(workspace, server)
        server.start_anew()
        session = await opened(workspace, server, name)
        expected, read, notices = await said(session)
        await session.connection.engine.close()
    assert expected.cause == "the server was started anew"
    assert expected.reads == expected.tokens
    assert read > expected.reads > 4 * LITTLE
    assert not [notice for notice in notices if "lost" in notice]


async def test_what_is_forgotten_is_emptied_on_the_server_when_it_is_next_talked_to(workspace: Workspace) -> None:
    async with LlamaStandin(files={}) as server:
        name = await talked(workspace, server)
        key = workspace.chats.open(name).key
        assert servers_with(workspace, key) == 1
        gone = what_goes(workspace, name)
        assert any("llama-server" in sentence for sentence in gone.sentences)
        gone.go()
        assert servers_with(workspace, key) == 0
        server.start_anew()
        for _ in range(2):
            await talked(workspace, server)
        assert server.files is not None
        words = set(server.ids("ferrywoman"))
        holding = [held for held in server.files.values() if words & set(held)]
    assert len(holding) == 2  # those of the chats that are there
