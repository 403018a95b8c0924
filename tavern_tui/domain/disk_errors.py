"""The words for a disk that refuses: what the system said about a file, as a ``StorageError``.

No file is touched here; the rooms that read and write (``config``, ``storage``) tell every refusal through it.
"""

from __future__ import annotations

import errno
from pathlib import Path

from tavern_tui.domain import messages
from tavern_tui.domain.errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def storage_error(error: OSError, path: Path, *, reading: bool = False) -> StorageError:
    """What the system refused to do with ``path`` (to write to it, or ``reading`` it), in the fixed wording."""
    where = str(path)
    if error.errno in _FULL:
        wording = messages.disk_full(str(path.parent))
    elif error.errno == errno.EFBIG:
        wording = messages.Wording(
            f"{path.name} has reached the greatest size allowed here.", safe="Nothing older was touched."
        )
    elif error.errno in _REFUSED and reading:
        wording = messages.Wording(f"{path.name} may not be read here.", advice="Allow reading it and its folder.")
    elif error.errno in _REFUSED:
        wording = messages.not_writable(where)
    elif error.errno == errno.ENOTDIR:
        title = f"{path.name} cannot be reached: a file stands where its folder should be."
        wording = messages.Wording(title, advice=f"Move the file away. Looked for {where}")
    elif error.errno == errno.EISDIR:
        wording = messages.Wording(f"{path.name} is a folder, where a file is expected.", advice="Move it away.")
    elif error.errno == errno.ENOENT:
        wording = messages.Wording(f"{path.name} or its folder is not there.", advice=f"Looked for {where}")
    else:
        reason = (error.strerror or "no reason given").lower()
        wording = messages.Wording(f"{path.name} cannot be used ({reason}).", safe="Nothing older was touched.")
    return StorageError(wording.title, hint=wording.hint, where=where, full=error.errno in _FULL)


def reply_not_saved(error: StorageError) -> StorageError:
    """``error`` as it is told of a reply that is on screen: one that was refused by a full disk is not lost."""
    if not error.full:
        return error
    wording = messages.disk_full_in_reply(str(Path(error.where).parent))
    return StorageError(wording.title, hint=wording.hint, where=error.where, full=True)
