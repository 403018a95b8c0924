"""Backups hold everything that people make, and putting back never takes anything away."""

from __future__ import annotations

import json
import os
import resource
import zipfile
from pathlib import Path

import pytest

from tavern_tui.domain.errors import FormatError, NotFoundError, StorageError
from tavern_tui.domain.events import PropertySet, Speaker, TurnAdded, TurnDeleted
from tavern_tui.storage.backup import (
    Backup,
    backups_in,
    content_of,
    drop_oldest,
    files_of,
    find_backup,
    is_name,
    library_fingerprint,
    make_backup,
)
from tavern_tui.storage.restoring import Outcome, Restored, chosen, restore
from tests.storage.indexed import NIGHT, Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A library with a chat, a card, a lorebook, a setting, a model and a key."""
    shelf = Shelf(tmp_path / "home")
    shelf.chat("night", "one", "two")
    for path, text in {
        shelf.dirs.characters / "Mira.json": '{"name": "Mira"}',
        shelf.dirs.worlds / "sea.json": "{}",
        shelf.dirs.data / "variables.json": "{}",
        shelf.dirs.config / "settings.yaml": "format: 1\n",
        shelf.dirs.models / "big.gguf": "GGUF",
        shelf.dirs.secrets / "keys": "sk-123",
        shelf.dirs.cache / "index": "?",
        shelf.dirs.characters / ".hidden.json": "{}",
    }.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return shelf


def made(shelf: Shelf, at: float = NIGHT, *, daily: bool = False) -> Backup:
    return make_backup(shelf.dirs, shelf.dirs.backups, daily=daily, clock=lambda: at).backup


def put_back(shelf: Shelf, backup: Backup, *names: str) -> dict[str, Restored]:
    kept = chosen(backup, names) if names else files_of(backup)
    return {one.name: one for one in restore(shelf.dirs, backup, kept, older=bool(names))}


def library(shelf: Shelf) -> dict[str, bytes]:
    """Everything in the library and the settings."""
    return {
        str(path.relative_to(shelf.root)): path.read_bytes()
        for path in sorted(shelf.root.rglob("*"))
        if path.is_file() and not path.is_relative_to(shelf.dirs.state)
    }


def test_a_backup_holds_the_library_and_the_settings_and_nothing_of_this_device(shelf: Shelf) -> None:
    backup = made(shelf)
    assert [kept.name for kept in files_of(backup)] == [
        "config/settings.yaml",
        "library/characters/Mira.json",
        "library/chats/night.jsonl",
        "library/variables.json",
        "library/worlds/sea.json",
    ]
    assert (backup.chats, backup.turns, backup.characters, backup.files) == (1, 2, 1, 5)
    assert backup.path.stat().st_mode & 0o077 == 0
    assert [path.name for path in shelf.dirs.backups.iterdir()] == [backup.path.name]


def test_a_lost_library_comes_back_byte_for_byte(shelf: Shelf) -> None:
    backup, before = made(shelf), library(shelf)
    for kept in files_of(backup):
        top, _, rest = kept.name.partition("/")
        ((shelf.dirs.config if top == "config" else shelf.root) / rest).unlink()
    done = put_back(shelf, backup)
    assert {one.outcome for one in done.values()} == {Outcome.PUT_BACK}
    assert library(shelf) == before


def test_what_is_there_already_stays_and_what_differs_comes_as_a_copy_beside(shelf: Shelf) -> None:
    backup = made(shelf)
    (shelf.dirs.characters / "Mira.json").write_text('{"name": "Mira, changed"}')
    before = library(shelf)
    done = put_back(shelf, backup)
    copy = shelf.dirs.characters / "Mira (restored 2025-10-09).json"
    assert done["library/characters/Mira.json"] == Restored("library/characters/Mira.json", Outcome.COPY, copy)
    assert done["library/worlds/sea.json"].outcome is Outcome.SAME
    after = library(shelf)
    assert {name: after[name] for name in before} == before
    assert copy.read_text() == '{"name": "Mira"}'


def test_a_second_copy_has_a_number_and_an_equal_one_is_not_written_again(shelf: Shelf) -> None:
    older = made(shelf)
    (shelf.dirs.worlds / "sea.json").write_text("[1]")
    newer = made(shelf)
    (shelf.dirs.worlds / "sea.json").write_text("[2]")
    done = [put_back(shelf, backup)["library/worlds/sea.json"] for backup in (older, newer, older, newer)]
    assert [(one.outcome, one.path.name) for one in done if one.path] == [
        (Outcome.COPY, "sea (restored 2025-10-09).json"),
        (Outcome.COPY, "sea (restored 2025-10-09) 2.json"),
        (Outcome.SAME, "sea (restored 2025-10-09).json"),
        (Outcome.SAME, "sea (restored 2025-10-09) 2.json"),
    ]


def test_a_chat_that_only_grew_is_left_alone_unless_it_is_named(shelf: Shelf) -> None:
    backup = made(shelf)
    path = shelf.dirs.chats / "night.jsonl"
    shelf.log(path).append(TurnAdded("night-1", Speaker.USER, "Alex", "three"))
    grown = path.read_bytes()
    assert put_back(shelf, backup)["library/chats/night.jsonl"].outcome is Outcome.GROWN
    copy = put_back(shelf, backup, "night")["library/chats/night.jsonl"].path
    assert copy is not None
    assert path.read_bytes() == grown
    again = put_back(shelf, backup, "night")["library/chats/night.jsonl"]
    assert (again.outcome, again.path) == (Outcome.SAME, copy)
    tree = shelf.log(copy).tree
    assert (tree.title, [turn.text for turn in tree.path()]) == ("night (restored 2025-10-09)", ["one", "two"])


def test_a_chat_that_lost_turns_comes_back_as_a_chat_beside_it(shelf: Shelf) -> None:
    backup = made(shelf)
    path = shelf.dirs.chats / "night.jsonl"
    path.write_bytes(path.read_bytes()[:-50])
    shelf.log(path).append(TurnDeleted("night-0"))
    assert put_back(shelf, backup)["library/chats/night.jsonl"].outcome is Outcome.COPY


@pytest.mark.parametrize("name", ["night", "Night.jsonl", "library/chats/night.jsonl", "nig"])
def test_a_file_is_meant_by_its_name_or_the_beginning_of_it(shelf: Shelf, name: str) -> None:
    assert [one.name for one in chosen(made(shelf), [name])] == ["library/chats/night.jsonl"]


@pytest.mark.parametrize("name", ["a night at SEA", "A night"])
def test_a_chat_is_meant_by_its_title_too(shelf: Shelf, name: str) -> None:
    shelf.log(shelf.dirs.chats / "night.jsonl").append(PropertySet("title", "A night at sea"))
    assert [one.name for one in chosen(made(shelf), [name])] == ["library/chats/night.jsonl"]


def test_a_name_that_means_nothing_is_told_before_anything_is_put_back(shelf: Shelf) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        chosen(made(shelf), ["night", "nobody"])


def test_backups_are_found_by_date_and_the_newest_by_word(shelf: Shelf) -> None:
    old, new = made(shelf), made(shelf, NIGHT + 86_400)
    assert [one.path for one in backups_in(shelf.dirs.backups)] == [new.path, old.path]
    assert find_backup(shelf.dirs.backups, "latest").path == new.path
    assert find_backup(shelf.dirs.backups, "2025-10-09").path == old.path
    assert find_backup(shelf.dirs.backups, str(old.path)).path == old.path
    with pytest.raises(NotFoundError):
        find_backup(shelf.dirs.backups, "2024")


def test_two_backups_of_one_second_are_two_files(shelf: Shelf) -> None:
    assert made(shelf).path != made(shelf).path


def test_only_daily_backups_beyond_the_number_go_the_oldest_first(shelf: Shelf) -> None:
    asked = made(shelf)
    days = [made(shelf, NIGHT + day * 86_400, daily=True) for day in range(1, 4)]
    assert drop_oldest(shelf.dirs.backups, 2) == [days[0].path]
    assert [one.path for one in backups_in(shelf.dirs.backups)] == [days[2].path, days[1].path, asked.path]


def test_the_fingerprint_changes_with_the_library_and_not_by_itself(shelf: Shelf) -> None:
    before = library_fingerprint(shelf.dirs)
    (shelf.dirs.cache / "other").write_text("of no matter")
    assert library_fingerprint(shelf.dirs) == before
    (shelf.dirs.worlds / "sky.json").write_text("{}")
    assert library_fingerprint(shelf.dirs) != before


def test_what_cannot_be_read_is_left_out_and_named(shelf: Shelf) -> None:
    os.mkfifo(shelf.dirs.characters / "pipe.png")
    done = make_backup(shelf.dirs, shelf.dirs.backups)
    assert [("pipe.png" in one) for one in done.left_out] == [True]
    assert done.backup.files == 5


def test_a_full_disk_leaves_no_half_backup(shelf: Shelf) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    (shelf.dirs.characters / "noise.png").write_bytes(os.urandom(100_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))
    try:
        with pytest.raises(StorageError):
            make_backup(shelf.dirs, shelf.dirs.backups)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(shelf.dirs.backups.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("library/chats/a.jsonl", True),
        ("config/keys.yaml", True),
        ("library/../../etc/passwd", False),
        ("/etc/passwd", False),
        ("library//etc/passwd", False),
        ("library\\..\\x", False),
        ("state/secrets/keys", False),
        ("library", False),
        ("library/folder/", False),
        ("C:/library/x", False),
    ],
    ids=str,
)
def test_names_in_a_backup_stay_inside_the_library(name: str, fine: bool) -> None:
    assert is_name(name) == fine


def test_a_backup_made_by_somebody_else_writes_nothing_outside(shelf: Shelf, tmp_path: Path) -> None:
    path = tmp_path / "tavern-backup-20250101-000000.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tavern-backup.json", json.dumps({"format": 1, "at": 0}))
        archive.writestr("library/../../outside.txt", "no")
        archive.writestr("library/worlds/fine.json", "{}")
    done = put_back(shelf, find_backup(shelf.dirs.backups, str(path)))
    assert list(done) == ["library/worlds/fine.json"]
    assert not (tmp_path / "outside.txt").exists()


def _later(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tavern-backup.json", json.dumps({"format": 2, "at": 0, "program": "9.0"}))


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(b""), "damaged"),
        (lambda path: path.write_bytes(path.read_bytes()[:300]), "damaged"),
        (lambda path: zipfile.ZipFile(path, "w").close(), "damaged"),
        (_later, "format 2"),
    ],
    ids=["empty", "cut", "bare", "later"],
)
def test_a_backup_that_cannot_be_used_is_listed_with_the_reason(shelf: Shelf, spoil: object, told: str) -> None:
    path = made(shelf).path
    assert callable(spoil)
    spoil(path)
    (only,) = backups_in(shelf.dirs.backups)
    assert told in only.problem
    with pytest.raises(StorageError):
        find_backup(shelf.dirs.backups, path.name)


def test_a_file_that_is_damaged_inside_is_told_and_the_others_come_back(shelf: Shelf) -> None:
    backup = made(shelf)
    data = bytearray(backup.path.read_bytes())
    place = data.find(b"library/worlds/sea.json") + len("library/worlds/sea.json")
    data[place : place + 4] = b"\xff\xff\xff\xff"
    backup.path.write_bytes(data)
    (shelf.dirs.characters / "Mira.json").unlink()
    done = put_back(shelf, backup)
    assert "sea.json" in done["library/worlds/sea.json"].problem
    assert done["library/characters/Mira.json"].outcome is Outcome.PUT_BACK
    with pytest.raises(FormatError):
        content_of(backup, "library/worlds/sea.json")
