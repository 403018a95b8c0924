"""Regex scripts on disk: the user's own, in a folder of JSON files, and which cards' scripts the user has allowed.

A card's scripts come from strangers, so none runs before the user has said yes. The yes is kept by what the scripts
are, not by the card's name: a card that comes again with other scripts is asked about again. A file of answers that
cannot be understood is kept beside the new one, under its name with ``.unread`` behind it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import Directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import NotFoundError, StorageError, TavernError
from tavern_tui.domain.regex_script import RegexScript
from tavern_tui.formats.regex_scripts import raw_card_scripts, read_scripts
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes, refusal

MAX_FILE = 8 * 1024 * 1024
"""Bytes that a file of scripts may have."""

MOST_FILES = 1_000
"""Files of the folder that are read, in the order of their names."""

ALLOWED = "allowed-scripts.json"
"""The file in the settings' folder that says which cards' scripts are allowed."""

_FORMAT = 1
_LOCK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ScriptFile:
    """One file of scripts and what cannot be read of it, a sentence each."""

    path: Path
    scripts: tuple[RegexScript, ...] = ()
    problems: tuple[str, ...] = ()


class ScriptStore:
    """One user's scripts. Every call looks at the disk anew."""

    def __init__(self, directories: Directories) -> None:
        self._folder = directories.regex_scripts
        self._allowed = directories.config / ALLOWED
        self._lock = directories.state / "allowed-scripts.lock"

    def files(self) -> list[ScriptFile]:
        """The user's own scripts, by file name: the order in which they run. Raises ``StorageError`` for the folder."""
        try:
            paths = [path for path in self._folder.iterdir() if path.suffix.lower() == ".json"]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise refusal(self._folder, error) from None
        paths = [path for path in paths if not path.name.startswith(".")]
        return [script_file(path) for path in sorted(paths, key=lambda path: path.name.casefold())[:MOST_FILES]]

    def is_allowed(self, character: Character) -> bool:
        """Whether the user has allowed the scripts that this card brings."""
        return fingerprint(character) in self._read()

    def allow(self, character: Character, names: Sequence[str]) -> None:
        """Keep that the scripts of this card, called ``names``, may run. Raises ``StorageError``."""
        self._write(fingerprint(character), {"character": character.name, "scripts": list(names)})

    def forbid(self, character: Character) -> None:
        """Keep that the scripts of this card may not run any more. Raises ``StorageError``."""
        self._write(fingerprint(character), None)

    def _read(self) -> dict[str, Any]:
        """Everything allowed; nothing where the file is missing or cannot be understood: no is the safe answer."""
        try:
            return _allowed(read_bytes(self._allowed, MAX_FILE)) or {}
        except (NotFoundError, StorageError):
            return {}

    def _write(self, key: str, entry: Mapping[str, Any] | None) -> None:
        with FileLock(self._lock, timeout=_LOCK_SECONDS, guarded=self._allowed):
            try:
                content = read_bytes(self._allowed, MAX_FILE)
            except NotFoundError:
                content = b""
            allowed = _allowed(content)
            if allowed is None:
                if content:
                    write_atomic(self._allowed.with_name(f"{self._allowed.name}.unread"), content)
                allowed = {}
            if entry is None:
                allowed.pop(key, None)
            else:
                allowed[key] = entry
            data = json.dumps({"f": _FORMAT, "allowed": allowed}, ensure_ascii=False, indent=1)
            write_atomic(self._allowed, data.encode("utf-8", "replace") + b"\n")


def _allowed(content: bytes) -> dict[str, Any] | None:
    """What a file of permissions says; ``None`` where it is damaged or of a later format."""
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    allowed = record.get("allowed") if isinstance(record, dict) and record.get("f") == _FORMAT else None
    return allowed if isinstance(allowed, dict) else None


def script_file(path: Path) -> ScriptFile:
    """A file of scripts; what is wrong with it stands in its problems."""
    try:
        read = read_scripts(read_bytes(path, MAX_FILE), where=path.name)
    except TavernError as error:
        return ScriptFile(path, problems=(str(error),))
    return ScriptFile(path, read.scripts, read.problems)


def fingerprint(character: Character) -> str:
    """What the card's scripts are known by: the same scripts have the same, any other have another."""
    written = json.dumps(raw_card_scripts(character), sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()
