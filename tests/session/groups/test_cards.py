"""What a group's prompts tell: cards joined or swapped, the scenario, greetings, and nobody else's lines in a reply."""

from __future__ import annotations

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.regex_script import Placement, RegexScript
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session.events import Notice, TurnFailed, TurnSaved
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.auto import MOST, AutoRound
from tests.session.groups.conftest import MIRA, TOM, WREN, Begin, card, collect, part, prompts, session_on, spoken


async def test_joined_cards_are_all_told_and_of_swapped_ones_the_speakers(begin: Begin) -> None:
    session = begin()
    await session.open()
    await spoken(session.reply(by="Tom"))
    await session.changes.write(*changing.carded(session.tree, "swap"))
    await spoken(session.reply(by="Tom"))
    joined, swapped = prompts(session)
    assert all(f"{name} is of the ferry's crew." in joined for name in ("Mira", "Tom", "Wren"))
    assert "Tom is of the ferry's crew." in swapped
    assert "Wren is of the ferry's crew." not in swapped


async def test_a_scenario_of_the_group_takes_the_place_of_the_cards(begin: Begin) -> None:
    lost = card("Mira", 1.0, scenario="A quiet night.")
    session = begin(members=(lost, TOM), said={"group.scenario": "The ferry burns."})
    await session.open()
    await spoken(session.reply(by="Tom"))
    assert "The ferry burns." in prompts(session)[0]
    assert "A quiet night." not in prompts(session)[0]


async def test_every_member_greets_and_each_greeting_has_its_swipes(begin: Begin) -> None:
    hello = card("Mira", 1.0, alternate_greetings=("Mira waves at {{user}}.",))
    two = card("Tom", 0.0, alternate_greetings=("{{char}} spits.",))
    session = begin(members=(hello, two))
    await session.open()
    assert [turn.text for turn in session.tree.path()] == ["Mira nods.", "Tom nods."]
    assert len(session.tree.turns) == 4
    await session.changes.select_swipe(1)
    assert [turn.text for turn in session.tree.path()] == ["Mira nods.", "Tom spits."]
    await session.changes.select_swipe(1, session.tree.path()[0].id)
    assert [turn.text for turn in session.tree.path()] == ["Mira waves at Alex.", "Tom nods."]
    assert len(session.tree.siblings(session.tree.tip)) == 2


async def test_undo_has_nothing_to_do_with_greetings(begin: Begin) -> None:
    session = begin()
    await session.open()
    assert await session.changes.undo() == ""
    assert len(session.tree.path()) == 3


async def test_greetings_for_groups_alone_come_first(begin: Begin) -> None:
    session = begin(members=(card("Mira", 1.0, group_only_greetings=("To all: hello.",)), TOM))
    await session.open()
    assert session.tree.path()[0].text == "To all: hello."


async def test_a_reply_never_holds_another_members_line_and_that_can_be_kept(begin: Begin) -> None:
    session = begin("Ready.\n Tom: I will steer.\nMira: Good.")
    await session.open()
    await spoken(session.reply("Go.", by="Mira"))
    assert session.tree.path()[-1].text == "Ready."
    line = part(session).cut_line
    assert line is not None
    assert (line.name, line.text) == ("Tom", "I will steer.")
    kept = await part(session).keep_cut_line()
    assert (kept.name, kept.text) == ("Tom", "I will steer.")
    assert part(session).cut_line is None
    assert await session.changes.undo() == "Tom's reply"


async def test_what_was_cut_is_offered_after_a_restart_too(begin: Begin) -> None:
    session = begin("Ready.\n Tom: I will steer.")
    await session.open()
    await spoken(session.reply("Go.", by="Mira"))
    again = session_on(session.log)
    assert part(again).cut_line is not None


