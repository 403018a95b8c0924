"""An adventure: what is stored of a line, what the narrator reads, and what is left of a reply."""

from __future__ import annotations

import pytest

from tavern_tui.domain import messages
from tavern_tui.domain.errors import ContradictionError, SettingsError
from tavern_tui.domain.events import PropertySet, Roll
from tavern_tui.session import events as out
from tavern_tui.session.modes.adventure import MEMORY, without_players_lines
from tavern_tui.session.modes.choosing import set_mode
from tavern_tui.session.modes.kinds import Kind, kind_set
from tavern_tui.session.modes.rolls import for_narrator
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect


async def playing(begin: Opener, *replies: str) -> ChatSession:
    session = begin(*(replies or ("The lamp flickers.",)))
    await session.open()
    await set_mode(session, "adventure")
    return session


def last(session: ChatSession, back: int = 0) -> str:
    return session.tree.path()[-1 - back].text


async def test_a_line_is_stored_as_its_kind_has_it(begin: Opener) -> None:
    session = await playing(begin, "One.", "Two.", "Three.")
    await collect(session.reply("draw my sword"))
    assert last(session, 1) == "> You draw your sword."
    await session.changes.write(kind_set(Kind.SAY))
    await collect(session.reply("who is there?"))
    assert last(session, 1) == '> You say "who is there?"'
    await collect(session.reply("/story The door opens."))
    assert last(session, 1) == "The door opens."


async def test_a_roll_is_data_of_the_turn_and_a_swipe_keeps_it(begin: Opener) -> None:
    session = await playing(begin, "You slip.", "You nearly slip.")
    await collect(session.reply("/roll climb the wall"))
    *_, action, first = session.tree.path()
    assert (action.text, action.roll) == ("> You climb the wall.", Roll("1d20", 11, "fair"))
    assert action.roll is not None
    prompt = (await session.plan(out.ReplyKind.SWIPE)).text
    await collect(session.swipe())
    *_, same, second = session.tree.path()
    assert (same.id, same.roll) == (action.id, action.roll)
    assert first.text != second.text
    assert prompt.endswith(f"{action.text}\n{for_narrator(action.roll)}<|im_end|>\n<|im_start|>assistant\n")


async def test_what_was_read_of_a_roll_stays_as_it_was_in_later_prompts(begin: Opener) -> None:
    session = await playing(begin, "You slip.", "You fall.")
    await collect(session.reply("/roll climb the wall"))
    before = (await session.plan(out.ReplyKind.SWIPE)).text
    await collect(session.reply("look"))
    assert (await session.plan()).text.startswith(before)


@pytest.mark.parametrize("line", ["/say", "/roll 17", ">", "/do  "])
async def test_a_kind_without_a_text_says_so_and_stores_nothing(begin: Opener, line: str) -> None:
    session = await playing(begin)
    before = len(session.tree.turns)
    with pytest.raises(ContradictionError, match="There is nothing to") as refused:
        await collect(session.reply(line))
    assert "/" in refused.value.hint
    assert len(session.tree.turns) == before
    assert not session.busy


async def test_other_dice_are_thrown_this_once(begin: Opener) -> None:
    session = await playing(begin)
    await collect(session.reply("/roll 2d6+1 climb"))
    action = session.tree.path()[-2]
    assert action.roll is not None
    assert (action.text, action.roll.dice) == ("> You climb.", "2d6+1")


@pytest.mark.parametrize("line", ["/roll 999999d999999 jump", "/roll 99 jump", "/roll -5 x", "/roll 0d6 x"])
async def test_what_nobody_can_throw_is_refused_and_stores_nothing(begin: Opener, line: str) -> None:
    session = await playing(begin)
    before = len(session.tree.turns)
    with pytest.raises(SettingsError):
        await collect(session.reply(line))
    assert (len(session.tree.turns), session.busy) == (before, False)


async def test_memory_stands_at_the_end_of_the_head(begin: Opener) -> None:
    session = await playing(begin)
    await session.changes.write(PropertySet(MEMORY, "The key is in the well."))
    plan = await session.plan()
    [memory] = [part for part in plan.included if part.source == "memory"]
    assert memory.body.strip() == "The key is in the well."
    assert plan.text.index("The key is in the well.") < plan.text.index("Across, Alex?")


async def test_the_narrator_stops_before_the_player(begin: Opener) -> None:
    session = await playing(begin)
    assert {"\n>", "\nYou:"} <= set((await session.plan()).stop)
    assert "Alex:" not in (await session.plan()).text


async def test_an_empty_send_lets_the_narrator_go_on(begin: Opener) -> None:
    session = await playing(begin, "The lamp goes out.")
    events = await collect(session.reply(""))
    assert isinstance(events[-1], out.TurnSaved)
    assert last(session) == "The lamp goes out."


@pytest.mark.parametrize(
    ("wrote", "says"),
    [
        ("", messages.wrote_nothing("ChatML").title),
        ("\n>", messages.wrote_nothing("ChatML").title),
        ("> You open the door.\nIt creaks.", messages.only_the_users_lines("Alex").title),
        ("You: I open it.", messages.only_the_users_lines("Alex").title),
        ("What do you do?", messages.nothing_left("ChatML").title),
    ],
    ids=["nothing", "stop", "action", "name", "question"],
)
async def test_a_reply_of_which_nothing_is_left_says_what_came_and_the_line_stays(
    begin: Opener, wrote: str, says: str
) -> None:
    session = await playing(begin, wrote)
    events = await collect(session.reply("look"))
    [failed] = [event for event in events if isinstance(event, out.TurnFailed)]
    assert failed.error.title == says
    assert last(session) == "> You look."


@pytest.mark.parametrize(
    ("wrote", "left"),
    [
        ("A hall.\n> You go in.\nA throne.", "A hall."),
        ("A hall.\n\n  >look", "A hall."),
        ("A hall.\nYou: I go.", "A hall."),
        ("> You go.", ""),
        ("It is 3 > 2 here.", "It is 3 > 2 here."),
        ("A hall. What do you do?", "A hall."),
        ("A hall.\n\n**What will you do next?**", "A hall."),
        ('"Well?" he asks. So, what do you do now?', '"Well?" he asks.'),
        ("A hall. What is your next move?", "A hall."),
        ('He asks, "What do you do for a living?"', 'He asks, "What do you do for a living?"'),
        ("What do you do? The hall waits.", "What do you do? The hall waits."),
        ("a" * 10_000, "a" * 8),
        ("no end " * 400 + ". And then. " + "no end " * 100, "no end " * 285 + "no en…"),
        ("It rains. " * 400, ("It rains. " * 200).rstrip()),
    ],
    ids=range(14),
)
def test_what_is_left_of_a_reply(wrote: str, left: str) -> None:
    assert without_players_lines(wrote, question=True) == left


def test_the_question_may_stay() -> None:
    assert without_players_lines("A hall. What do you do?", question=False) == "A hall. What do you do?"


def test_a_reply_is_cleaned_in_no_time_whatever_it_is() -> None:
    for wrote in ("\n" * 10_000, "> " * 5_000, "What do you do?" * 700, " " * 10_000, '"' * 10_000, "\n " * 5_000):
        assert len(without_players_lines(wrote, question=True)) <= len(wrote)
