"""Left-over journals become interrupted turns, exactly once; running ones are left alone."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tavern_tui.domain.events import ChatEvent, ChatStarted, Speaker, TextExtended, TurnAdded, Unknown
from tavern_tui.formats.chatlog import encode
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import ReplyJournal
from tavern_tui.storage.recovery import recover
from tests.storage.child import output, start
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


def left_over(log: ChatLog, text: str = "Well ", reasoning: str = "Hm.") -> ReplyJournal:
    """A journal whose writer is gone."""
    journal = begin(log)
    journal.write(text, reasoning)
    journal.leave()
    return journal


def journals(log: ChatLog) -> list[str]:
    """Names of the journals in the log's state folder."""
    return sorted(path.name for path in log.state.iterdir() if ".reply" in path.name or ".damaged" in path.name)


REPLY = """
import sys, time
from pathlib import Path
from tests.storage.disk import Disk
from tests.storage.test_recovery import begin
log = Disk(Path(sys.argv[1])).open()
journal = begin(log)
for number in range(20):
    journal.write(f"{number} ", "hm ")
print(journal.event_id, flush=True)
if sys.argv[2] == "commit":
    log.append(journal.facts.body("finished", ""), event_id=journal.event_id)
    print("committed", flush=True)
sys.stdin.read()
"""
RECOVER = """
import sys
from pathlib import Path
from tavern_tui.storage.recovery import recover
from tests.storage.disk import Disk
log = Disk(Path(sys.argv[1])).open()
print("ready", flush=True)
sys.stdin.readline()
print(*[event.id for event in recover(log).recovered])
"""


def test_where_nothing_was_left_nothing_happens(disk: Disk, log: ChatLog) -> None:
    before = log.path.read_bytes()
    assert recover(log).recovered == ()
    shutil.rmtree(log.state)
    assert recover(log).running == ()
    assert log.path.read_bytes() == before


UNUSABLE = """
import os, sys
from pathlib import Path
from tavern_tui.storage.recovery import recover
from tests.storage.disk import Disk
if os.geteuid() == 0:
    os.setuid(65534)  # for root every folder is usable
log = Disk(Path(sys.argv[1])).open()
print(len(recover(log).recovered), len(log.tree.path()))
"""


