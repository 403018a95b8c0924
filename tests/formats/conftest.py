"""Pictures and cards as other programs write them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def picture() -> bytes:
    """A small PNG drawn by another program, with chunks of its own."""
    out = io.BytesIO()
    Image.effect_noise((32, 48), 50).convert("RGB").save(out, "png", dpi=(72, 72))
    return out.getvalue()


@pytest.fixture
def make_gguf(tmp_path: Path) -> Callable[..., Path]:
    """Writes a GGUF with the ``gguf`` package: ``make_gguf(name, arch=…, keys={…}, tensors={name: shape})``."""
    import gguf
    import numpy

    def make(
        name: str = "model.gguf",
        *,
        arch: str = "llama",
        keys: dict[str, Any] | None = None,
        tensors: dict[str, tuple[int, ...]] | None = None,
        tokens: int = 0,
        last: dict[str, Any] | None = None,
    ) -> Path:
        path = tmp_path / name
        writer = gguf.GGUFWriter(path, arch)
        for key, value in (keys or {}).items():
            _add(writer, key, value)
        if tokens:
            writer.add_token_list([f"token {n}" for n in range(tokens)])
        for key, value in (last or {}).items():
            _add(writer, key, value)
        for key, shape in (tensors or {"token_embd.weight": (4, 32)}).items():
            writer.add_tensor(key, numpy.zeros(shape, dtype=numpy.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return make


def _add(writer: Any, key: str, value: Any) -> None:
    match value:
        case bool():
            writer.add_bool(key, value)
        case int():
            writer.add_uint32(key, value)
        case float():
            writer.add_float32(key, value)
        case str():
            writer.add_string(key, value)
        case _:
            writer.add_array(key, value)
