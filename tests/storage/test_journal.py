"""A reply in progress: what was flushed outlives its writer, and syncing never waits for the disk."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker, TextExtended, TurnAdded
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import JournaledReply, ReplyJournal, ReplyStart
from tests.storage.disk import Disk, said


@pytest.fixture
def log(disk: Disk) -> ChatLog:
    """A chat with one turn."""
    log = disk.create()
    log.append(said("Hello"))
    return log


def begin(log: ChatLog) -> ReplyJournal:
    """Mira begins to answer the last turn."""
    return ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", parent=log.tree.tip)


def journals(log: ChatLog) -> list[Path]:
    """The journals in the log's state folder."""
    return [path for path in log.state.iterdir() if ".reply" in path.name]


def read(journal: ReplyJournal) -> JournaledReply:
    """The journal as another program sees it."""
    reply = JournaledReply.read(journal.path)
    assert reply is not None
    return reply


def test_what_was_written_is_read_by_others_at_once(log: ChatLog) -> None:
    journal = begin(log)
    journal.write("Well ")
    journal.write("met,\n", reasoning="A stranger. ")
    journal.write(reasoning="Be kind.")
    reply = read(journal)
    assert (reply.text, reply.reasoning) == ("Well met,\n", "A stranger. Be kind.")
    assert reply.running
    journal.finish()


def test_a_reader_follows_a_running_reply(log: ChatLog) -> None:
    journal = begin(log)
    reply = read(journal)
    assert not reply.refresh()
    journal.write("Well ")
    assert reply.refresh()
    journal.write("met.")
    assert reply.refresh()
    assert not reply.refresh()
    assert reply.text == "Well met."
    journal.finish()
    assert not reply.refresh()
    assert not reply.running
    assert reply.text == "Well met."


def test_text_that_turned_out_to_be_thinking_is_text_no_more(log: ChatLog) -> None:
    journal = begin(log)
    journal.write("Hm. ")
    reply = read(journal)
    journal.write("Hello.", "Hm. So.", anew=True)
    journal.write(" You?")
    assert reply.refresh()
    assert (reply.text, reply.reasoning) == ("Hello. You?", "Hm. So.")
    assert (read(journal).text, read(journal).reasoning) == (reply.text, reply.reasoning)
    journal.finish()


def test_the_first_line_tells_what_the_reply_will_be(log: ChatLog) -> None:
    journal = begin(log)
    facts = read(journal).facts
    assert facts == journal.facts
    assert (facts.parent, facts.speaker, facts.name) == (log.tree.tip, Speaker.CHARACTER, "Mira")
    assert (facts.path, facts.chat, facts.pid) == (str(log.path), log.chat_id, os.getpid())
    journal.finish()


def test_the_finished_reply_has_the_reserved_id_and_the_journal_is_gone(log: ChatLog) -> None:
    journal = begin(log)
    journal.write("Well met.")
    event = journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Well met."))
    assert event.id == journal.event_id
    assert log.tree.path()[-1].text == "Well met."
    assert journals(log) == []


