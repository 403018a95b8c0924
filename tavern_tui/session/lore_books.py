"""The lorebooks that are chosen rather than a character's own: for every chat by the settings, or for one chat.

And how entries are looked for. A book that is not there, or cannot be read, costs itself alone and is told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.prompt.inputs import LoreSettings, LoreStrategy

if TYPE_CHECKING:
    from tavern_tui.config.settings import Settings
    from tavern_tui.domain.lorebook import Lorebook
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

PROPERTY = "worlds"
"""The chat's property with the names of its own lorebooks."""

_STRATEGIES = {
    "evenly": LoreStrategy.EVENLY,
    "character first": LoreStrategy.CHARACTER_FIRST,
    "global first": LoreStrategy.GLOBAL_FIRST,
}


@dataclass(frozen=True, slots=True)
class ChosenLore:
    """How lore fires, the books of every chat, and those of one chat."""

    settings: LoreSettings = field(default_factory=LoreSettings)
    everywhere: tuple[Lorebook, ...] = ()
    of_chat: tuple[Lorebook, ...] = ()


def with_lore(
    workspace: Workspace, options: ReplyOptions, properties: Mapping[str, Any]
) -> tuple[ReplyOptions, tuple[str, ...]]:
    """``options`` with the lore that is chosen for a chat with these properties; and what to tell, a sentence each."""
    everywhere, missing = _books(workspace, workspace.settings.lore.books)
    of_chat, gone = _books(workspace, names_in(properties))
    chosen = ChosenLore(lore_settings(workspace.settings), everywhere, of_chat)
    return replace(options, lore=chosen), (*missing, *gone)


def lore_settings(settings: Settings) -> LoreSettings:
    """How lore fires by the settings."""
    ours = settings.lore
    known = {each.name for each in fields(LoreSettings)} - {"strategy"}
    values = {each.name: getattr(ours, each.name) for each in fields(ours) if each.name in known}
    return LoreSettings(**values, strategy=_STRATEGIES[ours.strategy])


def names_in(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a chat's own lorebooks."""
    listed = properties.get(PROPERTY)
    return tuple(one for one in listed if isinstance(one, str)) if isinstance(listed, list) else ()


async def switch_in_chat(session: ChatSession, workspace: Workspace, name: str) -> str:
    """Let a chat read a lorebook, or no longer, for good; what to say about it.

    Raises ``NotFoundError``, ``FormatError``, ``StorageError``.
    """
    present = names_in(session.tree.properties)
    near = next((one for one in present if one.casefold() == name.strip().casefold()), "")
    if near:
        left, told = [one for one in present if one != near], f"{near} is read in this chat no longer"
    else:
        _, path = await asyncio.to_thread(workspace.library.lorebook, name)
        left, told = [*present, path.stem], f"{path.stem} is read in this chat from now on"
    await session.changes.write(PropertySet(PROPERTY, left or None))
    session.options, _ = await asyncio.to_thread(with_lore, workspace, session.options, session.tree.properties)
    return told


async def told_in_chat(session: ChatSession, workspace: Workspace) -> str:
    """Which lorebooks a chat reads, and which there are, in a line. Raises ``StorageError``."""
    own = [book.name for book in session.lorebooks]
    everywhere = [f"{name} (every chat)" for name in workspace.settings.lore.books]
    read = ", ".join([*own, *everywhere, *names_in(session.tree.properties)]) or "no lorebook"
    listed = await asyncio.to_thread(workspace.library.lorebooks)
    names = ", ".join(one.name for one in listed if not one.problem)
    return f"This chat reads {read} · /world NAME switches one: {names}"


def _books(workspace: Workspace, names: Sequence[str]) -> tuple[tuple[Lorebook, ...], tuple[str, ...]]:
    """The books of these names; and a sentence for each that cannot be had."""
    found, missing = [], []
    for name in dict.fromkeys(names):
        try:
            found.append(workspace.library.lorebook(name)[0])
        except TavernError as error:
            missing.append(f"{error.title} It is not read.")
    return tuple(found), tuple(missing)
