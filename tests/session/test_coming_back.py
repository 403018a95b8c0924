"""What the user wrote and where they were comes back after any end of the program, in whatever terminal is next."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session import coming_back
from tavern_tui.session.coming_back import Place, PlaceKeeper, terminal_name
from tavern_tui.storage import chat_places
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog

HERE = Place("turn1", 3, "turn2", "I was about to s", (0, 16))
PATIENCE = 60.0


@pytest.fixture
def log(store: ChatStore) -> ChatLog:
    """A chat with one turn."""
    log = store.create("A crossing", ("Mira",), "Alex")
    log.append(TurnAdded("", Speaker.CHARACTER, "Mira", "Across?"))
    return log


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """This device's state folder."""
    return tmp_path / "device"


def on_disk(state: Path) -> list[str]:
    """The drafts that lie on the disk now."""
    return [json.loads(path.read_bytes())["draft"] for path in sorted((state / "places").glob("*.json"))]


def waits_for(condition: Callable[[], bool]) -> bool:
    """Whether it comes true, in patience."""
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def at(place: Place, log: ChatLog) -> Place:
    """``place`` as it is found again: with all that the chat had by then as seen."""
    return Place(place.turn, place.line, place.selected, place.draft, place.cursor, log.newest)


async def test_what_was_kept_is_there_in_the_next_terminal(log: ChatLog, state: Path) -> None:
    first = PlaceKeeper(state, terminal="a")
    assert await first.open(log) == Place()
    first.keep(HERE)
    await first.close()
    second = PlaceKeeper(state, terminal="b")
    assert await second.open(log) == at(HERE, log)
    assert second.left_open
    assert await second.last_chat() == log.path
    await second.close(ended=True)


async def test_a_visit_that_the_user_ends_is_known_as_such(log: ChatLog, state: Path) -> None:
    keeper = PlaceKeeper(state, terminal="a")
    await keeper.open(log)
    keeper.keep(HERE)
    await keeper.close(ended=True)
    assert await keeper.open(log) == at(HERE, log)
    assert not keeper.left_open
    await keeper.close()


def test_a_draft_reaches_the_disk_without_the_event_loop(log: ChatLog, state: Path) -> None:
    keeper = PlaceKeeper(state, terminal="a")
    asyncio.run(keeper.open(log))
    keeper.keep(HERE)
    assert waits_for(lambda: on_disk(state) == [HERE.draft])
    keeper.hang_up()


