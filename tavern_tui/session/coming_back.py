"""``PlaceKeeper``: where this terminal is in the open chat, written down while the user works (``docs/ux.md`` §5).

The scroll position, the selected turn and the draft with its cursor come back after a hang-up, a crash and ``kill -9``,
not only after a clean quit: whatever ``keep`` was told last is on disk half a second later, written by a thread of its
own, so that neither the disk nor a busy event loop stands between a key and its safety. What a place is and who gets
which draft: ``storage.chat_places``. What to say about the time between: ``while_away``.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.chat_places import ChatPlaces, HeldPlace, Place
from tavern_tui.storage.chats import ChatLog

__all__ = ["Place", "PlaceKeeper", "terminal_name"]

_WRITE_SECONDS = 0.5
_REFUSED_SECONDS = 5.0
_HANG_UP_SECONDS = 0.5


def terminal_name(environ: Mapping[str, str], tty: str, login: int) -> str:
    """A name for one terminal that stays while it is there: the pane of tmux, the window of screen, else tty and login.

    ``tty`` is the terminal's device, ``login`` the process id that leads its session: device names are used again by
    later logins. An SSH connection has a device of its own.
    """
    if environ.get("TMUX") and environ.get("TMUX_PANE"):
        return f"tmux {environ['TMUX']} {environ['TMUX_PANE']}"
    if environ.get("STY") and environ.get("WINDOW"):
        return f"screen {environ['STY']} {environ['WINDOW']}"
    return f"tty {tty or environ.get('SSH_TTY', '')} {login}"


def this_terminal() -> str:
    """``terminal_name`` of the terminal that this process was started in."""
    for descriptor in (0, 1, 2):
        try:
            return terminal_name(os.environ, os.ttyname(descriptor), os.getsid(0))
        except OSError:
            continue
    return terminal_name(os.environ, "", os.getsid(0))


class PlaceKeeper:
    """The place of one terminal in one chat at a time. ``state`` is the state folder of this device.

    ``refused`` hears once that the disk refuses; what was to be kept is tried again. It is called from another thread
    and must not wait for the caller's.
    """

    def __init__(
        self,
        state: Path,
        *,
        terminal: str = "",
        refused: Callable[[StorageError], None] = lambda _error: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._places = ChatPlaces(state / "places", terminal or this_terminal(), clock=clock)
        self._refused = refused
        self._writer: _Writer | None = None
        self.left_open = False

    async def last_chat(self) -> Path | None:
        """The file of the chat that was open last, in this terminal or else in any. Raises ``StorageError``."""
        return await asyncio.to_thread(self._places.last_chat)

    async def open(self, log: ChatLog) -> Place:
        """Where the chat of ``log`` was left, with the draft of this terminal or of one that is gone.

        From now on this terminal holds it; another chat's place is closed first. ``left_open`` then says that the last
        visit was not ended by the user. Raises ``StorageError``: nothing is kept then.
        """
        await self.close()
        held = await asyncio.to_thread(self._places.claim, log)
        self.left_open = held.left_open
        self._writer = _Writer(held, log, self._refused)
        return held.found

    async def drafts_elsewhere(self, log: ChatLog) -> tuple[Place, ...]:
        """Drafts of other terminals in the chat of ``log``, the newest first: to be offered, they stay there as well.

        A link that broke without a word keeps its program, and the draft in it, until the system notices: ``open``
        cannot take that draft over yet. Raises ``StorageError``.
        """
        return tuple(kept.place for kept in await asyncio.to_thread(self._places.drafts_elsewhere, log))

    def keep(self, place: Place) -> None:
        """This is the place now. Returns at once; it is on disk half a second later.

        Tell it also when a turn of the chat was shown: ``seen`` is filled in here, as all that the log has by then.
        """
        if self._writer is not None:
            self._writer.keep(place)

    async def close(self, *, ended: bool = False) -> None:
        """Write what is still unwritten and give the place up; ``ended``: the user ended the visit."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.end(ended=ended)
            await asyncio.to_thread(writer.join)

    def hang_up(self) -> None:
        """Write and give up at once, blocking for one small write: the terminal is gone and a new one may be waiting.

        A reply may run on after it; nothing more is kept. A disk that takes longer is not waited for.
        """
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.end()
            writer.join(_HANG_UP_SECONDS)


class _Writer:
    """A thread that holds a place, and writes half a second after it heard of it where the terminal is now."""

    def __init__(self, held: HeldPlace, log: ChatLog, refused: Callable[[StorageError], None]) -> None:
        self._held = held
        self._log = log
        self._refused = refused
        self._newest = held.found
        self._written = held.found
        self._told = False
        self._ended = False
        self._heard = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="place-keeper", daemon=True)
        self.join = self._thread.join
        self._thread.start()

    def keep(self, place: Place) -> None:
        self._newest = place
        self._heard.set()

    def end(self, *, ended: bool = False) -> None:
        """Write a last time and let go of the place; ``join`` waits for that."""
        self._ended = ended
        self._closing.set()
        self._heard.set()

    def _run(self) -> None:
        try:
            while self._heard.wait() and not self._closing.wait(_WRITE_SECONDS):
                self._heard.clear()
                if self._closing.is_set():  # since it was waited for: what ``end`` said may just have been cleared
                    break
                while self._unwritten and not self._write():
                    if self._closing.wait(_REFUSED_SECONDS):
                        break
            if self._ended or self._unwritten:
                self._write()
        finally:
            self._held.release()

    @property
    def _unwritten(self) -> bool:
        return replace(self._newest, seen=self._log.newest) != self._written

    def _write(self) -> bool:
        """Write where the terminal is; whether the disk took it."""
        place = replace(self._newest, seen=self._log.newest)
        try:
            self._held.save(place, ended=self._ended)
        except StorageError as error:
            if not self._told:
                self._told = True
                self._refused(error)
            return False
        self._written = place
        self._told = False
        return True
