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
    own = next((line[3:] for line in read("proc/self/cgroup").splitlines() if line.startswith("0::")), "/")
    steps = [step for step in own.strip().split("/") if step]
    if ".." in steps:
        steps = []  # the path is of another namespace
    found = []
    for depth in range(len(steps), -1, -1):
        place = "/".join([_GROUPS, *steps[:depth]])
        limit, used = _number(read(f"{place}/memory.max")), _number(read(f"{place}/memory.current"))
        if limit is not None and used is not None:
            found.append(max(0, limit - used + _statistic(read(f"{place}/memory.stat"), "inactive_file")))
    return min(found, default=None)


def _cgroup_v1(read: Read) -> int | None:
    place = f"{_GROUPS}/memory"
    limit, used = _number(read(f"{place}/memory.limit_in_bytes")), _number(read(f"{place}/memory.usage_in_bytes"))
    if limit is None or used is None or limit >= _UNLIMITED:  # "no limit" is the largest multiple of a page
        return None
    return max(0, limit - used + _statistic(read(f"{place}/memory.stat"), "total_inactive_file"))


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
