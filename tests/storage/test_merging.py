"""What other programs leave when two devices changed one file: chats are merged, other files kept, nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.domain.events import ChatEvent, Speaker, TurnAdded
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.merging import Fate, conflict_copies, marked_by_git, original_name, settle
from tests.storage.indexed import NIGHT, Shelf, write

SYNCTHING = "night.sync-conflict-20251009-101112-ABCDEF7.jsonl"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty library."""
    return Shelf(tmp_path)


def grow(shelf: Shelf, path: Path, text: str) -> None:
    shelf.log(path).append(TurnAdded("night-0", Speaker.USER, "Alex", text))


def store(shelf: Shelf) -> ChatStore:
    return ChatStore(shelf.dirs.chats, device="here", state=shelf.dirs.journals)


def said(shelf: Shelf, path: Path) -> set[str]:
    return {turn.text for turn in shelf.log(path).tree.turns.values()}


@pytest.mark.parametrize(
    ("name", "original"),
    [
        (SYNCTHING, "night.jsonl"),
        ("Mira.sync-conflict-20251009-101112.png", "Mira.png"),
        ("Mira (conflicted copy).json", "Mira.json"),
        ("Mira (conflicted copy 2025-10-09 101112).json", "Mira.json"),
        ("Mira (Alex's conflicted copy 2025-10-09).json", "Mira.json"),
        ("Mira_conflict-20251009-101112.json", "Mira.json"),
        ("Mira.json", ""),
        ("Mira (2).json", ""),
        ("A conflicted copy of Mira.json", ""),
        (".sync-conflict-20251009-101112.json", ""),
    ],
    ids=["syncthing", "older", "bare", "nextcloud", "dropbox", "owncloud", "none", "number", "words", "nameless"],
)
def test_conflict_copies_are_known_by_their_names(name: str, original: str) -> None:
    assert original_name(name) == original


def test_a_copy_without_its_original_is_a_file_like_any_other(shelf: Shelf) -> None:
    shelf.chat("night", "one").rename(shelf.dirs.chats / SYNCTHING)
    assert conflict_copies(shelf.dirs.chats) == []


def test_a_chat_that_went_on_on_two_devices_has_both_continuations(shelf: Shelf) -> None:
    path = shelf.chat("night", "one")
    copy = shelf.dirs.chats / SYNCTHING
    copy.write_bytes(path.read_bytes())
    grow(shelf, path, "at home")
    grow(shelf, copy, "on the train")
    (settled,) = settle(shelf.dirs)
    assert (settled.fate, settled.events) == (Fate.MERGED, 1)
    assert said(shelf, path) == {"one", "at home", "on the train"}
    assert [one.name for one in store(shelf).list()] == ["night"]
    assert len(list(shelf.dirs.trash.rglob(SYNCTHING))) == 1


def test_a_chat_takes_its_copies_in_when_it_is_opened_and_they_stay(shelf: Shelf) -> None:
    path = shelf.chat("night", "one")
    copy = shelf.dirs.chats / "night (conflicted copy 2025-10-09).jsonl"
    copy.write_bytes(path.read_bytes())
    grow(shelf, copy, "on the train")
    log = store(shelf).open("night")
    assert {turn.text for turn in log.tree.turns.values()} == {"one", "on the train"}
    assert copy.exists()


def test_a_copy_that_cannot_be_read_to_its_end_is_merged_and_kept(shelf: Shelf) -> None:
    path = shelf.chat("night", "one")
    copy = shelf.dirs.chats / SYNCTHING
    copy.write_bytes(path.read_bytes())
    grow(shelf, copy, "on the train")
    with copy.open("ab") as file:
        file.write(b"\0\0\0\0\n")
    (settled,) = settle(shelf.dirs)
    assert (settled.fate, settled.events, copy.exists()) == (Fate.MERGED, 1, True)


def test_another_chat_of_such_a_name_is_not_mixed_in(shelf: Shelf) -> None:
    path = shelf.chat("night", "one")
    before = path.read_bytes()
    shelf.chat(SYNCTHING.removesuffix(".jsonl"), "something else")
    (settled,) = settle(shelf.dirs)
    assert (settled.fate, path.read_bytes()) == (Fate.KEPT, before)
    assert "two chats" in str(settled)


def test_an_equal_copy_of_a_card_goes_to_the_trash_and_another_stays_beside_it(shelf: Shelf) -> None:
    shelf.dirs.characters.mkdir()
    for name, text in (
        ("Mira.json", "1"),
        ("Mira (conflicted copy).json", "1"),
        ("Mira_conflict-20251009-101112.json", "2"),
    ):
        (shelf.dirs.characters / name).write_text(text)
    fates = {one.copy.name: one.fate for one in settle(shelf.dirs)}
    assert fates == {"Mira (conflicted copy).json": Fate.EQUAL, "Mira_conflict-20251009-101112.json": Fate.KEPT}
    assert sorted(path.name for path in shelf.dirs.characters.iterdir()) == [
        "Mira.json",
        "Mira_conflict-20251009-101112.json",
    ]


def test_a_file_with_both_sides_of_a_git_conflict_is_told(shelf: Shelf) -> None:
    shelf.dirs.characters.mkdir()
    path = shelf.dirs.characters / "Mira.json"
    path.write_text('<<<<<<< HEAD\n{"name": "Mira"}\n=======\n{"name": "Myra"}\n>>>>>>> phone\n')
    before = path.read_bytes()
    (settled,) = marked_by_git([path])
    assert (settled.fate, path.read_bytes()) == (Fate.MARKED, before)
    assert "git" in str(settled)


def test_a_chat_in_which_git_left_its_marks_tells_both_sides(shelf: Shelf) -> None:
    path = shelf.chat("night", "one")
    begun = path.read_bytes()
    grow(shelf, path, "at home")
    ours = path.read_bytes()[len(begun) :]
    path.write_bytes(begun)
    grow(shelf, path, "on the train")
    theirs = path.read_bytes()[len(begun) :]
    path.write_bytes(begun + b"<<<<<<< HEAD\n" + ours + b"=======\n" + theirs + b">>>>>>> phone\n")
    log = store(shelf).open("night")
    assert {turn.text for turn in log.tree.turns.values()} == {"one", "at home", "on the train"}
    assert len(log.problems) == 3
    shelf.look()
    assert len(shelf.found("train")) == 1


sides = st.lists(st.sampled_from(["here", "there", "both"]), max_size=8)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sides=sides)
def test_whatever_two_copies_have_the_merged_chat_has_all_of_it(shelf: Shelf, sides: list[str]) -> None:
    begun = ChatEvent("t", "rig", 1, TurnAdded("", Speaker.USER, "Alex", "begun"), at=NIGHT)
    events = [
        ChatEvent(f"t{number}", side, number + 2, TurnAdded("t", Speaker.USER, "Alex", f"{side} {number}"))
        for number, side in enumerate(sides)
    ]
    path, copy = shelf.dirs.chats / "night.jsonl", shelf.dirs.chats / SYNCTHING
    write(path, [begun, *(one for one in events if one.writer != "there")])
    write(copy, [begun, *(one for one in events if one.writer != "here")])
    assert [one.fate for one in settle(shelf.dirs)] == [Fate.MERGED]
    assert {event.id for event in shelf.log(path).events} == {"t", *(one.id for one in events)}
