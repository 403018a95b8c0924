"""``PresetDraft``: a sampler preset that is being changed in an open chat: what it was, what it is, and what holds.

Every change is held at once: the next reply of the chat uses it. One of ours is copied with its first change. What is
not saved is kept for the chat (``preset_drafts``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.preset import Preset
from tavern_tui.session import preset_editing as editing
from tavern_tui.session.connection import EMBEDDED
from tavern_tui.session.preset_drafts import keep_draft
from tavern_tui.session.presets import OURS, ListedPreset

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace


class PresetDraft:
    """Changes to the preset ``kept`` in a chat; ``now`` is what holds there, beginning with ``kept`` or with what of it
    was changed before and not written.
    """

    def __init__(self, workspace: Workspace, session: ChatSession, kept: ListedPreset) -> None:
        self._workspace = workspace
        self._session = session
        self.kept = kept
        self.now = unwritten(session, kept) or kept.preset
        self._before: list[Preset] = []
        self._undone: list[Preset] = []

    @property
    def name(self) -> str:
        """What it is called."""
        return self.kept.name

    @property
    def written(self) -> bool:
        """Whether its file says what holds."""
        return editing.same(self.now, self.kept.preset)

    def rows(self) -> list[editing.FieldRow]:
        """Its fields, as the engine that is connected follows them."""
        info = self._session.connection.known
        if info is None:
            return editing.field_rows(self.now)
        engine = "the embedded engine" if info.engine == EMBEDDED else info.engine
        return editing.field_rows(self.now, info.capabilities, engine)

    async def change(self, make: Callable[[Preset], Preset]) -> str:
        """Let what ``make`` makes of it hold; what is to be said, empty for nothing.

        Raises ``SettingsError`` for what means nothing, ``StorageError``.
        """
        made = make(self.now)
        if editing.same(made, self.now):
            return ""
        told = ""
        if self.kept.source == OURS:
            ours, made = self.name, editing.with_value(made, "note", None)  # which says what ours is for
            self.kept = await asyncio.to_thread(editing.own_copy, self._workspace, self.kept)
            told = f"“{ours}” is one of ours and stays as it is: you change its copy “{self.name}”, which holds here."
        self._before.append(self.now)
        self._undone.clear()
        await self._hold(made)
        return told

    async def undo(self) -> None:
        """Take the last change back. Raises ``NotFoundError`` where there is none."""
        if not self._before:
            raise NotFoundError("There is nothing to undo here.")
        self._undone.append(self.now)
        await self._hold(self._before.pop())

    async def redo(self) -> None:
        """Bring back what was taken back. Raises ``NotFoundError`` where there is nothing."""
        if not self._undone:
            raise NotFoundError("There is nothing to bring back.")
        self._before.append(self.now)
        await self._hold(self._undone.pop())

    async def as_in_file(self) -> None:
        """Let what its file says hold again; ``undo`` takes that back. Raises ``NotFoundError``, ``StorageError``."""
        if self.written:
            raise NotFoundError("It is as in its file.")
        await self.change(lambda _now: self.kept.preset)

    async def save(self) -> str:
        """Write its file; says so. Raises ``StorageError``."""
        if self.written:
            return "Everything is already saved."
        self.kept = await asyncio.to_thread(editing.save, self._workspace, self.now)
        await self._keep(self.name)
        return f"Saved: {safe_line(self.name)}, for every chat that uses it."

    async def save_as(self, name: str) -> str:
        """Write it to a new file, which holds in this chat from now on. Raises ``SettingsError``, ``StorageError``."""
        before = self.name
        self.kept = await asyncio.to_thread(editing.save_as, self._workspace, self.now, name)
        await self._hold(self.kept.preset)
        await self._keep(before)
        return f"Saved as {safe_line(self.name)}, which holds in this chat from now on."

    async def _hold(self, made: Preset) -> None:
        self.now = editing.called(made, self.name)
        await editing.hold(self._session, self.now)
        await self._keep(self.name)

    async def _keep(self, name: str) -> None:
        """Keep what is changed and in no file."""
        draft = None if self.written else self.now
        await asyncio.to_thread(keep_draft, self._session.log, name, draft)


def unwritten(session: ChatSession, kept: ListedPreset) -> Preset | None:
    """What of a preset holds in a chat and is not in its file; ``None`` where they are the same, or another holds."""
    options = session.options
    held = Preset(options.preset, options.rules, options.seed)
    if held.sampling.name.casefold() != kept.name.casefold() or "seed" in options.asked:
        return None
    return None if editing.same(held, kept.preset) else held
