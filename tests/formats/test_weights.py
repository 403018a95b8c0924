"""Files that are no GGUF are recognised by their first bytes."""

from __future__ import annotations

import io
import json
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.formats.weights import FIRST_BYTES, what_is_this


def safetensors(*names: str) -> bytes:
    """The beginning of a safetensors file with tensors of these names."""
    header = json.dumps({name: {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]} for name in names}).encode()
    return struct.pack("<Q", len(header)) + header + b"\0\0"


def checkpoint() -> bytes:
    """A PyTorch checkpoint: a zip with a pickle in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("model/data.pkl"), b"\x80\x02}.")
    return out.getvalue()


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"", "empty"),
        (b"\0" * 100, "zero bytes"),
        (b"lmgg\0\0\0\0", "GGML"),
        (b"fmgg\x01\0\0\0", "GGMF"),
        (b"tjgg\x03\0\0\0", "GGJT"),
        (b"algg\x01\0\0\0", "adapter"),
        (b"\x80\x02}q\0.", "pickle"),
        (checkpoint(), "PyTorch checkpoint"),
        (b"PK\x03\x04\x14\0\0\0readme.txt", "zip archive"),
        (safetensors("model.layers.0.weight"), "safetensors"),
        (safetensors("model.0.qweight", "model.0.qzeros", "model.0.g_idx"), "GPTQ"),
        (safetensors("model.0.q_weight", "model.0.q_scale"), "EXL2"),
        (safetensors("model.0.trellis"), "EXL3"),
        (safetensors("base.lora_A.weight"), "LoRA"),
        (b"\x89HDF\r\n\x1a\n", "TensorFlow"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS"),
        (b"<!DOCTYPE html>", "web page"),
        (b'{"error":"Access denied"}', "JSON"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"7z\xbc\xaf\x27\x1c", "7z"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"\x89PNG\r\n", "picture"),
        (b"hello there", "no model format"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_says_what_a_file_is_and_what_to_do(first: bytes, words: str) -> None:
    found = what_is_this(first, 10_000)
    assert words in found.what
    assert found.advice.endswith(".")


@given(st.binary(max_size=FIRST_BYTES), st.integers(0, 2**40))
def test_every_beginning_gets_an_answer(first: bytes, size: int) -> None:
    assert what_is_this(first, size).what
