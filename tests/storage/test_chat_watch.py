"""A look at a chat costs the same however long it is, and tells each thing once."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatStarted, Speaker, TextEdited, TurnAdded
from tavern_tui.storage.chat_watch import ChatWatch, Look
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import ReplyJournal
from tests.storage.disk import Disk, said

LONG_AGO = 1_000_000_000


@pytest.fixture
def log(disk: Disk) -> ChatLog:
    """A chat with one turn, open in this terminal."""
    log = disk.create()
    log.append(said("Hello"))
    return log


def begin(log: ChatLog) -> ReplyJournal:
    """Mira begins to answer, in the terminal that has ``log``."""
    return ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", parent=log.tree.tip)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What is asked of the system inside, and how many bytes are read with ``pread``."""
    calls: Counter[str] = Counter()

    def counting(name: str, real: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            calls[name] += 1
            answer = real(*arguments, **options)
            if name == "pread":
                calls["bytes"] += len(answer)
            return answer

        return call

    with monkeypatch.context() as patch:
        for name in ("stat", "open", "pread", "scandir", "listdir", "fstat"):
            patch.setattr(os, name, counting(name, getattr(os, name)))
        yield calls


def settle(log: ChatLog) -> None:
    """Let the state folder have been left alone for long."""
    os.utime(log.state, (LONG_AGO, LONG_AGO))


@pytest.mark.parametrize("turns", [10, 3000])
def test_a_look_at_a_quiet_chat_is_two_time_stamps(
    disk: Disk, log: ChatLog, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(*(said(f"turn {number}", log.tree.tip) for number in range(turns)))
    settle(log)
    watch = ChatWatch(log)
    watch.look()
    with counted(monkeypatch) as calls:
        assert watch.look() == Look()
    assert calls == {"stat": 2}


@pytest.mark.parametrize("turns", [10, 3000])
def test_a_new_turn_costs_its_own_bytes_and_a_few_before_them(
    disk: Disk, log: ChatLog, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.append(*(said(f"turn {number}", log.tree.tip) for number in range(turns)))
    settle(log)
    watch = ChatWatch(log)
    watch.look()
    before = log.path.stat().st_size
    [event] = disk.open().append(said("Over here!", log.tree.tip))
    grown = log.path.stat().st_size - before
    settle(log)
    with counted(monkeypatch) as calls:
        assert watch.look().events == [event]
    assert calls["bytes"] <= grown + 64
    assert calls["open"] <= 1


def test_what_was_there_before_is_not_told(log: ChatLog, disk: Disk) -> None:
    assert ChatWatch(disk.open()).look() == Look()


def test_events_are_told_once_in_the_order_in_which_they_came(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    elsewhere = disk.open("rig")
    first = elsewhere.append(said("one", log.tree.tip))
    second = elsewhere.append(TextEdited(log.tree.tip, "Hello!"), said("two", first[0].id))
    assert watch.look().events == [*first, *second]
    assert watch.look() == Look()


def test_own_events_are_not_told_even_between_those_of_others(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    theirs = disk.open("rig").append(said("theirs", log.tree.tip))
    log.append(said("mine", log.tree.tip))
    more = disk.open("rig").append(said("more", log.tree.tip))
    assert watch.look().events == [*theirs, *more]


def test_a_copy_that_a_sync_tool_puts_in_the_files_place_is_read(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    watch.look()
    copy = Path(shutil.copy(log.path, disk.root / "copy.jsonl"))
    [event] = disk.open("rig", copy).append(said("elsewhere", log.tree.tip))
    copy.replace(log.path)
    assert watch.look().events == [event]


def test_a_reply_is_started_grows_and_ends_with_its_turn(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    elsewhere = disk.open()
    journal = begin(elsewhere)
    [started] = watch.look().started
    assert started.facts == journal.facts
    assert watch.look() == Look()
    journal.write("Well ", "Hm.")
    [grown] = watch.look().grown
    assert (grown.text, grown.reasoning) == ("Well ", "Hm.")
    event = journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Well met."))
    found = watch.look()
    assert (found.events, found.ended) == ([event], [grown])
    assert log.tree.turns[journal.event_id].text == "Well met."
    assert watch.replies == ()


def test_the_last_words_of_a_left_over_reply_are_told_and_it_is_recovered(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    journal = begin(disk.open())
    watch.look()
    journal.write("Well ")
    journal.leave()
    found = watch.look()
    assert [reply.text for reply in found.ended] == ["Well "]
    assert [event.id for event in found.events] == [journal.event_id]
    assert log.tree.turns[journal.event_id].interrupted
    assert watch.look() == Look()


def test_a_message_that_was_sent_before_the_dead_writer_was_noticed_comes_before_what_it_left(
    disk: Disk, log: ChatLog
) -> None:
    journal = begin(disk.open())
    journal.write("Well ")
    log.append(said("Are you there?", log.tree.tip))
    journal.leave()
    ChatWatch(log).look()
    assert [turn.text for turn in log.tree.path()] == ["Hello", "Are you there?", "Well "]
    assert all(len(log.tree.siblings(turn.id)) == 1 for turn in log.tree.path())


def test_a_swipe_whose_writer_died_stays_beside_the_reply_that_it_was_another_of(disk: Disk, log: ChatLog) -> None:
    question = log.tree.tip
    log.append(TurnAdded(question, Speaker.CHARACTER, "Mira", "Yes?"))
    journal = ReplyJournal.start(disk.open(), speaker=Speaker.CHARACTER, name="Mira", parent=question)
    journal.write("No ")
    journal.leave()
    ChatWatch(log).look()
    assert [log.tree.turns[turn].text for turn in log.tree.siblings(log.tree.tip)] == ["Yes?", "No "]


def test_a_reply_without_a_word_ends_without_a_turn(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    journal = begin(disk.open())
    watch.look()
    journal.finish()
    found = watch.look()
    assert (len(found.ended), found.events) == (1, [])
    assert journal.event_id not in log.tree.turns


def test_own_replies_are_not_told(log: ChatLog) -> None:
    watch = ChatWatch(log)
    journal = begin(log)
    journal.write("Well ")
    assert watch.look() == Look()
    journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Well met."))
    assert watch.look() == Look()


def test_an_own_reply_that_could_not_be_saved_becomes_a_turn_at_the_next_look(log: ChatLog) -> None:
    watch = ChatWatch(log)
    journal = begin(log)
    journal.write("Well ")
    journal.leave()
    assert [event.id for event in watch.look().events] == [journal.event_id]


def test_the_reply_of_another_chat_is_not_told(disk: Disk, log: ChatLog) -> None:
    other = ChatLog.create(disk.path.with_name("other.jsonl"), ChatStarted("Other"), device="phone", state=log.state)
    watch = ChatWatch(log)
    journal = begin(other)
    assert watch.look() == Look()
    journal.write("Well ")
    journal.leave()
    assert watch.look() == Look()
    assert journal.path.exists()


def test_a_journal_that_may_not_be_recovered_is_tried_once(
    disk: Disk, log: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = ChatLog.create(disk.path.with_name("other.jsonl"), ChatStarted("Other"), device="phone", state=log.state)
    begin(other).leave()
    watch = ChatWatch(log)
    watch.look()
    settle(log)
    watch.look()
    with counted(monkeypatch) as calls:
        watch.look()
    assert calls == {"stat": 2}


def test_a_reply_that_begins_in_the_same_tick_as_the_last_look_is_found(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    watch.look()
    stamp = log.state.stat()
    journal = begin(disk.open())
    os.utime(log.state, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert len(watch.look().started) == 1
    journal.finish()


def test_what_one_look_could_not_tell_the_next_one_does(
    disk: Disk, log: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = ChatWatch(log)
    journal = begin(disk.open())

    def refuse() -> bool:
        raise StorageError("The disk refuses.")

    with monkeypatch.context() as patch:
        patch.setattr(log, "refresh", refuse)
        with pytest.raises(StorageError):
            watch.look()
    assert len(watch.look().started) == 1
    journal.finish()


def test_a_chat_whose_file_is_gone_for_a_moment_is_followed_on(disk: Disk, log: ChatLog) -> None:
    watch = ChatWatch(log)
    away = log.path.rename(log.path.with_name("away"))
    assert watch.look() == Look()
    away.rename(log.path)
    [event] = disk.open().append(said("Back", log.tree.tip))
    assert watch.look().events == [event]
