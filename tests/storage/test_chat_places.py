"""Where a terminal was in a chat: found again after any end, never lost, never by two terminals at once."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatStarted
from tavern_tui.storage import chat_places
from tavern_tui.storage.chat_places import ChatPlaces, Kept, Place
from tavern_tui.storage.chats import ChatLog
from tests.storage.child import output, start
from tests.storage.disk import Disk, said

HERE = Place("turn1", 3, "turn2", "I was about to s", (0, 16), "event9")


@pytest.fixture
def log(disk: Disk) -> ChatLog:
    """A chat with one turn."""
    log = disk.create()
    log.append(said("Hello"))
    return log


class Terminals:
    """Terminals of one device, their clock going on a second with each look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._now = 1_760_000_000.0

    def __call__(self, name: str) -> ChatPlaces:
        return ChatPlaces(self.folder, name, clock=self._clock)

    def _clock(self) -> float:
        self._now += 1.0
        return self._now


@pytest.fixture
def terminal(tmp_path: Path) -> Terminals:
    """``terminal(name)`` is what that terminal sees."""
    return Terminals(tmp_path / "places")


def other_chat(disk: Disk, name: str) -> ChatLog:
    """Another chat beside the first."""
    return ChatLog.create(
        disk.path.with_name(f"{name}.jsonl"), ChatStarted(name), device="phone", state=disk.root / "phone"
    )


def leave(places: ChatPlaces, log: ChatLog, place: Place, *, ended: bool = False) -> None:
    """A visit that leaves ``place`` behind."""
    held = places.claim(log)
    held.save(place, ended=ended)
    held.release()


def test_a_chat_that_was_never_open_begins_at_its_end_without_a_draft(log: ChatLog, terminal: Terminals) -> None:
    held = terminal("a").claim(log)
    assert (held.found, held.left_open) == (Place(), False)


@pytest.mark.parametrize("ended", [True, False])
def test_a_place_comes_back_in_the_same_terminal(log: ChatLog, terminal: Terminals, ended: bool) -> None:
    leave(terminal("a"), log, HERE, ended=ended)
    held = terminal("a").claim(log)
    assert (held.found, held.left_open) == (HERE, not ended)


