"""A chat that is never written down, on screen: what the terminal's title says of any chat, and leaving one that is
lost then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.ui.terminal.title import set_title, title_of

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

LOST_ON_QUIT = "Not kept: ctrl+c again loses this chat"
_STAY, _LEAVE = "stay", "leave"


def loses_something(app: TavernApp) -> bool:
    """Whether what was said in the open chat would be gone with it."""
    session = app.chat.session
    return session is not None and not session.log.kept and len(session.tree.path()) > 1


async def may_leave(app: TavernApp) -> bool:
    """Whether the open chat may be left: of one that is lost then, somebody has to say so."""
    if not loses_something(app):
        return True
    from tavern_tui.ui.screens.row_choice import RowChoice
    from tavern_tui.ui.widgets.rows import ListRow

    question = "Nothing of this chat is kept: it is gone when you leave it."
    rows = [ListRow(_STAY, "Stay"), ListRow(_LEAVE, "Leave it")]
    return await app.push_screen_wait(RowChoice(question, rows, glyphs=app.glyphs)) == _LEAVE


async def leave_app(app: TavernApp) -> None:
    """Quit, where nothing is lost or somebody wants it all the same."""
    if await may_leave(app):
        await app.leave()


def show_title(app: TavernApp) -> None:
    """Have the terminal's title say what it is set to say of the chat that is open."""
    session = app.chat.session
    wanted = app.workspace.settings.ui.title
    if session is None or not session.log.kept:
        wanted = ""
    character, chat = (session.character.name, session.tree.title) if session is not None else ("", "")
    set_title(app, title_of(wanted, character, chat))
