"""A chat on a real disk, seen from one device or several."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tavern_tui.domain.events import ChatStarted, Speaker, TurnAdded
from tavern_tui.storage.chats import ChatLog


def said(text: str, parent: str = "", name: str = "Alex") -> TurnAdded:
    """A user's turn."""
    return TurnAdded(parent, Speaker.USER, name, text)


@dataclass
class Disk:
    """One folder of chats, and a state folder for each device that looks at it."""

    root: Path
    clock: Callable[[], float] = field(default_factory=lambda: itertools.count(1_760_000_000).__next__)

    @property
    def path(self) -> Path:
        """The chat's file."""
        return self.root / "chats" / "night.jsonl"

    def create(self, device: str = "phone") -> ChatLog:
        """The chat, begun."""
        started = ChatStarted("A night", ("Mira",), "Alex")
        return ChatLog.create(self.path, started, device=device, state=self.root / device, clock=self.clock)

    def open(self, device: str = "phone", path: Path | None = None) -> ChatLog:
        """The chat, opened by another program on ``device``."""
        return ChatLog.open(path or self.path, device=device, state=self.root / device, clock=self.clock)
