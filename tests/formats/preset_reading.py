"""Reading a preset or template of any kind for the fuzz driver: what nobody changed is written as it was read."""

from __future__ import annotations

from typing import Any

from tavern_tui.formats.json_text import read_json
from tavern_tui.formats.preset_kinds import CODECS, PresetKind, read_preset_file


def read_write_read(data: bytes) -> tuple[PresetKind, Any]:
    """The file's kind and what it holds."""
    kind, read, _ = read_preset_file(data, "stem")
    written, _ = CODECS[kind].write(read)
    again = read_preset_file(written, "stem")
    assert again[0] is kind
    if written.lstrip()[:1] in (b"{", b"[") and kind is not PresetKind.MODEL_TEMPLATE:
        assert read_json(CODECS[kind].write(again[1])[0]) == read_json(written)
    return kind, read
