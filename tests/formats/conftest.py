"""Pictures and model files as other programs write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.formats.gguf_files import write_gguf
from tests.formats.pictures import small_picture


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A small PNG drawn by another program, with chunks of its own."""
    return small_picture()


@pytest.fixture
def make_gguf(tmp_path: Path) -> Callable[..., Path]:
    """``write_gguf`` into the test's own folder: ``make_gguf(name, arch=…, keys={…}, tensors={name: shape})``."""

    def make(name: str = "model.gguf", **parts: Any) -> Path:
        return write_gguf(tmp_path / name, **parts)

    return make
