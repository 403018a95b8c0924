"""The library looked after while the app runs: when it begins, what it hears of the chat, and where it tells."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tavern_tui.session.upkeep import LibraryKeeper
    from tavern_tui.ui.app import TavernApp


async def keep_library(app: TavernApp) -> None:
    """Look after the library until the app ends. What is to be told stands below the chat."""
    keeper = await asyncio.to_thread(_keeper, app)  # in a thread: it takes some time to import
    app.chat_written = keeper.chat_written
    await keeper.run()


def _keeper(app: TavernApp) -> LibraryKeeper:
    from tavern_tui.session.upkeep import LibraryKeeper

    def tell(sentence: str) -> None:
        app.chat.mirror.note(sentence)

    return LibraryKeeper(app.workspace, busy=lambda: app.chat.busy, tell=tell)
