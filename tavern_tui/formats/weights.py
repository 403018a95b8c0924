"""Recognising files that are not the model one hoped for, by their first bytes and, after those, by their names.

Nothing is unpickled, unpacked or run. Says what a file is, why it is not opened, and what to do. What a whole folder of
such files is, is ``model_folder``'s. Source: ``docs/spec/gguf.md`` §6.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

FIRST_BYTES = 4096
"""Enough to tell the kind of any file."""

HEAD_BYTES = 4 * 1024 * 1024
"""Enough for the list of tensors of most safetensors files; what is behind it is not looked at."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """``what`` ends "This is …"; ``advice`` is a whole sentence."""

    what: str
    advice: str


OLD = "KoboldCpp can still run it; otherwise look for the same model as GGUF."
PICKLE = "It is never opened, because such files can run programs. Look for the same model as GGUF."
OTHER = "Look for the same model as GGUF, or connect to a server that loads this format."
LOADING_SERVER = "or connect to a server that loads it (text-generation-webui, TabbyAPI, vLLM)."
GPU_LOADERS = f"Look for the same model as GGUF, {LOADING_SERVER}"
ADAPTER = "It changes a model and is none itself: look for the adapter as GGUF."
_RESUME = "Let the program that fetches it finish, or download it again."

_STARTS: tuple[tuple[bytes, Explanation], ...] = (
    (b"algg", Explanation("an old GGLA adapter", "Look for the adapter as GGUF.")),
    (b"\x80\x02", Explanation("a PyTorch file (pickle)", PICKLE)),
    (b"\x80\x03", Explanation("a PyTorch file (pickle)", PICKLE)),
    (b"\x80\x04", Explanation("a PyTorch file (pickle)", PICKLE)),
    (b"\x89HDF", Explanation("a TensorFlow file (HDF5)", OTHER)),
    (b"version https://git-lfs", Explanation("a Git LFS pointer, not the model", "Run `git lfs pull` in its folder.")),
    (b"<", Explanation("a web page, not a model", "Often a login or licence page: download the file itself.")),
    (b"{", Explanation("a JSON answer, not a model", "Often a server's refusal: download the file itself.")),
    (b"\x1f\x8b", Explanation("a gzip archive", "Unpack it first.")),
    (b"7z\xbc\xaf", Explanation("a 7z archive", "Unpack it first.")),
    (b"Rar!", Explanation("a RAR archive", "Unpack it first.")),
    (b"\x89PNG", Explanation("a picture", "Character cards belong with the characters.")),
)

# Names say what first bytes do not, or say more of it.
_BY_NAME: tuple[tuple[re.Pattern[str], Explanation], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), explanation)
    for pattern, explanation in (
        (
            r"\.(?:part|crdownload|aria2|incomplete|download|tmp)\Z",
            Explanation("a download that has not ended", _RESUME),
        ),
        (
            r"\.gguf(?:[-.]split[-.]?[a-z]{1,2}|\.part\d+of\d+|\.part\d+)\Z|\.part\d+of\d+\.gguf\Z",
            Explanation(
                "one piece of a file that was cut by hand", "Join the pieces in their order: cat NAME.* > NAME.gguf."
            ),
        ),
        (r"\.onnx\Z", Explanation("an ONNX file", OTHER)),
        (r"\.(?:engine|plan)\Z", Explanation("a TensorRT engine", OTHER)),
        (r"\.(?:msgpack|ot)\Z", Explanation("a Flax or Rust file", OTHER)),
        (r"(?:\.ckpt|tf_model.*)\.index\Z|\.data-\d+-of-\d+\Z", Explanation("a TensorFlow checkpoint", OTHER)),
        (r"\.mlmodel\Z|\.mlpackage\Z", Explanation("a Core ML model", OTHER)),
    )
)

_CHECKPOINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"consolidated\.\d+\.pth\Z"), "a file of Meta's original weights (PyTorch)"),
    (re.compile(r"pytorch_model.*\.bin\Z"), "a file of original weights from Hugging Face (PyTorch)"),
    (re.compile(r"adapter_model\.bin\Z"), "a LoRA adapter (PyTorch)"),
    (re.compile(r"4bit|gptq", re.IGNORECASE), "an old GPTQ file (PyTorch)"),
)
_CONVERT = (
    "Download the same model as GGUF, or convert it with llama.cpp's convert_hf_to_gguf.py. It is never opened here,"
    " because such files can run programs."
)

# The number behind the unversioned magic → what had it there. Source: KoboldCpp's model_adapter.cpp.
_GGML_KINDS: tuple[tuple[Callable[[int], bool], str], ...] = (
    (lambda n: n in (4096, 7168), "MPT"),
    (lambda n: n == 50400, "GPT-J"),
    (lambda n: n == 50257 or 49152 <= n <= 49157, "GPT-2 or StarCoder"),
    (lambda n: 31998 <= n <= 33000, "the first LLaMA"),
)
_RWKV = (100, 101)

# Endings of tensor names → the quantisation that has them, the most telling first.
_QUANTISED: tuple[tuple[bytes, str], ...] = (
    (b'.trellis"', "EXL3"),
    (b'.q_weight"', "EXL2"),
    (b'.g_idx"', "GPTQ"),
    (b'.qweight"', "GPTQ or AWQ"),
    (b'.quant_map"', "bitsandbytes"),
    (b'.absmax"', "bitsandbytes"),
    (b'_blocks"', "MXFP4"),
    (b'"F8_E4M3"', "FP8"),
)
_ADAPTERS = (b"lora_A", b"lora_B", b"lora_down", b"lora_up")
_IMAGE = (b'"model.diffusion_model.', b'"double_blocks.', b'"first_stage_model.', b'"conditioner.embedders')
_DTYPES = re.compile(rb'"dtype"\s*:\s*"(BF16|F16|F32)"')


def what_is_this(first: bytes, size: int, name: str = "") -> Explanation:
    """What a file that is no GGUF seems to be.

    ``first``: its first ``FIRST_BYTES`` bytes, or as many as there are; more of them (``HEAD_BYTES``) tell more of
    safetensors. ``size``: all of its bytes. ``name``: its file name, where it is known.
    """
    if not first:
        return Explanation("an empty file", "Download it again.")
    named = next((found for pattern, found in _BY_NAME if pattern.search(name)), None)
    if named is not None:
        return named
    if not first[:FIRST_BYTES].strip(b"\0"):
        return Explanation("a download that never began (only zero bytes)", "Download it again.")
    if first.startswith(b"PK\x03\x04"):
        return _zipped(first[:FIRST_BYTES], name)
    if is_safetensors(first, size):
        return _safetensors(first)
    if old := _old_ggml(first):
        return old
    for start, explanation in _STARTS:
        if first.startswith(start):
            return explanation
    if first.startswith(b"\x08"):
        return Explanation("an ONNX file", OTHER)
    return Explanation("no model format that is known here", "Models are GGUF files.")


def is_safetensors(first: bytes, size: int) -> bool:
    """Whether a file of ``size`` bytes that begins with ``first`` is safetensors."""
    if len(first) < 9:
        return False
    (length,) = struct.unpack_from("<Q", first)
    return first[8:9] == b"{" and 2 <= length < min(100_000_000, size)


def quantisation_in(head: bytes) -> str:
    """The quantisation that the tensors of a safetensors file's beginning tell of; empty for plain weights."""
    found = next((name for ending, name in _QUANTISED if ending in head), "")
    if not found and b'.scales"' in head and b'.biases"' in head:
        return "MLX"
    return found


