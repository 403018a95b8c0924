"""Caches put aside: in memory within a budget, and what is asked of the disk beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.engines.embedded.machine import free_bytes
from tavern_tui.engines.embedded.parking import WORTH_WRITING, Parked, Parking, parking_bytes

IDS = tuple(range(300))


class Shelf:
    """A disk that keeps everything at once; ``room`` is what it would take."""

    def __init__(self, room: int = 1000) -> None:
        self.room = room
        self.kept: dict[str, Parked] = {}
        self.settled: list[tuple[str, bool]] = []

    def ids(self, chat: str) -> tuple[int, ...]:
        return self.kept[chat].ids if chat in self.kept else ()

    def load(self, chat: str) -> Parked | None:
        return self.kept.get(chat)

    def settle(self, chat: str, *, good: bool) -> None:
        self.settled.append((chat, good))

    def has_room(self, size: int) -> bool:
        return size <= self.room

    def save(self, chat: str, parked: Parked) -> None:
        self.kept[chat] = parked

    def close(self) -> None:
        pass


def parked(size: int = 10, ids: tuple[int, ...] = IDS) -> Parked:
    return Parked(ids, bytes(size), size)


def test_a_parked_chat_is_taken_once() -> None:
    parking = Parking(budget=lambda: 30)
    parking.put("a", parked())
    assert parking.take("a", IDS) == parked()
    assert parking.take("a", IDS) is None


def test_room_is_made_by_forgetting_the_chat_that_was_away_longest() -> None:
    parking = Parking(budget=lambda: 30)
    for chat in "abca":
        parking.put(chat, parked())
    parking.put("d", parked(15))
    assert [chat for chat in "abcd" if parking.take(chat, IDS)] == ["a", "d"]


def test_a_chat_that_is_larger_than_the_budget_is_not_parked_and_pushes_nobody_out() -> None:
    parking = Parking(budget=lambda: 30)
    parking.put("a", parked())
    assert not parking.wants("b", IDS, 31)
    parking.put("b", parked(31))
    assert parking.take("b", IDS) is None
    assert parking.take("a", IDS) is not None


def test_what_the_context_has_anyway_is_not_taken_from_the_shelf() -> None:
    parking = Parking(Shelf(), budget=lambda: 30)
    parking.put("a", parked(ids=IDS[:200]))
    assert parking.take("a", IDS, better_than=200) is None


def test_no_chat_has_no_place() -> None:
    assert Parking(Shelf()).take("", IDS) is None


def test_a_chat_goes_to_disk_too_where_that_lacks_a_batch_of_it() -> None:
    disk = Shelf()
    parking = Parking(disk, budget=lambda: 30)
    parking.put("a", parked(ids=IDS[:150]))
    assert disk.ids("a") == IDS[:150]
    parking.put("a", parked(ids=IDS[: 150 + WORTH_WRITING - 1]))
    assert disk.ids("a") == IDS[:150]
    parking.put("a", parked(ids=IDS[: 150 + WORTH_WRITING]))
    assert disk.ids("a") == IDS[: 150 + WORTH_WRITING]


def test_a_state_is_not_copied_where_that_would_take_most_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    parking = Parking(Shelf(), budget=lambda: 5)
    monkeypatch.setattr("tavern_tui.engines.embedded.parking.free_bytes", lambda: 19)
    assert not parking.wants("a", IDS, 10)
    monkeypatch.setattr("tavern_tui.engines.embedded.parking.free_bytes", lambda: 20)
    assert parking.wants("a", IDS, 10)


def test_a_chat_too_large_for_memory_may_lie_on_disk_alone() -> None:
    disk = Shelf()
    parking = Parking(disk, budget=lambda: 5)
    assert parking.wants("a", IDS, 10)
    parking.put("a", parked())
    assert parking.take("a", IDS) == parked()


def test_a_disk_without_room_is_not_asked() -> None:
    disk = Shelf(room=9)
    parking = Parking(disk, budget=lambda: 30)
    assert not parking.lacks("a", IDS, 10)
    parking.put("a", parked())
    assert disk.kept == {}


def test_of_memory_and_disk_the_one_that_has_more_of_the_prompt_is_taken() -> None:
    disk = Shelf()
    parking = Parking(disk, budget=lambda: 30)
    disk.save("a", parked(ids=IDS))
    parking.put("a", parked(ids=IDS[:250]))
    assert parking.take("a", IDS) == parked(ids=IDS)
    disk.save("a", parked(ids=IDS[:100]))
    parking.put("a", parked(ids=IDS[:200]))
    assert parking.take("a", IDS) == parked(ids=IDS[:200])


def test_where_the_disks_is_damaged_what_memory_has_is_taken() -> None:
    class Damaged(Shelf):
        def load(self, chat: str) -> Parked | None:
            return None

    disk = Damaged()
    parking = Parking(disk, budget=lambda: 30)
    disk.save("a", parked(ids=IDS))
    parking.put("a", parked(ids=IDS[:250]))
    assert parking.take("a", IDS, better_than=100) == parked(ids=IDS[:250])


@pytest.mark.parametrize(
    ("meminfo", "budget"),
    [
        ("MemTotal: 9 kB\nMemAvailable: 8192 kB\n", 2**20),
        ("MemAvailable: 999999999 kB\n", 2**30),
        ("nothing", 2**28),
    ],
    ids=["an eighth", "at most", "unknown"],
)
def test_an_eighth_of_the_memory_may_be_parked(tmp_path: Path, meminfo: str, budget: int) -> None:
    kernel_says(tmp_path, "proc/meminfo", meminfo)
    assert parking_bytes(tmp_path) == budget
    assert parking_bytes(tmp_path / "none") == 2**28


@pytest.mark.parametrize(("limit", "left"), [("max", 8 * 2**20), ("3000000", 2_000_000), ("10", 0)])
def test_a_containers_limit_bounds_the_memory_that_is_there(tmp_path: Path, limit: str, left: int) -> None:
    kernel_says(tmp_path, "proc/meminfo", "MemAvailable: 8192 kB\n")
    kernel_says(tmp_path, "sys/fs/cgroup/memory.max", limit)
    kernel_says(tmp_path, "sys/fs/cgroup/memory.current", "1000000")
    assert free_bytes(tmp_path) == left
    assert parking_bytes(tmp_path) == left // 8


def kernel_says(root: Path, name: str, text: str) -> None:
    """Write one of the kernel's files."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
