"""Remembered headers of model files, so that listing hundreds of them opens only the new ones.

One file in the cache folder, worth nothing but time: whatever is odd about it (cut short, edited, of another version),
it is dropped and made anew, and a folder that cannot be written only makes the next listing slower.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

from tavern_tui.domain.errors import FormatError, TavernError
from tavern_tui.domain.memory_fit import Layer
from tavern_tui.domain.rope import RopeFacts
from tavern_tui.formats.gguf import GgufHeader, read_header
from tavern_tui.formats.weights import Explanation
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import open_regular, read_bytes

FILE = "model-headers.json"
MAX_BYTES = 64 * 1024 * 1024
# Another set of fields is another format.
_SHAPE = [field.name for kind in (GgufHeader, Layer, RopeFacts, Explanation) for field in fields(kind)]

Entry = list[Any]
"""Size in bytes, time of change in ns, and what was found: ``header``, ``refused`` (title, hint) or ``is``."""


class HeaderCache:
    """What model files say, by path, valid for the same size and time of change. ``None`` remembers nothing.

    A file that was read before is not opened again, be it a model or something else.
    """

    def __init__(self, folder: Path | None) -> None:
        self._file = folder / FILE if folder else None
        self._known = _load(self._file) if self._file else {}
        self._seen: dict[str, Entry] = {}

    def header(self, path: Path) -> GgufHeader:
        """The header of ``path``. Raises ``FormatError`` or ``StorageError``."""
        found = self._found(path, _read)
        if "refused" in found:
            title, hint = found["refused"]
            raise FormatError(title, hint=hint, where=path.name)
        saved = found["header"]
        rope = saved["rope"] and RopeFacts(**saved["rope"])
        lists = {name: tuple(saved[name]) for name in ("blocks",)}
        sampling = tuple((name, value) for name, value in saved["sampling"])
        layers = tuple(Layer(**layer) for layer in saved["layers"])
        return GgufHeader(**{**saved, **lists, "layers": layers, "rope": rope, "sampling": sampling})

    def explained(self, path: Path, explain: Callable[[BinaryIO, int, str], Explanation]) -> Explanation:
        """What a file is that is no GGUF, by ``explain`` of its content, bytes and name. Raises ``StorageError``."""
        found = self._found(path, lambda file, size, name: {"is": asdict(explain(file, size, name))})
        return Explanation(**found["is"])

    def save(self, *, forget: bool = True) -> None:
        """Keep what was seen since the start, and forget the rest; without ``forget`` only what is gone from disk."""
        rest = {} if forget else {key: known for key, known in self._known.items() if _mark(Path(key)) == known[:2]}
        kept = {**rest, **self._seen}
        if self._file is None or kept == self._known:
            return
        body = json.dumps([_SHAPE, kept]).encode()
        try:
            write_atomic(self._file, hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        except TavernError:
            return

    def _found(self, path: Path, read: Callable[[BinaryIO, int, str], dict[str, Any]]) -> dict[str, Any]:
        key = str(path)
        known = self._known.get(key)
        if known is None or known[:2] != _mark(path):
            with open_regular(path) as file:
                stat = os.fstat(file.fileno())
                known = [stat.st_size, stat.st_mtime_ns, read(file, stat.st_size, path.name)]
        self._seen[key] = known
        found: dict[str, Any] = known[2]
        return found


def _read(file: BinaryIO, size: int, name: str) -> dict[str, Any]:
    try:
        return {"header": asdict(read_header(file, size, where=name))}
    except FormatError as error:
        return {"refused": [error.title, error.hint]}


def _mark(path: Path) -> list[int]:
    """What changes with a file's content; nothing that is known for what cannot be looked at."""
    try:
        stat = path.stat()
    except (OSError, ValueError):
        return []
    return [stat.st_size, stat.st_mtime_ns]


def _load(file: Path) -> dict[str, Entry]:
    try:
        data = read_bytes(file, MAX_BYTES)
    except TavernError:
        return {}
    checksum, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        return {}
    shape, known = json.loads(body)
    return known if shape == _SHAPE else {}
