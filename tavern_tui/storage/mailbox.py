"""Requests to the process that writes a reply: another terminal asks it to stop.

A request is an empty file beside the reply's journal, in the state folder that only this user may enter. It is made in
one step, so it is there or it is not; the writer looks for it while it writes and removes it when it is done. Named
after the reply's own id, a request that comes too late can never stop another reply. What a reply's journal is:
``journal``; who looks: ``session.generation``.
"""

from __future__ import annotations

import os
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error

_STOP = ".stop"


def ask_to_stop(journal: Path) -> bool:
    """Ask the writer of ``journal`` to stop and keep its text; whether there is such a reply. Harmless when repeated.

    Raises ``StorageError``.
    """
    if not journal.exists():
        return False
    path = _request(journal)
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise storage_error(error, path) from error
    return True


def stop_asked(journal: Path) -> bool:
    """Whether somebody asked the writer of ``journal`` to stop. A folder that cannot be looked into says no."""
    return os.path.lexists(_request(journal))


def drop_request(journal: Path) -> None:
    """Remove the request to the writer of ``journal``, if there is one; what cannot be removed stays unread."""
    try:
        _request(journal).unlink(missing_ok=True)
    except OSError:
        pass  # it names a reply that is over


def drop_orphans(state: Path, suffix: str) -> None:
    """Remove requests in ``state`` that came after their reply had ended; journals' names end in ``suffix``."""
    try:
        requests = [path for path in state.iterdir() if path.name.endswith(_STOP)]
    except OSError:
        return
    for path in requests:
        journal = path.with_suffix(suffix)
        if not journal.exists():
            drop_request(journal)


def _request(journal: Path) -> Path:
    return journal.with_suffix(_STOP)
