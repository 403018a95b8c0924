"""The last versions of a thing: kept in order, the oldest let go, and a mark of how it was left."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.storage.versions import MOST, Versions


def test_the_last_version_comes_back_with_what_changed_it(tmp_path: Path) -> None:
    versions = Versions(tmp_path / "inn")
    assert versions.last() is None
    assert versions.left == ""
    versions.keep(b"one\nline", "a  new\nkey", "m1")
    versions.keep(b"two", "order", "m2")
    last = versions.last()
    assert last is not None
    assert (last.change, last.data, versions.left) == ("order", b"two", "m2")
    versions.drop(last, "m3")
    again = versions.last()
    assert again is not None
    assert (again.change, again.data, versions.left) == ("a new key", b"one\nline", "m3")


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    for number in range(MOST + 3):
        versions.keep(str(number).encode(), "change", "")
    kept = sorted(path.name for path in tmp_path.iterdir() if path.name.isdecimal())
    assert len(kept) == MOST
    assert kept[0] == "00000004"
