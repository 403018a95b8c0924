"""Regex scripts in a chat: what is stored, what is sent, what is shown, and what is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.regex_script import Placement, RegexScript
from tavern_tui.prompt.regex_scripts import TOO_SLOW
from tavern_tui.session import events as out
from tavern_tui.session import regex_scripts
from tavern_tui.session.regex_scripts import ChatScripts, Display
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect, fake_of

USER = frozenset({Placement.USER_INPUT})
MODEL = frozenset({Placement.AI_OUTPUT})
BOTH = USER | MODEL


def texts(session: ChatSession) -> list[str]:
    """What is stored, oldest first."""
    return [turn.text for turn in session.tree.path()]


def with_scripts(session: ChatSession, *scripts: RegexScript) -> ChatSession:
    """The session with these scripts in force."""
    session.scripts.scripts = scripts
    return session


async def test_the_users_turn_is_stored_as_scripts_leave_it_before_its_macros_are_replaced(begin: Opener) -> None:
    session = with_scripts(begin("Yes."), RegexScript("me", "/\\bme\\b/g", "{{user}}", placement=USER))
    await session.open()
    await collect(session.reply("Take me across."))
    assert texts(session)[1:] == ["Take Alex across.", "Yes."]


async def test_a_reply_is_stored_and_shown_while_it_comes_as_scripts_leave_it(begin: Opener) -> None:
    session = with_scripts(begin("*nods* Yes."), RegexScript("stars", r"/\*(.+?)\*/g", "($1)", placement=MODEL))
    await session.open()
    events = await collect(session.reply("Hm?"))
    arrived = [event for event in events if isinstance(event, out.TextArrived)]
    assert arrived[-1].text == texts(session)[-1] == "(nods) Yes."
    assert all(event.settled == 0 for event in arrived)
    assert session.tree.path()[-1].raw == "*nods* Yes."


async def test_greetings_are_scripted_and_each_is_a_swipe(begin: Opener) -> None:
    session = with_scripts(begin(), RegexScript("quotes", '/"/g', "'", placement=MODEL))
    await session.open()
    greeting = session.tree.path()[0]
    stored = [session.tree.turns[turn].text for turn in session.tree.siblings(greeting.id)]
    assert stored == ["*Mira lifts a lantern.* 'Across, Alex?'", "*Fog.* 'Who is there?'"]


async def test_an_edit_meets_only_the_scripts_for_edits(begin: Opener) -> None:
    always = RegexScript("a", "a", "1", placement=BOTH)
    session = with_scripts(begin(), always, replace(always, name="b", find="b", replace="2", run_on_edit=True))
    await session.open()
    await session.changes.edit(session.tree.tip, "a b")
    assert texts(session) == ["a 2"]


async def test_the_prompt_is_made_with_the_scripts_and_the_log_keeps_the_source(begin: Opener) -> None:
    session = with_scripts(begin("Yes."), RegexScript("p", "river", "sea", placement=BOTH, prompt_only=True))
    await session.open()
    await collect(session.reply("The river is high."))
    sent = "".join(segment.text for segment in fake_of(session).requests[0].prompt)
    assert "The sea is high." in sent
    assert texts(session)[1] == "The river is high."


async def test_a_script_that_explodes_is_told_once_in_a_session(begin: Opener) -> None:
    session = with_scripts(begin("Yes.", "No."), RegexScript("boom", "/(a+)+$/", "b", placement=USER))
    await session.open()
    long = "a" * 3_000 + "!"
    told = []
    for _ in range(2):
        events = await collect(session.reply(long))
        told += [event.text for event in events if isinstance(event, out.Notice)]
    assert told == [f"The regex script “boom” left a text as it was: {TOO_SLOW}."]
    assert texts(session).count(long) == 2


async def test_a_script_that_explodes_on_a_reply_leaves_it_as_it_came(begin: Opener) -> None:
    reply = "a" * 1_200 + "!"
    session = with_scripts(begin(reply), RegexScript("boom", "/(a+)+$/", "b", placement=MODEL))
    await session.open()
    events = await collect(session.reply("Hm?"))
    assert texts(session)[-1] == reply
    assert any(isinstance(event, out.Notice) and "boom" in event.text for event in events)


# What is shown.


def line(session: ChatSession, *said: str) -> list[Turn]:
    """Turns of the user's below the chat's tip, oldest first."""
    for text in said:
        session.log.append(TurnAdded(session.tree.tip, Speaker.USER, "Alex", text))
    return session.tree.path()


def test_what_is_shown_differs_from_what_is_stored_and_only_that_is_told(begin: Opener) -> None:
    session = begin()
    turns = line(session, "one", "two")
    shown = Display(ChatScripts((RegexScript("s", "two", "2", placement=USER, markdown_only=True),)))
    assert shown.texts(session.tree, turns) == {turns[1].id: "2"}
    assert Display().texts(session.tree, turns) == {}


def test_depths_of_what_is_shown_count_visible_turns(begin: Opener) -> None:
    session = begin()
    turns = line(session, "a", "a", "a", "a")
    script = RegexScript("s", "a", "b", placement=USER, markdown_only=True, min_depth=1, max_depth=2)
    shown = Display(ChatScripts((script,)))
    assert shown.texts(session.tree, turns) == {turns[1].id: "b", turns[2].id: "b"}


def test_turns_that_a_new_one_pushes_over_a_depth_are_named(begin: Opener) -> None:
    session = begin()
    script = RegexScript("s", "a", "b", placement=USER, markdown_only=True, min_depth=1, max_depth=2)
    shown = Display(ChatScripts((script,)))
    for fresh in (1, 2):
        before = {turn.id: text for turn in line(session, "a", "a", "a", "a") if (text := turn.text)}
        old = shown.texts(session.tree, session.tree.path())
        line(session, *["a"] * fresh)
        new = shown.texts(session.tree, session.tree.path())
        changed = {turn for turn in before if old.get(turn) != new.get(turn)}
        assert changed <= set(shown.aged(session.tree, fresh))


def test_macros_of_what_is_shown_are_the_chats(begin: Opener) -> None:
    session = begin()
    turns = line(session, "who")
    session.scripts.scripts = (RegexScript("s", "who", "{{char}}", placement=USER, markdown_only=True),)
    assert session.display.texts(session.tree, turns) == {turns[0].id: "Mira"}


def test_a_script_that_explodes_on_the_screen_is_told_and_slow_and_one_without_time_left_is_neither(
    begin: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin()
    turns = line(session, "a" * 3_000 + "!")
    scripts = ChatScripts((RegexScript("boom", "/(a+)+$/", "b", placement=USER, markdown_only=True),))
    with monkeypatch.context() as now:
        now.setattr(regex_scripts, "SECONDS_TO_SHOW", 0.0)
        assert Display(scripts).texts(session.tree, turns) == {}
        assert not Display(scripts).slow
        assert scripts.left_out == {}
    assert Display(scripts).texts(session.tree, turns) == {}
    assert Display(scripts).slow
    assert scripts.left_out == {"boom": TOO_SLOW}
