"""A conversation in progress: what is stored, in which order events come, and what swipes, edits and undo do."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing
from dataclasses import replace

import pytest

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, StorageError
from tavern_tui.domain.events import Body, ChatEvent, Speaker, TurnAdded
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import EngineInfo, Notice, ReasoningArrived
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection
from tavern_tui.session.options import ReplyOptions, for_starter
from tavern_tui.session.reply_place import ReplyPlace
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.journal import ReplyJournal
from tests.session.conftest import Opener, collect, fake_of


def names(events: list[out.SessionEvent]) -> list[str]:
    return [type(event).__name__ for event in events if not isinstance(event, out.TextArrived)]


def saved(events: list[out.SessionEvent]) -> str:
    [event] = [event for event in events if isinstance(event, out.TurnSaved)]
    return event.turn.text


def texts(session: ChatSession) -> list[str]:
    return [turn.text for turn in session.tree.path()]


async def test_a_new_chat_begins_with_the_greetings_as_swipes(begin: Opener) -> None:
    session = begin()
    await session.open()
    assert texts(session) == ['*Mira lifts a lantern.* "Across, Alex?"']
    assert len(session.tree.siblings(session.tree.tip)) == 2


async def test_a_card_without_a_greeting_begins_empty(begin: Opener) -> None:
    session = begin(character=Character(name="Mira"))
    await session.open()
    assert texts(session) == []
    assert saved(await collect(session.reply("Hello?"))) == "Yes."


async def test_a_reply_is_a_fixed_list_of_events(begin: Opener) -> None:
    session = begin("Step in, then.")
    await session.open()
    found = await collect(session.reply("Yes, please."))
    assert names(found) == ["TurnStarted", "PromptBuilt", "PrefillProgress", "TurnSaved"]
    assert saved(found) == "Step in, then."


async def test_text_arrives_as_a_growing_whole_and_what_is_settled_stays(begin: Opener) -> None:
    session = begin('*She nods.* "In you go." The boat rocks. It is cold')
    await session.open()
    found = await collect(session.reply("Yes."))
    grown = [event for event in found if isinstance(event, out.TextArrived)]
    assert grown[-1].text == saved(found)
    for event in grown:
        assert saved(found).startswith(event.text[: event.settled])
    assert any(0 < event.settled < len(event.text) for event in grown)


async def test_the_users_turn_is_stored_before_the_engine_is_asked(begin: Opener) -> None:
    session = begin()
    await session.open()
    fake_of(session).refuse_connection = EngineError("rig does not answer.", fault=EngineFault.UNREACHABLE)
    found = await collect(session.reply("Are you there, {{char}}?"))
    assert names(found) == ["TurnStarted", "TurnFailed"]
    assert texts(session)[-1] == "Are you there, Mira?"
    fake_of(session).refuse_connection = None
    assert saved(await collect(session.reply())) == "Yes."
    assert [turn.speaker for turn in session.tree.path()][-2:] == [Speaker.USER, Speaker.CHARACTER]


async def test_the_prompt_holds_card_history_and_the_new_message(begin: Opener) -> None:
    session = begin()
    await session.open()
    await collect(session.reply("How deep is it?"))
    prompt = joined(fake_of(session).requests[0].prompt)
    assert "Mira keeps the night ferry and talks to Alex" in prompt
    assert "Across, Alex?" in prompt
    assert prompt.index("Across") < prompt.index("How deep is it?")


async def test_a_swipe_is_a_sibling_and_keeps_the_old_reply(begin: Opener) -> None:
    session = begin("One.", "Two.")
    await session.open()
    await collect(session.reply("Go."))
    first = session.tree.tip
    assert saved(await collect(session.swipe())) == "Two."
    assert [session.tree.turns[turn].text for turn in session.tree.siblings(first)] == ["One.", "Two."]
    requests = fake_of(session).requests
    assert joined(requests[0].prompt) == joined(requests[1].prompt)
    assert (await session.changes.select_swipe(-1)).text == "One."
    with pytest.raises(NotFoundError, match="2 swipes"):
        await session.changes.select_swipe(-1)


async def test_swipes_with_a_fixed_seed_differ(begin: Opener) -> None:
    session = begin("One.", seed=7)
    await session.open()
    await collect(session.reply("Go."))
    await collect(session.swipe())
    await collect(session.swipe())
    assert [request.seed for request in fake_of(session).requests] == [7, 8, 9]


async def test_a_swipe_of_the_users_own_turn_is_refused(begin: Opener) -> None:
    session = begin()
    await session.open()
    fake_of(session).refuse_connection = EngineError("down", fault=EngineFault.UNREACHABLE)
    await collect(session.reply("Hello"))
    with pytest.raises(NotFoundError):
        await collect(session.swipe())


async def test_continuing_appends_to_the_same_turn(begin: Opener) -> None:
    session = begin("She waits.", " Then she rows.")
    await session.open()
    await collect(session.reply("Go."))
    turns = len(session.tree.turns)
    assert saved(await collect(session.continue_reply())) == "She waits. Then she rows."
    assert len(session.tree.turns) == turns
    assert joined(fake_of(session).requests[1].prompt).endswith("She waits.")


async def test_a_reply_at_its_length_ends_with_its_sentence_and_keeps_its_raw_text(begin: Opener) -> None:
    long = "The boat rocks. " * 3 + "And then there is a long sentence " + "that goes on and on " * 40
    session = begin(long, response_tokens=30)
    await session.open()
    found = await collect(session.reply("Go."))
    assert isinstance(found[-2], out.TurnStopped)
    assert found[-2].reason is out.Stopped.LENGTH
    assert saved(found) == "The boat rocks. The boat rocks. The boat rocks."
    turn = session.tree.path()[-1]
    assert turn.raw is not None
    assert turn.raw.startswith(turn.text)
    assert turn.raw.endswith("that goes")


async def test_a_reply_may_run_a_quarter_longer_to_end_its_sentence(begin: Opener) -> None:
    session = begin("one two three four five six seven. eight nine ten eleven twelve.", response_tokens=12)
    await session.open()
    assert saved(await collect(session.reply("Go."))) == "one two three four five six seven."


async def test_the_users_lines_written_by_the_model_are_cut(begin: Opener) -> None:
    session = begin("Mira: Come aboard.\nAlex: I step in.")
    await session.open()
    assert saved(await collect(session.reply("Go."))) == "Come aboard."


async def test_stopping_keeps_the_text_and_aborts_the_engine(begin: Opener) -> None:
    session = begin(["The boat", " rocks", 3600.0, " never"])
    await session.open()
    seen: list[out.SessionEvent] = []
    async with aclosing(session.reply("Go.")) as stream:
        async for event in stream:
            seen.append(event)
            if isinstance(event, out.TextArrived) and "rocks" in event.text:
                session.stop()
    assert names(seen)[-2:] == ["TurnStopped", "TurnSaved"]
    assert saved(seen) == "The boat rocks"
    assert fake_of(session).aborted == 1
    assert not session.busy


async def test_stopping_before_the_first_word_leaves_no_turn(begin: Opener) -> None:
    session = begin([3600.0, "never"])
    await session.open()
    seen: list[out.SessionEvent] = []
    async for event in session.reply("Go."):
        seen.append(event)
        if isinstance(event, out.PrefillProgress):
            session.stop()
    assert names(seen)[-1] == "TurnStopped"
    assert texts(session)[-1] == "Go."


async def test_a_broken_link_keeps_what_came_as_an_interrupted_turn(begin: Opener) -> None:
    session = begin(["The boat rocks", EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)], "And on.")
    await session.open()
    found = await collect(session.reply("Go."))
    failed = found[-1]
    assert isinstance(failed, out.TurnFailed)
    assert failed.kept_text == "The boat rocks"
    turn = session.tree.turns[failed.turn_id]
    assert turn.interrupted
    assert saved(await collect(session.continue_reply())).startswith("The boat rocks")
    assert not session.tree.turns[failed.turn_id].interrupted


async def test_a_cancelled_task_keeps_what_came(begin: Opener) -> None:
    session = begin(["The boat rocks", 3600.0])
    await session.open()
    arrived = asyncio.Event()

    async def listen() -> None:
        async for event in session.reply("Go."):
            if isinstance(event, out.TextArrived) and "rocks" in event.text:
                arrived.set()

    task = asyncio.create_task(listen())
    await asyncio.wait_for(arrived.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert texts(session)[-1] == "The boat rocks"
    assert session.tree.path()[-1].interrupted


async def test_a_model_that_writes_nothing_is_no_empty_turn(begin: Opener) -> None:
    session = begin("")
    await session.open()
    found = await collect(session.reply("Go."))
    assert isinstance(found[-1], out.TurnFailed)
    assert "wrote nothing" in found[-1].error.title
    assert texts(session)[-1] == "Go."


async def test_a_reply_that_the_model_does_not_continue_stays_and_no_template_is_blamed(begin: Opener) -> None:
    session = begin("She nods.", "")
    await session.open()
    await collect(session.reply("Go."))
    found = await collect(session.continue_reply())
    assert isinstance(found[-1], out.TurnFailed)
    assert "nothing to add" in found[-1].error.title
    assert texts(session)[-1] == "She nods."


async def test_thinking_is_told_apart_and_never_in_the_next_prompt(begin: Opener) -> None:
    session = begin([ReasoningArrived("He wants to cross."), "Come aboard."])
    await session.open()
    found = await collect(session.reply("Go."))
    assert out.ReasoningArrived("He wants to cross.") in found
    assert session.tree.path()[-1].reasoning == "He wants to cross."
    await collect(session.reply("And now?"))
    assert "wants to cross" not in joined(fake_of(session).requests[1].prompt)


async def test_a_reply_that_was_all_thinking_says_so(begin: Opener) -> None:
    session = begin([ReasoningArrived("Hm.")])
    await session.open()
    failed = (await collect(session.reply("Go.")))[-1]
    assert isinstance(failed, out.TurnFailed)
    assert "only thought" in failed.error.title


async def test_an_engines_notice_reaches_the_front_end(begin: Opener) -> None:
    session = begin([Notice("no DRY here"), "Yes."])
    await session.open()
    assert out.Notice("no DRY here") in await collect(session.reply("Go."))


async def test_undo_takes_back_the_newest_action_and_redo_brings_it_back(begin: Opener) -> None:
    session = begin("One.")
    await session.open()
    await collect(session.reply("Go."))
    whole = texts(session)
    assert await session.changes.undo() == "Mira's reply"
    assert await session.changes.undo() == "your message"
    assert len(texts(session)) == 1
    assert await session.changes.undo() == ""
    assert await session.changes.redo() == "your message"
    assert await session.changes.redo() == "Mira's reply"
    assert await session.changes.redo() == ""
    assert texts(session) == whole


async def test_a_new_action_ends_what_can_be_redone(begin: Opener) -> None:
    session = begin("One.")
    await session.open()
    await collect(session.reply("Go."))
    await session.changes.undo()
    await session.changes.edit(session.tree.tip, "Stay.")
    assert await session.changes.redo() == ""
    assert await session.changes.undo() == "an edit"
    assert texts(session)[-1] == "Go."


async def test_edits_hiding_and_deleting_are_seen_by_the_next_prompt(begin: Opener) -> None:
    session = begin("One.")
    await session.open()
    await collect(session.reply("A secret word."))
    mine, theirs = session.tree.path()[-2:]
    await session.changes.edit(theirs.id, "Edited words.")
    await session.changes.hide(mine.id)
    await collect(session.reply("Next."))
    prompt = joined(fake_of(session).requests[-1].prompt)
    assert "Edited words." in prompt
    assert "secret" not in prompt
    await session.changes.delete(mine.id)
    assert len(texts(session)) == 1
    assert await session.changes.undo() == "deleting a turn"
    assert len(texts(session)) == 5


async def test_only_one_reply_runs_at_a_time(begin: Opener) -> None:
    session = begin(["The boat", 3600.0])
    await session.open()
    async with aclosing(session.reply("Go.")) as stream:
        async for event in stream:
            if isinstance(event, out.TextArrived) and "boat" in event.text:
                with pytest.raises(EngineError, match="already being written"):
                    await collect(session.reply("Again."))
                break
    assert texts(session)[-2:] == ["Go.", "The boat"]


async def test_a_reply_cut_off_by_a_crash_is_there_at_the_next_opening(begin: Opener, store: ChatStore) -> None:
    session = begin(["The boat rocks", 3600.0])
    await session.open()
    stream = session.reply("Go.")
    async for event in stream:
        if isinstance(event, out.TextArrived) and "rocks" in event.text:
            break
    running = await asyncio.to_thread(store.open, "A crossing")
    assert [turn.text for turn in running.tree.path()][-1] == "Go."
    await stream.aclose()
    later = store.open("A crossing")
    assert later.tree.path()[-1].text == "The boat rocks"


async def test_counts_are_asked_once_per_text(begin: Opener) -> None:
    session = begin("One.", "Two.")
    await session.open()
    await collect(session.reply("Go."))
    asked = session.connection.counts.texts
    await collect(session.swipe())
    assert session.connection.counts.texts == asked
    await collect(session.reply("Next."))
    assert session.connection.counts.requests <= 3


async def test_every_request_fits_the_context(begin: Opener) -> None:
    session = begin("word " * 50, context_tokens=600)
    await session.open()
    for number in range(12):
        found = await collect(session.reply(f"message {number} " * 12))
        [built] = [event for event in found if isinstance(event, out.PromptBuilt)]
        request = fake_of(session).requests[-1]
        tokens = (await session.connection.engine.count([joined(request.prompt)]))[0]
        assert tokens + request.response_tokens <= 600
        assert built.plan.tokens >= tokens


async def test_a_reply_can_be_stopped_while_the_engine_is_still_being_reached(begin: Opener) -> None:
    session = begin("Never.")
    await session.open()
    reached = asyncio.Event()

    async def connect() -> EngineInfo:
        reached.set()
        await asyncio.sleep(3600)
        raise AssertionError

    fake_of(session).connect = connect  # type: ignore[method-assign]
    stopper = asyncio.create_task(reached.wait())
    stopper.add_done_callback(lambda _: session.stop())
    found = await collect(session.reply("Go."))
    assert names(found) == ["TurnStarted", "TurnStopped"]
    assert texts(session)[-1] == "Go."
    assert not session.busy


async def test_two_replies_asked_for_at_once_are_one(begin: Opener) -> None:
    session = begin("One.")
    await session.open()
    first, second = await asyncio.gather(
        collect(session.reply("A")), collect(session.reply("B")), return_exceptions=True
    )
    assert isinstance(second, EngineError)
    assert not isinstance(first, BaseException)
    assert texts(session)[1:] == ["A", "One."]


async def test_a_cancel_during_the_last_save_writes_the_reply_once_and_whole(begin: Opener) -> None:
    session = begin("The boat rocks.")
    await session.open()
    append, saving = session.log.append_from, asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(make: Callable[[ChatTree], Iterable[Body]], *, event_id: str = "") -> tuple[ChatEvent, ...]:
        if event_id:
            loop.call_soon_threadsafe(saving.set)
            time.sleep(0.2)
        return append(make, event_id=event_id)

    session.log.append_from = slow  # type: ignore[method-assign]
    task = asyncio.create_task(collect(session.reply("Go.")))
    await asyncio.wait_for(saving.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert texts(session)[1:] == ["Go.", "The boat rocks."]
    assert not session.tree.path()[-1].interrupted
    assert (
        len([e for e in session.log.events if isinstance(e.body, TurnAdded) and e.body.text == "The boat rocks."]) == 1
    )


def killed_in_mid_reply(session: ChatSession, text: str, *, place: ReplyPlace, base: str = "") -> None:
    """Leave a journal as a killed process does."""
    journal = ReplyJournal.start(
        session.log,
        speaker=Speaker.CHARACTER,
        name=place.name,
        parent=place.parent,
        turn=place.extends.id if place.extends else "",
        base=base,
    )
    if text:
        journal.write(text)
    journal.leave()


async def test_a_continuation_cut_off_by_a_kill_is_appended_once(begin: Opener) -> None:
    session = begin("She waits.")
    await session.open()
    await collect(session.reply("Go."))
    turn = session.tree.path()[-1]
    killed_in_mid_reply(session, " Then she", place=ReplyPlace("Mira", turn.parent, turn), base=turn.source_text)
    assert len((await session.open()).recovered) == 1
    assert texts(session)[-1] == "She waits. Then she"


async def test_a_kill_before_the_first_word_leaves_no_turn_of_the_given_beginning(begin: Opener) -> None:
    session = begin(prefill="*")
    await session.open()
    place = ReplyPlace("Mira", session.tree.tip)
    killed_in_mid_reply(session, "", place=place, base="*")
    assert (await session.open()).recovered == ()
    killed_in_mid_reply(session, "She nods", place=place, base="*")
    await session.open()
    assert texts(session)[-1] == "*She nods"


async def test_the_length_that_is_set_for_a_chat_stays_with_it(begin: Opener, store: ChatStore) -> None:
    session = begin("One.")
    await session.open()
    await session.set_response_tokens(77)
    again = ChatSession(
        log=store.open("A crossing"),
        character=session.character,
        persona=session.persona,
        connection=session.connection,
        options=replace(session.options, response_tokens=300, chosen=frozenset()),
    )
    await again.open()
    assert again.options.response_tokens == 77


async def test_what_somebody_chose_holds_for_the_starter_too() -> None:
    by_default = for_starter(ReplyOptions(), sample=True)
    assert (by_default.response_tokens, by_default.preset.name, by_default.prefill) == (90, "starter", "*")
    chosen = for_starter(ReplyOptions(chosen=frozenset({"preset"})).with_length(300), sample=False)
    assert (chosen.response_tokens, chosen.preset.name, chosen.prefill) == (300, "balanced", "")


async def test_a_server_that_ignores_the_length_is_ended_on_our_side(begin: Opener) -> None:
    session = begin(["word "] * 5000, response_tokens=40)
    await session.open()
    engine = fake_of(session)
    generate = engine.generate
    engine.generate = lambda request: generate(replace(request, response_tokens=100_000))  # type: ignore[method-assign]
    assert len(saved(await collect(session.reply("Go."))).split()) <= 60


def at_another_terminal(session: ChatSession, store: ChatStore, *replies: str) -> ChatSession:
    """A session of another program on the same chat."""
    return ChatSession(
        log=store.open(session.log.path.name),
        character=session.character,
        persona=session.persona,
        connection=Connection(FakeEngine(replies), clock=lambda: 0.0),
        options=session.options,
    )


async def test_turns_that_two_terminals_send_at_once_follow_one_another(begin: Opener, store: ChatStore) -> None:
    here = begin("To the first.")
    await here.open()
    there = at_another_terminal(here, store, "To the second.")
    async with aclosing(here.reply("First?")) as events:
        async for event in events:
            if isinstance(event, out.PromptBuilt):
                assert saved(await collect(there.reply("Second?"))) == "To the second."
    here.log.refresh()
    assert texts(here)[1:] == ["First?", "Second?", "To the second.", "To the first."]
    assert [len(here.tree.siblings(turn.id)) for turn in here.tree.path()[1:]] == [1, 1, 1, 1]


async def test_a_reply_to_a_turn_that_another_terminal_has_gone_on_from_hides_none(
    begin: Opener, store: ChatStore
) -> None:
    here = begin("To both.")
    await here.open()
    elsewhere = store.open(here.log.path.name)
    async with aclosing(here.reply("First?")) as events:
        async for event in events:
            if isinstance(event, out.PromptBuilt):
                elsewhere.append_from(lambda tree: [TurnAdded(tree.tip, Speaker.USER, "Alex", "Second?")])
    assert texts(here)[1:] == ["First?", "Second?", "To both."]


async def test_a_swipe_stays_beside_its_turn_though_the_chat_went_on(begin: Opener, store: ChatStore) -> None:
    session = begin("One.", "Two.")
    await session.open()
    await collect(session.reply("Go."))
    first = session.tree.tip
    elsewhere = store.open(session.log.path.name)
    async with aclosing(session.swipe()) as events:
        async for event in events:
            if isinstance(event, out.PromptBuilt):
                elsewhere.append_from(lambda tree: [TurnAdded(tree.tip, Speaker.USER, "Alex", "And then?")])
    assert [session.tree.turns[turn].text for turn in session.tree.siblings(first)] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        (
            "Alex: I speak for you.\nAlex: And again.",
            "The model wrote only Alex's lines, not its own: they are left out.",
        ),
        ("Mira:", "The model wrote only names and tags: nothing of it is left."),
        ("  \n", "The model wrote nothing (it stopped at once)."),
    ],
)
async def test_why_nothing_of_a_reply_is_left_is_said(begin: Opener, reply: str, title: str) -> None:
    session = begin(reply)
    await session.open()
    failed = (await collect(session.reply("Hm?")))[-1]
    assert isinstance(failed, out.TurnFailed)
    assert failed.error.title == title
    assert "saved" not in failed.error.hint, "the model has read it"


async def test_a_link_that_breaks_says_what_is_kept_of_what(begin: Opener) -> None:
    gone = [EngineError("The engine host ended.", fault=EngineFault.CRASHED, hint="Its log: host.log") for _ in "12"]
    session = begin(("Half a sen", gone[0]), (gone[1],))
    await session.open()
    begun, empty = [(await collect(session.reply(text)))[-1] for text in ("One?", "Two?")]
    assert isinstance(begun, out.TurnFailed)
    assert isinstance(empty, out.TurnFailed)
    assert str(begun.error).endswith("What came is kept. Its log: host.log")
    assert "What came" not in str(empty.error)
    assert "Your message is saved." in str(empty.error)


async def test_only_a_reply_is_said_to_stay_on_screen_when_the_disk_is_full(
    begin: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = begin("The boat rocks.")
    await session.open()
    full = storage_error(OSError(errno.ENOSPC, "No space left on device"), session.log.path)
    real = session.log.append_from

    def refuse(make: Callable[[ChatTree], Iterable[Body]], *, event_id: str = "") -> tuple[ChatEvent, ...]:
        if refused == bool(event_id):
            raise full
        return real(make, event_id=event_id)

    monkeypatch.setattr(session.log, "append_from", refuse)
    refused = False
    with pytest.raises(StorageError) as caught:
        await collect(session.reply("Go."))
    assert "on screen" not in str(caught.value)
    refused = True
    failed = (await collect(session.reply("Go.")))[-1]
    assert isinstance(failed, out.TurnFailed)
    assert "The reply stays on screen" in str(failed.error)
    assert "What came is kept" not in str(failed.error)


async def test_without_a_card_a_chat_is_read_and_nothing_is_stored(begin: Opener) -> None:
    session = begin()
    await session.open()
    session.no_card = NotFoundError("There is no character “Mira”.", hint="Put the card back.")
    before = session.tree.path()
    for stream in (session.reply("Hello"), session.swipe(), session.continue_reply()):
        with pytest.raises(NotFoundError, match="“Mira”"):
            await collect(stream)
    with pytest.raises(NotFoundError, match="“Mira”"):
        await session.plan()
    assert session.tree.path() == before
    assert not session.busy
