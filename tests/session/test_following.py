"""Two terminals on one chat: each sees the other's turns and running replies, can stop them, and waits its turn."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import aclosing
from itertools import pairwise
from typing import TypeVar

import pytest

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    PropertySet,
    Speaker,
    TextEdited,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    Undone,
)
from tavern_tui.session import following
from tavern_tui.session.following import (
    ChatChanged,
    ChatFollower,
    Followed,
    FollowingRefused,
    OtherReplyEnded,
    OtherReplyGrew,
    OtherReplyStarted,
    changed,
)
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.journal import ReplyJournal
from tests.session.conftest import collect
from tests.session.other_terminal import Others, session_on

E = TypeVar("E")
PATIENCE = 60.0


class Ear:
    """Hears what a follower tells, in a task of its own."""

    def __init__(self, follower: ChatFollower) -> None:
        self.heard: list[Followed] = []
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._listen(follower))

    async def _listen(self, follower: ChatFollower) -> None:
        async with aclosing(follower.events()) as events:
            async for event in events:
                self.heard.append(event)
                self._more.set()

    async def first(self, kind: type[E], when: Callable[[E], bool] = lambda _event: True) -> E:
        """The first event of this kind for which ``when`` holds, waited for."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for event in self.heard:
                    if isinstance(event, kind) and when(event):
                        return event
                self._more.clear()
                await self._more.wait()

    async def end(self) -> list[Followed]:
        """Stop listening; everything that was heard."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return self.heard


def texts(session: ChatSession) -> list[str]:
    return [turn.text for turn in session.tree.path()]


def said(text: str, parent: str) -> TurnAdded:
    return TurnAdded(parent, Speaker.USER, "Alex", text)


def litter(session: ChatSession) -> list[str]:
    """What replies and requests left in the state folder."""
    return [path.name for path in session.log.state.iterdir() if path.suffix in (".reply", ".stop", ".pid")]


async def test_a_turn_from_another_terminal_is_told_once_it_is_in_the_tree(session: ChatSession) -> None:
    ear = Ear(ChatFollower(session.log))
    elsewhere = session_on(session.log.path, session.log.state).log
    (event,) = elsewhere.append(said("Over here!", elsewhere.tree.tip))
    told = await ear.first(ChatChanged)
    assert told == ChatChanged(frozenset({event.id}), tip=True)
    assert texts(session)[-1] == "Over here!"
    await ear.end()


async def test_what_this_terminal_writes_itself_is_not_told(session: ChatSession) -> None:
    ear = Ear(ChatFollower(session.log))
    await collect(session.reply("Hello?"))
    elsewhere = session_on(session.log.path, session.log.state).log
    (event,) = elsewhere.append(said("Over here!", elsewhere.tree.tip))
    await ear.first(ChatChanged, lambda told: event.id in told.turns)
    assert await ear.end() == [ChatChanged(frozenset({event.id}), tip=True)]


async def test_what_others_wrote_is_told_even_where_an_own_change_read_it_first(session: ChatSession) -> None:
    follower = ChatFollower(session.log)
    elsewhere = session_on(session.log.path, session.log.state).log
    (event,) = elsewhere.append(said("Over here!", elsewhere.tree.tip))
    await session.changes.edit(session.tree.tip, "Changed.")
    ear = Ear(follower)
    assert (await ear.first(ChatChanged)).turns == {event.id}
    await ear.end()


async def test_a_reply_of_another_process_is_followed_word_by_word_to_its_turn(
    session: ChatSession, other: Others
) -> None:
    ear = Ear(ChatFollower(session.log))
    terminal = other(session, words=60)
    terminal.tell("say Hello?")
    turn = (await terminal.until("TurnSaved")).split()[1]
    ended = await ear.first(OtherReplyEnded)
    heard = await ear.end()
    started = await ear.first(OtherReplyStarted)
    grown = [event.reply for event in heard if isinstance(event, OtherReplyGrew)]
    assert (started.reply.id, started.reply.name, started.reply.speaker) == (turn, "Mira", Speaker.CHARACTER)
    assert session.tree.turns[started.reply.parent].text == "Hello?"
    assert len(grown) >= 2
    assert all(later.text.startswith(earlier.text) for earlier, later in pairwise(grown))
    assert ended == OtherReplyEnded(ended.reply, saved=True, interrupted=False)
    brought = next(event for event in heard if isinstance(event, ChatChanged) and turn in event.turns)
    assert heard.index(brought) < heard.index(ended)
    assert texts(session)[-1].startswith("word0 word1")


async def test_a_chat_opened_in_mid_reply_shows_what_came_so_far_and_then_the_turn_once(
    session: ChatSession, other: Others
) -> None:
    terminal = other(session, words=30)
    terminal.tell("say Hello?")
    await terminal.until("TextArrived")
    await terminal.until("TextArrived")
    again = session_on(session.log.path, session.log.state)
    recovery = await again.open()
    assert len(recovery.running) == 1
    ear = Ear(ChatFollower(again.log))
    assert (await ear.first(OtherReplyStarted)).reply.text.startswith("word0 word1")
    ended = await ear.first(OtherReplyEnded)
    await ear.end()
    assert again.tree.tip == ended.reply.turn
    assert again.tree.siblings(again.tree.tip) == [ended.reply.turn]


async def test_the_reply_of_a_killed_writer_is_there_once_however_many_were_watching(
    session: ChatSession, other: Others
) -> None:
    second = session_on(session.log.path, session.log.state)
    ears = [Ear(ChatFollower(session.log)), Ear(ChatFollower(second.log))]
    terminal = other(session)
    terminal.tell("say Hello?")
    for ear in ears:
        await ear.first(OtherReplyGrew, lambda event: "word2" in event.reply.text)
    terminal.kill()
    for ear, seen in zip(ears, (session, second), strict=True):
        ended = await ear.first(OtherReplyEnded)
        assert (ended.saved, ended.interrupted) == (True, True)
        await ear.first(ChatChanged, lambda told, turn=ended.reply.turn: turn in told.turns)  # type: ignore[misc]
        assert seen.tree.tip == ended.reply.turn
        assert seen.tree.siblings(seen.tree.tip) == [ended.reply.turn]
        assert seen.tree.turns[seen.tree.tip].text.startswith("word0 word1 word2")
        await ear.end()
    assert litter(session) == []


async def test_a_stop_from_here_reaches_the_writer_there_and_the_text_is_kept(
    session: ChatSession, other: Others
) -> None:
    follower = ChatFollower(session.log)
    ear = Ear(follower)
    terminal = other(session, words=2000)
    terminal.tell("say Hello?")
    await ear.first(OtherReplyGrew, lambda event: "word2" in event.reply.text)
    assert await follower.stop()
    await terminal.until("TurnStopped")
    ended = await ear.first(OtherReplyEnded)
    assert (ended.saved, ended.interrupted) == (True, False)
    turn = session.tree.turns[ended.reply.turn]
    assert turn.text.startswith("word0 word1 word2")
    assert "word1999" not in turn.text
    assert turn.receipt is not None
    assert turn.receipt.stop == "stopped"
    assert litter(session) == []
    await ear.end()


async def test_without_another_reply_there_is_nothing_to_stop_or_to_wait_for(session: ChatSession) -> None:
    follower = ChatFollower(session.log)
    assert not await follower.stop()
    await follower.other_reply_ended()
    assert follower.writing == ()


async def test_the_own_reply_is_neither_waited_for_nor_stopped(session: ChatSession) -> None:
    follower = ChatFollower(session.log)
    journal = ReplyJournal.start(session.log, speaker=Speaker.CHARACTER, name="Mira", parent=session.tree.tip)
    assert not await follower.stop()
    await follower.other_reply_ended()
    journal.finish()


async def test_only_the_reply_that_is_named_is_stopped(session: ChatSession) -> None:
    elsewhere = session_on(session.log.path, session.log.state).log
    one, two = (
        ReplyJournal.start(elsewhere, speaker=Speaker.CHARACTER, name="Mira", parent=elsewhere.tree.tip) for _ in "12"
    )
    follower = ChatFollower(session.log)
    assert await follower.stop(two.event_id)
    assert (one.stop_asked(), two.stop_asked()) == (False, True)
    assert {reply.id for reply in follower.writing} == {one.event_id, two.event_id}
    one.finish()
    two.finish()


async def test_a_reply_that_is_being_continued_elsewhere_is_shown_with_what_it_goes_on_from(
    session: ChatSession,
) -> None:
    elsewhere = session_on(session.log.path, session.log.state).log
    turn = elsewhere.tree.turns[elsewhere.tree.tip]
    journal = ReplyJournal.start(
        elsewhere, speaker=turn.speaker, name=turn.name, parent=turn.parent, turn=turn.id, base=turn.text
    )
    journal.write(" Step in.")
    follower = ChatFollower(session.log)
    ear = Ear(follower)
    reply = (await ear.first(OtherReplyStarted)).reply
    assert (reply.id, reply.turn) == (journal.event_id, turn.id)
    assert (reply.text, reply.continued) == (turn.text + " Step in.", len(turn.text))
    journal.commit(journal.facts.body(" Step in.", ""))
    assert (await ear.first(OtherReplyEnded)).saved
    assert session.tree.turns[turn.id].text == turn.text + " Step in."
    await ear.end()


async def test_waiting_for_the_other_reply_ends_with_its_turn_in_the_tree(session: ChatSession, other: Others) -> None:
    terminal = other(session, words=10)
    terminal.tell("say Hello?")
    await terminal.until("TextArrived")
    follower = ChatFollower(session.log)
    async with asyncio.timeout(PATIENCE):
        await follower.other_reply_ended()
    assert "word9" in texts(session)[-1]
    await collect(session.reply("And then?"))
    assert texts(session)[-2:] == ["And then?", "Yes."]
    ear = Ear(follower)
    assert session.tree.turns[(await ear.first(OtherReplyEnded)).reply.turn].text in texts(session)
    await ear.end()


async def test_a_retry_here_stops_the_reply_there_and_becomes_its_second_swipe(
    session: ChatSession, other: Others
) -> None:
    follower = ChatFollower(session.log)
    terminal = other(session, words=2000)
    terminal.tell("say Hello?")
    await terminal.until("TextArrived")
    async with asyncio.timeout(PATIENCE):
        assert await follower.stop()
        await follower.other_reply_ended()
        await collect(session.swipe())
    swipes = [session.tree.turns[turn].text for turn in session.tree.siblings(session.tree.tip)]
    assert len(swipes) == 2
    assert swipes[0].startswith("word0")
    assert swipes[1] == "Yes."
    assert [turn.text for turn in session.tree.path() if turn.speaker is Speaker.USER] == ["Hello?"]


async def test_messages_sent_in_three_terminals_at_once_follow_each_other_with_their_replies(
    session: ChatSession, other: Others
) -> None:
    terminals = [other(session, words=3, seconds=0.02) for _ in range(3)]
    for number, terminal in enumerate(terminals):
        terminal.tell(f"say From {number}")
    for terminal in terminals:
        await terminal.until("TurnSaved")
    session.log.refresh()
    path = session.tree.path()[1:]
    assert sorted(turn.text for turn in path[::2]) == ["From 0", "From 1", "From 2"]
    assert [turn.speaker for turn in path] == [Speaker.USER, Speaker.CHARACTER] * 3
    assert all(len(session.tree.siblings(turn.id)) == 1 for turn in path)


async def test_messages_sent_at_once_without_asking_for_the_floor_are_all_in_one_line_with_their_replies(
    session: ChatSession, other: Others
) -> None:
    terminals = [other(session, words=3, seconds=0.02) for _ in range(2)]
    for number, terminal in enumerate(terminals):
        terminal.tell(f"now From {number}")
    for terminal in terminals:
        await terminal.until("TurnSaved")
    session.log.refresh()
    path = session.tree.path()[1:]
    assert sorted(turn.text for turn in path if turn.speaker is Speaker.USER) == ["From 0", "From 1"]
    assert len([turn for turn in path if turn.speaker is Speaker.CHARACTER]) == 2
    assert all(len(session.tree.siblings(turn.id)) == 1 for turn in path)


async def test_a_terminal_that_is_killed_with_the_floor_gives_it_up(session: ChatSession, other: Others) -> None:
    terminal = other(session, words=2000)
    terminal.tell("say Hello?")
    await terminal.until("TextArrived")
    terminal.kill()
    async with asyncio.timeout(PATIENCE), ChatFollower(session.log).floor():
        await collect(session.reply("Are you there?"))
    assert texts(session)[-3].startswith("word0")
    assert session.tree.path()[-3].interrupted
    assert texts(session)[-2:] == ["Are you there?", "Yes."]


async def test_a_wait_for_the_floor_that_is_given_up_leaves_it_free(session: ChatSession) -> None:
    one, two = ChatFollower(session.log), ChatFollower(session.log)

    async def take() -> None:
        async with two.floor():
            pass

    async with one.floor():
        waiting = asyncio.create_task(take())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with asyncio.timeout(PATIENCE):
        await take()


async def test_a_disk_that_cannot_be_looked_at_is_told_once_and_following_goes_on(
    session: ChatSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_REFUSED_SECONDS", 0.05)
    state = session.log.state
    shutil.rmtree(state)
    state.write_text("no folder")
    ear = Ear(ChatFollower(session.log))
    await ear.first(FollowingRefused)
    await asyncio.sleep(0.4)
    assert [type(event) for event in ear.heard] == [FollowingRefused]
    state.unlink()
    elsewhere = session_on(session.log.path, state).log
    (event,) = elsewhere.append(said("Over here!", elsewhere.tree.tip))
    assert (await ear.first(ChatChanged)).turns == {event.id}
    await ear.end()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (said("Hello", "a"), ChatChanged(frozenset({"e"}), tip=True)),
        (TextEdited("a", "new"), ChatChanged(frozenset({"a"}))),
        (TurnHidden("a"), ChatChanged(frozenset({"a"}))),
        (TurnDeleted("a"), ChatChanged(frozenset({"a"}), tip=True)),
        (TipMoved("a"), ChatChanged(frozenset(), tip=True)),
        (PropertySet("note", "x"), ChatChanged(frozenset(), properties=frozenset({"note"}))),
        (Undone("x"), ChatChanged(frozenset(), tip=True)),
    ],
)
def test_every_kind_of_event_says_what_it_touches(body: Body, told: ChatChanged) -> None:
    news = [ChatEvent("e", "w", 1, body)]
    assert changed(news, news, ChatTree()) == told