def test_a_new_terminal_takes_over_the_draft_of_one_that_is_gone(log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    taken = terminal("b").claim(log)
    assert taken.found == HERE
    assert terminal("c").claim(log).found.draft == ""


def test_the_draft_of_a_terminal_that_is_there_stays_its_own(log: ChatLog, terminal: Terminals) -> None:
    mine = terminal("a").claim(log)
    mine.save(HERE)
    other = terminal("b").claim(log)
    assert other.found == Place("turn1", 3, "turn2", "", (0, 0), "event9")
    other.save(Place(draft="something else"))
    mine.release()
    other.release()
    assert terminal("a").claim(log).found.draft == HERE.draft
    assert terminal("b").claim(log).found.draft == "something else"


def test_the_own_draft_goes_before_a_newer_one_of_a_terminal_that_is_gone(log: ChatLog, terminal: Terminals) -> None:
    gone, mine = terminal("b").claim(log), terminal("a").claim(log)
    mine.save(Place(draft="mine"))
    gone.save(Place(draft="theirs, later"))
    mine.release()
    gone.release()
    assert terminal("a").claim(log).found.draft == "mine"
    assert terminal("c").claim(log).found.draft == "theirs, later"


def test_of_several_drafts_that_were_left_the_newest_comes_first_and_none_is_lost(
    log: ChatLog, terminal: Terminals
) -> None:
    held = [terminal(name).claim(log) for name in "abc"]
    for number, place in enumerate(held):
        place.save(Place(draft=f"draft {number}"))
    for place in held:
        place.release()
    assert [terminal(name).claim(log).found.draft for name in "xyz"] == ["draft 2", "draft 1", "draft 0"]


def test_the_position_is_where_somebody_was_last(log: ChatLog, terminal: Terminals) -> None:
    first, second = terminal("a").claim(log), terminal("b").claim(log)
    first.save(HERE)
    second.save(Place("turn7", 1))
    first.release()
    second.release()
    assert terminal("c").claim(log).found == Place("turn7", 1, "", HERE.draft, HERE.cursor, "")


def test_each_chat_has_its_own_place(disk: Disk, log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    assert terminal("a").claim(other_chat(disk, "other")).found == Place()
    assert terminal("a").claim(log).found == HERE


def test_a_draft_survives_that_its_chat_is_renamed(disk: Disk, log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    renamed = log.path.rename(log.path.with_name("renamed.jsonl"))
    assert terminal("b").claim(disk.open(path=renamed)).found == HERE


KEEP = """
import sys
from pathlib import Path
from tavern_tui.storage.chat_places import ChatPlaces, Place
from tests.storage.disk import Disk
log = Disk(Path(sys.argv[1])).open()
held = ChatPlaces(Path(sys.argv[2]), sys.argv[3]).claim(log)
print(held.found.draft, flush=True)
number = 0
for line in sys.stdin:
    held.save(Place(draft=line.rstrip("\\n")))
    print("saved", flush=True)
"""


def test_the_draft_of_a_killed_terminal_is_taken_over(disk: Disk, log: ChatLog, terminal: Terminals) -> None:
    child = start(KEEP, disk.root, terminal.folder, "a")
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "\n"
    child.stdin.write("I was about to s\n")
    child.stdin.flush()
    assert child.stdout.readline() == "saved\n"
    assert terminal("b").claim(log).found.draft == ""
    child.kill()
    child.wait()
    held = terminal("c").claim(log)
    assert (held.found.draft, held.left_open) == ("I was about to s", True)


def test_of_terminals_that_come_back_at_once_one_gets_the_draft(disk: Disk, log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    children = [start(KEEP, disk.root, terminal.folder, name) for name in "bcd"]
    drafts = []
    for child in children:
        assert child.stdout is not None
        drafts.append(child.stdout.readline().rstrip("\n"))
    for child in children:
        output(child)
    assert sorted(drafts) == ["", "", HERE.draft]


def test_the_last_chat_is_the_one_that_was_open_last_in_this_terminal_else_in_any(
    disk: Disk, log: ChatLog, terminal: Terminals
) -> None:
    assert terminal("a").last_chat() is None
    second = other_chat(disk, "second")
    for number, (name, chat) in enumerate((("a", log), ("b", second))):
        leave(terminal(name), chat, Place())
        newest = max(terminal.folder.glob("*.json"), key=lambda path: path.stat().st_ctime_ns)
        os.utime(newest, (number, number))
    assert terminal("a").last_chat() == log.path
    assert terminal("b").last_chat() == second.path
    assert terminal("c").last_chat() == second.path
    second.path.unlink()
    assert terminal("b").last_chat() == log.path


def test_opening_a_chat_is_enough_to_make_it_the_last(disk: Disk, log: ChatLog, terminal: Terminals) -> None:
    terminal("a").claim(log)
    assert terminal("a").last_chat() == log.path


def test_what_a_user_wrote_is_private(log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    assert stat.S_IMODE(terminal.folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in terminal.folder.glob("*.json")] == [0o600]


def test_the_number_of_files_is_bounded_but_no_draft_is_cleared_away(
    disk: Disk, terminal: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_places, "MOST_FILES", 3)
    chats = [other_chat(disk, f"chat {number}") for number in range(8)]
    for number, chat in enumerate(chats):
        leave(terminal("a"), chat, HERE if number == 0 else Place("turn1"))
    assert len(list(terminal.folder.glob("*.json"))) == 4
    assert terminal("b").claim(chats[0]).found == HERE
    assert terminal("b").claim(chats[7]).found == Place("turn1")


def test_a_place_that_is_in_use_is_not_cleared_away(
    disk: Disk, terminal: Terminals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_places, "MOST_FILES", 1)
    chats = [other_chat(disk, f"chat {number}") for number in range(3)]
    held = [terminal("a").claim(chat) for chat in chats]
    assert len(list(terminal.folder.glob("*.json"))) == 3
    for place in held:
        place.release()


def test_released_places_leave_no_locks(log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    assert sorted(path.suffix for path in terminal.folder.iterdir()) == [".json", ".lock"]
    assert (terminal.folder / "places.lock").exists()


def test_what_a_killed_writer_left_half_written_goes_once_it_is_old(log: ChatLog, terminal: Terminals) -> None:
    leave(terminal("a"), log, HERE)
    old, fresh = terminal.folder / ".0123.tmp", terminal.folder / ".4567.tmp"
    for path, age in ((old, 1_000_000_000), (fresh, 1_760_000_000)):
        path.write_text("half")
        os.utime(path, (age, age))
    assert terminal("a").claim(log).found == HERE
    assert (old.exists(), fresh.exists()) == (False, True)


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b'{"f":1,"draft":"x"', b"[]", b'{"f":2}', b'{"f":1}'])
def test_a_damaged_file_is_left_alone_and_the_chat_opens_without_it(
    log: ChatLog, terminal: Terminals, damage: bytes
) -> None:
    leave(terminal("a"), log, HERE)
    [path] = terminal.folder.glob("*.json")
    path.write_bytes(damage)
    assert terminal("a").claim(log).found == Place()
    assert path.read_bytes() == damage


@pytest.mark.parametrize(
    ("key", "value", "found"),
    [("line", -3, 0), ("line", "x", 0), ("cursor", [1], (0, 0)), ("cursor", [-1, 5], (0, 5)), ("cursor", None, (0, 0))],
)
def test_odd_numbers_are_taken_as_the_beginning(
    log: ChatLog, terminal: Terminals, key: str, value: object, found: object
) -> None:
    leave(terminal("a"), log, HERE)
    [path] = terminal.folder.glob("*.json")
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {key: value}))
    place = terminal("a").claim(log).found
    assert place.draft == HERE.draft
    assert getattr(place, key) == found


def test_a_folder_that_cannot_be_made_is_told(log: ChatLog, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        ChatPlaces(tmp_path / "file" / "places", "a").claim(log)


def test_an_edit_that_was_left_is_taken_over_like_a_draft(log: ChatLog, terminal: Terminals) -> None:
    begun = Place(edits=(("turn3", "What I had begun"),))
    later = terminal("b").claim(log)
    leave(terminal("a"), log, begun)
    later.save(Place("turn9"))
    later.release()
    assert terminal("c").claim(log).found == Place("turn9", edits=begun.edits)


@given(
    turn=st.text(max_size=8),
    line=st.integers(0, 10**6),
    draft=st.text(st.characters(exclude_categories=()), max_size=60),
    cursor=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
    ended=st.booleans(),
    edits=st.lists(st.tuples(st.text(max_size=4), st.text(max_size=20)), max_size=3),
)
def test_every_draft_and_place_reads_back_as_it_was(
    turn: str, line: int, draft: str, cursor: tuple[int, int], ended: bool, edits: list[tuple[str, str]]
) -> None:
    kept = Kept(
        Place(turn, line, turn, draft, cursor, turn, tuple(edits)), Path("/chats/a.jsonl"), "tmux %1", 1.5, ended
    )
    assert Kept.from_bytes(kept.to_bytes()) == kept
