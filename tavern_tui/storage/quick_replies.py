"""Quick replies on disk: a folder of sets, read in the order of their names. Only read: a person writes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.quick_reply import QuickReply
from tavern_tui.formats.quick_replies import read_quick_replies
from tavern_tui.storage.reading import read_bytes, refusal

MAX_FILE = 1024 * 1024
"""Bytes that a set may have."""

MOST_FILES = 100
"""Sets that are read."""

_SUFFIXES = (".json", ".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class QuickReplies:
    """All replies, in their order, and what could not be read, a sentence each."""

    replies: tuple[QuickReply, ...] = ()
    problems: tuple[str, ...] = ()


def read_folder(folder: Path) -> QuickReplies:
    """The replies of all sets in ``folder``; none where there is no folder. Blocks. Raises ``StorageError``."""
    try:
        paths = [path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES and path.name[0] != "."]
    except (FileNotFoundError, NotADirectoryError):
        return QuickReplies()
    except OSError as error:
        raise refusal(folder, error) from None
    replies: list[QuickReply] = []
    problems: list[str] = []
    for path in sorted(paths, key=lambda path: path.name.casefold())[:MOST_FILES]:
        try:
            read = read_quick_replies(read_bytes(path, MAX_FILE), where=path.name)
        except TavernError as error:
            problems.append(str(error))
        else:
            replies += read.replies
            problems += read.problems
    return QuickReplies(tuple(replies), tuple(problems))
