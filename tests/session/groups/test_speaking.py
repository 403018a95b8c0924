"""Who speaks in a group, in which order, and what the status line says of it."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import PropertySet
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session.events import OnlySaid, TurnSaved
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.choosing import NextSpeaker
from tests.session.groups.conftest import MIRA, Begin, card, collect, part, prompts, spoken


async def test_whoever_is_named_speaks_first_and_then_who_likes_to_talk(begin: Begin) -> None:
    session = begin("One.", "Two.")
    await session.open()
    assert part(session).next_speakers("Tom, is it far?") == (
        NextSpeaker("Tom", "mentioned"),
        NextSpeaker("Mira", "talkative"),
    )
    assert await spoken(session.reply("Tom, is it far?")) == ["Tom", "Mira"]
    assert [turn.text for turn in session.tree.path()][-3:] == ["Tom, is it far?", "One.", "Two."]


async def test_what_is_told_of_the_next_speakers_is_what_happens(begin: Begin) -> None:
    crew = tuple(card(name, 0.5) for name in ("Mira", "Tom", "Wren"))
    session = begin(*(f"Reply {number}." for number in range(40)), members=crew)
    await session.open()
    several = 0
    for number in range(8):
        told = [one.name for one in part(session).next_speakers(f"Well {number}?")]
        several += len(told) > 1
        assert await spoken(session.reply(f"Well {number}?")) == told
    assert several


async def test_in_the_lists_order_all_who_are_not_muted_answer(begin: Begin) -> None:
    session = begin(said={"group.order": "list", "group.muted": ["Tom"]})
    await session.open()
    assert await spoken(session.reply("Hello.")) == ["Mira", "Wren"]


async def test_a_pool_lets_one_speak_at_a_time_until_all_have(begin: Begin) -> None:
    session = begin("A.", "B.", "C.", "D.", said={"group.order": "pooled"})
    await session.open()
    first = await spoken(session.reply("Hello."))
    rest = [*await spoken(session.reply()), *await spoken(session.reply())]
    assert len(first) == 1
    assert {*first, *rest} == {"Mira", "Tom", "Wren"}
    assert (await spoken(session.reply())) != rest[-1:]


async def test_in_manual_order_what_is_said_is_only_stored(begin: Begin) -> None:
    session = begin(said={"group.order": "manual"})
    await session.open()
    heard = await collect(session.reply("Hello."))
    assert heard == [OnlySaid(session.tree.tip)]
    assert session.tree.turns[session.tree.tip].text == "Hello."
    assert part(session).next_speakers("Hello.") == ()
    assert await spoken(session.reply(by="Wren")) == ["Wren"]


async def test_a_muted_member_speaks_when_asked_to(begin: Begin) -> None:
    session = begin(said={"group.muted": ["Tom"]})
    await session.open()
    assert await spoken(session.reply("Well?", by="Tom")) == ["Tom"]


async def test_nobody_answers_to_themselves_unless_that_is_wanted(begin: Begin) -> None:
    session = begin(members=(MIRA, card("Tom", 0.5), card("Wren", 0.5)))
    await session.open()
    await spoken(session.reply(by="Mira"))
    assert "Mira" not in [one.name for one in part(session).next_speakers()]
    await session.changes.write(*changing.answering_themselves(session.tree, True))
    assert "Mira" in [one.name for one in part(session).next_speakers()]


async def test_somebody_who_is_no_member_cannot_be_asked_and_nothing_is_stored(begin: Begin) -> None:
    session = begin()
    await session.open()
    before = session.tree.tip
    with pytest.raises(NotFoundError, match="Ida is not in this group"):
        session.reply("Hello.", by="Ida")
    assert session.tree.tip == before


async def test_a_swipe_and_a_continuation_are_by_whoever_spoke(begin: Begin) -> None:
    session = begin("One.", "Another.", " And more.")
    await session.open()
    await spoken(session.reply(by="Wren"))
    assert await spoken(session.swipe()) == ["Wren"]
    assert await spoken(session.continue_reply()) == ["Wren"]
    assert all(prompt.split("<|im_start|>")[-1].startswith("assistant\nWren:") for prompt in prompts(session)[:2])


async def test_a_swipe_of_someone_who_left_says_so(begin: Begin) -> None:
    session = begin()
    await session.open()
    await spoken(session.reply(by="Wren"))
    await session.changes.write(*changing.removed(session.tree, "Wren"))
    with pytest.raises(NotFoundError, match="Wren is not in this group"):
        await spoken(session.swipe())


async def test_after_a_stop_nobody_else_answers(begin: Begin) -> None:
    session = begin(["One two", 0.0, " three."], said={"group.order": "list"})
    await session.open()
    names = []
    async for event in session.reply("Hello."):
        if event.__class__.__name__ == "TextArrived":
            session.stop()
        if isinstance(event, TurnSaved):
            names.append(event.turn.name)
    assert names == ["Mira"]


async def test_a_reply_that_breaks_is_the_last_one(begin: Begin) -> None:
    session = begin("", said={"group.order": "list"})
    await session.open()
    assert await spoken(session.reply("Hello.")) == []
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    assert all("Wren:" not in prompt[-10:] for prompt in prompts(session))


async def test_one_whose_card_is_gone_is_told_of_and_the_others_talk(begin: Begin) -> None:
    session = begin(said={"group.order": "list"}, gone=("Tom",))
    await session.open()
    assert part(session).missing == ("Tom",)
    assert await spoken(session.reply("Hello.")) == ["Mira", "Wren"]
    assert "\nTom:" in session.connection.engine.requests[-1].stop  # type: ignore[attr-defined]


async def test_undo_takes_back_what_was_done_to_a_group_one_by_one(begin: Begin) -> None:
    session = begin()
    await session.open()
    await session.changes.write(*changing.muted(session.tree, "Tom"))
    await session.changes.write(*changing.ordered(session.tree, "list"))
    await session.changes.write(*changing.moved(session.tree, "Wren", -2))
    assert part(session).facts.members == ("Wren", "Mira", "Tom")
    assert await session.changes.undo() == "who is in the group"
    assert part(session).facts.members == ("Mira", "Tom", "Wren")
    assert await session.changes.undo() == "how the group speaks"
    assert await session.changes.undo() == "who is muted"
    assert not part(session).facts.muted


async def test_a_member_that_is_renamed_stays_muted_and_knows_what_it_knew(begin: Begin) -> None:
    session = begin(said={"group.muted": ["Tom"], "group.heard/t1": ["Tom"]})
    await session.changes.write(PropertySet("renamed", {"from": "Tom", "to": "Thomas"}))
    assert part(session).facts.muted == {"Thomas"}
    assert session.tree.characters == ("Mira", "Thomas", "Wren")
    assert session.tree.properties["group.heard/t1"] == ["Thomas"]