async def test_a_reply_that_is_all_another_members_is_no_turn_but_can_be_kept_as_theirs(begin: Begin) -> None:
    session = begin("Tom: I will steer.")
    await session.open()
    heard = await collect(session.reply("Go.", by="Mira"))
    assert any(isinstance(event, TurnFailed) for event in heard)
    assert session.tree.path()[-1].text == "Go."
    kept = await part(session).keep_cut_line()
    assert (kept.name, kept.text, kept.parent) == ("Tom", "I will steer.", session.tree.path()[-2].id)


async def test_without_anything_cut_there_is_nothing_to_keep(begin: Begin) -> None:
    session = begin("Ready.")
    await session.open()
    await spoken(session.reply("Go.", by="Mira"))
    with pytest.raises(NotFoundError, match="Nothing of another member's"):
        await part(session).keep_cut_line()


async def test_auto_goes_on_to_its_limit(begin: Begin) -> None:
    session = begin(*(f"Number {number} of many." for number in range(20)))
    await session.open()
    auto = AutoRound(session, 50)
    heard = await collect(auto.run())
    assert sum(isinstance(event, TurnSaved) for event in heard) == MOST == auto.done
    assert heard[-1] == Notice("Auto is over after 8 replies: that was 8.")


@pytest.mark.parametrize(
    ("replies", "done", "why"),
    [
        (("One.", "Two.", "one"), 3, "repeats an earlier turn"),
        (("One.", ""), 1, "a reply came to nothing"),
    ],
    ids=["repeated", "empty"],
)
async def test_auto_stops_at_a_reply_that_brings_nothing(
    begin: Begin, replies: tuple[str, ...], done: int, why: str
) -> None:
    session = begin(*replies)
    await session.open()
    auto = AutoRound(session)
    last = (await collect(auto.run()))[-1]
    assert auto.done == done
    assert isinstance(last, Notice)
    assert why in last.text


async def test_a_reply_that_says_what_the_user_said_is_no_repeated_one(begin: Begin) -> None:
    session = begin("Aye.", "Good evening.", "Aye, aye.")
    await session.open()
    await collect(session.reply("Good evening."))
    auto = AutoRound(session, 2)
    assert (await collect(auto.run()))[-1] == Notice("Auto is over after 2 replies: that was 2.")


async def test_auto_ends_with_the_reply_during_which_it_was_stopped(begin: Begin) -> None:
    session = begin("One.", "Two.", "Three.")
    await session.open()
    auto = AutoRound(session)
    async for event in auto.run():
        if isinstance(event, TurnSaved) and auto.done == 2:
            auto.stop("you typed")
    assert auto.done == 2
    assert session.tree.path()[-1].text == "Two."


def test_members_are_meant_by_number_name_or_beginning(begin: Begin) -> None:
    tree = begin(members=(MIRA, TOM, WREN, card("Tomas", 0.5))).tree
    meant = [changing.member_called(tree, typed) for typed in ("2", "@2", "wr", "tom", "TOMA")]
    assert meant == ["Tom", "Tom", "Wren", "Tom", "Tomas"]
    with pytest.raises(NotFoundError, match="may be Tom or Tomas"):
        changing.member_called(tree, "to")
    with pytest.raises(NotFoundError, match="Nobody here is called"):
        changing.member_called(tree, "")


async def test_messages_say_whose_turn_it_is(begin: Begin) -> None:
    session = begin("Hm.", chat_completion=True)
    await session.open()
    await spoken(session.reply("Well?", by="Tom"))
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    assert "Tom" in engine.requests[0].messages[-1].content
    assert "Well?" in engine.requests[0].messages[-2].content


async def test_a_members_own_scripts_change_its_replies_alone(begin: Begin) -> None:
    script = RegexScript("no dashes", "/ -/g", ",", placement=frozenset({Placement.AI_OUTPUT}))
    session = begin("A dash - here.", scripts={"Tom": (script,)})
    await session.open()
    await spoken(session.reply("Well?", by="Tom"))
    await spoken(session.reply(by="Mira"))
    assert [turn.text for turn in session.tree.path()[-2:]] == ["A dash, here.", "A dash - here."]
