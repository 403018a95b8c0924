"""The library looked after while the app runs: when it begins, what it hears of the chat, and where it tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.session.upkeep import LibraryKeeper

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp


async def keep_library(app: TavernApp) -> None:
    """Look after the library until the app ends. What is to be told stands below the chat."""

    def tell(sentence: str) -> None:
        app.chat.mirror.note(sentence)

    keeper = LibraryKeeper(app.workspace, busy=lambda: app.chat.busy, tell=tell)
    app.chat_written = keeper.chat_written
    await keeper.run()