def test_the_journal_goes_only_after_the_event_is_synced(log: ChatLog, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begin(log)
    there: list[bool] = []
    real_sync = os.fsync

    def sync(descriptor: int) -> None:
        there.append(journal.path.exists())
        real_sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Well met."))
    assert there
    assert all(there)


def test_a_log_that_refuses_the_reply_leaves_the_journal(log: ChatLog, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begin(log)
    journal.write("Well met.")

    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(StorageError, match="Disk full"):
            journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Well met."))
    assert read(journal).text == "Well met."
    journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Well met."))
    assert journals(log) == []


def test_finishing_twice_or_after_leaving_is_harmless(log: ChatLog) -> None:
    journal = begin(log)
    journal.finish()
    journal.finish()
    journal.leave()
    other = begin(log)
    other.leave()
    other.finish()
    assert journals(log) == [other.path]


def test_two_replies_at_once_have_a_journal_each(log: ChatLog) -> None:
    one, other = begin(log), begin(log)
    one.write("one")
    other.write("other")
    assert (read(one).text, read(other).text) == ("one", "other")
    one.finish()
    assert journals(log) == [other.path]
    other.finish()


def test_text_that_finds_no_room_is_written_with_the_next_that_does(
    log: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = begin(log)
    journal.write("one ")
    real_write = os.pwrite
    room = 7

    def write(descriptor: int, data: bytes, offset: int) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real_write(descriptor, data[:room], offset)
        room -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", write)
        for text in ("two ", "three "):
            with pytest.raises(StorageError, match="Disk full"):
                journal.write(text)
    assert read(journal).text == "one "
    journal.write("four")
    assert read(journal).text == "one two three four"
    journal.finish()


def test_a_reply_that_cannot_be_journaled_leaves_nothing(log: ChatLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _data: bytes, _offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StorageError, match="Disk full"):
        begin(log)
    assert journals(log) == []


def test_a_thread_syncs_once_for_many_writes_and_the_writer_never_does(
    log: ChatLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncing: list[threading.Thread] = []
    synced = threading.Event()

    def sync(_descriptor: int) -> None:
        syncing.append(threading.current_thread())
        synced.set()

    monkeypatch.setattr(os, "fsync", sync)
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", sync_seconds=3600)
    assert synced.wait(60)
    for _ in range(500):
        journal.write("word ")
    journal.finish()
    assert len(syncing) == 1
    assert threading.current_thread() not in syncing


def test_later_writes_are_synced_too(log: ChatLog, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    grown = threading.Event()

    def sync(descriptor: int) -> None:
        sizes.append(os.fstat(descriptor).st_size)
        if sizes[-1] > sizes[0]:
            grown.set()

    monkeypatch.setattr(os, "fsync", sync)
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", sync_seconds=0)
    while not sizes:
        threading.Event().wait(0.001)
    journal.write("word")
    assert grown.wait(60)
    journal.finish()


def test_a_disk_that_refuses_to_sync_does_not_stop_the_reply(log: ChatLog, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = threading.Event()

    def sync(_descriptor: int) -> None:
        refused.set()
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", sync)
        journal = begin(log)
        assert refused.wait(60)
        journal.write("on")
    assert read(journal).text == "on"
    journal.finish()


def test_no_thread_and_no_handle_outlives_the_journal(log: ChatLog) -> None:
    handles = Path("/proc/self/fd")
    begin(log).finish()
    before = len(list(handles.iterdir()))
    for _ in range(3):
        begin(log).finish()
    for thread in threading.enumerate():
        if thread.name == "journal-sync":
            thread.join(60)
    assert len(list(handles.iterdir())) <= before
    assert "journal-sync" not in [thread.name for thread in threading.enumerate()]


pieces = st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=6)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(written=pieces, data=st.data())
def test_a_journal_cut_anywhere_gives_the_beginning_of_what_was_written(
    log: ChatLog, written: list[tuple[str, str]], data: st.DataObject
) -> None:
    journal = begin(log)
    for text, reasoning in written:
        journal.write(text, reasoning)
    whole = read(journal)
    assert whole.text == "".join(text for text, _ in written)
    assert whole.reasoning == "".join(reasoning for _, reasoning in written)
    content = journal.path.read_bytes()
    first = content.index(b"\n") + 1
    journal.path.write_bytes(content[: data.draw(st.integers(first, len(content)))])
    cut = read(journal)
    assert whole.text.startswith(cut.text)
    assert whole.reasoning.startswith(cut.reasoning)
    journal.finish()


@pytest.mark.parametrize(
    "line", [b"", b"\0\0", b"[]", b"{}", b'{"f":2,"pid":1}', b'{"f":1,"pid":1,"s":"cat"}', b"[" * 9999]
)
def test_a_first_line_that_says_too_little_is_no_beginning(line: bytes) -> None:
    assert ReplyStart.from_line(line) is None


def test_a_continued_reply_is_made_from_its_base() -> None:
    facts = ReplyStart("id", Speaker.CHARACTER, "Mira", turn="t", base="Well ")
    assert facts.body("met", "") == TextExtended("t", "Well met", interrupted=True)
