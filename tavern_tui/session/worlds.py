"""Lorebooks as things of the library: what one says, making, changing, deleting, bringing back, writing for others.

A book that comes with the program is copied before it is changed. Which books a chat reads is ``session.lore``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tavern_tui.config.files import nearest
from tavern_tui.config.paths import shipped
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.formats.lorebook import lorebook_in, to_world_entry, write_lorebook
from tavern_tui.formats.lorebook_exchange import (
    TARGETS,
    lorebook_format,
    read_any_lorebook,
    with_original,
    write_lorebook_as,
)
from tavern_tui.formats.lorebook_fields import CONTROLS, SOURCES
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.shelf import Shelf, usable_name, worlds_shelf

MAX_BYTES = 64 * 1024 * 1024
WRITABLE = {"SillyTavern": "sillytavern", "V3 lorebook": "v3", "character book": "v2"}
"""The programs whose files are written back, and what they are written as."""

_LISTS = ("key", "keysecondary", "keyanti", "triggers")
_FIELDS = (*to_world_entry(LoreEntry()), *CONTROLS, *SOURCES, "characterFilter", "automationId", "vectorized")


@dataclass(frozen=True, slots=True)
class World:
    """A lorebook, its file and what of that does nothing here. ``shipped``: it came with the program."""

    book: Lorebook
    path: Path
    program: str
    remarks: tuple[Remark, ...] = ()
    shipped: bool = False
    data: bytes = b""

    def entry(self, wanted: str) -> LoreEntry:
        """The entry with that number, or that title in any case of letters. Raises ``NotFoundError``."""
        folded = wanted.strip().casefold()
        found = [one for one in self.book.entries if str(one.uid) == folded]
        found = found or [one for one in self.book.entries if folded and one.comment.casefold() == folded]
        if not found:
            names = [one.comment for one in self.book.entries if one.comment]
            raise NotFoundError(
                f"{self.path.stem} has no entry “{wanted}”.",
                hint=nearest(wanted, names).strip() or f"tavern-tui worlds show {self.path.stem} lists them.",
            )
        return found[0]


def world_named(workspace: Workspace, name: str) -> World:
    """The lorebook of that name, or at that path. Raises ``NotFoundError``, ``FormatError``, ``StorageError``."""
    _, path = workspace.library.lorebook(name)
    return _world(workspace, path)


def world_at(workspace: Workspace, path: Path) -> World:
    """The lorebook in a file. Raises as ``world_named``."""
    return _world(workspace, path)


def new_world(workspace: Workspace, name: str, *, source: str = "") -> World:
    """A new lorebook, empty or with what another one or a file of any program says. Raises ``SettingsError``."""
    remarks: tuple[Remark, ...] = ()
    book = Lorebook(usable_name(name, "lorebook"))
    if source:
        given = Path(source).expanduser()
        found = world_at(workspace, given) if given.is_file() else world_named(workspace, source)
        book, remarks = replace(found.book, name=found.book.name or book.name), found.remarks
    data = write_lorebook(book)
    path = _shelf(workspace).add(name, data)
    return World(book, path, "SillyTavern", remarks, data=data)


def change_entry(
    workspace: Workspace, world: World, entry: LoreEntry | None, changes: Mapping[str, object | None]
) -> tuple[World, LoreEntry]:
    """Other values for fields of an entry, by SillyTavern's names; ``None`` for ``entry`` adds one.

    ``None`` for a value is what the field usually is. The book is written as its file is. Raises ``SettingsError``,
    ``StorageError``.
    """
    _checked(changes)
    uids = {one.uid for one in world.book.entries}
    free = next(number for number in range(len(uids) + 1) if number not in uids)
    raw = to_world_entry(entry if entry is not None else LoreEntry(uid=free))
    usual = to_world_entry(LoreEntry())
    for key, value in changes.items():
        if value is None and key not in usual:
            raw.pop(key, None)
        else:
            raw[key] = usual[key] if value is None else [value] if key in _LISTS and isinstance(value, str) else value
    try:
        (made,) = lorebook_in({"entries": {str(raw["uid"]): raw}}).entries
    except FormatError as error:
        raise SettingsError(error.title.replace("entries.0.", "")) from error
    kept = [one if entry is None or one.uid != entry.uid else made for one in world.book.entries]
    entries = (*kept, made) if entry is None else tuple(kept)
    return save_world(workspace, world, replace(world.book, entries=tuple(entries))), made


def remove_entry(workspace: Workspace, world: World, entry: LoreEntry) -> World:
    """Take an entry out. Raises ``SettingsError``, ``StorageError``."""
    left = tuple(one for one in world.book.entries if one.uid != entry.uid)
    return save_world(workspace, world, replace(world.book, entries=left))


def save_world(workspace: Workspace, world: World, book: Lorebook) -> World:
    """Write ``book`` into the file of ``world``, as that file is written; one that was shipped becomes one's own.

    Raises ``SettingsError`` for a file of a program whose books are only read, ``StorageError`` also where something
    else changed the file since.
    """
    target = WRITABLE.get(world.program)
    if target is None:
        raise SettingsError(
            f"{world.path.name} is {world.program}'s: it is read, and not written.",
            hint=f"Take it over first: tavern-tui worlds new NAME --from {world.path.stem}",
            where=str(world.path),
        )
    book = with_original(book)
    data, _ = write_lorebook_as(book, target)
    if world.shipped:
        return replace(world, book=book, path=_shelf(workspace).add(world.path.stem, data), shipped=False, data=data)
    _shelf(workspace).replace(world.path, data, was=world.data)
    return replace(world, book=book, data=data)


def own_file(workspace: Workspace, world: World) -> Path:
    """The file to be changed: the book's, or a copy of one that came with the program. Raises ``StorageError``."""
    return _shelf(workspace).add(world.path.stem, world.data) if world.shipped else world.path


