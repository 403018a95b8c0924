"""The folder of chats: safe names from any title, a cheap list, and finding a chat by what a person calls it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.domain.events import PropertySet, TurnDeleted, Undone, Unknown
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog
from tests.domain.chat_events import event, turn
from tests.storage.child import output, start
from tests.storage.disk import said


@pytest.fixture
def store(tmp_path: Path) -> ChatStore:
    """An empty folder of chats."""
    return open_store(tmp_path)


def open_store(root: Path, clock: Callable[[], float] = lambda: 1_760_000_000.0) -> ChatStore:
    """The folder below ``root``, as a program that starts now sees it."""
    return ChatStore(root / "chats", device="phone", state=root / "state", clock=clock)


def two_turns(log: ChatLog) -> None:
    """Say two things, one after the other, and one of them in another way, too."""
    (first,) = log.append(said("one"))
    log.append(said("two", first.id), said("two, again", first.id))


def names(store: ChatStore) -> list[str]:
    """What the list opens chats by."""
    return [summary.name for summary in store.list()]


def test_a_folder_that_is_not_there_holds_no_chats(store: ChatStore) -> None:
    assert store.list() == []


def test_a_chat_is_listed_with_title_characters_turns_and_time(store: ChatStore) -> None:
    log = store.create("A night", ["Mira", "Tom"], "Alex")
    two_turns(log)
    (summary,) = store.list()
    assert (summary.name, summary.title, summary.characters) == ("A night", "A night", ("Mira", "Tom"))
    assert (summary.turns, summary.last, summary.path, summary.problem) == (2, 1_760_000_000.0, log.path, "")


def test_the_last_written_chat_comes_first(tmp_path: Path) -> None:
    times = iter(range(1, 10))
    store = open_store(tmp_path, clock=lambda: float(next(times)))
    old = store.create("old")
    store.create("new")
    assert names(store) == ["new", "old"]
    old.append(said("again"))
    assert names(store) == ["old", "new"]


def test_within_one_second_the_last_written_chat_comes_first_too(store: ChatStore) -> None:
    for name, nanoseconds in (("a", 1), ("b", 3), ("c", 2)):
        os.utime(store.create(name).path, ns=(0, nanoseconds))
    assert names(store) == ["b", "c", "a"]


def test_a_changed_title_is_listed_and_an_undone_change_is_not(store: ChatStore) -> None:
    log = store.create("A night")
    (change,) = log.append(PropertySet("title", "Dawn"))
    assert store.list()[0].title == "Dawn"
    log.append(Undone(change.id))
    assert store.list()[0].title == "A night"


def test_no_turn_is_decoded_for_the_list(store: ChatStore, monkeypatch: pytest.MonkeyPatch) -> None:
    log = store.create("A night")
    last = ""
    for _ in range(50):
        last = log.append(said("x" * 500, last))[0].id
    decoded = 0

    def counted(data: bytes) -> object:
        nonlocal decoded
        decoded += data.count(b'"k":"turn"')
        return decode_log(data)

    monkeypatch.setattr("tavern_tui.storage.chat_store.decode_log", counted)
    assert store.list()[0].turns == 50
    assert decoded == 1  # the last line, for its time


def test_an_unchanged_file_is_not_read_again_and_a_changed_one_is(
    store: ChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = store.create("A night")
    store.create("Another")
    store.list()
    read: list[str] = []
    real_read = Path.read_bytes

    def counted(path: Path) -> bytes:
        read.append(path.name)
        return real_read(path)

    monkeypatch.setattr(Path, "read_bytes", counted)
    store.list()
    assert read == []
    log.append(said("one"))
    store.list()
    assert read == ["A night.jsonl"]


def test_a_log_that_another_tool_wrote_with_spaces_is_counted_all_the_same(store: ChatStore) -> None:
    log = store.create("A night")
    two_turns(log)
    log.path.write_bytes(log.path.read_bytes().replace(b'":', b'": '))
    summary = open_store(store.folder.parent).list()[0]
    assert (summary.title, summary.turns) == ("A night", 2)


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"not a log\n", b'{"e":["torn'])
def test_a_file_that_tells_nothing_is_listed_by_its_name(store: ChatStore, content: bytes) -> None:
    store.folder.mkdir()
    (store.folder / "damaged.jsonl").write_bytes(content)
    (summary,) = store.list()
    assert (summary.title, summary.turns) == ("damaged", 0)


def test_only_chats_are_listed(store: ChatStore) -> None:
    store.create("A night")
    (store.folder / ".hidden.jsonl").touch()
    (store.folder / "notes.txt").touch()
    (store.folder / "folder.jsonl").mkdir()
    (store.folder / "nowhere.jsonl").symlink_to("nowhere at all")
    os.mkfifo(store.folder / "pipe.jsonl")
    assert names(store) == ["A night"]


def test_a_title_gives_the_file_its_name_once(store: ChatStore) -> None:
    assert [store.create("A night").path.name for _ in range(3)] == [
        "A night.jsonl",
        "A night 2.jsonl",
        "A night 3.jsonl",
    ]
    assert [summary.title for summary in store.list()] == ["A night"] * 3


BEGIN = """
import sys
from pathlib import Path
from tests.storage.test_chat_store import open_store
print("ready", flush=True)
sys.stdin.readline()
for _ in range(10):
    print(open_store(Path(sys.argv[1])).create("A night").path.name)
