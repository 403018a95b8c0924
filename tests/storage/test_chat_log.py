"""One chat on disk: what is appended is durable, ordered and read back, and costs the same in a long chat."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.chat import fold
from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.domain.events import (
    ChatEvent,
    ChatStarted,
    PropertySet,
    TextEdited,
    TipMoved,
    Undone,
    Unknown,
)
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.storage.chats import ChatLog
from tests.domain.chat_events import turn
from tests.storage.disk import Disk, said


def texts(log: ChatLog) -> list[str]:
    """What the reader sees."""
    return [found.text for found in log.tree.path()]


def test_a_new_chat_has_its_title_and_no_turn(disk: Disk) -> None:
    log = disk.create()
    assert (log.tree.title, log.tree.characters, log.tree.persona) == ("A night", ("Mira",), "Alex")
    assert texts(log) == []
    assert disk.open().chat_id == log.chat_id != ""


def test_a_chat_that_is_not_there_is_not_made_by_opening(disk: Disk) -> None:
    with pytest.raises(NotFoundError):
        disk.open()
    assert not disk.path.exists()


def test_a_chat_is_never_created_over_another_file(disk: Disk) -> None:
    disk.create()
    before = disk.path.read_bytes()
    with pytest.raises(StorageError, match="is there already"):
        disk.create()
    assert disk.path.read_bytes() == before


def test_what_was_appended_is_there_when_the_chat_is_opened_again(disk: Disk) -> None:
    log = disk.create()
    (hello,) = log.append(said("Hello"))
    log.append(said("Is anyone here?", hello.id))
    assert texts(log) == texts(disk.open()) == ["Hello", "Is anyone here?"]
    assert disk.open().events == log.events


def test_each_event_is_numbered_after_all_known_and_names_the_loose_ends(disk: Disk) -> None:
    log = disk.create()
    first, second = log.append(said("one"), said("two"))
    (third,) = disk.open("rig").append(said("three"))
    assert [found.lamport for found in (first, second, third)] == [2, 3, 4]
    assert [found.parents for found in (first, second, third)] == [(log.chat_id,), (first.id,), (second.id,)]
    assert [found.writer for found in (first, third)] == ["phone", "rig"]


def test_what_append_returns_is_what_a_reader_will_read(disk: Disk) -> None:
    log = disk.create()
    (edited,) = log.append(TextEdited("x", "half \ud83d\ude00 lone \udc80"))
    assert edited.body == TextEdited("x", "half 😀 lone \udc80")
    assert disk.open().events[-1] == edited


def test_events_of_others_are_read_before_writing(disk: Disk) -> None:
    here = disk.create()
    there = disk.open("rig")
    there.append(said("from the rig"))
    here.append(PropertySet("note", "rain"))
    assert [found.lamport for found in here.events] == [1, 2, 3]
    assert "from the rig" in texts(here)


def test_refresh_says_whether_anything_changed(disk: Disk) -> None:
    here = disk.create()
    assert not here.refresh()
    disk.open("rig").append(said("from the rig"))
    assert here.refresh()
    assert texts(here) == ["from the rig"]
    assert not here.refresh()


def test_undo_is_seen_at_once_and_by_everybody(disk: Disk) -> None:
    here = disk.create()
    there = disk.open("rig")
    (hello,) = here.append(said("Hello"))
    (undo,) = here.append(Undone(hello.id))
    there.refresh()
    assert texts(here) == texts(there) == []
    there.append(Undone(undo.id))
    here.refresh()
    assert texts(here) == texts(there) == ["Hello"]


def test_two_terminals_of_one_device_share_the_tip_and_two_devices_do_not(disk: Disk) -> None:
    here = disk.create()
    first, second = here.append(said("one"), said("two"))
    other_terminal, rig = disk.open(), disk.open("rig")
    rig.append(TipMoved(first.id))
    other_terminal.refresh()
    assert other_terminal.tree.tip == second.id
    assert rig.tree.tip == first.id
    here.append(TipMoved(first.id))
    other_terminal.refresh()
    assert other_terminal.tree.tip == first.id


def test_an_event_that_orders_before_known_ones_is_folded_into_its_place(disk: Disk) -> None:
    log = disk.create()
    log.append(said("one"), said("two"))
    late = turn("aaaa", 2, "", writer="rig")
    with disk.path.open("ab") as file:
        file.write(encode(late) + b"\n")
    log.refresh()
    assert log.tree == disk.open().tree
    assert [found.lamport for found in log.events] == [1, 2, 2, 3]


def test_a_reserved_event_id_is_used_for_the_first_event(disk: Disk) -> None:
    log = disk.create()
    first, second = log.append(said("one"), said("two"), event_id="reserved")
    assert first.id == "reserved"
    assert second.id != "reserved"


def test_an_id_that_is_taken_is_not_given_again(disk: Disk) -> None:
    ids = iter(["a", "a", "b"])
    started = ChatStarted("A night")
    log = ChatLog.create(disk.path, started, device="phone", state=disk.root / "s", new_id=lambda: next(ids))
    assert log.append(said("one"))[0].id == "b"


def test_appending_nothing_writes_nothing(disk: Disk) -> None:
    log = disk.create()
    before = disk.path.read_bytes()
    assert log.append() == ()
    assert disk.path.read_bytes() == before


def test_a_line_that_was_torn_gets_a_newline_before_the_next_event(disk: Disk) -> None:
    log = disk.create()
    with disk.path.open("ab") as file:
        file.write(b'{"e":["torn')
    log.append(said("after"))
    lines = disk.path.read_bytes().split(b"\n")
    assert lines[1] == b'{"e":["torn'
    assert [problem.line for problem in log.problems] == [2]
    assert texts(log) == texts(disk.open()) == ["after"]


def test_a_record_without_its_newline_is_read_and_kept(disk: Disk) -> None:
    log = disk.create()
    log.append(said("one"))
    disk.path.write_bytes(disk.path.read_bytes().rstrip(b"\n"))
    again = disk.open()
    assert (texts(again), again.problems) == (["one"], ())
    again.append(said("two"))
    assert (len(disk.open().events), disk.open().problems) == (3, ())


def test_a_problem_in_an_unfinished_line_goes_when_the_line_is_finished(disk: Disk) -> None:
    log = disk.create()
    line = encode(turn("late", 2, "")) + b"\n"
    with disk.path.open("ab", buffering=0) as file:
        file.write(line[:20])
        log.refresh()
        assert [problem.what for problem in log.problems] == ["A torn record."]
        file.write(line[20:])
    log.refresh()
    assert (log.problems, texts(log)) == ((), ["late"])


def test_problems_name_lines_of_the_file_also_when_it_is_read_in_pieces(disk: Disk) -> None:
    log = disk.create()
    for number in range(3):
        log.append(said(str(number)))
        with disk.path.open("ab") as file:
            file.write(b"rubbish\n")
        log.refresh()
    assert log.problems == disk.open().problems
    assert [problem.line for problem in log.problems] == [3, 5, 7]
    assert all(disk.path.read_bytes()[p.offset :].startswith(b"rubbish\n") for p in log.problems)


def test_no_handle_stays_open(disk: Disk) -> None:
    handles = Path("/proc/self/fd")
    before = len(list(handles.iterdir()))
    log = disk.create()
    for _ in range(5):
        log.append(said("more"))
        log.refresh()
    assert len(list(handles.iterdir())) == before


def test_each_event_is_one_write_and_all_are_synced(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    log = disk.create()
    done: list[str] = []
    real_write, real_sync = os.write, os.fsync

    def write(descriptor: int, data: bytes) -> int:
        done.append(f"write {bytes(data).count(bytes([10]))} line")
        return real_write(descriptor, data)

    def sync(descriptor: int) -> None:
        done.append("sync")
        real_sync(descriptor)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "fsync", sync)
    log.append(said("one"), said("two"))
    assert done == ["write 1 line", "write 1 line", "sync"]


def test_the_name_of_a_new_chat_is_made_durable_too(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bool] = []
    real_sync = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real_sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    disk.create()
    assert synced == [False, True]


LONG = 10_000


@pytest.fixture(scope="module")
def long_chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chat of ten thousand turns."""
    path = tmp_path_factory.mktemp("long") / "night.jsonl"
    text = "She leans on the counter and listens to the rain. " * 10
    lines = [encode(turn(f"t{n}", n, f"t{n - 1}" if n > 1 else "", text)) for n in range(1, LONG + 1)]
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def test_ten_thousand_turns_are_folded_once_on_opening_and_never_by_appending(
    disk: Disk, long_chat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folds: list[int] = []

    def counted(events: Any, device: str = "") -> Any:
        folds.append(len(events))
        return fold(events, device)

    monkeypatch.setattr("tavern_tui.storage.chats.fold", counted)
    log = disk.open(path=long_chat)
    assert len(log.tree.path()) == LONG
    log.append(said("one more", log.tree.tip))
    log.refresh()
    assert len(log.tree.path()) == LONG + 1
    assert folds == [LONG]


def test_an_append_reads_as_much_in_a_long_chat_as_in_a_short_one(
    disk: Disk, long_chat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = disk.create(), disk.open(path=long_chat)
    short.append(said("one"))
    read = 0
    real_read = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal read
        data = real_read(descriptor, size, offset)
        read += len(data)
        return data

    monkeypatch.setattr(os, "pread", counted)
    costs = []
    for log in (short, long):
        read = 0
        (added,) = log.append(said("the same text", log.tree.tip))
        costs.append((read, len(encode(added))))
    for cost, line in costs:
        assert cost <= line + 200


def test_a_log_can_be_used_from_several_threads(disk: Disk) -> None:
    log = disk.create()

    def work(name: str) -> None:
        for number in range(10):
            log.append(said(f"{name}{number}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(disk.open().events) == 31
    assert disk.open().events == log.events


NEWER = ChatEvent("later", "rig", 9, Unknown("hologram"), format=3, program="1.4")
NEWER_SAID = (
    "This chat was written by tavern-tui 1.4 (format 3); this is 0.1.0 (format 1). "
    "Update, or: tavern-tui log CHAT --copy TITLE"
)


def test_a_chat_in_a_newer_format_is_read_and_not_written(disk: Disk) -> None:
    log = disk.create()
    log.append(said("Hello"))
    with disk.path.open("ab") as file:
        file.write(encode(NEWER) + b"\n")
    before = disk.path.read_bytes()
    for newer in (log, disk.open()):
        with pytest.raises(StorageError) as caught:
            newer.append(said("no"))
        assert f"{caught.value.title} {caught.value.hint}" == NEWER_SAID
        assert newer.read_only is not None
        assert texts(newer) == ["Hello"]
    assert disk.path.read_bytes() == before


def test_merging_a_copy_in_a_newer_format_takes_nothing(disk: Disk) -> None:
    log = disk.create()
    before = disk.path.read_bytes()
    with pytest.raises(StorageError, match="format 3"):
        log.merge(encode(turn("a", 5, "")) + b"\n" + encode(NEWER))
    assert disk.path.read_bytes() == before


def test_copies_that_merge_each_other_tell_the_same_chat(disk: Disk, tmp_path: Path) -> None:
    log = disk.create()
    log.append(said("Hello"))
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(disk.path.read_bytes())
    here, there = disk.open(), disk.open("rig", copy)
    here.append(said("from here"))
    there.append(said("from there"))
    merged = here.merge(copy.read_bytes() + b"torn")
    assert [found.writer for found in merged.added] == ["rig"]
    assert [problem.what for problem in merged.problems] == ["Not a record."]
    there.merge(disk.path.read_bytes())
    assert here.events == there.events
    assert here.tree.turns == there.tree.turns
    assert here.merge(copy.read_bytes()).added == ()


def test_merging_writes_the_events_as_they_were(disk: Disk) -> None:
    log = disk.create()
    other = b'{"e":["x","rig",7,5],"k":"turn","x":"Hi","mood":"wet"}\n{"e":["y","rig",8,6],"k":"hologram","c":1}\n'
    log.merge(other)
    assert disk.path.read_bytes().endswith(other)
    assert decode_log(other)[0] == log.events[1:]
