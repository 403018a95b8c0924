"""The index of the library: equal to the files whatever happened to them, and worth nothing but time."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatEvent, PropertySet, Speaker, TextEdited, TurnAdded, TurnDeleted, Undone
from tavern_tui.storage import index_chats, index_upkeep
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_cards import characters_with, indexed_characters, indexed_lorebooks
from tavern_tui.storage.index_lists import counts, indexed_chats
from tavern_tui.storage.index_upkeep import bring_up_to_date, take_in_chat
from tavern_tui.storage.locks import FileLock
from tests.domain.chat_events import bodies
from tests.storage.child import output, start
from tests.storage.indexed import NIGHT, Shelf, contents, write

CARD = '{"spec": "chara_card_v2", "data": {"name": "%s", "tags": ["Sea", "Fog"], "creator": "Ána"}}'


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty library."""
    return Shelf(tmp_path)


def card(shelf: Shelf, name: str) -> Path:
    shelf.dirs.characters.mkdir(exist_ok=True)
    path = shelf.dirs.characters / f"{name}.json"
    path.write_text(CARD % name)
    return path


def test_a_library_that_is_not_there_gives_an_empty_index(shelf: Shelf) -> None:
    assert not shelf.look().changed
    assert counts(shelf.index) == type(counts(shelf.index))(0, 0, 0, 0)
    assert shelf.index.is_filled()


def test_the_index_is_for_this_user_only_and_beside_nothing_that_is_synced(shelf: Shelf) -> None:
    shelf.look()
    assert shelf.index.path.is_relative_to(shelf.dirs.cache)
    assert shelf.index.path.stat().st_mode & 0o077 == 0


def test_characters_are_listed_from_the_index_as_from_the_files(shelf: Shelf) -> None:
    card(shelf, "Tom")
    card(shelf, "Mira")
    (shelf.dirs.characters / "soup.png").write_bytes(b"soup")
    (shelf.dirs.characters / "Mira.png").write_bytes(b"no card: a portrait")
    shelf.look()
    assert indexed_characters(shelf.index, shelf.library) == shelf.library.characters()


def test_lorebooks_are_listed_from_the_index_as_from_the_files(shelf: Shelf) -> None:
    shelf.dirs.worlds.mkdir()
    (shelf.dirs.worlds / "sea.json").write_text('{"entries": {"0": {"uid": 0, "key": ["sea"], "content": "Wet."}}}')
    (shelf.dirs.worlds / "torn.json").write_text('{"entr')
    shelf.look()
    assert indexed_lorebooks(shelf.index, shelf.library) == shelf.library.lorebooks()


def test_characters_are_found_by_parts_of_name_tag_and_creator(shelf: Shelf) -> None:
    card(shelf, "Mira")
    card(shelf, "Tom")
    shelf.look()
    assert characters_with(shelf.index, "fo MIR") == {("own", "Mira.json")}
    assert len(characters_with(shelf.index, "ana")) == 2
    assert characters_with(shelf.index, "100%") == set()


def test_chats_are_listed_with_title_turns_time_and_end(shelf: Shelf) -> None:
    shelf.chat("night", "one", "two", at=NIGHT)
    shelf.chat("day", "one", at=NIGHT + 9_000)
    shelf.look()
    first, second = indexed_chats(shelf.index, shelf.dirs.chats)
    assert (first.summary.name, second.summary.name, second.line) == ("day", "night", "the end of night")
    assert (second.summary.characters, second.summary.turns, second.summary.last) == (("Mira",), 2, NIGHT + 60.0)


