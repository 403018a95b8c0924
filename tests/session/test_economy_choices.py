"""What is kept of prompts is kept with the chat, and so is what a person chooses of how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.prompt.inputs import STEP
from tavern_tui.session.connection import Connection
from tavern_tui.session.economy_choices import choose_notes, choose_policy, rebuild_head
from tavern_tui.session.kept_prompts import notes_stay, step_for
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.reading_cost import cost_of_next
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.session.conftest import MIRA, collect

LAMP = LoreEntry(uid=1, keys=("lamp",), content="The lamp burns whale oil.", comment="Lamp")
Again = Callable[[], ChatSession]


@pytest.fixture
def again(tmp_path: Path) -> Again:
    """``again()``: the one chat with Mira, her lore in it, as a program finds it that is started anew."""

    def opened() -> ChatSession:
        store = ChatStore(tmp_path / "chats", device="device1", state=tmp_path / "state")
        known = (tmp_path / "chats").exists() and list((tmp_path / "chats").iterdir())
        return ChatSession(
            log=store.open(known[0].stem) if known else store.create("A lamp", ("Mira",), "Tom"),
            character=MIRA,
            persona=Persona("Tom"),
            connection=Connection(FakeEngine(["So it is."]), clock=lambda: 0.0),
            options=ReplyOptions(template="ChatML"),
            lorebooks=(Lorebook("Coast", (LAMP,)),),
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
        )

    return opened


async def test_another_program_makes_the_same_prompt_of_a_chat(again: Again) -> None:
    session = again()
    await session.open()
    for text in ("Good evening.", "Is that a lamp?", "And the rope?", "And then?", "And after that?"):
        await collect(session.reply(text))
    made = (await session.plan()).text
    assert made.index(LAMP.content) > made.index("Good evening.")
    for record in session.log.state.glob("*.prompt.json"):
        record.unlink()
    anew = again()
    await anew.open()
    assert (await anew.plan()).text == made


async def test_undo_takes_back_what_was_said_and_not_what_was_kept_of_the_prompt(again: Again) -> None:
    session = again()
    await session.open()
    await collect(session.reply("Good evening."))
    assert await session.changes.undo() == "Mira's reply"
    assert await session.changes.undo() == "your message"


async def test_a_chat_has_its_own_policy(again: Again) -> None:
    session = again()
    await session.open()
    assert (await choose_policy(session, "")).startswith("This chat is economy: ")
    assert "reads the whole prompt once" in await choose_policy(session, "Classic")
    assert (await session.plan()).policy == "classic"
    assert "already" in await choose_policy(session, "classic")


async def test_another_policy_costs_one_reading_and_loses_nothing(again: Again) -> None:
    session = again()
    await session.open()
    for text in ("Good evening.", "Is that a lamp?"):
        await collect(session.reply(text))
    before, turns = (await session.plan()).text, session.tree.path()
    await choose_policy(session, "classic")
    price = await cost_of_next(session)
    assert (price.reads > price.tokens / 2, price.cause) == (True, "another policy")
    await choose_policy(session, "economy")
    assert (session.tree.path(), (await session.plan()).text) == (turns, before)
    await choose_policy(session, "classic")
    await collect(session.reply("And the rope?"))
    assert (await cost_of_next(session)).cause == ""


def test_a_cut_frees_twice_as_much_where_the_engine_does_not_move_what_follows() -> None:
    able = replace(DEFAULT_INFO.capabilities, shifts=True)
    assert step_for(replace(DEFAULT_INFO, capabilities=able), STEP) == STEP == 0.25
    assert step_for(replace(DEFAULT_INFO, capabilities=replace(able, shifts=False)), STEP) == 0.5


async def test_a_policy_that_this_start_was_given_counts_for_more(again: Again) -> None:
    session = again()
    session.options = ReplyOptions(template="ChatML", policy="classic", asked=frozenset({"policy"}))
    await session.open()
    assert "was given --policy classic" in await choose_policy(session, "economy")
    assert (await session.plan()).policy == "classic"


@pytest.mark.parametrize(
    ("asked", "turns", "restated"),
    [("stay 8", 8, False), ("restate 3", 3, True), ("move", 0, False), ("stay 0", 5, True), ("stay", 5, True)],
)
async def test_a_chat_says_how_long_its_notes_stay(again: Again, asked: str, turns: int, restated: bool) -> None:
    session = again()
    await session.open()
    await choose_notes(session, "restate 5")
    told = await choose_notes(session, asked)
    stay = notes_stay(session.tree)
    assert (stay.turns, stay.restated) == (turns, restated)
    assert ("/notes" in told) is (turns == 5)


async def test_a_head_that_is_asked_for_holds_the_lore_of_now(again: Again) -> None:
    session = again()
    await session.open()
    await collect(session.reply("Good evening."))
    await collect(session.reply("Is that a lamp?"))
    before = (await session.plan()).text
    assert "begins anew" in await rebuild_head(session)
    after = (await session.plan()).text
    assert before.index(LAMP.content) > before.index("Good evening.")
    assert after.index(LAMP.content) < after.index("Good evening.")
    assert after.count(LAMP.content) == 1
