"""Files are written whole or not at all, and a disk that refuses is told in plain words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.atomic import write_atomic


def test_a_new_file_has_its_bytes_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "card.json"
    write_atomic(path, b"{}")
    assert path.read_bytes() == b"{}"
    assert list(path.parent.iterdir()) == [path]


def test_an_old_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write_atomic(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o600)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomic(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_readers_and_a_write_that_fails_half_way_see_the_old_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(b"old")
    real_write = os.write

    def full_after_two(descriptor: int, data: bytes) -> int:
        assert path.read_bytes() == b"old"
        if len(data) < 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(descriptor, data[:2])

    monkeypatch.setattr(os, "write", full_after_two)
    with pytest.raises(StorageError, match="Disk full"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_synced_before_they_get_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "card.json"
    synced: list[bool] = []
    real_sync = os.fsync

    def sync(descriptor: int) -> None:
        synced.append(path.exists())
        real_sync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    write_atomic(path, b"new")
    assert synced == [False, True]  # the file before it is there, its folder after


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            errno.ENOSPC,
            "Disk full: /home/a. Nothing older was touched. Make room and try again.",
        ),
        (errno.EDQUOT, "Disk full: /home/a."),
        (errno.EFBIG, "chat.jsonl has reached the greatest size allowed here. Nothing older was touched."),
        (errno.EACCES, "/home/a/chat.jsonl may not be written here. Nothing was changed."),
        (errno.EROFS, "/home/a/chat.jsonl may not be written here. Nothing was changed."),
        (errno.ENOENT, "chat.jsonl or its folder is not there."),
        (errno.ENOTDIR, "chat.jsonl cannot be reached: a file stands where its folder should be. Move the file away."),
        (errno.EIO, "chat.jsonl cannot be used (input/output error). Nothing older was touched."),
    ],
)
def test_what_the_disk_refused_is_said_in_plain_words(number: int, said: str) -> None:
    error = storage_error(OSError(number, os.strerror(number)), Path("/home/a/chat.jsonl"))
    assert f"{error.title} {error.hint}".startswith(said)
    assert error.where == "/home/a/chat.jsonl"


def test_a_disk_that_lets_go_of_nothing_is_told_as_what_it_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "read-only file system")

    monkeypatch.setattr(os, "write", refused)
    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(StorageError, match="may not be written here"):
        write_atomic(tmp_path / "a", b"1")


def test_a_full_disk_is_told_once_by_its_folder() -> None:
    told = str(storage_error(OSError(errno.ENOSPC, "no space"), Path("/home/a/state/x.reply")))
    assert told.startswith("Disk full: /home/a/state.")
    assert "x.reply" not in told


def test_what_may_not_be_read_is_said_so() -> None:
    error = storage_error(OSError(errno.EACCES, "Permission denied"), Path("/home/a/chat.jsonl"), reading=True)
    assert error.title == "chat.jsonl may not be read here."
