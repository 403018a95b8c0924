"""Which mode a chat has, and giving it another. A mode is imported when a chat has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.modes.mode import Mode

if TYPE_CHECKING:
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.session import ChatSession

MODE: Final = "mode"
"""The chat's property that names its mode; a chat without has the usual one."""

CHAT: Final = Mode()

ADVENTURE: Final = "adventure"
"""The mode in which nobody is named, as far as others have to know."""

STORY: Final = "story"
"""The mode in which the turns are one text."""

_MODES = {
    ADVENTURE: ("tavern_tui.session.modes.adventure", "Adventure"),
    STORY: ("tavern_tui.session.modes.story", "Story"),
}


def names() -> tuple[str, ...]:
    """The modes that a chat can have, the usual one first."""
    return (CHAT.name, *_MODES)


def name_of(properties: Mapping[str, Any]) -> str:
    """The name of the mode of a chat with these properties; one that this version does not know counts as the usual."""
    name = properties.get(MODE)
    return name if isinstance(name, str) and name in _MODES else CHAT.name


def mode_of(properties: Mapping[str, Any]) -> Mode:
    """The mode of a chat with these properties."""
    name = name_of(properties)
    if name == CHAT.name:
        return CHAT
    module, made = _MODES[name]
    mode: Mode = getattr(import_module(module), made)()
    return mode


def mode_set(name: str) -> PropertySet:
    """The event that gives a chat the mode ``name``. Raises ``NotFoundError`` where there is none."""
    if name not in names():
        raise NotFoundError(f"There is no mode {name}.", hint=f"There are: {', '.join(names())}.")
    return PropertySet(MODE, None if name == CHAT.name else name)


async def set_mode(session: ChatSession, name: str) -> str:
    """Let a chat be played in the mode ``name`` from now on; what to say about it. Raises ``NotFoundError``.

    Turns stay as they are, but for the blank lines between those of a story; prompts and replies are the mode's from
    the next one on. Raises ``StorageError``.
    """
    event, was = mode_set(name), name_of(session.tree.properties)
    if name == was:
        return f"This chat is in the mode {name} already."
    if STORY in (name, was):
        from tavern_tui.session.story.joints import joined, parted

        await session.changes.write_step(*(joined if name == STORY else parted)(session.tree), event)
    else:
        await session.changes.write(event)
    return f"The mode is {name} from now on · {{undo}} takes it back"


def in_mode(options: ReplyOptions, properties: Mapping[str, Any]) -> ReplyOptions:
    """The options as the chat's mode has them, wherever nobody chose otherwise."""
    mode = mode_of(properties)
    own = "response_tokens" in options.chosen or mode.response_tokens is None
    return replace(
        options,
        response_tokens=options.response_tokens if own else mode.response_tokens or options.response_tokens,
        system_text=mode.system_text if options.system_text is None else options.system_text,
    )
