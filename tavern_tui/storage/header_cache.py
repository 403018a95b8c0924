"""Remembered GGUF headers, so that listing hundreds of models reads only the new ones.

One file in the cache folder, worth nothing but time: whatever is odd about it (cut short, edited, of another version),
it is dropped and made anew, and a folder that cannot be written only makes the next listing slower.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.memory_fit import Layer
from tavern_tui.formats.gguf import GgufHeader, read_header
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import open_regular, read_bytes

FILE = "model-headers.json"
MAX_BYTES = 64 * 1024 * 1024
# Another set of fields is another format.
_SHAPE = [field.name for kind in (GgufHeader, Layer) for field in fields(kind)]


class HeaderCache:
    """Headers by path, valid for the same size and time of change. ``folder`` of ``None`` remembers nothing."""

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / FILE if folder else None
        self._known = _load(self._file) if self._file else {}
        self._seen: dict[str, list[Any]] = {}

    def header(self, path: Path) -> GgufHeader:
        """The header of ``path``, read only where it is new or changed. Raises ``FormatError`` or ``StorageError``."""
        with open_regular(path) as file:
            stat = path.stat()
            key = str(path)
            known = self._known.get(key)
            if known is None or known[:2] != [stat.st_size, stat.st_mtime_ns]:
                header = read_header(file, stat.st_size, where=path.name)
                known = [stat.st_size, stat.st_mtime_ns, asdict(header)]
            self._seen[key] = known
        saved = known[2]
        return GgufHeader(**{**saved, "layers": tuple(Layer(**layer) for layer in saved["layers"])})

    def save(self) -> None:
        """Keep what was seen since the start, and forget the rest."""
        if self._file is None or self._seen == self._known:
            return
        body = json.dumps([_SHAPE, self._seen]).encode()
        try:
            write_atomic(self._file, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        except TavernError:
            return


def _load(file: Path) -> dict[str, list[Any]]:
    try:
        data = read_bytes(file, MAX_BYTES)
    except TavernError:
        return {}
    checksum, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        return {}
    shape, known = json.loads(body)
    return known if shape == _SHAPE else {}
