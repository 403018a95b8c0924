"""What memory this machine has free for the host: the kernel's files for ``domain.free_memory``."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.domain.free_memory import free_memory


def free_bytes(root: Path = Path("/")) -> int | None:
    """Bytes that can be taken without swapping, ``None`` where the system does not tell. ``root`` is for tests."""

    def read(name: str) -> str:
        try:
            return (root / name).read_text(encoding="ascii", errors="replace")
        except OSError:
            return ""

    return free_memory(read)
