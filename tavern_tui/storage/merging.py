"""What rsync, git, Syncthing and their like leave in a library when two devices changed one file: conflict copies.

A copy of a chat is merged: the chat takes in the events that only the copy has, and once it holds every one, the copy
goes to the trash. Of other files an equal copy goes to the trash, too, and one that differs stays beside the file, for
a person to choose. Nothing is overwritten, and whatever was done or found is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import TavernError
from tavern_tui.formats.chatlog import decode_log
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.device import Device
from tavern_tui.storage.index_files import stamp_of, stamps
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.trash import Trash

KIND = "conflicts"
"""What merged copies are called in the trash."""

_MARK = re.compile(
    r"""(?x)
      \.sync-conflict-\d{8}-\d{6}(?:-[0-9A-Z]+)?            # Syncthing (docs.syncthing.net, users/syncing)
    | [ ]\((?:[^()]*\ )?conflicted\ copy(?:\ [^()]*)?\)     # Dropbox, Nextcloud, ownCloud
    | _conflict-\d{8}-\d{6}                                 # ownCloud before 2.4
    """
)
_GIT_SIDES = (re.compile(rb"^<<<<<<< ", re.MULTILINE), re.compile(rb"^>>>>>>> ", re.MULTILINE))
_MOST_BYTES = 1 << 30
_MOST_TEXT = 16 * 1024 * 1024


class Fate(Enum):
    """What became of a conflict copy."""

    MERGED = "merged"
    EQUAL = "equal"
    KEPT = "kept beside"
    MARKED = "marked by git"


@dataclass(frozen=True, slots=True)
class Settled:
    """One conflict copy, or a file with both sides in it (``MARKED``), and the file that it is a copy of.

    ``events`` are those that a chat took in. ``problem`` says why a copy could not be merged.
    """

    copy: Path
    original: Path
    fate: Fate
    events: int = 0
    problem: str = ""

    def __str__(self) -> str:
        """One sentence about it."""
        if self.fate is Fate.MERGED:
            what = f"{self.events:,} event{'' if self.events == 1 else 's'}" if self.events else "nothing new"
            return f"{self.copy.name}: merged into {self.original.name} ({what})."
        if self.fate is Fate.EQUAL:
            return f"{self.copy.name}: the same as {self.original.name}, moved to the trash."
        if self.fate is Fate.MARKED:
            return (
                f"{self.copy.name} holds both sides of a git conflict and cannot be read. Choose one with git checkout."
            )
        why = f" {self.problem}" if self.problem else " Compare them and delete the one you do not want."
        return f"{self.copy.name} differs from {self.original.name}; both are kept.{why}"


def original_name(name: str) -> str:
    """The name of the file that ``name`` is a conflict copy of; empty where it is none."""
    stem, dot, suffix = name.rpartition(".")
    mark = _MARK.search(stem)
    return f"{stem[: mark.start()]}{stem[mark.end() :]}{dot}{suffix}" if dot and mark and mark.start() else ""


def conflict_copies(folder: Path) -> list[tuple[Path, Path]]:
    """The conflict copies in ``folder`` beside their originals: copy and original. Raises ``StorageError``."""
    names = stamps(folder, ("",))
    return [
        (folder / name, folder / original)
        for name in sorted(names)
        if (original := original_name(name)) and original in names
    ]


def take_in_copies(log: ChatLog) -> int:
    """Let an opened chat take in what its conflict copies have, which stay where they are; how many events were new.

    A chat that cannot be written to, a copy that cannot be read, and one that is of another chat are left alone: the
    chat opens all the same.
    """
    taken = 0
    try:
        if log.read_only is None:
            for copy, original in conflict_copies(log.path.parent):
                if original == log.path:
                    taken += _merged(log, copy)[0]
    except TavernError:
        return taken
    return taken


def settle(directories: Directories) -> Iterator[Settled]:
    """Go through the library's conflict copies; yields what became of each.

    Raises ``StorageError`` where a folder cannot be read.
    """
    trash = Trash(directories.trash)
    for copy, original in conflict_copies(directories.chats):
        yield _settled_chat(directories, trash, copy, original)
    for folder in _folders(directories):
        for copy, original in conflict_copies(folder):
            yield _settled_file(trash, copy, original)


def _folders(directories: Directories) -> tuple[Path, ...]:
    """Where files of the library lie, other than chats."""
    of_cards = (directories.characters, directories.worlds, directories.personas)
    of_prompts = (directories.presets, directories.templates, directories.regex_scripts, directories.quick_replies)
    return (*of_cards, *of_prompts, directories.themes, directories.data)


def marked_by_git(suspects: Iterable[Path]) -> list[Settled]:
    """Of files that cannot be read those in which git has left its marks."""
    return [Settled(path, path, Fate.MARKED) for path in suspects if has_git_marks(path)]


def has_git_marks(path: Path) -> bool:
    """Whether a text file holds both sides of a conflict as git writes them."""
    try:
        data = read_bytes(path, _MOST_TEXT)
    except TavernError:
        return False
    return all(side.search(data) for side in _GIT_SIDES)


def _settled_chat(directories: Directories, trash: Trash, copy: Path, original: Path) -> Settled:
    try:
        log = ChatLog.open(original, device=Device(directories.state), state=directories.journals)
        if log.read_only is not None:
            return Settled(copy, original, Fate.KEPT, problem=str(log.read_only))
        events, whole = _merged(log, copy)
    except TavernError as error:
        return Settled(copy, original, Fate.KEPT, problem=str(error))
    if whole is None:
        return Settled(copy, original, Fate.KEPT, problem="They are two chats.")
    if whole:
        trash.put(KIND, [copy])
    return Settled(copy, original, Fate.MERGED, events)


def _merged(log: ChatLog, copy: Path) -> tuple[int, bool | None]:
    """Take in what only ``copy`` has: how many events, and whether the chat now has everything that the copy says.

    ``None`` in place of that where it is a copy of another chat, of which nothing is taken.
    """
    data = _content(copy)
    events, problems = decode_log(data)
    if not any(log.knows(event.id) for event in events):
        return 0, None
    added = log.take_in(events)
    return len(added), not problems and all(log.knows(event.id) for event in events)


def _settled_file(trash: Trash, copy: Path, original: Path) -> Settled:
    try:
        equal = _content(copy) == _content(original)
    except TavernError as error:
        return Settled(copy, original, Fate.KEPT, problem=str(error))
    if not equal:
        return Settled(copy, original, Fate.KEPT)
    trash.put(KIND, [copy])
    return Settled(copy, original, Fate.EQUAL)


def _content(path: Path) -> bytes:
    stamp = stamp_of(path)
    return read_bytes(path, min(_MOST_BYTES, stamp.size + 1 if stamp else 0))