def test_nothing_is_read_a_second_time(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    card(shelf, "Mira")
    shelf.chat("night", "one")
    shelf.look()

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read")

    monkeypatch.setattr("tavern_tui.storage.library.read_bytes", refuse)
    monkeypatch.setattr(index_chats, "open_regular", refuse)
    assert not shelf.look().changed


def test_a_turn_that_is_appended_is_taken_in_without_reading_what_is_above(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shelf.chat("night", "the lamp", "the rain")
    shelf.look()
    log = shelf.log(path)
    log.append(TurnAdded("night-1", Speaker.USER, "Alex", "the ferry"))
    log.append(TextEdited("night-0", "the lantern"), PropertySet("title", "Dawn"))

    def refuse(*_: object) -> None:
        raise AssertionError("the chat was folded anew")

    monkeypatch.setattr(index_chats, "fold", refuse)
    assert shelf.look().all_chats == 1
    assert (shelf.texts("ferry"), shelf.texts("lamp"), shelf.texts("lantern")) == (["the ferry"], [], ["the lantern"])
    assert indexed_chats(shelf.index, shelf.dirs.chats)[0].summary.title == "Dawn"


@pytest.mark.parametrize("what", ["edit", "delete", "undo", "merge", "rewrite", "cut", "remove", "rename", "torn"])
def test_whatever_happens_to_a_chat_the_index_is_as_if_made_anew(shelf: Shelf, what: str) -> None:
    path = shelf.chat("night", "the lamp", "the rain", "the road")
    shelf.chat("day", "the sun", "the lamp")
    shelf.look()
    _happen(shelf, path, what)
    assert shelf.look().changed
    assert contents(shelf.index) == contents(shelf.rebuilt())


def _happen(shelf: Shelf, path: Path, what: str) -> None:
    log = shelf.log(path)
    if what == "edit":
        log.append(TextEdited("night-1", "the snow"))
    elif what == "delete":
        log.append(TurnDeleted("night-1"))
    elif what == "undo":
        log.append(Undone("night-2"))
    elif what == "merge":
        other = TurnAdded("night-0", Speaker.CHARACTER, "Mira", "from elsewhere")
        log.take_in([ChatEvent("elsewhere", "phone", 3, other, ("night-0",), NIGHT + 61)])
    elif what == "rewrite":
        shelf.chat("night", "another", "story")
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:-30])
    elif what == "remove":
        path.unlink()
    elif what == "rename":
        path.rename(path.with_name("evening.jsonl"))
    else:
        with path.open("ab") as file:
            file.write(b'{"e":["torn')


