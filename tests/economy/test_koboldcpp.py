"""What KoboldCpp is sent under ``economy``: a head that stays the same in ``memory``, and text that its shift finds."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from tavern_tui.domain.character import Character
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import TurnSaved
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.engines.kobold_standin import KoboldStandin

LINES = [f"line {number}: " + "down to the river and back again, " * 3 for number in range(13)]


async def talked(server: KoboldStandin, folder: Path) -> ChatSession:
    """A chat of so many lines that its history has been cut."""
    store = ChatStore(folder / "chats", device="device1", state=folder / "state")
    character = Character(name="Mira", description="A ferrywoman. " * 20, greeting="The boat is ready.")
    session = ChatSession(
        log=store.create("A crossing", ("Mira",), "Alex"),
        character=character,
        persona=Persona("Alex"),
        connection=Connection(KoboldCppEngine(Link(server.base)), clock=lambda: 0.0),
        options=ReplyOptions(response_tokens=64, template="ChatML", policy="economy"),
        clock=lambda: 1_700_000_000.0,
        dice=lambda: 0.5,
    )
    await session.open()
    for line in LINES:
        assert [event async for event in session.reply(line) if isinstance(event, TurnSaved)]
    await session.connection.engine.close()
    return session


async def test_the_head_stays_and_a_cut_leaves_the_text_behind_it_as_it_was(tmp_path: Path) -> None:
    async with KoboldStandin(context=1_024) as server:
        session = await talked(server, tmp_path)
        bodies = server.bodies("/api/extra/generate/stream")
    assert len({body["memory"] for body in bodies}) == 1
    assert "A ferrywoman." in str(bodies[0]["memory"])
    prompts = [str(body["prompt"]) for body in bodies]
    cuts = [(before, after) for before, after in pairwise(prompts) if not after.startswith(before)]
    assert 1 <= len(cuts) < len(prompts) / 2
    for before, after in cuts:
        assert len(after) < len(before)
        first = after[: len(after) // 2]
        assert before.count(first) == 1  # what follows the gap is text that was read
        assert after.startswith(before[before.index(first) :])
    info = session.connection.known
    assert info is not None
    assert info.capabilities.shifts
    assert info.capabilities.one_gap
    predicted = [turn.receipt.predicted or 0 for turn in session.tree.path() if turn.receipt is not None]
    assert max(predicted[1:]) < 160 < predicted[0]  # with every cut, too, little more than the line
