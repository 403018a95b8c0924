"""What was imported from where, so that importing again is an update and not a second copy.

One JSON file in the library: for each thing its source's content, our file and what was written into it, all as
hashes. A file that changed on one side only follows it; one that changed on both is kept beside the other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.exchange import Outcome
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.reading import read_bytes

IMPORTED = "imported.json"
"""The record's name in the library."""

FORMAT = 1
MAX_BYTES = 64 * 1024 * 1024
_MOST_OF_ONE = 1024**3


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a thing is in the library (``None`` where it was deleted), and what became of it."""

    path: Path | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class _Row:
    source: str
    path: str
    written: str


class ImportRecord:
    """The record in ``file`` of the library in the folder ``library``. ``writes`` off: a rehearsal that keeps nothing.

    ``keep`` writes it; without that nothing is remembered. Blocks; raises ``StorageError``.
    """

    def __init__(self, file: Path, library: Path, *, writes: bool = True) -> None:
        self._file = file
        self._library = library
        self._writes = writes
        self._rows = _read(file)
        self._planned: set[Path] = set()

    def place(self, key: str, source: bytes, data: bytes, folder: Path, name: str, suffix: str) -> Placed:
        """Put ``data``, made from ``source``, into ``folder`` as ``name`` with ``suffix``, or whatever of that is due.

        ``key`` is what the thing is known by in every import of the same place.
        """
        row, told = self._rows.get(key), _hash(source)
        if row is None:
            return self._add(key, told, data, folder, name, suffix)
        path = self._library / row.path
        ours = _hash_of(path)
        if ours is None:
            if row.source == told:
                return Placed(None, Outcome.GONE)
            return self._add(key, told, data, folder, name, suffix)
        if row.source == told:
            return Placed(path, Outcome.SAME)
        if ours != row.written:
            placed = self._add(key, told, data, folder, name, suffix)
            return replace(placed, outcome=Outcome.BESIDE) if placed.outcome is Outcome.NEW else placed
        self._write(path, data)
        self._rows[key] = _Row(told, row.path, _hash(data))
        return Placed(path, Outcome.UPDATED)

    def touched(self, key: str) -> None:
        """Take what stands in the thing's file now for what was imported: the import itself changed it."""
        row = self._rows.get(key)
        ours = _hash_of(self._library / row.path) if row else None
        if row and ours:
            self._rows[key] = replace(row, written=ours)

    def renamed(self, before: Path, after: Path) -> None:
        """The file ``before`` is called ``after`` now: what was imported as it is still known. Remembered at once."""
        old, new = _relative(before, self._library), _relative(after, self._library)
        moved = {key: replace(row, path=new) for key, row in self._rows.items() if row.path == old}
        if moved:
            self._rows |= moved
            self.keep()

    def keep(self) -> None:
        """Remember all of it for the next time."""
        if self._writes:
            rows = {key: [row.source, row.path, row.written] for key, row in sorted(self._rows.items())}
            write_atomic(self._file, write_json({"format": FORMAT, "imported": rows}, indent=1))

    def _add(self, key: str, told: str, data: bytes, folder: Path, name: str, suffix: str) -> Placed:
        own = _hash(data)
        for stem in stems(name, "imported"):
            path = folder / f"{stem}{suffix}"
            if path in self._planned:
                continue
            present = _hash_of(path)
            if present is None and not path.exists():
                self._write(path, data)
                self._rows[key] = _Row(told, _relative(path, self._library), own)
                return Placed(path, Outcome.NEW)
            if present == own:
                self._rows[key] = _Row(told, _relative(path, self._library), own)
                return Placed(path, Outcome.SAME)
        raise AssertionError("names never end")

    def _write(self, path: Path, data: bytes) -> None:
        if self._writes:
            write_atomic(path, data)
        else:
            self._planned.add(path)


def _read(file: Path) -> dict[str, _Row]:
    """The record; an unreadable one is as none, which costs a comparison of contents."""
    try:
        value: Any = read_json(read_bytes(file, MAX_BYTES), where=str(file))
    except TavernError:
        return {}
    listed = value.get("imported") if isinstance(value, dict) and value.get("format") == FORMAT else None
    rows = listed if isinstance(listed, dict) else {}
    return {
        str(key): _Row(*said)
        for key, said in rows.items()
        if isinstance(said, list) and len(said) == 3 and all(isinstance(one, str) for one in said) and _inside(said[1])
    }


def _inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts


def _relative(path: Path, library: Path) -> str:
    return path.relative_to(library).as_posix()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash_of(path: Path) -> str | None:
    try:
        return _hash(read_bytes(path, _MOST_OF_ONE))
    except TavernError:
        return None
