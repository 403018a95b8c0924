"""Copying to a clipboard, and the truth about which one.

tmux drops the terminal's own sequence (OSC 52) with its default settings, but takes text itself and passes it on where
it may. A desktop has a program for its clipboard. Elsewhere the sequence is all there is, and no terminal answers
whether it took it: so that nothing depends on that, a file has what was copied, too.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

_TMUX = ("tmux", "load-buffer", "-w", "-")
_PATIENCE_SECONDS = 2.0
_MARGINS = 2  # cells beside what the status line says


async def copy(app: TavernApp, text: str, what: str, environ: Mapping[str, str] = os.environ) -> str:
    """Copy ``text``, which is called ``what``; says where it went, as long as there is room for in a line."""
    app.copy_to_clipboard(text)
    long, short = await _where(text, environ)
    file = f" · {await _to_file(app, text)}" if _keeps(app) else ""
    told = (f"Copied {what} {long}{file}", f"Copied {what} · {short}{file}", f"Copied · {short}{file}")
    return next((one for one in told if cell_len(one) <= app.size.width - _MARGINS), told[-1])


async def _where(text: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """Where ``text`` went, as the end of a sentence, and in a word."""
    if environ.get("TMUX") and await _into(_TMUX, text):
        return "to tmux's buffer and the terminal's clipboard", "tmux, clipboard"
    for program in tools(environ, sys.platform):
        if await _into(program, text):
            return f"to the clipboard, by {program[0]}", program[0]
    return "to the terminal's clipboard, if it allows that", "clipboard if allowed"


def tools(environ: Mapping[str, str], platform: str) -> Iterator[Sequence[str]]:
    """The programs that may reach the clipboard of the desk where the terminal stands; none over a network."""
    if environ.get("SSH_CONNECTION"):
        return
    if environ.get("TERMUX_VERSION"):
        yield ("termux-clipboard-set",)
    if environ.get("WAYLAND_DISPLAY"):
        yield ("wl-copy",)
    if environ.get("DISPLAY"):
        yield ("xclip", "-selection", "clipboard")
        yield ("xsel", "--clipboard", "--input")
    if environ.get("WSL_DISTRO_NAME"):
        yield ("clip.exe",)
    if platform == "darwin":
        yield ("pbcopy",)


def _keeps(app: TavernApp) -> bool:
    """Whether a file may have it: nothing of an incognito chat is written down."""
    return app.chat.session is None or app.chat.session.log.kept


async def _to_file(app: TavernApp, text: str) -> str:
    """Keep what was copied; how that is told."""
    from tavern_tui.domain.errors import TavernError
    from tavern_tui.session.copied import keep_copied

    try:
        return (await asyncio.to_thread(keep_copied, app.workspace, text)).name
    except TavernError:
        return "no file: the disk took none"


async def _into(program: Sequence[str], text: str) -> bool:
    """Give ``text`` to a program; whether it took it."""
    try:
        process = await asyncio.create_subprocess_exec(
            *program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await process.communicate(text.encode("utf-8", "replace"))
    except (OSError, TimeoutError):
        return False
    return process.returncode == 0
