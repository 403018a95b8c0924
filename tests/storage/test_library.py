"""The library: what is listed, what is found by which name, what shadows what, and files nobody can read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories, directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError, StorageError
from tavern_tui.formats.card import write_card_png
from tavern_tui.storage.library import Library
from tests.formats.pictures import small_picture


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    """An empty user's folders."""
    found = directories({"TAVERN_HOME": str(tmp_path / "home")})
    found.characters.mkdir(parents=True)
    found.worlds.mkdir()
    return found


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """A folder in place of the shipped cards and lorebooks."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    return folder


@pytest.fixture
def library(dirs: Directories, samples: Path) -> Library:
    """A library over both."""
    return Library(dirs, shipped_cards=samples, shipped_worlds=samples)


def card(path: Path, name: str, **fields: Any) -> Path:
    """Write a JSON card."""
    path.write_text(json.dumps({"name": name, "description": "", **fields}), encoding="utf-8")
    return path


def png(path: Path, name: str) -> Path:
    """Write a PNG card."""
    path.write_bytes(write_card_png(Character(name), small_picture()))
    return path


def test_characters_are_listed_by_name_with_tags(library: Library, dirs: Directories, samples: Path) -> None:
    card(dirs.characters / "b.json", "zora")
    card(dirs.characters / "a.json", "Mira", tags=["inn"])
    card(samples / "c.json", "Ash")
    assert [(e.name, e.tags, e.shipped) for e in library.characters()] == [
        ("Ash", (), True),
        ("Mira", ("inn",), False),
        ("zora", (), False),
    ]


def test_a_user_s_file_shadows_a_shipped_one_of_the_same_stem(
    library: Library, dirs: Directories, samples: Path
) -> None:
    png(samples / "Mira.png", "Mira, shipped")
    own = card(dirs.characters / "mira.json", "Mira, mine")
    assert [(e.name, e.path) for e in library.characters()] == [("Mira, mine", own)]
    assert library.character("mira") == (library.character(str(own))[0], own)


def test_a_damaged_copy_still_shadows_and_says_why(library: Library, dirs: Directories, samples: Path) -> None:
    card(samples / "mira.json", "Mira")
    (dirs.characters / "mira.json").write_text("{", encoding="utf-8")
    (entry,) = library.characters()
    assert not entry.shipped
    assert entry.problem.startswith("mira.json:1: This is not JSON")


def test_png_wins_over_json_and_json_over_yaml(library: Library, dirs: Directories) -> None:
    (dirs.characters / "mira.yaml").write_text("name: From YAML\ncontext: x\n", encoding="utf-8")
    assert library.character("mira")[0].name == "From YAML"
    card(dirs.characters / "mira.json", "From JSON")
    assert library.character("mira")[0].name == "From JSON"
    png(dirs.characters / "mira.png", "From PNG")
    assert library.character("mira")[0].name == "From PNG"
    assert len(library.characters()) == 1


def test_a_plain_picture_beside_a_json_card_is_its_portrait(library: Library, dirs: Directories) -> None:
    (dirs.characters / "mira.png").write_bytes(small_picture())
    path = card(dirs.characters / "mira.json", "Mira")
    assert library.character("mira")[1] == path
    assert [e.path for e in library.characters()] == [path]


@pytest.mark.parametrize("typed", ["wren-of-the-inn", "Wren", "wren", "WREN-OF-THE-INN", "wr", "Wren-of", " Wren "])
def test_a_character_is_found_by_stem_name_case_and_beginning(library: Library, dirs: Directories, typed: str) -> None:
    path = card(dirs.characters / "wren-of-the-inn.json", "Wren")
    card(dirs.characters / "mira.json", "Mira")
    assert library.character(typed)[1] == path


def test_a_stem_wins_over_a_name(library: Library, dirs: Directories) -> None:
    card(dirs.characters / "a.json", "b")
    by_stem = card(dirs.characters / "b.json", "a stranger")
    assert library.character("b")[1] == by_stem


def test_exact_wins_over_a_beginning(library: Library, dirs: Directories) -> None:
    short = card(dirs.characters / "1.json", "Ann")
    card(dirs.characters / "2.json", "Anna")
    assert library.character("Ann")[1] == short


def test_a_beginning_that_fits_two_names_both(library: Library, dirs: Directories) -> None:
    card(dirs.characters / "1.json", "Anna")
    card(dirs.characters / "2.json", "Annabel")
    with pytest.raises(NotFoundError) as caught:
        library.character("Ann")
    assert "Anna (1.json), Annabel (2.json)" in caught.value.title


def test_two_of_one_name_are_told_apart_by_their_files(library: Library, dirs: Directories) -> None:
    card(dirs.characters / "1.json", "Ann")
    second = card(dirs.characters / "2.json", "Ann")
    with pytest.raises(NotFoundError, match="fits 2 characters"):
        library.character("Ann")
    assert library.character("2")[1] == second


def test_a_name_that_is_nearly_right_is_corrected(library: Library, dirs: Directories) -> None:
    card(dirs.characters / "1.json", "Mira")
    with pytest.raises(NotFoundError) as caught:
        library.character("Mria")
    assert caught.value.hint == "Did you mean Mira?"


@pytest.mark.parametrize(
    "typed", ["", "   ", "\0", "x" * 5000, "~nobody-has-this-name/x", "../../etc/passwd", "a/b\nc"]
)
def test_nothing_that_can_be_typed_breaks_the_search(library: Library, dirs: Directories, typed: str) -> None:
    card(dirs.characters / "1.json", "Mira")
    with pytest.raises((NotFoundError, StorageError, FormatError)):
        library.character(typed)


def test_a_typed_path_is_read_wherever_it_is(library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = card(tmp_path / "guest.json", "Guest")
    assert library.character(str(path)) == (library.character(str(path))[0], path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert library.character("guest.json")[0].name == "Guest"
    assert library.character("./guest.json")[0].name == "Guest"
    assert library.character("~/guest.json")[1] == path


@pytest.mark.parametrize("name", ["Alice/Bob", "/v/", "../Wren", "~root/x"])
def test_a_name_with_slashes_is_a_name_where_no_file_is_there(name: str, library: Library, dirs: Directories) -> None:
    path = card(dirs.characters / "odd.json", name)
    assert library.character(name)[1] == path
    with pytest.raises(NotFoundError, match="no file "):
        library.character(f"{name}/nobody.json")


def test_files_that_cannot_be_read_are_listed_and_stop_nothing(
    library: Library, dirs: Directories, samples: Path
) -> None:
    card(dirs.characters / "good.json", "Good")
    (dirs.characters / "folder.png").mkdir()
    (dirs.characters / "empty.json").touch()
    (dirs.characters / "gone.json").symlink_to(dirs.characters / "nowhere")
    (dirs.characters / "circle.json").symlink_to(dirs.characters / "circle.json")
    (dirs.characters / "bin.png").write_bytes(os.urandom(500))
    os.mkfifo(dirs.characters / "pipe.json")
    problems = {entry.name: entry.problem for entry in library.characters()}
    assert problems.pop("Good") == ""
    assert "it is a folder" in problems["folder"]
    assert "empty" in problems["empty"]
    assert "There is no file" in problems["gone"]
    assert "circle" in problems["circle"]
    assert "no ordinary file" in problems["pipe"]
    assert all(problems.values())
    assert len(problems) == 6


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_says_so(library: Library, dirs: Directories) -> None:
    card(dirs.characters / "secret.json", "Secret").chmod(0)
    assert "may not be read" in library.characters()[0].problem


def test_temporary_and_foreign_files_are_not_listed(library: Library, dirs: Directories) -> None:
    for name in (".mira.json", ".4f.tmp", "notes.txt", "mira.json.bak", "Thumbs.db", "._mira.png"):
        (dirs.characters / name).write_text("{}", encoding="utf-8")
    assert library.characters() == []


def test_names_of_files_may_hold_anything(library: Library, dirs: Directories) -> None:
    for name in ("a\nb.json", "\x1b]0;x\x07.json", "naïve .json"):
        card(dirs.characters / name, f"in {name!r}")
    card(Path(os.fsdecode(os.fsencode(dirs.characters) + b"/\xff\xfe.json")), "bytes")
    assert len(library.characters()) == 4
    assert not any(entry.problem for entry in library.characters())


def test_missing_folders_are_empty_ones(tmp_path: Path) -> None:
    nowhere = directories({"TAVERN_HOME": str(tmp_path / "nowhere")})
    library = Library(nowhere, shipped_cards=tmp_path / "no", shipped_worlds=tmp_path / "no")
    assert library.characters() == []
    assert library.lorebooks() == []
    with pytest.raises(NotFoundError, match="no character “Mira”"):
        library.character("Mira")
    assert not (tmp_path / "nowhere").exists()


def test_lorebooks_are_listed_and_found_like_characters(library: Library, dirs: Directories, samples: Path) -> None:
    entries = {str(n): {"uid": n, "key": ["a"]} for n in range(3)}
    (samples / "inn.json").write_text(json.dumps({"entries": {}}), encoding="utf-8")
    own = dirs.worlds / "Inn.json"
    own.write_text(json.dumps({"entries": entries}), encoding="utf-8")
    (dirs.worlds / "bad.json").write_text("[]", encoding="utf-8")
    assert [(e.name, e.size, bool(e.problem)) for e in library.lorebooks()] == [("bad", 0, True), ("Inn", 3, False)]
    book, path = library.lorebook("inn")
    assert (book.name, len(book.entries), path) == ("Inn", 3, own)


def test_a_name_that_a_card_gives_opens_no_file_elsewhere(library: Library, tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text('{"entries": {"0": {"uid": 0, "key": ["a"], "content": "b"}}}')
    name = str(tmp_path / "secret.json")
    assert library.lorebook(name)[0].entries
    with pytest.raises(NotFoundError, match="no lorebook"):
        library.lorebook(name, typed=False)


def test_the_shipped_samples_are_all_readable(tmp_path: Path) -> None:
    library = Library(directories({"TAVERN_HOME": str(tmp_path)}))
    characters, books = library.characters(), library.lorebooks()
    assert len(characters) >= 4
    assert len(books) >= 2
    assert [e.problem for e in characters if e.problem] + [e.problem for e in books if e.problem] == []
    assert all(e.shipped for e in characters)
    assert all(e.shipped for e in books)


def test_listing_and_loading_write_nothing(library: Library, dirs: Directories, samples: Path) -> None:
    card(samples / "mira.json", "Mira")
    before = {path: path.stat().st_mtime_ns for path in samples.parent.rglob("*")}
    library.characters()
    library.character("mira")
    assert {path: path.stat().st_mtime_ns for path in samples.parent.rglob("*")} == before
