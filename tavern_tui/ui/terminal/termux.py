"""What Termux is told while a reply is written: to stay awake, and that it is there.

The commands are those of Termux and its API package; where they are missing, nothing happens but the bell.
"""

from __future__ import annotations

import asyncio
from typing import Any

from textual.app import App

PATIENCE_SECONDS = 5.0


async def reply_begins() -> None:
    """Keep the phone from sleeping."""
    await _told("termux-wake-lock")


async def reply_ended(app: App[Any]) -> None:
    """Let the phone sleep, and say that the reply is there, without a word of it."""
    await _told("termux-wake-unlock")
    if not await _told("termux-notification", "--id", "tavern-tui", "--title", "tavern-tui", "--content", "Answered."):
        app.bell()


async def _told(*command: str) -> bool:
    """Whether ``command`` is there and went well."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await process.wait() == 0
    except (OSError, TimeoutError):
        return False