ids = st.sampled_from([f"t{number}" for number in range(8)])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(st.tuples(bodies(ids), st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_a_chat_told_bit_by_bit_is_indexed_like_the_whole(shelf: Shelf, told: list[tuple[object, bool, bool]]) -> None:
    shelf.index.drop()
    events = [ChatEvent("t0", "rig", 1, TurnAdded("", Speaker.USER, "Alex", "first"), at=NIGHT)]
    path = shelf.dirs.chats / "night.jsonl"
    lamport = 1
    for number, (body, late, looks) in enumerate(told, 1):
        lamport = max(1, lamport - 2) if late else lamport + 1
        events.append(ChatEvent(f"t{number}", "rig", lamport, body, at=float(NIGHT + number)))  # type: ignore[arg-type]
        if looks:
            write(path, events)
            shelf.look()
    write(path, events)
    shelf.look()
    assert contents(shelf.index) == contents(shelf.rebuilt())


def test_an_interrupted_look_is_taken_up_by_the_next(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_chats, "SLICE", 2)
    shelf.chat("night", *(f"turn {number}" for number in range(9)))
    steps = bring_up_to_date(shelf.index, shelf.sources)
    while next(steps).turns < 4:
        pass
    steps.close()
    assert counts(shelf.index).turns < 9
    assert not shelf.index.is_filled()
    shelf.look()
    assert contents(shelf.index) == contents(shelf.rebuilt())


def _vanish(index: LibraryIndex) -> None:
    index.close()
    index.path.unlink()


def _become_rubbish(index: LibraryIndex) -> None:
    index.close()
    index.path.write_bytes(b"rubbish" * 1000)


def _become_empty(index: LibraryIndex) -> None:
    index.close()
    index.path.write_bytes(b"")


def _be_damaged_inside(index: LibraryIndex) -> None:
    index.close()
    data = bytearray(index.path.read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    index.path.write_bytes(data)


def _be_of_another_version(index: LibraryIndex) -> None:
    index.close()
    with sqlite3.connect(index.path) as db:
        db.execute("PRAGMA user_version=99")
        db.execute("DROP TABLE turns")
    db.close()


def _be_of_another_library(index: LibraryIndex) -> None:
    index.note("library", "/somewhere/else")
    index.close()


@pytest.mark.parametrize(
    "mischief",
    [_vanish, _become_rubbish, _become_empty, _be_damaged_inside, _be_of_another_version, _be_of_another_library],
    ids=["missing", "rubbish", "empty", "damaged", "version", "library"],
)
def test_an_index_that_cannot_be_used_is_made_anew(shelf: Shelf, mischief: Callable[[LibraryIndex], None]) -> None:
    card(shelf, "Mira")
    shelf.chat("night", "the lamp")
    shelf.look()
    before = contents(shelf.index)
    mischief(shelf.index)
    shelf.look()
    assert contents(shelf.index) == before
    assert shelf.texts("lamp") == ["the lamp"]


def test_an_index_that_another_program_threw_away_is_not_asked_any_more(shelf: Shelf) -> None:
    shelf.chat("night", "the lamp")
    shelf.look()
    LibraryIndex(shelf.dirs.cache, shelf.root).drop()
    assert shelf.texts("lamp") == []
    shelf.look()
    assert shelf.texts("lamp") == ["the lamp"]


def test_where_the_index_cannot_be_written_that_is_told_and_nothing_of_ones_own_is_touched(shelf: Shelf) -> None:
    shelf.dirs.cache.write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cache"):
        shelf.look()


def test_while_another_program_keeps_the_index_this_one_leaves_it_alone(shelf: Shelf) -> None:
    path = shelf.chat("night", "the lamp")
    with FileLock(shelf.index.upkeep_lock):
        assert shelf.look().elsewhere
        take_in_chat(shelf.index, shelf.sources, path)
        assert shelf.texts("lamp") == []
    assert not shelf.look().elsewhere


def test_one_chat_is_taken_in_by_itself(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shelf.chat("night", "the lamp")
    shelf.look()
    shelf.log(path).append(TurnAdded("night-0", Speaker.USER, "Alex", "the ferry"))
    monkeypatch.setattr(index_upkeep, "stamps", None)  # no folder is walked
    take_in_chat(shelf.index, shelf.sources, path)
    assert shelf.texts("ferry") == ["the ferry"]


KEEP = """
import sys
from pathlib import Path
from tests.storage.indexed import Shelf
shelf = Shelf(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(6):
    shelf.chat(f"{sys.argv[2]} {number}", *(f"turn {n} of {sys.argv[2]}" for n in range(20)))
    shelf.look()
"""


def test_two_programs_that_keep_one_index_lose_nothing(shelf: Shelf) -> None:
    programs = [start(KEEP, shelf.root, name) for name in ("rig", "phone")]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("go\n")
        program.stdin.flush()
    for program in programs:
        output(program)
    shelf.look()
    assert contents(shelf.index) == contents(shelf.rebuilt())
    assert counts(shelf.index).turns == 240


def test_threads_of_one_program_search_while_another_writes(shelf: Shelf) -> None:
    for number in range(4):
        shelf.chat(f"night {number}", *(f"the lamp {turn}" for turn in range(40)))
    faults: list[BaseException] = []

    def search() -> None:
        try:
            for _ in range(20):
                shelf.found("lamp")
        except BaseException as error:  # noqa: BLE001  told to the test, which is another thread
            faults.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    shelf.look()
    for thread in threads:
        thread.join(60)
    assert faults == []
    assert len(shelf.found("lamp")) == 50


def test_names_and_texts_that_are_no_text_stop_nothing(shelf: Shelf) -> None:
    shelf.chat("night", "half \ud800 a character", "NUL \0 inside")
    shelf.dirs.chats.joinpath(os.fsdecode(b"caf\xe9.jsonl")).write_bytes(b"\0\0\0\n\xff\xfe")
    shelf.dirs.characters.mkdir()
    shelf.dirs.characters.joinpath(os.fsdecode(b"caf\xe9.json")).write_text(CARD % "Mira")
    shelf.look()
    assert len(shelf.found("inside")) == 1
    assert [entry.path for entry in indexed_characters(shelf.index, shelf.library)] == [
        entry.path for entry in shelf.library.characters()
    ]
    assert contents(shelf.index) == contents(shelf.rebuilt())
