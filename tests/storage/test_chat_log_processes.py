"""Real processes at one log: writers killed at any moment, several at once, and what a power cut leaves."""

from __future__ import annotations

import random
import subprocess
import sys
import threading

import pytest

from tavern_tui.storage.locks import FileLock
from tests.storage.child import output, start
from tests.storage.disk import Disk, said

WRITE = """
import sys
from pathlib import Path
from tavern_tui.storage.chats import ChatLog
from tests.storage.disk import said
path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
log = ChatLog.open(path, device="phone", state=path.parent.parent / "phone")
print("ready", flush=True)
sys.stdin.readline()
for number in range(count):
    (event,) = log.append_from(lambda tree: [said(f"{name} {number}", tree.tip)])
    print(event.id)
"""


def killed_writers(disk: Disk, rounds: int, seed: int) -> list[str]:
    """Ids of the events that ``rounds`` killed writers had promised."""
    disk.create()
    command = [sys.executable, "-m", "tests.storage.writers", disk.path, disk.root / "phone", rounds, seed]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def check_promises(disk: Disk, promised: list[str]) -> None:
    """Every promised event is in the log and in the tree; what is unreadable is a record torn by its writer's death."""
    log = disk.open()
    assert set(promised) <= set(log.tree.turns)
    assert {problem.what for problem in log.problems} <= {"A torn record."}
    assert not any(found.lost for found in log.tree.turns.values())
    numbers = [found.lamport for found in log.events]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_hundred_killed_writers_keep_every_promise(disk: Disk) -> None:
    promised = killed_writers(disk, rounds=100, seed=1)
    assert len(promised) > 100
    check_promises(disk, promised)
    assert len(disk.open().problems) <= 100


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_thousand_killed_writers_keep_every_promise(disk: Disk, seed: int) -> None:
    check_promises(disk, killed_writers(disk, rounds=100, seed=seed))


def test_a_hundred_logs_torn_at_a_random_byte_keep_all_before_and_take_all_after(disk: Disk) -> None:
    rng = random.Random(3)
    log = disk.create()
    for _ in range(5):
        log.append(said("She listens to the rain. " * rng.randrange(1, 20), log.tree.tip))
    whole = disk.path.read_bytes()
    for _ in range(100):
        cut = rng.randrange(len(whole) + 1)
        kept = {found.id for found in log.events[: whole[:cut].count(b"\n")]}
        disk.path.write_bytes(whole[:cut] + b"\0" * rng.choice((0, 0, 1, 4096)))
        later = disk.open("rig")
        (after,) = later.append(said("after", later.tree.tip))
        again = disk.open("laptop")
        assert kept | {after.id} <= {found.id for found in again.events}
        assert again.tree.path()[-1].text == "after"


@pytest.mark.parametrize("writers", [2, 4])
def test_writers_at_once_lose_nothing_and_agree_on_one_order(disk: Disk, writers: int) -> None:
    disk.create()
    count = 200 // writers
    processes = [start(WRITE, disk.path, f"terminal{number}", count) for number in range(writers)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
    promised = [identity for process in processes for identity in output(process).split()]
    assert len(promised) == writers * count
    check_promises(disk, promised)
    log = disk.open("reader")
    assert log.problems == ()
    assert len(log.tree.path()) == writers * count  # each turn follows the one before, whoever sent it
    for number in range(writers):
        own = [found.text for found in log.tree.path() if found.text.startswith(f"terminal{number} ")]
        assert own == [f"terminal{number} {place}" for place in range(count)]


def test_a_reader_beside_a_writer_sees_whole_turns_only(disk: Disk) -> None:
    disk.create()
    process = start(WRITE, disk.path, "rig", 150)
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    reader = disk.open()
    while process.poll() is None:
        reader.refresh()
        assert [found.text for found in reader.tree.path()] == [f"rig {n}" for n in range(len(reader.tree.turns))]
        assert reader.problems == ()
    output(process)
    reader.refresh()
    assert len(reader.tree.turns) == 150
    assert reader.tree == disk.open().tree


def test_a_line_that_is_just_being_written_is_waited_for_and_is_no_damage(disk: Disk) -> None:
    log = disk.create()
    reader = disk.open()
    (event,) = log.append(said("one"))
    whole = disk.path.read_bytes()
    disk.path.write_bytes(whole[:-20])
    with FileLock(log.state / f"{log.key}.lock"):
        rest = threading.Timer(0.05, lambda: disk.path.write_bytes(whole))
        rest.start()
        looking = threading.Thread(target=reader.refresh)
        looking.start()
        rest.join()
    looking.join()
    assert event.id in reader.tree.turns
    assert reader.problems == ()


def test_a_line_that_nobody_is_writing_is_damage_at_once(disk: Disk) -> None:
    log = disk.create()
    log.append(said("one"))
    disk.path.write_bytes(disk.path.read_bytes()[:-20])
    with FileLock(log.state / "another.lock"):
        assert [problem.what for problem in disk.open().problems] == ["A torn record."]
