"""What might have stood at each token is kept with a reply, and a swipe goes on from another choice there."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from tavern_tui.domain.alternatives import MOST_TOKENS, Alternative, TokenChoice
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.engines.base import Finished, StopReason, TextArrived
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine, Script
from tavern_tui.session import events as out
from tavern_tui.session.session import ChatSession
from tavern_tui.session.token_choice import ReplyChoices, go_on_from, listed, places
from tests.session.conftest import Opener


def token(text: str, *others: str) -> TextArrived:
    """One token as an engine tells it, with what was likely there."""
    likeliest = tuple(Alternative(other, -float(place)) for place, other in enumerate((text, *others)))
    return TextArrived(text, (1,), alternatives=(TokenChoice(text, 0.0, likeliest),))


AYE: Script = (token("Aye", "No", "\N{REPLACEMENT CHARACTER}"), token(",", "."), token(" climb in.", " wait."))


def choosing(begin: Opener, *replies: Script, alternatives: int = 3, **options: object) -> ChatSession:
    """A session whose engine can tell what was likely."""
    session = begin(alternatives=alternatives, **options)
    capable = replace(DEFAULT_INFO, capabilities=replace(DEFAULT_INFO.capabilities, alternatives=5))
    session.connection.engine = FakeEngine(replies, info=capable)
    return session


async def said(stream: AsyncGenerator[out.SessionEvent, None]) -> Turn:
    """The turn that a reply became."""
    last = [event async for event in stream][-1]
    assert isinstance(last, out.TurnSaved)
    return last.turn


def requests(session: ChatSession) -> list[int]:
    """How many alternatives the engine was asked for, each time."""
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    return [request.alternatives for request in engine.requests]


async def test_what_is_told_only_when_the_reply_is_over_is_kept_with_it(begin: Opener) -> None:
    told = tuple(choice for piece in AYE if isinstance(piece, TextArrived) for choice in piece.alternatives)
    session = choosing(begin, (TextArrived("Aye, climb in."), Finished(StopReason.END, alternatives=told)))
    await session.open()
    assert (await said(session.reply("Across?"))).alternatives == told


async def test_what_was_likely_is_kept_with_the_reply_and_comes_back_from_disk(begin: Opener) -> None:
    session = choosing(begin, AYE)
    await session.open()
    turn = await said(session.reply("Across?"))
    assert requests(session) == [3]
    assert [choice.text for choice in turn.alternatives] == ["Aye", ",", " climb in."]
    session.log.refresh()
    assert session.tree.turns[turn.id].alternatives == turn.alternatives


async def test_nothing_is_asked_or_kept_where_it_is_not_set_and_no_more_than_the_engine_can(begin: Opener) -> None:
    session = choosing(begin, "Aye.", alternatives=0)
    await session.open()
    assert (await said(session.reply("Across?"))).alternatives == ()
    session.options = replace(session.options, alternatives=10)
    await said(session.swipe())
    assert requests(session) == [0, 5]


async def test_another_token_is_chosen_and_the_reply_goes_on_from_there(begin: Opener) -> None:
    session = choosing(begin, AYE, (token(" get some sleep."),))
    await session.open()
    first = await said(session.reply("Across?"))
    place = places(first)[2]
    assert (place.before, [other.text for other in place.others]) == ("Aye,", [" wait."])
    second = await said(go_on_from(session, first.id, place.index, " wait and"))
    assert second.text == "Aye, wait and get some sleep."
    assert second.parent == first.parent
    assert [choice.text for choice in second.alternatives] == ["Aye, wait and", " get some sleep."]
    assert session.tree.turns[first.id].text == "Aye, climb in."


async def test_a_given_beginning_counts_as_text_and_offers_no_choice(begin: Opener) -> None:
    session = choosing(begin, AYE, prefill="“")
    await session.open()
    turn = await said(session.reply("Across?"))
    assert turn.alternatives[0] == TokenChoice("“", 0.0)
    assert [place.before for place in places(turn)] == ["“", "“Aye", "“Aye,"]


async def test_half_a_character_cannot_be_chosen(begin: Opener) -> None:
    session = choosing(begin, AYE)
    await session.open()
    first = places(await said(session.reply("Across?")))[0]
    assert [other.text for other in first.others] == ["No"]


async def test_an_edited_reply_has_no_places_any_more(begin: Opener) -> None:
    session = choosing(begin, AYE)
    await session.open()
    turn = await said(session.reply("Across?"))
    await session.changes.edit(turn.id, "Something else.")
    assert places(session.tree.turns[turn.id]) == []
    with pytest.raises(NotFoundError, match="Nothing is known"):
        go_on_from(session, turn.id, 0, "No")


def test_no_more_tokens_are_kept_than_the_bound() -> None:
    choices = ReplyChoices()
    for _ in range(MOST_TOKENS + 10):
        choices.feed([token("a", "b")])
    assert len(choices.all) == MOST_TOKENS


def test_choices_end_where_the_tokens_no_longer_spell_the_text() -> None:
    choices = ReplyChoices()
    choices.feed([token("a", "b"), TextArrived("cd", (), alternatives=token("c").alternatives), token("e", "f")])
    assert [choice.text for choice in choices.all] == ["a"]


async def test_places_are_listed_with_what_was_likely_in_percent(begin: Opener) -> None:
    session = choosing(begin, (token("\x1b[2J", "No"), token(" fog", " mist")))
    await session.open()
    lines = listed(await said(session.reply("Across?")))
    assert lines[-1].endswith("' fog' 100%  ·  1 ' mist' 37%")
    assert not any("\x1b" in line for line in lines)
