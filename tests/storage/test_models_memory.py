"""Free memory: the kernel's word, within a container's limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.storage.memory import available_memory

MIB = 2**20
MEMINFO = "MemTotal:  16000000 kB\nMemFree:  1000 kB\nMemAvailable:    8192 kB\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file system root with a kernel that has 8 MiB available."""
    put(tmp_path, "proc/meminfo", MEMINFO)
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    """Write one of the kernel's files."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def group(root: Path, name: str, limit: str, used: int, inactive: int = 0) -> None:
    """Write a v2 group's files."""
    put(root, f"sys/fs/cgroup/{name}/memory.max", limit)
    put(root, f"sys/fs/cgroup/{name}/memory.current", str(used))
    put(root, f"sys/fs/cgroup/{name}/memory.stat", f"anon 5\ninactive_file {inactive}\n")


def test_without_limits_the_kernel_s_word_counts(root: Path) -> None:
    assert available_memory(root) == 8 * MIB


def test_a_container_s_limit_counts_where_it_is_tighter(root: Path) -> None:
    group(root, "", str(4 * MIB), 3 * MIB)
    assert available_memory(root) == MIB


def test_file_cache_inside_the_container_is_free_for_the_asking(root: Path) -> None:
    group(root, "", str(4 * MIB), 3 * MIB, inactive=2 * MIB)
    assert available_memory(root) == 3 * MIB


def test_the_tightest_group_on_the_way_up_counts(root: Path) -> None:
    put(root, "proc/self/cgroup", "0::/user.slice/me\n")
    group(root, "user.slice", str(5 * MIB), 3 * MIB)
    group(root, "user.slice/me", "max", MIB)
    assert available_memory(root) == 2 * MIB


@pytest.mark.parametrize("own", ["0::/gone\n", "0::/../../outside\n", "1:memory:/x\n", ""])
def test_a_group_path_of_another_namespace_falls_back_to_the_visible_root(root: Path, own: str) -> None:
    put(root, "proc/self/cgroup", own)
    group(root, "", str(4 * MIB), 2 * MIB)
    assert available_memory(root) == 2 * MIB


def test_a_version_1_limit_counts(root: Path) -> None:
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", str(3 * MIB))
    put(root, "sys/fs/cgroup/memory/memory.usage_in_bytes", str(2 * MIB))
    assert available_memory(root) == MIB
    put(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712")
    assert available_memory(root) == 8 * MIB


def test_the_tightest_version_1_group_on_the_way_up_counts(root: Path) -> None:
    put(root, "proc/self/cgroup", "12:cpu,cpuacct:/other\n4:memory:/user.slice/me\n0::/init.scope\n")
    for name, limit in {"user.slice/me": 5, "user.slice": 4, "": 9_000_000_000_000}.items():
        put(root, f"sys/fs/cgroup/memory/{name}/memory.limit_in_bytes", str(limit * MIB))
        put(root, f"sys/fs/cgroup/memory/{name}/memory.usage_in_bytes", str(MIB))
    assert available_memory(root) == 3 * MIB


def test_a_container_over_its_limit_has_nothing_free(root: Path) -> None:
    group(root, "", str(MIB), 2 * MIB)
    assert available_memory(root) == 0


def test_a_system_without_these_files_tells_its_whole_memory(tmp_path: Path) -> None:
    assert (available_memory(tmp_path) or 0) > MIB


def test_this_machine_has_memory() -> None:
    assert (available_memory() or 0) > MIB
