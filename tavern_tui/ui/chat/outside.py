"""Writing in $EDITOR: the composer's text, or a turn's."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.chat.refusing import refuse
from tavern_tui.ui.editor import edit_text, editor_command

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def edit_outside(screen: ChatScreen, text: str, use: Callable[[str], Awaitable[None]]) -> None:
    """Open ``text`` in the user's editor, and ``use`` it if it was changed. A reply goes on meanwhile."""
    if screen.session is not None and not screen.session.log.kept:
        screen.hint("$EDITOR needs a file · an incognito chat writes none")
        return
    try:
        edited = await edit_text(screen.app, text, editor_command(os.environ))
        if edited.text != text:
            await use(edited.text)
    except TavernError as error:
        refuse(screen, error)
        return
    if edited.notice:
        screen.hint(edited.notice)
