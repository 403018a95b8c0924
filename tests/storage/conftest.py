"""Fixtures of the storage room: a chat on a real disk, and an end for every process that a test began."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.child import children
from tests.storage.disk import Disk


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    """An empty folder of chats."""
    return Disk(tmp_path)


@pytest.fixture(autouse=True)
def _no_child_outlives_its_test() -> Iterator[None]:
    yield
    for child in children:
        child.kill()
        child.wait()
    children.clear()
