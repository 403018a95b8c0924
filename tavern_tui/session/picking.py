"""Choosing a file or a folder by walking through folders: what lies in one, and what a typed text means there.

Everything here blocks for as long as a folder takes to be listed: call it in a thread.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.session.moving_places import typed_path

MOST_ENTRIES = 2_000
"""Entries of a folder that are listed; the others are found by typing more of a path."""

SUFFIXES = frozenset(
    {".png", ".apng", ".webp", ".jpg", ".jpeg", ".json", ".jsonl", ".charx", ".zip", ".tar", ".gz", ".tgz"}
    | {".yaml", ".yml", ".txt", ".md", ".lorebook", ".scenario", ".risum", ".risup", ".settings", ".preset"}
)
"""How the names of files end that may be imported; what they are is told by their content."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a folder. ``size`` is a file's, in bytes."""

    path: Path
    is_folder: bool
    size: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies in ``folder``: its folders, then the files that may be imported, by name. ``more`` were left out."""

    folder: Path
    entries: tuple[Entry, ...] = ()
    more: bool = False

    def found(self, typed: str) -> list[Entry]:
        """The entries in whose name ``typed`` stands, those that begin with it first; hidden ones only by a dot."""
        wanted = typed.casefold()
        shown = [one for one in self.entries if typed.startswith(".") or not one.path.name.startswith(".")]
        hits = [one for one in shown if wanted in one.path.name.casefold()]
        return sorted(hits, key=lambda one: not one.path.name.casefold().startswith(wanted)) if wanted else hits


def listing(folder: Path) -> Listing:
    """What lies in ``folder``. Raises ``StorageError`` where it cannot be read."""
    found: list[Entry] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = Path(entry.path)
                try:
                    if entry.is_dir():
                        found.append(Entry(path, True))
                    elif entry.is_file() and path.suffix.lower() in SUFFIXES:
                        found.append(Entry(path, False, entry.stat().st_size))
                except OSError:
                    continue  # a link to nowhere
                if len(found) > MOST_ENTRIES:
                    break
    except OSError as error:
        raise storage_error(error, folder, reading=True) from error
    found.sort(key=lambda one: (not one.is_folder, one.path.name.casefold()))
    return Listing(folder, tuple(found[:MOST_ENTRIES]), len(found) > MOST_ENTRIES)


def meant(typed: str, folder: Path) -> tuple[Path, str]:
    """The folder that a typed text is about, and what is looked for in it: ``~/Down`` is ``Down`` in the home folder.

    A text without a slash is looked for in ``folder``.
    """
    if "/" not in typed and not typed.startswith("~"):
        return folder, typed
    path = typed_path(typed)
    if typed.rstrip("'\"").endswith("/") or typed == "~":
        return path, ""
    return path.parent, path.name
