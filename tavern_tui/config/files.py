"""Files that a person wrote, read so that none of them can stop the start: what is wrong becomes a ``Problem``.

Nothing here writes. What the entries of a file mean is said by the module that owns it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml

_NAME = 60  # characters of a name in a message


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not taken: ``where`` is ``file:line``, ``what`` says what, why, and what holds instead.

    Both may hold what the file says: show them through ``display.safe``.
    """

    where: str
    what: str

    @property
    def line(self) -> int:
        """The line in ``where``, 0 for a file as a whole."""
        line = self.where.rpartition(":")[2]
        return int(line) if line.isdecimal() else 0

    def __str__(self) -> str:
        """The problem on one line."""
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Entries:
    """The mapping at the top of a file, with the lines of its parts."""

    path: Path
    document: YamlDocument

    @property
    def values(self) -> dict[str, object]:
        """What the file says, by key, in the file's order."""
        return dict(self.document.value or {})

    def place(self, *path: str | int) -> str:
        """``file:line`` of a part."""
        return f"{self.path}:{self.document.line(*path)}"


def file_bytes(path: Path) -> bytes:
    """The content of ``path``. Raises ``OSError``, also for what is no ordinary file: a pipe is never waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        return file.read()


def unreadable(path: Path, error: OSError, instead: str) -> Problem:
    """What the system said about a file, as a problem; ``instead`` says what holds."""
    return Problem(str(path), f"{storage_error(error, path, reading=True).title} {instead}")


def read_entries(path: Path, instead: str) -> Entries | Problem | None:
    """Read a YAML file of "name: value" lines; ``None`` where there is none.

    ``instead`` is the sentence that says what holds when the file as a whole cannot be taken.
    """
    try:
        document = read_yaml(file_bytes(path), where=str(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        return unreadable(path, error, instead)
    except FormatError as error:
        return Problem(error.where or str(path), f"{error.title} {instead}")
    if document.value is not None and not isinstance(document.value, dict):
        return Problem(f"{path}:1", f"“name: value” lines are expected here. {instead}")
    return Entries(path, document)


def quoted(text: object) -> str:
    """What a file says, in quotation marks and cut to a length that a message can hold."""
    shown = str(text)
    return f"“{shown[:_NAME]}…”" if len(shown) > _NAME else f"“{shown}”"


def nearest(name: str, names: Iterable[str]) -> str:
    """A sentence that names the one of ``names`` that looks like ``name``, led by a blank; "" where none does."""
    known = {known.casefold(): known for known in names}
    from difflib import get_close_matches

    found = get_close_matches(name[:_NAME].casefold(), known, n=1, cutoff=0.5)
    return f" The nearest is “{known[found[0]]}”." if found else ""
