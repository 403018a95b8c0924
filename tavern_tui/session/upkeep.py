"""Looking after the library while the app runs: its index, what other programs left in it, the backup of the day.

All of it happens in threads, in small steps, and rests while a reply is being made, so that nothing waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from tavern_tui.domain.errors import TavernError
from tavern_tui.session.backups import daily_backup
from tavern_tui.session.library_index import index_steps, open_index, sources_of
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_cards import indexed_characters, indexed_lorebooks
from tavern_tui.storage.index_upkeep import take_in_chat
from tavern_tui.storage.merging import marked_by_git as marked
from tavern_tui.storage.merging import settle

LOOK_SECONDS = 30.0
"""Between two looks at the names and times in the library."""

BUSY_SECONDS = 0.5

Sleep = Callable[[float], Awaitable[None]]
_Result = TypeVar("_Result")


class LibraryKeeper:
    """Looks after the library of ``workspace`` until its task is cancelled.

    ``busy`` says whether a reply is being made; ``tell`` is given one sentence for everything a person should know.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        busy: Callable[[], bool],
        tell: Callable[[str], None],
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._workspace = workspace
        self._busy = busy
        self._tell = tell
        self._sleep = sleep
        self._index = open_index(workspace)
        self._written: set[Path] = set()
        self._wake = asyncio.Event()
        self._stopped = False

    def chat_written(self, path: Path) -> None:
        """A turn was saved in the chat at ``path``: take it in soon."""
        self._written.add(path)
        self._wake.set()

    async def run(self) -> None:
        """Look after the library for as long as the app runs. A disk that refuses is told once."""
        refused = ""
        try:
            first = True
            while True:
                try:
                    await self._look(first=first)
                except TavernError as error:
                    if str(error) != refused:
                        self._tell(str(error))
                    refused = str(error)
                first = False
                await self._rest()
        finally:
            self._stopped = True
            self._index.close()

    async def _look(self, *, first: bool) -> None:
        if first:
            for sentence in await asyncio.to_thread(left_undone, self._workspace):
                self._tell(sentence)
            for sentence in await asyncio.to_thread(settled_conflicts, self._workspace):
                self._tell(sentence)
        await self._keep_index()
        if first:
            for sentence in await asyncio.to_thread(marked_by_git, self._workspace, self._index):
                self._tell(sentence)
        await self._unless_busy()
        await asyncio.to_thread(daily_backup, self._workspace, goes_on=lambda: not self._stopped)

    async def _keep_index(self) -> None:
        with closing(index_steps(self._workspace, self._index)) as steps:
            while await _finished(asyncio.to_thread(next, steps, None)) is not None:
                await self._unless_busy()

    async def _rest(self) -> None:
        """Wait for the next look; take in meanwhile what is written here."""
        looking = asyncio.ensure_future(self._sleep(LOOK_SECONDS))
        try:
            while not looking.done():
                waking = asyncio.ensure_future(self._wake.wait())
                await asyncio.wait((looking, waking), return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                self._wake.clear()
                await self._take_in_written()
        finally:
            looking.cancel()

    async def _take_in_written(self) -> None:
        await self._unless_busy()
        written, self._written = self._written, set()
        for path in written:
            try:
                await asyncio.to_thread(take_in_chat, self._index, sources_of(self._workspace), path)
            except TavernError:
                return  # the next look tells why

    async def _unless_busy(self) -> None:
        while self._busy():
            await self._sleep(BUSY_SECONDS)


async def _finished(step: Coroutine[Any, Any, _Result]) -> _Result:
    """What ``step`` gives. Whoever is cancelled meanwhile waits for it all the same: its thread goes on."""
    task = asyncio.ensure_future(step)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        raise


def left_undone(workspace: Workspace) -> list[str]:
    """Finish what an earlier run was in the middle of; a sentence about each thing. Blocks."""
    from tavern_tui.session.cards import finish_renaming

    return finish_renaming(workspace)


def settled_conflicts(workspace: Workspace) -> list[str]:
    """Go through what other programs left in the library; a sentence about each thing. Blocks."""
    return [str(settled) for settled in settle(workspace.directories)]


def marked_by_git(workspace: Workspace, index: LibraryIndex) -> list[str]:
    """A sentence about each card and lorebook that cannot be read because git left both sides in it. Blocks."""
    suspects = [card.path for card in indexed_characters(index, workspace.library) if card.problem]
    suspects += [book.path for book in indexed_lorebooks(index, workspace.library) if book.problem]
    return [str(one) for one in marked(suspects)]
