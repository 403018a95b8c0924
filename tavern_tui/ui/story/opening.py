"""Opening the story that a chat is: over the chat, once that is there; and going back to the chat alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp


async def show_story(app: TavernApp) -> None:
    """Show the chat that is open as the story that it is. Raises ``StorageError``."""
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.ui.screens.story import StoryScreen

    story = StorySession(app.chat.open_session)
    await story.open()
    await app.push_screen(StoryScreen(app.chat, story, glyphs=app.glyphs))
