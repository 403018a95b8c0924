"""Variables in a chat: what macros set stands in the chat's log, or in the file of all chats, and is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.events import PropertySet, TurnAdded
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.session.chat_variables import VARIABLE, ChatVariables, swipes_of, variables_in
from tavern_tui.session.events import Notice
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.global_variables import GlobalVariables
from tests.session.conftest import MIRA, Opener, collect, fake_of

COUNTING = replace(MIRA, description="{{incvar::nights}}. night, {{getvar::mood}}. {{addglobalvar::met::1}}")


def of(session: ChatSession) -> dict[str, str]:
    return session.variables.of_chat


async def test_a_card_counts_the_replies_that_were_asked_for(begin: Opener) -> None:
    session = begin("Yes.", "No.", character=COUNTING)
    await session.open()
    for text in ("Hello?", "And now?"):
        await collect(session.reply(text))
    assert of(session) == {"nights": "2"}
    assert session.variables.everywhere == {"met": "2"}
    assert "3. night" in (await session.plan()).text


async def test_looking_at_a_prompt_changes_nothing(begin: Opener) -> None:
    session = begin("Yes.", character=COUNTING)
    await session.open()
    events = len(session.log.events)
    texts = [(await session.plan()).text for _ in range(2)]
    assert texts[0] == texts[1]
    assert "1. night" in texts[0]
    assert len(session.log.events) == events
    assert of(session) == {}


async def test_what_the_user_says_sets_variables_and_is_stored_without_it(begin: Opener) -> None:
    session = begin("Yes.", character=COUNTING)
    await session.open()
    await collect(session.reply("I am tired.{{setvar::mood::calm}} {{user}} sits."))
    said = next(turn for turn in session.tree.walk_back() if turn.name == "Alex")
    assert said.text == "I am tired. Alex sits."
    assert of(session) == {"mood": "calm", "nights": "1"}


async def test_under_classic_what_the_user_says_has_sillytaverns_macros(begin: Opener) -> None:
    session = begin("Yes.", policy="classic")
    await session.open()
    await collect(session.reply("{{setvar::who::{{char}}}} {{dice}}"))
    said = next(turn for turn in session.tree.walk_back() if turn.name == "Alex")
    assert said.text == "}} {{dice}}"
    assert of(session) == {"who": "{{char"}


async def test_what_the_user_says_may_ask_for_the_newest_turns(begin: Opener) -> None:
    session = begin("Yes.", character=replace(MIRA, alternate_greetings=()))
    await session.open()
    await collect(session.reply("You said “{{lastCharMessage}}” ({{lastMessageId}})."))
    said = next(turn for turn in session.tree.walk_back() if turn.name == "Alex")
    assert said.text == 'You said “*Mira lifts a lantern.* "Across, Alex?"” (0).'


async def test_what_the_user_says_may_name_what_the_card_says(begin: Opener) -> None:
    session = begin("Yes.")
    await session.open()
    await collect(session.reply("I was told: {{description}}"))
    said = next(turn for turn in session.tree.walk_back() if turn.name == "Alex")
    assert said.text == "I was told: Mira keeps the night ferry and talks to Alex across the water."


async def test_only_the_greeting_that_is_shown_sets_variables(begin: Opener) -> None:
    shut = ("Go.{{setvar::door::shut}}",)
    card = replace(MIRA, greeting="Come in.{{setvar::door::open}}", alternate_greetings=shut)
    session = begin("Yes.", character=card)
    await session.open()
    assert of(session) == {"door": "open"}
    assert [session.tree.turns[turn].text for turn in session.tree.siblings(session.tree.tip)] == ["Come in.", "Go."]


async def test_lore_that_fires_sets_variables(begin: Opener) -> None:
    eels = LoreEntry(uid=1, keys=("eels",), content="The eels wake.{{setvar::eels::awake}}")
    session = begin("Yes.", "No.", lorebooks=(Lorebook("River", (eels,)),))
    await session.open()
    await collect(session.reply("Hello?"))
    assert of(session) == {}
    await collect(session.reply("And the eels?"))
    assert of(session) == {"eels": "awake"}


async def test_undo_takes_back_what_was_said_and_passes_over_variables(begin: Opener) -> None:
    session = begin("Yes.", character=COUNTING)
    await session.open()
    await collect(session.reply("Hello?"))
    assert await session.changes.undo() == "Mira's reply"
    assert of(session) == {"nights": "1"}


async def test_what_a_card_bans_is_told_to_the_engine(begin: Opener) -> None:
    session = begin("Yes.", character=replace(MIRA, description='Calm.{{banned "storm"}}'))
    await session.open()
    await collect(session.reply("Hello?"))
    assert fake_of(session).requests[-1].banned == ("storm",)


async def test_a_chat_opened_again_goes_on_with_its_variables(begin: Opener, store: ChatStore) -> None:
    session = begin("Yes.", character=COUNTING)
    await session.open()
    await collect(session.reply("Hello?"))
    again = ChatVariables(store.open(session.log.path.stem))
    await again.open()
    assert again.of_chat == {"nights": "1"}


async def test_a_variable_is_written_only_when_it_changes(begin: Opener) -> None:
    session = begin("Yes.", "No.", character=replace(MIRA, description="{{setvar::place::ferry}}"))
    await session.open()
    for text in ("Hello?", "And now?"):
        await collect(session.reply(text))
    written = [event.body for event in session.log.events if isinstance(event.body, PropertySet)]
    assert [body for body in written if body.key.startswith(VARIABLE)] == [PropertySet(f"{VARIABLE}place", "ferry")]


async def test_the_variables_of_all_chats_are_kept_in_their_file(store: ChatStore, tmp_path: Path) -> None:
    file = GlobalVariables(tmp_path / "variables.json", tmp_path / "variables.lock")
    one, other = (ChatVariables(store.create(title, ("Mira",), "Alex"), file) for title in ("One", "Other"))
    await one.open()
    await one.keep({"gold": "5"}, {"met": "1"})
    await other.open()
    assert (other.of_chat, other.everywhere) == ({}, {"met": "1"})
    await other.keep({}, {"met": "1", "seen": "2"})
    await one.keep({"gold": "5"}, {"met": "3"})
    assert one.everywhere == file.read() == {"met": "3", "seen": "2"}


async def test_a_file_that_refuses_holds_up_no_reply_and_is_told_once(begin: Opener, tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    path.mkdir()
    session = begin("Yes.", "No.", "Well.", character=COUNTING)
    session.variables = ChatVariables(session.log, GlobalVariables(path, tmp_path / "variables.lock"))
    await session.open()
    told = [event.text for text in "ab" for event in await collect(session.reply(text)) if isinstance(event, Notice)]
    assert len(told) == 1
    assert told[0].startswith("Variables of all chats last only as long as this chat is open. ")
    assert told[0].endswith("variables.json cannot be read: it is a folder.")
    assert session.variables.everywhere == {"met": "2"}
    path.rmdir()
    await collect(session.reply("c"))
    assert GlobalVariables(path, tmp_path / "variables.lock").read() == {"met": "3"}


@pytest.mark.parametrize(("value", "read"), [("a", "a"), (5, "5"), (1.5, "1.5"), (True, None), ([1], None), ({}, None)])
def test_variables_written_by_others_are_texts(value: object, read: str | None) -> None:
    assert variables_in({f"{VARIABLE}x": value, "note": "no variable"}) == ({} if read is None else {"x": read})


async def test_swipes_are_counted_for_the_newest_turn(begin: Opener) -> None:
    session = begin("Yes.", "No.")
    await session.open()
    assert swipes_of(session.tree, session.tree.tip, another=False) == (2, 1)
    await collect(session.reply("Hello?"))
    reply = session.tree.tip
    said = session.tree.turns[reply].parent
    assert swipes_of(session.tree, reply, another=False) == (1, 1)
    assert swipes_of(session.tree, said, another=True) == (1, 2)
    assert swipes_of(session.tree, said, another=False) is None
    assert swipes_of(session.tree, reply, another=True) is None
    assert isinstance(session.log.events[-1].body, TurnAdded)
