"""RisuAI's module inside a CHARX (``module.risum``): its object, read and written; its assets are kept as they stand.

Where a card has one, its lorebook, regex scripts and triggers count instead of the card's own. Layout: byte 111, byte
0 (version), a length (32 bits, little-endian), the object as JSON, then the assets; every byte of the content is
exchanged for another by a fixed table (``docs/spec/sillytavern-prompts.md`` §1.5).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.json_text import read_json, write_json

NAME = "module.risum"
_START = b"\x6f\x00"
_HEAD = len(_START) + 4
_MAX_VALUES = 300_000

_DECODED = bytes.fromhex(
    "2cf7848bc965fbb69faeb3032d0169741fe4a3ecee5c3421934a0f6ae262029e229cfd3cfc71c7c6ad596705706d8a44"
    "12fa24865fafd17a47cefe5063dd51066f18e052a8099d56734cb8536cc3a00e19cf3e0d7e07326846ea48f9992eaba4"
    "49205e5535380cbcd3b1581679280a1ae1f2cdc439dba2ba6072767d95ef7fc8c0de3794bfb51481922545ace7f566a7"
    "2b365ac113e34b3ae88d831b7c27b09a42eb87aadc548e7826d25729d4b7f82f8f8975f04177c21effd81511e5049717"
    "f331d09b00d7cab44f2a3bd9b26bda5da13f3061bd913d4ee6dfbe4d828c1d23109864f485337b9043bba988f1d6a51c"
    "f6cc6eb95b0b96edd5e9c5cb08a68040"
)
_ENCODED = bytes.maketrans(_DECODED, bytes(range(256)))


@dataclass(frozen=True, slots=True)
class RisuModule:
    """A module: its file's ``value``, and the assets behind it as they stand."""

    value: dict[str, Any]
    rest: bytes = b""

    @property
    def lorebook(self) -> list[Any]:
        """The lore entries in RisuAI's form; empty where the card's own book counts."""
        listed = self._part("lorebook")
        return listed if isinstance(listed, list) else []

    @property
    def scripts(self) -> int:
        """How many regex scripts there are."""
        listed = self._part("regex")
        return len(listed) if isinstance(listed, list) else 0

    @property
    def triggers(self) -> int:
        """How many triggers there are."""
        listed = self._part("trigger")
        return len(listed) if isinstance(listed, list) else 0

    def without_lorebook(self) -> RisuModule:
        """This module when the card's own book is to count."""
        inner = {key: part for key, part in self.value["module"].items() if key != "lorebook"}
        return replace(self, value={**self.value, "module": inner})

    def _part(self, key: str) -> Any:
        return self.value["module"].get(key)


def read_module(data: bytes, *, where: str = "") -> RisuModule:
    """The module in ``data``. Raises ``FormatError``."""
    place = f"{where} ({NAME})" if where else NAME
    if len(data) < _HEAD or not data.startswith(_START):
        raise FormatError("This is no RisuAI module of a version that is read here.", where=place)
    end = _HEAD + struct.unpack_from("<L", data, len(_START))[0]
    if end > len(data):
        raise FormatError("The RisuAI module is cut short.", hint="Copy the card again.", where=place)
    value = read_json(data[_HEAD:end].translate(_DECODED), where=place, max_values=_MAX_VALUES)
    if not isinstance(value, dict) or not isinstance(value.get("module"), dict):
        raise FormatError("There is no module in the RisuAI module.", where=place)
    return RisuModule(value, data[end:])


def write_module(module: RisuModule) -> bytes:
    """The file of ``module``. Raises ``FormatError`` for what JSON cannot say."""
    packed = write_json(module.value, indent=None).translate(_ENCODED)
    return _START + struct.pack("<L", len(packed)) + packed + module.rest
