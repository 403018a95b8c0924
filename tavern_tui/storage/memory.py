"""How much memory a model may take on this machine: the kernel's files for ``domain.free_memory``."""

from __future__ import annotations

import os
from pathlib import Path

from tavern_tui.domain.free_memory import free_memory


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can be taken without swapping, ``None`` where the system does not tell. ``root`` is for tests."""

    def read(name: str) -> str:
        try:
            return (root / name).read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    free = free_memory(read)
    return _pages() if free is None else free


def _pages() -> int | None:
    """All of the machine's memory, for systems that do not say what is free."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
