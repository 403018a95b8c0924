"""How much memory a model may take on this machine: what the kernel says is free, within what a container allows.

``free`` and /proc/meminfo know nothing of a container's limit, and a limit knows nothing of the other processes of
the machine; the smaller of both counts. Sources: proc(5), the kernel's cgroup v1 and v2 documentation.
"""

from __future__ import annotations

import os
from pathlib import Path


def available_memory(root: Path = Path("/")) -> int | None:
    """Bytes that can be taken without swapping, ``None`` where the system does not tell. ``root`` is for tests."""
    known = [
        value
        for value in (_meminfo(root / "proc/meminfo"), _cgroup_v2(root), _cgroup_v1(root))
        if value is not None and value >= 0
    ]
    return min(known) if known else _pages()


def _meminfo(path: Path) -> int | None:
    for line in _text(path).splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable" and (words := rest.split()) and words[0].isdecimal():
            return int(words[0]) * 1024
    return None


def _cgroup_v2(root: Path) -> int | None:
    """The tightest limit between this process's group and the root of the tree that it can see."""
    own = next((line[3:] for line in _text(root / "proc/self/cgroup").splitlines() if line.startswith("0::")), "/")
    top = root / "sys/fs/cgroup"
    folder = top / own.strip().lstrip("/")
    if top not in (folder, *folder.parents) or not folder.is_dir():
        folder = top  # the path is of another namespace
    found = []
    for place in (folder, *folder.parents):
        limit = _number(place / "memory.max")
        used = _number(place / "memory.current")
        if limit is not None and used is not None:
            found.append(max(0, limit - used + _statistic(place / "memory.stat", "inactive_file")))
        if place == top:
            break
    return min(found, default=None)


def _cgroup_v1(root: Path) -> int | None:
    place = root / "sys/fs/cgroup/memory"
    limit, used = _number(place / "memory.limit_in_bytes"), _number(place / "memory.usage_in_bytes")
    if limit is None or used is None or limit >= 2**60:  # "no limit" is the largest multiple of a page
        return None
    return max(0, limit - used + _statistic(place / "memory.stat", "total_inactive_file"))


def _statistic(path: Path, name: str) -> int:
    """Memory that is counted as used and yet free for the asking, such as file cache."""
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and words[1].isdecimal():
            return int(words[1])
    return 0


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdecimal() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _pages() -> int | None:
    """All of the machine's memory, for systems that do not say what is free."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None
