"""Archives and folders that somebody points at: unpacked with limits, nothing outside, links left alone."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from tavern_tui.domain.errors import FormatError
from tavern_tui.storage import import_sources
from tavern_tui.storage.import_sources import files_below, unpacked, user_folders

Contents = dict[str, bytes]


def zipped(path: Path, contents: Contents) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, contents: Contents, *links: str) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(member)
    return path


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
def test_an_archive_is_unpacked_without_what_nobody_needs(tmp_path: Path, pack: type) -> None:
    path = pack(
        tmp_path / "a", {"u/characters/Mira.json": b"{}", "u/thumbnails/Mira.png": b"x", "u/backgrounds/b": b"y"}
    )
    assert unpacked(path, tmp_path / "out") == []
    assert [one.relative_to(tmp_path / "out").as_posix() for one in files_below(tmp_path / "out")] == [
        "u/characters/Mira.json"
    ]


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
def test_names_that_lead_out_are_left_out_and_told(tmp_path: Path, pack: type) -> None:
    path = pack(tmp_path / "a", {"../out.json": b"{}", "/abs.json": b"{}", "in/../../x": b"", "C:\\x": b"", "ok": b"1"})
    skipped = unpacked(path, tmp_path / "here" / "out")
    assert len(skipped) == 4
    assert [one.name for one in files_below(tmp_path / "here")] == ["ok"]


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
@pytest.mark.parametrize("name", [f"{'n' * 300}.json", "ok.json/below.json"], ids=["long", "below a file"])
def test_a_name_that_no_file_can_have_costs_that_file_alone(tmp_path: Path, pack: type, name: str) -> None:
    path = pack(tmp_path / "a", {"ok.json": b"{}", name: b"{}", "too.json": b"{}"})
    assert [one.path for one in unpacked(path, tmp_path / "out")] == [name]
    assert [one.name for one in files_below(tmp_path / "out")] == ["ok.json", "too.json"]


def test_links_are_left_out(tmp_path: Path) -> None:
    assert [one.path for one in unpacked(tarred(tmp_path / "a", {}, "l"), tmp_path / "out")] == ["l"]
    with zipfile.ZipFile(tmp_path / "z", "w") as archive:
        entry = zipfile.ZipInfo("l")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert [one.path for one in unpacked(tmp_path / "z", tmp_path / "out2")] == ["l"]


def test_an_archive_that_unpacks_to_more_than_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_sources, "MOST_UNPACKED", 1 << 20)
    path = zipped(tmp_path / "a.zip", {"zeros": bytes(4 << 20)})
    with pytest.raises(FormatError, match="unpacks to more"):
        unpacked(path, tmp_path / "out")


def test_a_name_that_is_there_twice_does_not_stand_on_itself(tmp_path: Path) -> None:
    path = tarred(tmp_path / "a", {"x": b"1", "./x": b"2"})
    assert [one.path for one in unpacked(path, tmp_path / "out")] == ["./x"]
    assert (tmp_path / "out" / "x").read_bytes() == b"1"


@pytest.mark.parametrize("content", [b"PK\3\4 torn", b"\x1f\x8b torn", b"no archive"], ids=["zip", "gzip", "text"])
def test_a_damaged_archive_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(FormatError, match="damaged"):
        unpacked(tmp_path / "a.zip", tmp_path / "out")


def test_links_pipes_and_hidden_files_of_a_folder_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / ".hidden").write_text("{}")
    (tmp_path / "link.json").symlink_to(tmp_path / "a.json")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.json")
    assert [path.name for path in files_below(tmp_path)] == ["a.json"]


def user(folder: Path) -> Path:
    (folder / "characters").mkdir(parents=True)
    (folder / "chats").mkdir()
    (folder / "settings.json").write_text("{}")
    return folder


def test_users_are_found_wherever_sillytavern_keeps_them(tmp_path: Path) -> None:
    assert user_folders(user(tmp_path / "a")) == [tmp_path / "a"]
    both = [user(tmp_path / "b/data/default-user"), user(tmp_path / "b/data/robin")]
    assert user_folders(tmp_path / "b") == both
    assert user_folders(user(tmp_path / "c/public").parent) == [tmp_path / "c/public"]
    assert user_folders(user(tmp_path / "d/default-user").parent) == [tmp_path / "d/default-user"]
    (tmp_path / "e").mkdir()
    assert user_folders(tmp_path / "e") == []
