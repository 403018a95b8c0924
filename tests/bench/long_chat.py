"""A chat of ten thousand turns on disk: its size, and what opening it, adding to it and listing chats cost.

Run as ``python -m tests.bench.long_chat FOLDER`` it opens the chats that are there and prints what that took as JSON;
the bench does so in a process of its own, so that memory is what opening takes and not what writing left.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tavern_tui.domain.chat import ChatTree, fold
from tavern_tui.domain.events import ChatEvent, Speaker, TurnAdded
from tavern_tui.storage import chats
from tavern_tui.storage.chats import ChatLog
from tests.bench.chat_files import DEVICE, PERSONA, TEXT_CHARACTERS, TURNS, long_chat, many_chats, store_in
from tests.bench.figures import Figure, run_child

LISTED, LISTED_TURNS = 200, 40
MEGABYTE = 1_000_000
TIMES = ("open_cpu", "append_cpu_ms", "first_list_ms", "next_list_ms")


def figures(rounds: int, turns: int = TURNS) -> list[Figure]:
    """Write the chats and measure them; of the processor times the least of so many rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, said = long_chat(folder, turns)
        many_chats(folder, LISTED, LISTED_TURNS)
        size = log.path.stat().st_size
        looks = [run_child("tests.bench.long_chat", folder, home=folder) for _ in range(rounds)]
    if [look["turns"] for look in looks] != list(range(turns, turns + rounds)):  # each adds one
        raise RuntimeError("not all turns were read")
    found = looks[0] | {name: min(look[name] for look in looks) for name in TIMES}
    chat = f"chat of {turns:,} turns"
    return [
        Figure(f"{chat}, log over its text", size / said, "×", 3, 1.3),
        Figure(f"{chat}, size of the log", size / MEGABYTE, "MB", 2),
        Figure(f"{chat}, open", found["open_cpu"], "CPU-s", 3, 0.3),
        Figure(f"{chat}, folds on opening and adding a turn", found["folds"], target=1),
        Figure(f"{chat}, resident once open", found["resident_mb"], "MB", 1, 90),
        Figure(f"{chat}, of that by opening", found["grown_mb"], "MB", 1),
        Figure(f"{chat}, read to add a turn", found["append_read"], "bytes"),
        Figure(f"{chat}, to add a turn", found["append_cpu_ms"], "CPU-ms", 2),
        Figure(f"list of {LISTED} chats of {LISTED_TURNS} turns, first", found["first_list_ms"], "CPU-ms", 1),
        Figure(f"list of {LISTED} chats, unchanged", found["next_list_ms"], "CPU-ms", 1),
    ]


def resident_mb() -> float | None:
    """Resident memory of this process in megabytes, from Linux's ``/proc/self/statm``."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def bytes_read() -> int | None:
    """Bytes that this process has read from files until now, from Linux's ``/proc/self/io``; reading it adds to it."""
    try:
        fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    except OSError:
        return None
    return int(fields["rchar"])


def read_between(before: int | None, after: int | None, looking: int) -> int | None:
    """What was read between two looks, without the look itself."""
    return None if before is None or after is None else max(0, after - before - looking)


def watch_folds() -> list[int]:
    """A list that grows with every fold that the storage makes from now on; light, so that memory stays what it is."""
    seen: list[int] = []

    def counted(events: Collection[ChatEvent], device: str = "") -> ChatTree:
        seen.append(len(events))
        return fold(events, device)

    vars(chats)["fold"] = counted
    return seen


def measure(folder: Path) -> dict[str, Any]:
    """Open, add to and list the chats in ``folder``."""
    folds = watch_folds()
    small, began = resident_mb(), time.process_time()
    log = ChatLog.open(folder / "long.jsonl", device=DEVICE, state=folder / "state")
    turns = len(log.tree.path())
    opened, large = time.process_time() - began, resident_mb()
    first, second = bytes_read(), bytes_read()
    looking = (second or 0) - (first or 0)
    began = time.process_time()
    log.append(TurnAdded(log.tree.tip, Speaker.USER, PERSONA, "x" * TEXT_CHARACTERS))
    appended = time.process_time() - began
    third = bytes_read()
    store = store_in(folder)
    lists = []
    for _ in range(2):
        began = time.process_time()
        if len(store.list()) != LISTED:
            raise RuntimeError("not all chats are listed")
        lists.append(time.process_time() - began)
    return {
        "turns": turns,
        "open_cpu": opened,
        "folds": len(folds),
        "resident_mb": large,
        "grown_mb": None if small is None or large is None else large - small,
        "append_read": read_between(second, third, looking),
        "append_cpu_ms": appended * 1000,
        "first_list_ms": lists[0] * 1000,
        "next_list_ms": lists[1] * 1000,
    }


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]))))
