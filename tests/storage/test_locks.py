"""Locks hold between processes and threads, die with their holder, and work where there is no flock."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.locks import FileLock, Flock, forget, is_held


def no_flock(_descriptor: int, _operation: int) -> None:
    """A file system without flock."""
    raise OSError(errno.ENOLCK, "No locks available")


METHODS = pytest.mark.parametrize("flock", [fcntl.flock, no_flock], ids=["flock", "pid note"])

HOLD = """
import sys
from pathlib import Path
from tavern_tui.storage.locks import FileLock
from tests.storage.test_locks import no_flock
import fcntl
with FileLock(Path(sys.argv[1]), flock=no_flock if sys.argv[2] == "no" else fcntl.flock):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(path: Path, flock: Flock) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input closes or it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), "no" if flock is no_flock else "yes"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@METHODS
def test_a_lock_is_held_until_it_is_released(tmp_path: Path, flock: Flock) -> None:
    path = tmp_path / "state" / "lock"
    assert not is_held(path, flock=flock)
    lock = FileLock(path, flock=flock)
    lock.acquire()
    assert (lock.held, is_held(path, flock=flock)) == (True, True)
    lock.release()
    assert (lock.held, is_held(path, flock=flock)) == (False, False)
    lock.release()
    assert not is_held(path, flock=flock)


@METHODS
def test_a_second_lock_of_the_same_process_waits_too(tmp_path: Path, flock: Flock) -> None:
    with FileLock(tmp_path / "lock", flock=flock), pytest.raises(StorageError):
        FileLock(tmp_path / "lock", timeout=0, flock=flock).acquire()


@METHODS
def test_threads_exclude_one_another(tmp_path: Path, flock: Flock) -> None:
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with FileLock(tmp_path / "lock", timeout=60, flock=flock):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0002)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (inside, most) == (0, 1)


@METHODS
def test_the_message_names_the_guarded_file_and_not_the_lock(tmp_path: Path, flock: Flock) -> None:
    with holder(tmp_path / "lock", flock):
        lock = FileLock(tmp_path / "lock", timeout=0.01, guarded=Path("/chats/mira.jsonl"), flock=flock)
        with pytest.raises(StorageError, match=r"/chats/mira\.jsonl is being written by another tavern-tui"):
            lock.acquire()


@METHODS
def test_a_killed_holder_holds_nothing(tmp_path: Path, flock: Flock) -> None:
    with holder(tmp_path / "lock", flock) as process:
        assert is_held(tmp_path / "lock", flock=flock)
        process.kill()
        process.wait()
        assert not is_held(tmp_path / "lock", flock=flock)
        with FileLock(tmp_path / "lock", timeout=0, flock=flock) as lock:
            assert lock.held


@METHODS
def test_a_waiting_lock_is_had_when_the_holder_ends(tmp_path: Path, flock: Flock) -> None:
    with holder(tmp_path / "lock", flock) as process:
        threading.Timer(0.05, process.kill).start()
        with FileLock(tmp_path / "lock", timeout=60, flock=flock) as lock:
            assert lock.held


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_on_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    removed: list[Path] = []

    def remove_once(descriptor: int, operation: int) -> None:
        fcntl.flock(descriptor, operation)
        if not removed:
            removed.append(path)
            path.unlink()

    with FileLock(path, flock=remove_once):
        assert is_held(path)


def test_a_note_of_a_process_number_that_was_given_out_again_is_stale(tmp_path: Path) -> None:
    note = tmp_path / "lock.pid"
    note.write_text(f"{os.getpid()} another-boot/12345")
    (tmp_path / "lock").touch()
    assert not is_held(tmp_path / "lock", flock=no_flock)
    with FileLock(tmp_path / "lock", timeout=1, flock=no_flock) as lock:
        assert lock.held


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"no number"])
def test_a_note_without_content_counts_as_held_for_ten_seconds(tmp_path: Path, content: bytes) -> None:
    note = tmp_path / "lock.pid"
    note.write_bytes(content)
    (tmp_path / "lock").touch()
    assert is_held(tmp_path / "lock", flock=no_flock)
    long_ago = time.time() - 60
    os.utime(note, (long_ago, long_ago))
    assert not is_held(tmp_path / "lock", flock=no_flock)


def test_a_take_over_that_was_never_finished_does_not_block_for_ever(tmp_path: Path) -> None:
    (tmp_path / "lock.pid").write_text("999999999 gone/1")
    taking = tmp_path / "lock.pid.taking"
    taking.mkdir()
    long_ago = time.time() - 60
    os.utime(taking, (long_ago, long_ago))
    with FileLock(tmp_path / "lock", timeout=1, flock=no_flock) as lock:
        assert lock.held
    assert not taking.exists()


def test_forgetting_a_lock_removes_its_files(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock", flock=no_flock)
    lock.acquire()
    forget(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_may_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        FileLock(tmp_path / "file" / "lock").acquire()


@pytest.mark.parametrize("operation", ["acquire", "ask"])
def test_a_disk_that_breaks_while_locking_is_told(tmp_path: Path, operation: str) -> None:
    def broken(_descriptor: int, _operation: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "lock"
    path.touch()
    with pytest.raises(StorageError, match="cannot be used"):
        FileLock(path, flock=broken).acquire() if operation == "acquire" else is_held(path, flock=broken)


def test_where_processes_have_no_folder_the_system_is_asked_about_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tavern_tui.storage.locks._status", lambda _pid: [])
    path = tmp_path / "lock"
    with FileLock(path, flock=no_flock):
        assert is_held(path, flock=no_flock)
        (tmp_path / "lock.pid").write_text("999999999 Mon Jan 1 00:00:00 2001")
        assert not is_held(path, flock=no_flock)
