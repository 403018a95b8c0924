"""Where a host's files lie, and who may come near them."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.embedded.place import SOCKET_PATH_BYTES, HostPlace, own_folder, peer_uid, same_user, try_lock


@pytest.fixture
def short_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_the_socket_lies_beside_the_hosts_other_files_when_the_path_is_short() -> None:
    assert HostPlace(Path("/home/a/state/engine"), Path("/home/a/cache")).socket == Path(
        "/home/a/state/engine/host.sock"
    )


def test_a_long_path_moves_the_socket_under_the_cache_folder() -> None:
    place = HostPlace(Path("/home") / ("x" * 90) / "engine", Path("/home/a/cache"))
    assert place.socket.parent == Path("/home/a/cache/engine")


def test_where_both_paths_are_long_the_socket_lies_in_the_temporary_folder() -> None:
    long = Path("/home") / ("x" * 200)
    place = HostPlace(long / "engine", long / "cache")
    assert place.socket.parent.name == f"tavern-tui-{os.getuid()}"


@pytest.mark.parametrize("length", [1, 70, 95, 200])
def test_no_socket_path_is_longer_than_a_hundred_bytes(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/tmp/" + "t" * length)
    long = Path("/home") / ("ö" * length)
    place = HostPlace(long / "engine", long / "cache")
    assert len(os.fsencode(place.socket)) <= SOCKET_PATH_BYTES


def test_two_long_folders_have_two_sockets() -> None:
    long = Path("/home") / ("x" * 200)
    cache = Path("/home/a/cache")
    assert HostPlace(long / "one", cache).socket != HostPlace(long / "two", cache).socket


def test_the_socket_is_never_in_the_runtime_folder_that_logout_deletes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/1000")
    long = Path("/home") / ("x" * 200)
    assert "/run/user" not in str(HostPlace(long, long).socket)


def test_folders_are_closed_to_others_even_when_they_were_open(short_temporary_folder: Path) -> None:
    place = HostPlace(short_temporary_folder / "engine", short_temporary_folder / "cache")
    place.folder.mkdir(mode=0o755)
    place.make()
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "engine").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(EngineError):
        own_folder(tmp_path / "engine")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(EngineError, match="not a folder of yours"):
        own_folder(folder)


def test_a_folder_that_cannot_be_made_is_said_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError) as refusal:
        own_folder(tmp_path / "file" / "engine")
    assert refusal.value.where == str(tmp_path / "file" / "engine")


def test_a_lock_is_had_by_one_at_a_time(tmp_path: Path) -> None:
    first = try_lock(tmp_path / "lock")
    assert first is not None
    assert try_lock(tmp_path / "lock") is None
    os.close(first)
    again = try_lock(tmp_path / "lock")
    assert again is not None
    os.close(again)


def test_the_peer_of_a_socket_is_known() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peer_uid(ours) == os.getuid()
        assert same_user(theirs)
