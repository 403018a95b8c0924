"""Recognising files that are not the model one hoped for, by their first bytes.

Nothing is unpickled, unpacked or run. Says what a file is, why it is not opened, and what to do.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

FIRST_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Explanation:
    """``what`` ends "This is …"; ``advice`` is a whole sentence."""

    what: str
    advice: str


_OLD = "KoboldCpp can still run it; otherwise look for the same model as GGUF."
_PICKLE = "It is never opened, because such files can run programs. Look for the same model as GGUF."
_OTHER = "Look for the same model as GGUF, or connect to a server that loads this format."

_STARTS: tuple[tuple[bytes, Explanation], ...] = (
    (b"lmgg", Explanation("a GGML file from before 2023's formats", _OLD)),
    (b"fmgg", Explanation("an old GGMF file", _OLD)),
    (b"tjgg", Explanation("an old GGJT file", _OLD)),
    (b"algg", Explanation("an old GGLA adapter", "Look for the adapter as GGUF.")),
    (b"\x80\x02", Explanation("a PyTorch file (pickle)", _PICKLE)),
    (b"\x89HDF", Explanation("a TensorFlow file (HDF5)", _OTHER)),
    (b"\x08", Explanation("an ONNX file", _OTHER)),
    (b"version https://git-lfs", Explanation("a Git LFS pointer, not the model", "Run `git lfs pull` in its folder.")),
    (b"<", Explanation("a web page, not a model", "Often a login or licence page: download the file itself.")),
    (b"{", Explanation("a JSON answer, not a model", "Often a server's refusal: download the file itself.")),
    (b"\x1f\x8b", Explanation("a gzip archive", "Unpack it first.")),
    (b"7z\xbc\xaf", Explanation("a 7z archive", "Unpack it first.")),
    (b"Rar!", Explanation("a RAR archive", "Unpack it first.")),
    (b"\x89PNG", Explanation("a picture", "Character cards belong with the characters.")),
)


def what_is_this(first: bytes, size: int) -> Explanation:
    """What a file that is no GGUF seems to be. ``first``: its first ``FIRST_BYTES`` bytes; ``size``: all of them."""
    if not first:
        return Explanation("an empty file", "Download it again.")
    if not first.strip(b"\0"):
        return Explanation("a download that never began (only zero bytes)", "Download it again.")
    if first.startswith(b"PK\x03\x04"):
        if b".pkl" in first:
            return Explanation("a PyTorch checkpoint (pickles in a zip)", _PICKLE)
        return Explanation("a zip archive", "Unpack it first.")
    if _is_safetensors(first, size):
        return Explanation(f"a safetensors file{_safetensors_kind(first)}", _OTHER)
    for start, explanation in _STARTS:
        if first.startswith(start):
            return explanation
    return Explanation("no model format that is known here", "Models are GGUF files.")


def _is_safetensors(first: bytes, size: int) -> bool:
    if len(first) < 9:
        return False
    (length,) = struct.unpack_from("<Q", first)
    return first[8:9] == b"{" and 2 <= length < min(100_000_000, size)


def _safetensors_kind(first: bytes) -> str:
    """The quantisation that the first tensors' names give away."""
    if b".trellis" in first:
        return " (EXL3)"
    if b".q_weight" in first:
        return " (EXL2)"
    if b".qweight" in first:
        return " (GPTQ)" if b".g_idx" in first else " (GPTQ or AWQ)"
    if b"lora_" in first:
        return " (LoRA adapter)"
    return ""