def delete_world(workspace: Workspace, name: str) -> Path:
    """Move a lorebook of one's own to the trash; where it was. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace).delete(name)


def restore_world(workspace: Workspace, name: str) -> Path:
    """Bring back a lorebook that was deleted. Raises ``NotFoundError``, ``StorageError``."""
    return _shelf(workspace).restore(name)


def export_world(world: World, target: str, *, to: Path | None = None) -> tuple[bytes, Path | None, tuple[Remark, ...]]:
    """The book as a file of ``target``, written to ``to`` (a file, or a folder) where one is given; its remarks.

    Raises ``SettingsError`` for a target that is none, ``StorageError``.
    """
    if target not in TARGETS:
        raise SettingsError(f"A lorebook is not written as “{target}”.", hint=f"There are: {', '.join(TARGETS)}.")
    data, remarks = write_lorebook_as(world.book, target)
    path = None
    if to is not None:
        path = to / f"{world.path.stem}{TARGETS[target].ending}" if to.is_dir() else to
        write_atomic(path, data)
    return data, path, remarks


def target_names() -> dict[str, str]:
    """What a lorebook can be written as: name and title."""
    return {name: target.title for name, target in TARGETS.items()}


def plain_entry(entry: LoreEntry) -> dict[str, Any]:
    """An entry's fields by SillyTavern's names, as JSON would say them."""
    found: dict[str, Any] = read_json(write_json(to_world_entry(entry)))
    return found


def _world(workspace: Workspace, path: Path) -> World:
    data = read_bytes(path, MAX_BYTES)
    book, remarks = read_any_lorebook(data, path.stem, where=path.name)
    ours = path.resolve().parent == shipped("worlds").resolve()
    return World(book, path, lorebook_format(read_json(data)), remarks, ours, data)


def _checked(changes: Mapping[str, object | None]) -> None:
    for name in changes:
        if name not in _FIELDS or name == "uid":
            raise SettingsError(
                f"An entry has no field “{name}”.",
                hint=nearest(name, _FIELDS).strip() or f"There are: {', '.join(_FIELDS[1:])}.",
            )


def _shelf(workspace: Workspace) -> Shelf:
    return worlds_shelf(workspace.directories)