@pytest.mark.parametrize("mode", [0, 0o500])
def test_a_state_folder_that_may_not_be_used_keeps_no_chat_from_being_read(mode: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        log = Disk(root).create()
        log.append(said("Hello"))
        left_over(log)
        log.state.chmod(mode)
        assert output(start(UNUSABLE, root)) == "0 1\n"
        log.state.chmod(0o700)
        assert len(recover(log).recovered) == 1


def test_a_left_over_journal_becomes_an_interrupted_turn(log: ChatLog) -> None:
    journal = left_over(log)
    parent = log.tree.tip
    (event,) = recover(log).recovered
    assert event.id == journal.event_id
    assert event.body == TurnAdded(parent, Speaker.CHARACTER, "Mira", "Well ", reasoning="Hm.", interrupted=True)
    assert log.tree.path()[-1].interrupted
    assert journals(log) == []
    assert recover(log).recovered == ()


def test_a_left_over_continuation_extends_its_turn(log: ChatLog) -> None:
    turn = log.tree.tip
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", turn=turn, base="Hello")
    journal.write(", Alex")
    journal.leave()
    (event,) = recover(log).recovered
    assert event.body == TextExtended(turn, "Hello, Alex", interrupted=True)
    assert [found.text for found in log.tree.path()] == ["Hello, Alex"]


@pytest.mark.parametrize(("text", "reasoning"), [("", ""), (" \n", "")])
def test_an_empty_journal_is_just_removed(log: ChatLog, text: str, reasoning: str) -> None:
    left_over(log, text, reasoning)
    assert recover(log).recovered == ()
    assert journals(log) == []


def test_reasoning_without_text_is_kept(log: ChatLog) -> None:
    left_over(log, "", "A long thought.")
    recover(log)
    assert log.tree.path()[-1].reasoning == "A long thought."


def test_a_continuation_without_new_text_is_removed(log: ChatLog) -> None:
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", turn=log.tree.tip, base="Hello")
    journal.write(reasoning="Hm.")
    journal.leave()
    assert recover(log).recovered == ()
    assert journals(log) == []


def test_a_running_reply_is_reported_with_its_text_and_left_alone(log: ChatLog) -> None:
    journal = begin(log)
    journal.write("Well ", "Hm.")
    found = recover(log)
    assert found.recovered == ()
    (running,) = found.running
    assert (running.text, running.reasoning, running.facts.event_id) == ("Well ", "Hm.", journal.event_id)
    journal.write("met.")
    journal.finish()


def test_several_left_over_replies_become_swipes(log: ChatLog) -> None:
    for text in ("one", "two", "three"):
        left_over(log, text)
    assert len(recover(log).recovered) == 3
    swipes = log.tree.siblings(log.tree.tip)
    assert {log.tree.turns[swipe].text for swipe in swipes} == {"one", "two", "three"}


def test_the_reply_of_a_killed_writer_is_kept(disk: Disk, log: ChatLog) -> None:
    child = start(REPLY, disk.root, "stream")
    assert child.stdout is not None
    event_id = child.stdout.readline().strip()
    (running,) = recover(log).running
    assert (running.facts.event_id, running.facts.pid) == (event_id, child.pid)
    child.kill()
    child.wait()
    assert not running.running
    (event,) = recover(log).recovered
    assert event.id == event_id
    assert log.tree.turns[event_id].text == "".join(f"{number} " for number in range(20))


def test_a_writer_killed_between_log_and_journal_leaves_one_turn(disk: Disk, log: ChatLog) -> None:
    child = start(REPLY, disk.root, "commit")
    assert child.stdout is not None
    child.stdout.readline()
    assert child.stdout.readline() == "committed\n"
    child.kill()
    child.wait()
    assert recover(log).recovered == ()
    assert [found.text for found in log.tree.path()] == ["Hello", "finished"]
    assert journals(log) == []


def test_programs_that_recover_at_the_same_time_make_one_turn(disk: Disk, log: ChatLog) -> None:
    journal = left_over(log)
    processes = [start(RECOVER, disk.root) for _ in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    recovered = [output(process).strip() for process in processes]
    assert sorted(recovered) == ["", "", journal.event_id]
    log.refresh()
    assert [found.text for found in log.tree.path()] == ["Hello", "Well "]


def test_a_reply_that_was_recovered_while_its_writer_lived_ends_as_the_finished_one(log: ChatLog, disk: Disk) -> None:
    journal = begin(log)
    journal.write("Well ")
    other = disk.open()
    other.append(journal.facts.body("Well ", ""), event_id=journal.event_id)
    journal.commit(TurnAdded(journal.facts.parent, Speaker.CHARACTER, "Mira", "Well met."))
    other.refresh()
    for copy in (log, other, disk.open()):
        assert [(found.text, found.interrupted) for found in copy.tree.path()] == [
            ("Hello", False),
            ("Well met.", False),
        ]


def test_beginning_a_reply_while_another_program_recovers_loses_nothing(disk: Disk, log: ChatLog) -> None:
    stop = threading.Event()
    watching = disk.open()
    failures: list[BaseException] = []

    def watch() -> None:
        try:
            while not stop.is_set():
                assert recover(watching).recovered == ()
        except BaseException as error:
            failures.append(error)
            raise

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(20):
            journal = begin(log)
            journal.write(str(number))
            journal.commit(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", str(number)))
    finally:
        stop.set()
        watcher.join()
    assert failures == []
    assert [found.text for found in log.tree.path()] == ["Hello", *map(str, range(20))]


def test_the_journal_of_another_chat_is_left_alone(disk: Disk, log: ChatLog) -> None:
    other = ChatLog.create(
        disk.path.with_name("other.jsonl"), ChatStarted("Other"), device="phone", state=log.state, clock=disk.clock
    )
    left_over(other)
    assert recover(log).recovered == ()
    assert len(recover(other).recovered) == 1


def test_a_chat_that_was_renamed_finds_its_journal(disk: Disk, log: ChatLog) -> None:
    left_over(log)
    renamed = log.path.rename(log.path.with_name("renamed.jsonl"))
    assert len(recover(disk.open(path=renamed)).recovered) == 1


def test_a_copy_of_a_chat_does_not_take_the_journal(disk: Disk, log: ChatLog) -> None:
    left_over(log)
    copy = Path(shutil.copy(log.path, log.path.with_name("copy.jsonl")))
    assert recover(disk.open(path=copy)).recovered == ()
    assert len(recover(log).recovered) == 1


def test_a_chat_in_a_newer_format_keeps_its_journal_for_later(log: ChatLog) -> None:
    left_over(log)
    with log.path.open("ab") as file:
        file.write(encode(ChatEvent("x", "rig", 9, Unknown("hologram"), format=2)) + b"\n")
    assert recover(log).recovered == ()
    assert len(journals(log)) == 1


def damaged_by(change: Callable[[bytes], bytes], log: ChatLog) -> Path:
    """A left-over journal with changed bytes."""
    path = left_over(log).path
    path.write_bytes(change(path.read_bytes()))
    return path


def test_a_journal_with_an_unreadable_beginning_is_set_aside_and_kept(log: ChatLog) -> None:
    path = damaged_by(lambda content: content[20:], log)
    content = path.read_bytes()
    (aside,) = recover(log).set_aside
    assert aside.read_bytes() == content
    assert recover(log).set_aside == ()


def test_a_journal_of_a_later_version_is_left_for_it(log: ChatLog) -> None:
    path = damaged_by(lambda content: content.replace(b'{"f":1', b'{"f":2'), log)
    found = recover(log)
    assert (found.recovered, found.set_aside) == ((), ())
    assert journals(log) == [path.name]


@pytest.mark.parametrize("change", [lambda _: b"", lambda content: b"\0" * len(content)], ids=["empty", "NUL"])
def test_a_journal_that_a_power_cut_emptied_is_removed(log: ChatLog, change: Callable[[bytes], bytes]) -> None:
    damaged_by(change, log)
    found = recover(log)
    assert (found.recovered, found.set_aside, journals(log)) == ((), (), [])


def test_damage_in_the_middle_of_a_journal_costs_only_its_flush(log: ChatLog) -> None:
    journal = begin(log)
    for text in ("one ", "two ", "three "):
        journal.write(text)
    journal.leave()
    journal.path.write_bytes(journal.path.read_bytes().replace(b'"two ', b"\0\0\0\0\0"))
    recover(log)
    assert log.tree.path()[-1].text == "one three "
