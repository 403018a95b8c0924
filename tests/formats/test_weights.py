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


@pytest.mark.parametrize(
    ("first", "name", "words"),
    [
        (checkpoint(), "consolidated.00.pth", "Meta's original weights"),
        (checkpoint(), "pytorch_model-00001-of-00002.bin", "original weights from Hugging Face"),
        (checkpoint(), "adapter_model.bin", "LoRA adapter"),
        (checkpoint(), "llama-7b-4bit.pt", "old GPTQ"),
        (b"GGUF\x03\0\0\0", "m.gguf.part", "download that has not ended"),
        (b"GGUF\x03\0\0\0", "m.gguf.incomplete", "download that has not ended"),
        (b"GGUF\x03\0\0\0", "m.Q6_K.gguf-split-a", "cut by hand"),
        (b"\0\0\0\0", "m.gguf.part2of3", "cut by hand"),
        (b"\x08\x07", "m.onnx", "ONNX"),
        (b"ftrt", "m.engine", "TensorRT"),
        (b"\x81\xa6", "flax_model.msgpack", "Flax"),
        (b"lmgg" + struct.pack("<I", 50400), "m.bin", "GPT-J"),
        (b"lmgg" + struct.pack("<I", 4096), "m.bin", "MPT"),
        (b"lmgg" + struct.pack("<I", 32000), "m.bin", "the first LLaMA"),
        (b"lmgg" + struct.pack("<I", 49152), "m.bin", "StarCoder"),
        (b"fmgg" + struct.pack("<I", 101), "m.bin", "RWKV"),
        (b"tjgg" + struct.pack("<I", 2), "m.bin", "GGJT file (version 2)"),
        (safetensors("a.scales", "a.biases"), "m.safetensors", "MLX"),
        (safetensors("a.weight.absmax"), "m.safetensors", "bitsandbytes"),
        (safetensors("model.diffusion_model.x"), "m.safetensors", "image model"),
        (safetensors("layers.0.weight"), "m.safetensors", "F16 weights"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-",
)
def test_names_and_numbers_tell_more(first: bytes, name: str, words: str) -> None:
    found = what_is_this(first, 10_000, name)
    assert words in found.what
    assert found.advice.endswith(".")


def test_the_list_of_tensors_is_read_beyond_the_first_bytes() -> None:
    long = safetensors(*(f"model.layers.{n}.weight" for n in range(200)), "model.layers.0.qweight", "x.g_idx")
    assert "GPTQ" not in what_is_this(long[:FIRST_BYTES], len(long)).what
    assert "GPTQ" in what_is_this(long, len(long)).what