"""


def test_programs_that_begin_a_chat_at_the_same_moment_each_get_a_file(tmp_path: Path) -> None:
    children = [start(BEGIN, tmp_path) for _ in range(3)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    made = [name for child in children for name in output(child).split("\n") if name]
    assert len(set(made)) == len(made) == 30


def test_a_name_that_another_program_takes_at_the_last_moment_is_passed_over(
    store: ChatStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def beaten_to_it(folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        (folder / "A night.jsonl").touch()

    monkeypatch.setattr("tavern_tui.storage.chats.make_folder", beaten_to_it)
    assert store.create("A night").path.name == "A night 2.jsonl"


def test_titles_that_differ_in_case_only_do_not_share_a_name(store: ChatStore) -> None:
    store.create("A Night")
    assert store.create("a night").path.name == "a night 2.jsonl"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("", "chat"),
        ("...", "chat"),
        ("  ", "chat"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("\xa0.hidden", "hidden"),
        ("a/b\\c", "a-b-c"),
        ("a\0b\nc\x1b[31m", "a-b-c-[31m"),
        ("CON", "chat CON"),
        ("nul.txt", "chat nul.txt"),
        ("Müller’s Gasthaus 🏮", "Müller’s Gasthaus 🏮"),
        ("half \udc80 a character", "half - a character"),
        ("\u202egnp.exe", "gnp.exe"),
        ("é" * 100, "é" * 60),
        ("🏮" * 100, "🏮" * 30),
    ],
)
def test_a_file_name_is_safe_whatever_the_title_is(store: ChatStore, title: str, name: str) -> None:
    log = store.create(title)
    assert log.path.name == f"{name}.jsonl"
    assert log.path.parent == store.folder


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(title=st.text(max_size=300))
def test_every_title_makes_a_chat_that_is_found_by_its_file(store: ChatStore, title: str) -> None:
    log = store.create(title)
    assert log.path.parent == store.folder
    assert len(os.fsencode(log.path.name)) <= 150
    assert store.open(log.path.name.removesuffix(".jsonl")).tree.title == log.tree.title
    log.path.unlink()


def test_a_chat_is_opened_by_name_with_or_without_its_suffix(store: ChatStore) -> None:
    store.create("A night")
    assert store.open("A night").tree.title == "A night"
    assert store.open("A night.jsonl").tree.title == "A night"


@pytest.mark.parametrize("name", ["", ".", "..", "../chats/A night", "/etc/passwd", "A nigh", "\0"])
def test_a_name_that_is_no_chat_of_the_folder_opens_nothing(store: ChatStore, name: str) -> None:
    store.create("A night")
    with pytest.raises(NotFoundError):
        store.open(name)


def test_a_name_nearly_right_is_answered_with_the_nearest(store: ChatStore) -> None:
    store.create("A night at the Crooked Lantern")
    with pytest.raises(NotFoundError) as caught:
        store.find("a night at the croked lantern")
    assert caught.value.hint == "Nearest: A night at the Crooked Lantern"


@pytest.mark.parametrize("wanted", ["A night", "a NIGHT", "A night.jsonl", "a n", " a night "])
def test_a_chat_is_found_by_name_title_or_beginning(store: ChatStore, wanted: str) -> None:
    store.create("A night")
    store.create("Dawn")
    assert store.find(wanted).tree.title == "A night"


def test_the_exact_name_wins_over_longer_ones(store: ChatStore) -> None:
    store.create("Mira")
    store.create("Mira and Tom")
    assert store.find("mira").tree.title == "Mira"


def test_a_chat_is_found_by_the_title_it_has_now(store: ChatStore) -> None:
    store.create("A night").append(PropertySet("title", "Dawn"))
    assert store.find("dawn").path.name == "A night.jsonl"


def test_a_beginning_of_several_names_them(store: ChatStore) -> None:
    for title in ("Mira one", "Mira two"):
        store.create(title)
    with pytest.raises(NotFoundError) as caught:
        store.find("mira")
    assert caught.value.title == "mira could be 2 chats."
    assert {"Mira one", "Mira two"} == set(caught.value.hint.removeprefix("Say one of: ").split(", "))


def test_nothing_is_found_by_an_empty_name(store: ChatStore) -> None:
    store.create("A night")
    with pytest.raises(NotFoundError):
        store.find("  ")


def test_a_copy_of_a_chat_in_a_newer_format_can_be_written_to(store: ChatStore) -> None:
    log = store.create("A night", ["Mira"], "Alex")
    (one,) = log.append(said("one"))
    log.append(said("two", one.id), PropertySet("title", "Dawn"), PropertySet("note", "rain"))
    later = [
        event("x", 90, Unknown("hologram"), format=3, program="1.4"),
        turn("y", 91, log.tree.tip, "three", "rig"),
        event("z", 92, TurnDeleted("y"), format=3),
    ]
    with log.path.open("ab") as file:
        file.writelines(encode(found) + b"\n" for found in later)
    log.refresh()
    before = log.path.read_bytes()
    copy = store.copy(log, "A night, continued")
    copy.append(said("four", copy.tree.tip))
    assert [found.text for found in store.find("A night, continued").tree.path()] == ["one", "two", "four"]
    assert (copy.tree.title, copy.tree.characters, copy.tree.persona) == ("A night, continued", ("Mira",), "Alex")
    assert copy.tree.properties == {"note": "rain"}
    assert log.path.read_bytes() == before
    with pytest.raises(StorageError):
        log.append(said("five"))


UNREADABLE = """
import os, sys
from pathlib import Path
from tests.storage.test_chat_store import open_store
if os.geteuid() == 0:
    os.setuid(65534)  # for root every file is readable
for summary in open_store(Path(sys.argv[1])).list():
    print(summary.name, summary.turns, summary.problem, sep="|")
"""


def test_one_chat_that_may_not_be_read_does_not_hide_the_others() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        store = open_store(root, clock=lambda: 1.0)
        store.create("A night").append(said("one"))
        store.create("secret").path.chmod(0)
        secret, night = output(start(UNREADABLE, root)).splitlines()
    assert night == "A night|1|"
    assert secret.startswith("secret|0|")
    assert "secret.jsonl may not be read here." in secret


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "chats").touch()
    with pytest.raises(StorageError):
        open_store(tmp_path).create("A night")
