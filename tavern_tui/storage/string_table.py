"""A table of names and texts that several terminals share: one small JSON file in the user's data folder.

Whoever writes takes the lock, reads the file anew and puts its own changes in, so that of each name the last writer's
text stays. The file is replaced in one step. One that cannot be understood is kept beside the new one, under its name
with ``.unread`` behind it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes

FORMAT = 1
_LARGEST = 64 * 1024 * 1024  # bytes; a thousand texts of ten thousand characters have less
_LOCK_SECONDS = 5.0


class StringTable:
    """The file ``path``, guarded by ``lock`` in the state folder; the table is its field ``field``. Methods block."""

    def __init__(self, path: Path, lock: Path, field: str) -> None:
        self._path = path
        self._lock = lock
        self._field = field

    def read(self) -> dict[str, str]:
        """The whole table; empty where there is no file or it cannot be understood. Raises ``StorageError``."""
        return self._table(self._content()) or {}

    def change(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        """Give the names in ``changes`` their texts, and let go of those with ``None``; the table as it is then.

        Raises ``StorageError``.
        """
        with FileLock(self._lock, timeout=_LOCK_SECONDS, guarded=self._path):
            content = self._content()
            present = self._table(content)
            if present is None and content:
                write_atomic(self._path.with_name(f"{self._path.name}.unread"), content)
            merged = {**(present or {}), **changes}
            table = {name: text for name, text in merged.items() if text is not None}
            data = json.dumps({"f": FORMAT, self._field: table}, ensure_ascii=False, indent=1, sort_keys=True)
            write_atomic(self._path, data.encode("utf-8", "replace") + b"\n")
        return table

    def _content(self) -> bytes:
        try:
            return read_bytes(self._path, _LARGEST)
        except NotFoundError:
            return b""

    def _table(self, content: bytes) -> dict[str, str] | None:
        """What a file says; ``None`` where it is damaged or of a later format."""
        try:
            record = json.loads(content)
        except (ValueError, RecursionError):
            return None
        values = record.get(self._field) if isinstance(record, dict) and record.get("f") == FORMAT else None
        if not isinstance(values, dict):
            return None
        return {name: value for name, value in values.items() if isinstance(value, str)}
