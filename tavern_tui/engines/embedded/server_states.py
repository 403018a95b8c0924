"""``ServerStates``: what a llama-server of ours had read of a chat, in a file, so that a restart reads nothing again.

One file for each model setting and chat in the folder of ``parking_disk``, written and read by the server itself
(``--slot-save-path``, ``POST /slots/0?action=save`` and ``restore``), under another name until it is whole. While the
server reads one it has another name, too, so that a file which ends the server is not met a second time. What cannot be
saved or brought back is read again.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.embedded.parking import WORTH_PARKING
from tavern_tui.engines.embedded.parking_disk import BUDGET, KEPT_DAYS, StateKey, state_key
from tavern_tui.engines.embedded.place import own_folder

_SUFFIX, _WRITING, _READING = ".slot", ".slot.part", ".slot.loading"
_SHARE = 4
_DAY = 86_400

Post = Callable[[str, object], Awaitable[object]]
"""Posts a body to a path of the server. Raises ``EngineError`` where that does not do it."""


def usable(folder: Path | None) -> bool:
    """Whether states can be kept in ``folder``, which is made."""
    try:
        if folder is not None:
            own_folder(folder)
    except EngineError:
        return False
    return folder is not None


def states_of(folder: Path, model: Path, settings: str, build: str, post: Post) -> ServerStates | None:
    """The states of a model file with ``settings`` in a server of ``build``; ``None`` where that file is gone."""
    try:
        return ServerStates(folder, state_key(model, settings=settings, build=build), post)
    except OSError:
        return None


class ServerStates:
    """The states of one loaded model in ``folder``, which exists. Of its one slot; methods raise nothing.

    States that the embedded llama.cpp keeps there have a budget of their own.
    """

    def __init__(self, folder: Path, key: StateKey, post: Post) -> None:
        self._folder = folder
        self._key = key
        self._post = post
        self._chat = ""
        self._tokens = 0
        for path in (*folder.glob(f"*{_WRITING}"), *folder.glob(f"*{_READING}")):
            with suppress(OSError):
                path.unlink()

    async def turn_to(self, chat: str) -> None:
        """Put aside the chat that the slot holds where ``chat`` is another, and bring that one back."""
        if chat == self._chat:
            return
        await self.keep()
        self._chat = chat
        whole = self._path(chat)
        if not chat or not whole.exists():
            return
        reading = whole.with_suffix(_READING)
        with suppress(OSError, EngineError):
            whole.replace(reading)
            await self._act("restore", reading.name)
            reading.replace(whole)
            os.utime(whole)

    def read(self, tokens: int) -> None:
        """The slot holds so many tokens of its chat now, and its file does not."""
        self._tokens = tokens

    async def keep(self) -> None:
        """Write the slot's chat into its file, where that lacks it and reading it again would take a while."""
        tokens, self._tokens = self._tokens, 0
        if not self._chat or tokens < WORTH_PARKING:
            return
        whole = self._path(self._chat)
        writing = whole.with_suffix(_WRITING)
        with suppress(OSError, EngineError):
            await self._act("save", writing.name)
            writing.replace(whole)
            await asyncio.to_thread(self._make_room, whole)

    async def leave(self, seconds: float) -> None:
        """``keep``, for so long at most: the server ends."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.keep()

    async def _act(self, action: str, file: str) -> None:
        await self._post(f"/slots/0?action={action}", {"filename": file})

    def _path(self, chat: str) -> Path:
        return self._folder / Path(self._key.name(chat)).with_suffix(_SUFFIX).name

    def _make_room(self, newest: Path) -> None:
        """Remove what nobody came back to, and the oldest beyond the budget: a quarter of the free space at most."""
        found = [(path.stat(), path) for path in self._folder.glob(f"*{_SUFFIX}") if path != newest]
        room = newest.stat().st_size + sum(told.st_size for told, _ in found)
        most = min(BUDGET, (shutil.disk_usage(self._folder).free + room) // _SHARE)
        for told, path in sorted(found, key=lambda one: one[0].st_mtime):
            if room > most or time.time() - told.st_mtime > KEPT_DAYS * _DAY:
                path.unlink(missing_ok=True)
                room -= told.st_size
        if room > most:
            newest.unlink(missing_ok=True)
