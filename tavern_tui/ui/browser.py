"""Opening a web address in the browser of the desk where the terminal stands, and saying whether there was one.

A text browser would take the terminal, and a browser on a machine far away helps nobody: over a network there is none.
No shell reads the address. Callers have asked the user before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

_PATIENCE_SECONDS = 2.0


async def open_in_browser(address: str, environ: Mapping[str, str], platform: str) -> str:
    """Have ``address`` (``domain.links.Link``'s) opened; the program that took it, "" where none did."""
    for program in openers(environ, platform):
        if await _took([*program, address]):
            return program[0]
    return ""


def openers(environ: Mapping[str, str], platform: str) -> Iterator[Sequence[str]]:
    """The programs that may open an address where the user sits, the likeliest first; none over a network."""
    if environ.get("SSH_CONNECTION"):
        return
    if environ.get("TERMUX_VERSION"):
        yield ("termux-open-url",)
    if environ.get("WSL_DISTRO_NAME"):
        yield ("wslview",)
        yield ("rundll32.exe", "url.dll,FileProtocolHandler")
    if environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        yield ("xdg-open",)
    if platform == "darwin":
        yield ("open",)


async def _took(command: Sequence[str]) -> bool:
    """Whether a program began to show it: one that goes on running does."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            return await process.wait() == 0
    except TimeoutError:
        return True