def _zipped(first: bytes, name: str) -> Explanation:
    if b".pkl" not in first:
        return Explanation("a zip archive", "Unpack it first.")
    known = next((what for pattern, what in _CHECKPOINTS if pattern.search(name)), "")
    return Explanation(known, _CONVERT) if known else Explanation("a PyTorch checkpoint (pickles in a zip)", PICKLE)


def _safetensors(head: bytes) -> Explanation:
    """A single safetensors file, by the names and types of its tensors."""
    if any(name in head for name in _IMAGE):
        return Explanation("an image model (safetensors)", "It paints pictures and cannot chat.")
    if any(name in head for name in _ADAPTERS):
        return Explanation("a safetensors file (LoRA adapter)", ADAPTER)
    quantised = quantisation_in(head)
    if quantised:
        return Explanation(f"a safetensors file ({quantised})", GPU_LOADERS)
    types = {found.decode() for found in _DTYPES.findall(head)}
    kind = f" ({', '.join(sorted(types))} weights, not quantised)" if types else ""
    return Explanation(f"a safetensors file{kind}", OTHER)


def _old_ggml(first: bytes) -> Explanation | None:
    """The formats before GGUF; their magics are little-endian numbers and read backwards."""
    number = struct.unpack_from("<I", first, 4)[0] if len(first) >= 8 else 0
    match first[:4]:
        case b"lmgg":
            kind = next((name for fits, name in _GGML_KINDS if fits(number)), "")
            return Explanation(f"a GGML file from before 2023's formats{f' ({kind})' if kind else ''}", OLD)
        case b"fmgg":
            return Explanation("an old RWKV file (GGMF)" if number in _RWKV else "an old GGMF file", OLD)
        case b"tjgg":
            version = f" (version {number})" if number in (1, 2, 3) else ""
            return Explanation(f"an old GGJT file{version}", OLD)
    return None
