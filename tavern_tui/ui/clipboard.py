"""Copying to a clipboard, and the truth about which one.

tmux drops the terminal's own sequence (OSC 52) with its default settings, but takes text itself and passes it on where
it may; elsewhere the sequence is all there is, and no terminal answers whether it took it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from textual.app import App

_TMUX = ("tmux", "load-buffer", "-w", "-")
_PATIENCE_SECONDS = 2.0


async def copy(app: App[Any], text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Copy ``text``; says where it went, as the end of a sentence that begins with what was copied."""
    app.copy_to_clipboard(text)
    if environ.get("TMUX") and await _into_tmux(text):
        return "to tmux's buffer and the terminal's clipboard"
    return "to the terminal's clipboard, if it allows that"


async def _into_tmux(text: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(
            *_TMUX,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await process.communicate(text.encode("utf-8", "replace"))
    except (OSError, TimeoutError):
        return False
    return process.returncode == 0
