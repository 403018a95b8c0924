"""``later``: what was edited goes on being read as it was until the history is cut; what was switched off is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.note import ChatNote, NotePlace
from tavern_tui.session.author_note import write_note
from tavern_tui.session.later import hold, let_go
from tavern_tui.session.reading_cost import cost_of_next
from tavern_tui.session.session import ChatSession
from tavern_tui.session.summaries import versions as kept
from tests.session.conftest import MIRA, Opener, collect

SAID = "I row to the far bank and look for the lamp that hung there in the old days, under the third willow."
LAMP = LoreEntry(uid=1, keys=("lamp",), content="The lamp burns whale oil.", comment="Lamp")
OTHER = replace(MIRA, description="Mira keeps a shop.")


@pytest.fixture
async def chat(begin: Opener) -> ChatSession:
    """A chat in which the lamp has fired and a note is read."""
    session = begin("So it is.", lorebooks=(Lorebook("Coast", (LAMP,)),), context_tokens=1200)
    session.persona = replace(session.persona, description="Alex rows.")
    await session.open()
    await write_note(session, ChatNote("It rains.", NotePlace.BEFORE))
    await collect(session.reply(SAID))
    await collect(session.reply("And then?"))
    return session


async def text(session: ChatSession) -> str:
    return (await session.plan()).text


async def test_an_edited_card_is_read_at_once_with_its_price_or_later(chat: ChatSession) -> None:
    before = await text(chat)
    chat.character = OTHER
    assert OTHER.description in await text(chat)
    cost = await cost_of_next(chat)
    assert cost.notable
    assert "description" in cost.cause
    said = await hold(chat)
    assert said.startswith("Read as before until turns leave: Mira's description")
    assert await text(chat) == before
    assert not (await cost_of_next(chat)).notable
    await collect(chat.reply("Well?"))
    assert OTHER.description not in await text(chat)


async def test_the_new_text_comes_in_with_the_cut(chat: ChatSession) -> None:
    chat.character = OTHER
    await hold(chat)
    while not chat.tree.cuts:
        assert OTHER.description not in chat.connection.engine.requests[-1].prompt[0].text  # type: ignore[attr-defined]
        await collect(chat.reply(SAID))
    sent = "".join(part.text for part in chat.connection.engine.requests[-1].prompt)  # type: ignore[attr-defined]
    assert OTHER.description in sent
    assert OTHER.description in await text(chat)


async def test_lore_notes_persona_and_turns_are_held_and_let_go(chat: ChatSession) -> None:
    before = await text(chat)
    chat.lorebooks = (Lorebook("Coast", (replace(LAMP, content="The lamp burns gas."),)),)
    chat.persona = replace(chat.persona, description="Alex limps.")
    await write_note(chat, ChatNote("It snows.", NotePlace.BEFORE))
    turn = chat.tree.path()[1]
    await chat.changes.edit(turn.id, "I stay by the lamp.")
    changed = await text(chat)
    assert all(said in changed for said in ("burns gas", "It snows.", "I stay by the lamp."))
    said = await hold(chat)
    assert "'Lamp'" in said
    assert await text(chat) == before
    assert await let_go(chat) == "Every edit counts from the next reply on"
    assert await text(chat) == changed
    assert await let_go(chat) == "Every edit counts already"


async def test_the_price_of_an_edited_entry_names_it_in_forty_characters(begin: Opener) -> None:
    dragon = replace(LAMP, comment="Dragon of the northern mountains")
    session = begin("So it is.", lorebooks=(Lorebook("Coast", (dragon,)),))
    await session.open()
    await collect(session.reply(SAID))
    session.lorebooks = (Lorebook("Coast", (replace(dragon, content="It burns gas."),)),)
    cost = await cost_of_next(session)
    assert cost.cause == "you edited 'Dragon of the northern mo…'"
    assert len(cost.cause) <= 40
    assert cost.told.startswith(f"reads {cost.reads} of {cost.tokens} · you edited")


@pytest.mark.parametrize("off", [(), (replace(LAMP, enabled=False, content="New."),)], ids=["gone", "off"])
async def test_what_is_switched_off_is_gone_at_once(chat: ChatSession, off: tuple[LoreEntry, ...]) -> None:
    chat.character = OTHER
    await hold(chat)
    chat.lorebooks = (Lorebook("Coast", off),)
    assert "whale oil" not in await text(chat)


async def test_an_edited_summary_waits_for_the_cut(chat: ChatSession) -> None:
    while not chat.tree.cuts:
        await collect(chat.reply(SAID))
    first = kept.made("Old words.", until=chat.tree.path()[1].id)
    await chat.changes.write(first.as_property())
    await collect(chat.reply("Well?"))
    await chat.changes.write(kept.edited(first, "New words.", 2.0).as_property())
    assert "New words." in await text(chat)
    assert "summary" in (await cost_of_next(chat)).cause
    assert "the summary" in await hold(chat)
    assert "Old words." in await text(chat)


async def test_where_nothing_was_changed_it_says_so(chat: ChatSession) -> None:
    assert await hold(chat) == "Nothing that was read was changed since the last reply"


async def test_undo_lets_the_new_text_in(chat: ChatSession) -> None:
    chat.character = OTHER
    await hold(chat)
    assert await chat.changes.undo() == "what is read later"
    assert OTHER.description in await text(chat)