def test_an_end_at_the_moment_of_a_write_is_heard(log: ChatLog, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Signal(threading.Event):
        """Which somebody sets in the moment before it is cleared."""

        def clear(self) -> None:
            ends.pop()()
            super().clear()

    ends: list[Callable[[], None]] = []
    monkeypatch.setattr(threading, "Event", Signal)
    keeper = PlaceKeeper(state, terminal="a")
    asyncio.run(keeper.open(log))
    writer = keeper._writer
    assert writer is not None
    ends.append(writer.end)
    keeper.keep(HERE)
    writer.join(PATIENCE)
    assert not writer._thread.is_alive()
    assert on_disk(state) == [HERE.draft]


async def test_many_keys_are_few_writes_and_the_last_one_counts(
    log: ChatLog, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bytes] = []

    def counting(path: Path, data: bytes, *, mode: int) -> None:
        writes.append(data)
        write_atomic(path, data, mode=mode)

    monkeypatch.setattr(chat_places, "write_atomic", counting)
    keeper = PlaceKeeper(state, terminal="a")
    await keeper.open(log)
    for number in range(2000):
        keeper.keep(Place(draft="x" * number))
    await keeper.close()
    assert on_disk(state) == ["x" * 1999]
    assert len(writes) <= 4


async def test_a_place_that_has_not_changed_is_not_written_again(
    log: ChatLog, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = PlaceKeeper(state, terminal="a")
    await keeper.open(log)
    keeper.keep(HERE)
    assert await asyncio.to_thread(waits_for, lambda: on_disk(state) == [HERE.draft])
    monkeypatch.setattr(chat_places, "write_atomic", lambda *_a, **_o: pytest.fail("written again"))
    keeper.keep(HERE)
    await keeper.close()


TYPING = """
import asyncio, itertools, sys, time
from pathlib import Path
from tavern_tui.session.coming_back import Place, PlaceKeeper
from tavern_tui.storage.chats import ChatLog
log = ChatLog.open(Path(sys.argv[1]), device="device1", state=Path(sys.argv[2]))
keeper = PlaceKeeper(Path(sys.argv[3]), terminal="typing")
asyncio.run(keeper.open(log))
print("ready", flush=True)
for number in itertools.count(1):
    keeper.keep(Place(draft="x" * number, cursor=(0, number)))
    time.sleep(0.01)
    if number == int(sys.argv[4]):
        sys.stdin.read()
"""


@pytest.fixture
def typist(log: ChatLog, state: Path) -> Iterator[Callable[[int], subprocess.Popen[str]]]:
    """``typist(keys)`` is another process that types so many keys into the chat (for ever with 0), then waits."""
    begun: list[subprocess.Popen[str]] = []

    def begin(keys: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", TYPING, str(log.path), str(log.state), str(state), str(keys)]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        begun.append(child)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        return child

    yield begin
    for child in begun:
        child.kill()
        child.communicate()


async def test_a_killed_program_loses_no_key_that_was_typed_a_moment_before(
    log: ChatLog, state: Path, typist: Callable[[int], subprocess.Popen[str]]
) -> None:
    child = typist(120)
    assert await asyncio.to_thread(waits_for, lambda: on_disk(state) == ["x" * 120])
    child.kill()
    child.wait()
    keeper = PlaceKeeper(state, terminal="next")
    found = await keeper.open(log)
    assert (found.draft, found.cursor, keeper.left_open) == ("x" * 120, (0, 120), True)
    await keeper.close()


async def test_a_draft_is_written_while_the_user_goes_on_typing(
    log: ChatLog, state: Path, typist: Callable[[int], subprocess.Popen[str]]
) -> None:
    child = typist(0)
    lengths: set[int] = set()

    def seen_growing() -> bool:
        lengths.update(len(draft) for draft in on_disk(state) if draft)
        return len(lengths) >= 3

    assert await asyncio.to_thread(waits_for, seen_growing)
    child.kill()
    child.wait()
    keeper = PlaceKeeper(state, terminal="next")
    assert len((await keeper.open(log)).draft) >= max(lengths)
    await keeper.close()


async def test_after_a_hang_up_the_draft_is_free_while_the_old_program_still_runs(log: ChatLog, state: Path) -> None:
    old = PlaceKeeper(state, terminal="old")
    await old.open(log)
    old.keep(HERE)
    old.hang_up()
    new = PlaceKeeper(state, terminal="new")
    assert await new.open(log) == at(HERE, log)
    old.keep(Place(draft="nobody types here any more"))
    await old.close(ended=True)
    await new.close()
    assert on_disk(state) == [HERE.draft]


async def test_a_draft_in_a_terminal_whose_end_was_not_noticed_yet_can_be_read_there(log: ChatLog, state: Path) -> None:
    cut_off, new = PlaceKeeper(state, terminal="cut off"), PlaceKeeper(state, terminal="new")
    await cut_off.open(log)
    cut_off.keep(HERE)
    assert await asyncio.to_thread(waits_for, lambda: on_disk(state) == [HERE.draft])
    assert (await new.open(log)).draft == ""
    assert [place.draft for place in await new.drafts_elsewhere(log)] == [HERE.draft]
    assert await cut_off.drafts_elsewhere(log) == ()
    cut_off.hang_up()
    await new.close()


async def test_what_was_shown_by_the_end_is_seen_and_what_came_later_is_not(log: ChatLog, state: Path) -> None:
    keeper = PlaceKeeper(state, terminal="a")
    await keeper.open(log)
    (shown,) = log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", "Yes."))
    keeper.hang_up()
    log.append(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "Step in."))
    assert (await keeper.open(log)).seen == shown.id
    await keeper.close()


async def test_opening_another_chat_keeps_the_place_in_the_first(store: ChatStore, log: ChatLog, state: Path) -> None:
    other = store.create("Another", ("Mira",), "Alex")
    keeper = PlaceKeeper(state, terminal="a")
    await keeper.open(log)
    keeper.keep(HERE)
    assert await keeper.open(other) == Place()
    assert await keeper.last_chat() == other.path
    assert await keeper.open(log) == at(HERE, log)
    await keeper.close()


async def test_without_an_open_chat_there_is_nothing_to_keep(state: Path) -> None:
    keeper = PlaceKeeper(state, terminal="a")
    keeper.keep(HERE)
    keeper.hang_up()
    await keeper.close(ended=True)
    assert await keeper.last_chat() is None
    assert not state.exists()


async def test_a_disk_that_refuses_is_told_once_and_the_draft_is_written_when_it_takes_it(
    log: ChatLog, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coming_back, "_REFUSED_SECONDS", 0.05)
    refusals: list[StorageError] = []
    keeper = PlaceKeeper(state, terminal="a", refused=refusals.append)
    await keeper.open(log)
    places = state / "places"
    away = places.rename(state / "away")
    places.touch()
    keeper.keep(HERE)
    assert await asyncio.to_thread(waits_for, lambda: len(refusals) > 0)
    await asyncio.sleep(0.3)
    assert len(refusals) == 1
    places.unlink()
    away.rename(places)
    assert await asyncio.to_thread(waits_for, lambda: on_disk(state) == [HERE.draft])
    await keeper.close()


async def test_a_hang_up_does_not_wait_for_who_is_told_of_a_refusal(log: ChatLog, state: Path) -> None:
    told, gate = threading.Event(), threading.Event()

    def slow(_error: StorageError) -> None:
        told.set()
        gate.wait(PATIENCE)

    keeper = PlaceKeeper(state, terminal="a", refused=slow)
    await keeper.open(log)
    away = (state / "places").rename(state / "away")
    (state / "places").touch()
    keeper.keep(HERE)
    assert await asyncio.to_thread(told.wait, PATIENCE)
    keeper.hang_up()
    assert not gate.is_set()
    (state / "places").unlink()
    away.rename(state / "places")
    gate.set()
    assert await asyncio.to_thread(waits_for, lambda: on_disk(state) == [HERE.draft])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            ({"TMUX": "/t,1,0", "TMUX_PANE": "%1"}, "/dev/pts/1", 5),
            ({"TMUX": "/t,1,0", "TMUX_PANE": "%1"}, "", 9),
            True,
        ),
        (({"TMUX": "/t,1,0", "TMUX_PANE": "%1"}, "", 5), ({"TMUX": "/t,1,0", "TMUX_PANE": "%2"}, "", 5), False),
        (({"STY": "9.pts", "WINDOW": "0"}, "", 5), ({"STY": "9.pts", "WINDOW": "1"}, "", 5), False),
        (({}, "/dev/pts/1", 5), ({}, "/dev/pts/1", 5), True),
        (({}, "/dev/pts/1", 5), ({}, "/dev/pts/1", 6), False),
        (({"SSH_TTY": "/dev/pts/1"}, "", 5), ({"SSH_TTY": "/dev/pts/2"}, "", 5), False),
    ],
)
def test_a_terminal_is_known_by_its_pane_window_or_login(
    one: tuple[dict[str, str], str, int], other: tuple[dict[str, str], str, int], same: bool
) -> None:
    assert (terminal_name(*one) == terminal_name(*other)) is same
