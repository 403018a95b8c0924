"""How much memory a program may still take: what the kernel says is free, within what a container allows.

Pure: the texts of the kernel's files come through ``read``. ``free`` and /proc/meminfo know nothing of a container's
limit, and a limit knows nothing of the other processes of the machine; the smaller of both counts. Sources: proc(5),
the kernel's cgroup v1 and v2 documentation.
"""

from __future__ import annotations

from collections.abc import Callable

Read = Callable[[str], str]
"""The text of a file by its path from the root, such as ``proc/meminfo``; empty where it cannot be read."""

_GROUPS = "sys/fs/cgroup"
_UNLIMITED = 2**60


def free_memory(read: Read) -> int | None:
    """Bytes that can be taken without swapping, ``None`` where the system does not tell."""
    known = [value for value in (_meminfo(read), _cgroup_v2(read), _cgroup_v1(read)) if value is not None]
    return min(known, default=None)


def _meminfo(read: Read) -> int | None:
    for line in read("proc/meminfo").splitlines():
        name, _, rest = line.partition(":")
        if name == "MemAvailable" and (words := rest.split()) and words[0].isdecimal():
            return int(words[0]) * 1024
    return None


def _cgroup_v2(read: Read) -> int | None:
    """The tightest limit between this process's group and the root of the tree that it can see."""
    found = []
    for place in _places(read, "", _GROUPS):
        limit, used = _number(read(f"{place}/memory.max")), _number(read(f"{place}/memory.current"))
        if limit is not None and used is not None:
            found.append(max(0, limit - used + _statistic(read(f"{place}/memory.stat"), "inactive_file")))
    return min(found, default=None)


def _cgroup_v1(read: Read) -> int | None:
    found = []
    for place in _places(read, "memory", f"{_GROUPS}/memory"):
        limit, used = (_number(read(f"{place}/memory.{name}_in_bytes")) for name in ("limit", "usage"))
        if (
            limit is not None and used is not None and limit < _UNLIMITED
        ):  # "no limit" is the largest multiple of a page
            found.append(max(0, limit - used + _statistic(read(f"{place}/memory.stat"), "total_inactive_file")))
    return min(found, default=None)


def _places(read: Read, controller: str, root: str) -> list[str]:
    """The folders of this process's group and of those above it, up to ``root``; of v2 without a ``controller``.

    A line of /proc/self/cgroup is ``number:controllers:path``; in a container the path may be of another namespace.
    """
    lines = (line.split(":", 2) for line in read("proc/self/cgroup").splitlines() if line.count(":") >= 2)
    own = next((path for number, names, path in lines if _is_of(controller, number, names)), "/")
    steps = [step for step in own.strip().split("/") if step]
    steps = [] if ".." in steps else steps
    return ["/".join([root, *steps[:depth]]) for depth in range(len(steps), -1, -1)]


def _is_of(controller: str, number: str, names: str) -> bool:
    return controller in names.split(",") if controller else (number, names) == ("0", "")


def _statistic(text: str, name: str) -> int:
    """Memory that is counted as used and yet free for the asking, such as file cache."""
    for line in text.splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and words[1].isdecimal():
            return int(words[1])
    return 0


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() else None
