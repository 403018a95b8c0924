"""The crash log: where the program was when it stopped, without a word that a user or a model wrote."""

from __future__ import annotations

import os
import platform
import sys
import time
import traceback
from pathlib import Path

from tavern_tui import __version__
from tavern_tui.config.paths import directories


def write_crash_log(bug: BaseException) -> Path | None:
    """Write exception types and code places of ``bug`` to a private file in the state folder; its path, if it worked.

    Messages and values are left out: they may quote prompts, chats or keys.
    """
    lines = [
        f"tavern-tui {__version__}, Python {platform.python_version()}, {sys.platform}",
        time.strftime("%Y-%m-%d %H:%M:%S"),
        *_describe(bug),
    ]
    folder = directories().state
    path = folder / "crash.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
    except OSError:
        return None
    return path


def _describe(bug: BaseException) -> list[str]:
    lines: list[str] = []
    seen: BaseException | None = bug
    while seen is not None and len(lines) < 500:
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        frames = traceback.extract_tb(seen.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        seen = seen.__cause__ or seen.__context__
    return lines
