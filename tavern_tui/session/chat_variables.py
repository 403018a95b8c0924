"""``ChatVariables``: the variables that macros read and change in one chat, and where they are kept.

The chat's own are properties of it, one for each, so that of variables changed on two devices both are there when their
logs meet. Those of all chats lie in a file of their own; they are read when the chat opens and after each change. A
file that refuses is told once and holds up no chat: the variables then last as long as the session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import PropertySet, Speaker
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.global_variables import GlobalVariables

if TYPE_CHECKING:
    from tavern_tui.prompt.variables import Variables

VARIABLE: Final = "variable "
"""How the keys of these properties begin; the variable's name follows."""


class ChatVariables:
    """The variables of ``log``'s chat and, where ``everywhere`` is given, those of all chats."""

    def __init__(self, log: ChatLog, everywhere: GlobalVariables | None = None) -> None:
        self._log = log
        self._file = everywhere
        self._everywhere: dict[str, str] = {}
        self._unsaved: dict[str, str] = {}
        self._refusal = ""
        self._told = ""

    async def open(self) -> None:
        """Read the variables of all chats."""
        try:
            if self._file is not None:
                self._everywhere = await asyncio.to_thread(self._file.read)
        except StorageError as error:
            self._refused(error)

    @property
    def of_chat(self) -> dict[str, str]:
        """The chat's own, as they stand."""
        return variables_in(self._log.tree.properties)

    @property
    def everywhere(self) -> dict[str, str]:
        """Those of all chats, as far as they are known here."""
        return dict(self._everywhere)

    def begin(self) -> Variables:
        """The variables as a text that is expanded may change them."""
        from tavern_tui.prompt.variables import Variables

        return Variables(self.of_chat, self.everywhere)

    async def keep_changed(self, variables: Variables) -> None:
        """Keep what a text left of the variables that it began with. Raises ``StorageError``."""
        from tavern_tui.prompt.variables import Scope

        if variables.changes:
            await self.keep(variables.values(Scope.CHAT), variables.values(Scope.EVERYWHERE))

    async def keep(self, of_chat: Mapping[str, str], everywhere: Mapping[str, str]) -> None:
        """Keep what macros left of the variables, durably. Raises ``StorageError`` where the chat's log refuses."""
        own = _changed(self.of_chat, of_chat)
        if own:
            events = [PropertySet(VARIABLE + name, value) for name, value in own.items()]
            await asyncio.to_thread(self._log.append, *events)
        shared = _changed(self._everywhere, everywhere)
        if not shared:
            return
        self._everywhere |= shared
        self._unsaved |= shared
        try:
            if self._file is not None:
                self._everywhere = await asyncio.to_thread(self._file.change, self._unsaved)
        except StorageError as error:
            self._refused(error)
        else:
            self._unsaved.clear()

    def news(self) -> Iterator[str]:
        """What is to be told about the file of all chats, once for each refusal in a row."""
        if self._refusal != self._told:
            self._told = self._refusal
            yield f"Variables of all chats last only as long as this chat is open. {self._refusal}"

    def _refused(self, error: StorageError) -> None:
        self._refusal = str(error)


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in after.items() if before.get(name) != value}


def variables_in(properties: Mapping[str, Any]) -> dict[str, str]:
    """The variables among a chat's properties; what is no text or number was written by something else and is none."""
    return {
        key.removeprefix(VARIABLE): str(value)
        for key, value in properties.items()
        if key.startswith(VARIABLE) and isinstance(value, str | int | float) and not isinstance(value, bool)
    }


def swipes_of(tree: ChatTree, turn: str, *, another: bool) -> tuple[int, int] | None:
    """How many swipes there are and which is the newest turn's, from 1; ``None`` for a turn of the user's.

    ``turn`` is the newest turn of a prompt; ``another``: one more reply to it is made, beside those that are there.
    """
    if another:
        count = len(tree.children.get(turn, ()))
        return (count, count + 1) if count else None
    if turn not in tree.turns or tree.turns[turn].speaker is Speaker.USER:
        return None
    beside = tree.siblings(turn)
    return (len(beside), beside.index(turn) + 1)
