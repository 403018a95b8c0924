"""``Parking``: what a context had read for other chats, put aside as blobs, so that two windows need not read it again.

Measured: chats kept side by side in one context slow every token down, blobs do not. Bounded by memory; the chat that
was away longest goes first. A blob is only ever saved from a cache that was cut, never shifted: llama.cpp saves
rubbish while a shift is pending.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORTH_PARKING = 64
"""Tokens: less is read again faster than it is told apart."""
_MOST = 2**30
_WHERE_UNKNOWN = 2**28
_SHARE = 8


@dataclass(frozen=True, slots=True)
class Parked:
    """One chat's cache: its ids, and llama.cpp's state of them (``size`` bytes)."""

    ids: tuple[int, ...]
    state: Any
    size: int


class Parking:
    """Blobs by chat, together within a budget of bytes."""

    def __init__(self) -> None:
        self._parked: OrderedDict[str, Parked] = OrderedDict()

    def room_for(self, size: int, budget: int) -> bool:
        """Make room for ``size`` bytes by forgetting the oldest; ``False`` when it would never fit."""
        if size > budget:
            return False
        while sum(parked.size for parked in self._parked.values()) + size > budget:
            self._parked.popitem(last=False)
        return True

    def put(self, chat: str, parked: Parked) -> None:
        """Keep a chat's cache."""
        self._parked[chat] = parked
        self._parked.move_to_end(chat)

    def take(self, chat: str) -> Parked | None:
        """A chat's cache, which is kept here no longer."""
        return self._parked.pop(chat, None)


def parking_bytes(meminfo: Path = Path("/proc/meminfo")) -> int:
    """What may be parked in all: an eighth of the memory that is available now, at most 1 GiB (Linux's ``meminfo``)."""
    try:
        lines = meminfo.read_text().splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError, IndexError):
        return _WHERE_UNKNOWN
    return min(_MOST, available // _SHARE)
