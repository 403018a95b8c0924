"""Opening the story that a chat is, over that chat, once it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.domain.errors import TavernError

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.ui.app import TavernApp


def is_story(session: ChatSession) -> bool:
    """Whether the chat of ``session`` is a story."""
    from tavern_tui.session.modes.choosing import name_of

    return name_of(session.tree.properties) == "story"


async def show_if_story(app: TavernApp) -> None:
    """Show the chat that is open as the story that it is, if it is one; else leave it as it is."""
    session = app.chat.session
    if session is None or not is_story(session):
        return
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.ui.chat.refusing import refuse
    from tavern_tui.ui.screens.story import StoryScreen

    story = StorySession(session)
    try:
        await story.open()
    except TavernError as error:
        app.chat.remove_class("-beneath")
        refuse(app.chat, error)
        return
    await app.push_screen(StoryScreen(app.chat, story, glyphs=app.glyphs))
