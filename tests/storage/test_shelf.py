"""A shelf: a folder of files that people name, change, delete and bring back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import NotFoundError, SettingsError, StorageError
from tavern_tui.storage.shelf import Shelf, personas_shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return personas_shelf(Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache"))


def test_a_file_is_found_by_its_name_in_any_case(shelf: Shelf) -> None:
    path = shelf.add("Mira", b"one")
    assert shelf.named("mira ") == path
    assert shelf.read(path) == b"one"
    assert shelf.paths() == [path]


def test_a_name_is_given_once_whatever_its_ending(shelf: Shelf) -> None:
    shelf.add("Mira", b"one", suffix=".json")
    with pytest.raises(SettingsError, match="already"):
        shelf.add("MIRA", b"two")


@pytest.mark.parametrize("name", ["", " ", "a/b", ".hidden", "con", "x" * 101, "a\nb"], ids=range(7))
def test_a_name_that_no_system_takes_is_refused(shelf: Shelf, name: str) -> None:
    with pytest.raises(SettingsError, match="can be called"):
        shelf.add(name, b"")
    assert shelf.paths() == []


def test_what_was_deleted_comes_back_the_last_first(shelf: Shelf) -> None:
    for text in (b"one", b"two"):
        shelf.delete(shelf.add("Mira", text).stem)
    back = shelf.restore("mira")
    assert shelf.paths() == [back]
    with pytest.raises(StorageError, match="another Mira"):
        shelf.restore("Mira")
    assert len(shelf.deleted()) == 1


def test_a_file_that_something_else_changed_is_left_alone(shelf: Shelf) -> None:
    path = shelf.add("Mira", b"one")
    path.write_bytes(b"theirs")
    with pytest.raises(StorageError, match="changed by something else"):
        shelf.replace(path, b"ours", was=b"one")
    assert path.read_bytes() == b"theirs"


def test_what_is_not_there_is_told_with_what_is_near(shelf: Shelf) -> None:
    shelf.add("Mirabel", b"")
    with pytest.raises(NotFoundError) as caught:
        shelf.named("Mirabell")
    assert caught.value.hint == "Did you mean Mirabel?"
