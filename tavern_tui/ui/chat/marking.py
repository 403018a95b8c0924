"""Text that the mouse marks in the chat: its source is copied when the button is let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


class Marking:
    """A chat screen that copies what is marked on it."""

    async def on_text_selected(self) -> None:
        """Copy it, and say where it went. What is marked in the composer is left to its keys."""
        screen = cast("ChatScreen", self)
        if marked := screen.get_selected_text():
            from tavern_tui.ui.chat.app_actions import copied

            await copied(screen, marked, "what is marked")
