"""Model files written by the ``gguf`` package, independently of our own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf
import numpy


def write_gguf(
    path: Path,
    *,
    arch: str = "llama",
    keys: dict[str, Any] | None = None,
    tensors: dict[str, tuple[int, ...]] | None = None,
    tokens: int = 0,
    last: dict[str, Any] | None = None,
) -> Path:
    """Write a GGUF of zeros: ``keys``, then ``tokens`` made-up tokens, then the keys of ``last``."""
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
