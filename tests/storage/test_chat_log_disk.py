"""A disk that is full, read-only or limited: what was there stays, and one plain message says so."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.chats import ChatLog
from tests.storage.child import output, start
from tests.storage.disk import Disk, said

FULL = "Nothing older was touched. Make room and try again."


def test_a_full_disk_keeps_what_was_there_and_says_so(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    log = disk.create()
    log.append(said("one"))
    before = disk.path.read_bytes()
    real_write = os.write
    room = 40

    def write(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = real_write(descriptor, data[:room])
        room -= written
        return written

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(StorageError) as caught:
            log.append(said("two"))
    assert (caught.value.title, caught.value.hint) == (f"Disk full: {disk.path.parent}.", FULL)
    assert disk.path.read_bytes() == before
    assert len(log.tree.turns) == 1
    log.append(said("two"))
    assert [found.text for found in disk.open().tree.turns.values()] == ["one", "two"]


def test_a_sync_that_fails_takes_the_event_back(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    log = disk.create()
    before = disk.path.read_bytes()

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(StorageError, match="cannot be used"):
            log.append(said("two"))
    assert disk.path.read_bytes() == before


def test_a_device_without_room_says_so(tmp_path: Path) -> None:
    path = tmp_path / "night.jsonl"
    path.symlink_to("/dev/full")
    log = ChatLog(path, device="phone", state=tmp_path / "state")
    with pytest.raises(StorageError, match="Disk full"):
        log.append(said("one"))
    assert log.tree.turns == {}


def test_a_chat_that_cannot_be_begun_leaves_no_empty_file(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    real_write = os.write

    def write(descriptor: int, data: bytes) -> int:
        if b'"chat"' in bytes(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, data)

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(StorageError, match="Disk full"):
        disk.create()
    assert not disk.path.exists()


FILL = """
import resource, sys
from pathlib import Path
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.chats import ChatLog
from tests.storage.disk import said
if sys.argv[3] != "none":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
log = ChatLog(Path(sys.argv[1]), device="phone", state=Path(sys.argv[2]))
promised = []
try:
    while True:
        promised += [event.id for event in log.append(said("x" * 700))]
except StorageError as error:
    print(error.title)
print(*promised)
"""


def test_a_file_at_its_size_limit_keeps_every_promised_event(disk: Disk) -> None:
    disk.create()
    message, promised = output(start(FILL, disk.path, disk.root / "phone", 10_000)).splitlines()
    assert message == "night.jsonl has reached the greatest size allowed here."
    log = disk.open()
    assert log.problems == ()
    assert [found.id for found in log.tree.turns.values()] == promised.split()
    assert len(promised.split()) > 5


CHECK = """
from tests.storage.disk import Disk
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
disk = Disk(Path(sys.argv[1]).parent.parent)
disk.create()
sys.argv[1:] = [str(disk.path), str(disk.root.parent / "state"), "none"]
exec(FILL)
log = disk.open()
print(len(log.problems), *log.tree.turns)
"""


def test_a_real_disk_that_fills_up_keeps_every_promised_event(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    (folder / "chats").mkdir(parents=True)
    script = f"FILL = {FILL!r}\n{CHECK}"
    shell = 'mount -t tmpfs -o size=64k tavern-test "$1" && exec "$2" -c "$3" "$1/chats/night.jsonl"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", shell, "sh", folder, sys.executable, script],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip("this system lets nobody mount a small disk")
    assert done.returncode == 0, done.stderr
    message, promised, found = done.stdout.splitlines()
    assert message == f"Disk full: {folder}/chats."
    assert found == f"0 {promised}"
    assert len(promised.split()) > 20


READ_ONLY = """
import os, sys
from pathlib import Path
from tavern_tui.domain.errors import StorageError
from tests.storage.disk import Disk, said
if os.geteuid() == 0:
    os.setuid(65534)  # for root every file is writable
log = Disk(Path(sys.argv[1])).open("other")
print([found.text for found in log.tree.path()])
print(log.read_only)
try:
    log.append(said("no"))
except StorageError as error:
    print(error)
"""


@pytest.fixture
def open_disk() -> Iterator[Disk]:
    """A disk that other users may look into, as they may not into a test's own folder."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Disk(Path(folder))


def test_a_chat_that_may_not_be_written_is_read_and_refuses(open_disk: Disk) -> None:
    open_disk.create().append(said("Hello"))
    open_disk.path.chmod(0o444)
    other = open_disk.root / "other"
    other.mkdir()
    other.chmod(0o777)
    lines = output(start(READ_ONLY, open_disk.root)).splitlines()
    refusal = f"{open_disk.path} may not be written here. Nothing was changed. "
    assert lines[0] == "['Hello']"
    assert lines[1].startswith(refusal)
    assert lines[2].startswith(refusal)


def test_a_chat_that_may_not_be_read_says_so_in_the_same_family(open_disk: Disk) -> None:
    open_disk.create()
    open_disk.path.chmod(0)
    child = start(READ_ONLY, open_disk.root)
    _, said_why = child.communicate(timeout=90)
    assert child.returncode != 0
    assert said_why.splitlines()[-1].startswith("tavern_tui.domain.errors.StorageError: ")
    assert "night.jsonl may not be read here." in said_why
