"""``Parking``: what a context had read for other chats, put aside as blobs, so that two windows need not read it again.

Measured: chats kept side by side in one context slow every token down, blobs do not. In memory they are bounded by what
is free, and the chat that was away longest goes first; on disk (``parking_disk``) they outlive the host. A blob is only
ever saved from a cache without a pending shift: llama.cpp saves rubbish while there is one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tavern_tui.engines.embedded.machine import free_bytes
from tavern_tui.engines.embedded.reuse import common_prefix

WORTH_PARKING = 64
"""Tokens: less is read again faster than it is told apart."""
WORTH_WRITING = 128
"""Tokens that a state on disk may lack before it is written anew: one batch on a CPU."""
_MOST = 2**30
_WHERE_UNKNOWN = 2**28
_SHARE = 8


@dataclass(frozen=True, slots=True)
class Parked:
    """One chat's cache: its ids, and llama.cpp's state of them (``size`` bytes)."""

    ids: tuple[int, ...]
    state: Any
    size: int


class Disk(Protocol):
    """What is asked of ``parking_disk.StateFolder``. Nothing here raises: a disk that refuses costs only time."""

    def ids(self, chat: str) -> tuple[int, ...]:
        """The ids of the state that is kept for ``chat``; empty where there is none."""
        ...

    def load(self, chat: str) -> Parked | None:
        """The state that is kept for ``chat``, checked; ``settle`` has to follow."""
        ...

    def settle(self, chat: str, *, good: bool) -> None:
        """Say whether llama.cpp took what was loaded; what it did not take is removed."""
        ...

    def has_room(self, size: int) -> bool:
        """Whether a state of ``size`` bytes may ever be kept."""
        ...

    def save(self, chat: str, parked: Parked) -> None:
        """Keep a state, written in the background in place of the one before."""
        ...

    def close(self) -> None:
        """Wait until everything is written; nothing is asked of it any more."""
        ...


class Parking:
    """Blobs by chat, together within a budget of bytes, and those on ``disk`` where there is one."""

    def __init__(self, disk: Disk | None = None, budget: Callable[[], int] | None = None) -> None:
        self._disk = disk
        self._budget = budget or parking_bytes
        self._parked: OrderedDict[str, Parked] = OrderedDict()

    def wants(self, chat: str, ids: Sequence[int], size: int) -> bool:
        """Whether a state of ``size`` bytes would be kept at all. Asked before it is copied out of the context."""
        return size <= self._budget() or self.lacks(chat, ids, size)

    def lacks(self, chat: str, ids: Sequence[int], size: int) -> bool:
        """Whether a state of ``size`` bytes may lie on disk and the one there is lacks a good part of ``ids``."""
        if self._disk is None or not may_copy(size) or not self._disk.has_room(size):
            return False
        return len(ids) - common_prefix(self._disk.ids(chat), ids) >= WORTH_WRITING

    def put(self, chat: str, parked: Parked) -> None:
        """Keep a chat's cache, in memory as far as there is room and on disk if that lacks it."""
        self._parked.pop(chat, None)
        if self._make_room(parked.size):
            self._parked[chat] = parked
        if self.lacks(chat, parked.ids, parked.size):
            self.store(chat, parked)

    def store(self, chat: str, parked: Parked) -> None:
        """Keep a chat's cache on disk only, if there is one."""
        if self._disk is not None:
            self._disk.save(chat, parked)

    def take(self, chat: str, wanted: Sequence[int], *, better_than: int = -1) -> Parked | None:
        """A chat's cache, if it shares more than ``better_than`` ids with the beginning of ``wanted``.

        It is kept in memory no longer. ``settle`` has to follow.
        """
        if not chat:
            return None
        parked = self._parked.pop(chat, None)
        in_memory = common_prefix(parked.ids, wanted) if parked is not None else -1
        if self._disk is not None and common_prefix(self._disk.ids(chat), wanted) > max(in_memory, better_than, 0):
            loaded = self._disk.load(chat)
            if loaded is not None:
                return loaded  # else it is damaged or too large by now, and what memory has will do
        return parked if in_memory > better_than else None

    def settle(self, chat: str, *, good: bool) -> None:
        """Say whether llama.cpp took what was taken from here."""
        if self._disk is not None:
            self._disk.settle(chat, good=good)

    def _make_room(self, size: int) -> bool:
        """Make room for ``size`` bytes by forgetting the oldest; ``False`` when it would never fit."""
        budget = self._budget()
        if size > budget:
            return False
        while sum(parked.size for parked in self._parked.values()) + size > budget:
            self._parked.popitem(last=False)
        return True


def may_copy(size: int) -> bool:
    """Whether there is the memory to hold ``size`` bytes for a moment: half of what is free, or nobody tells."""
    free = free_bytes()
    return free is None or size <= free // 2


def parking_bytes(root: Path = Path("/")) -> int:
    """What may be parked in all: an eighth of the memory that is free now, at most 1 GiB. ``root`` is for tests."""
    free = free_bytes(root)
    return _WHERE_UNKNOWN if free is None else min(_MOST, free // _SHARE)
