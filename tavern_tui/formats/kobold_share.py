"""Kobold Lite's share text: a save, packed with LZMA, as base64 for addresses; alone or behind ``?s=``.

Source: ``docs/spec/kobold-lite.md`` §10; ``generate_compressed_story`` of Lite. The save itself: ``kobold_save``.
"""

from __future__ import annotations

import base64
import binascii
import json
import lzma

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import ToldChat
from tavern_tui.formats.json_lines import read_whole
from tavern_tui.formats.json_text import MAX_BYTES, write_json
from tavern_tui.formats.kobold_save import from_object, is_kobold_save, to_object

FORMAT = "kobold-share"
_START = b"XQAA"  # the LZMA header that Lite writes (5D 00 00), as base64
_MOST_MEMORY = 96 * 1024 * 1024
_FILTERS = [{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 20, "lc": 3, "lp": 0, "pb": 2}]


def is_share(data: bytes) -> bool:
    """Whether bytes are a share text or an address with one."""
    return _packed(data[:4096]).startswith(_START)


def read_share(data: bytes, name: str) -> tuple[ToldChat, tuple[Remark, ...]]:
    """The chat of a share text. Raises ``FormatError``."""
    packed = _packed(data)
    try:
        compressed = base64.urlsafe_b64decode(
            packed.translate(bytes.maketrans(b"+/", b"-_")) + b"=" * (-len(packed) % 4)
        )
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_MOST_MEMORY)
        saved = unpacker.decompress(compressed, MAX_BYTES + 1)
    except (binascii.Error, ValueError, lzma.LZMAError, EOFError) as error:
        raise FormatError(
            "The share text is damaged: it cannot be unpacked.", hint="Copy it again.", where=name
        ) from error
    if len(saved) > MAX_BYTES:
        raise FormatError(f"The share text unpacks to more than {MAX_BYTES:,} bytes.", where=name)
    value = read_whole(_joined(saved), name)
    if not is_kobold_save(value):
        raise FormatError("The share text holds no save of KoboldAI Lite.", where=name)
    return from_object(value, name)


def write_share(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """A share text that Lite imports. Raises ``FormatError``."""
    save, remarks = to_object(chat)
    # Escaped to ASCII: Lite's decoder knows no characters beyond 16 bits.
    text = json.dumps(json.loads(write_json(save, indent=None)), separators=(",", ":"))
    packed = lzma.compress(text.encode("ascii"), lzma.FORMAT_ALONE, filters=_FILTERS)
    return base64.urlsafe_b64encode(packed).rstrip(b"=") + b"\n", remarks


def _joined(saved: bytes) -> bytes:
    """UTF-8 of what Lite's encoder wrote: of a character beyond 16 bits each half by itself."""
    try:
        text = saved.decode("utf-8", "surrogatepass")
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    except UnicodeError:
        return saved  # whoever reads it says what is wrong


def _packed(data: bytes) -> bytes:
    text = data.strip()
    if text.startswith(b"http") and b"?s=" in text[:200]:
        text = text.partition(b"?s=")[2]
    return b"".join(text.split())
