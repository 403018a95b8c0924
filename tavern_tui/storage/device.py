"""Who writes: this device's id, and the ids of events."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import StorageError
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.locks import FileLock

_LETTERS = string.digits + string.ascii_letters
_DEVICE_LENGTH = 6
_EVENT_LENGTH = 8
_DEVICE = re.compile(r"[0-9A-Za-z]{6,64}")


def new_event_id() -> str:
    """Eight random letters and digits (47 bits): unique in a chat; a log sees to it that its own never repeat."""
    return _random(_EVENT_LENGTH)


@dataclass(frozen=True, slots=True)
class Device:
    """This device, whose id lies in the state folder ``state`` and is made when something is first written."""

    state: Path

    @property
    def known(self) -> str:
        """The id as far as it is known: empty where none was made yet or none can be read. Makes nothing."""
        try:
            return _read(self.state / "device")
        except StorageError:
            return ""

    @property
    def own(self) -> str:
        """The id, made where there is none. Raises ``StorageError``."""
        return device_id(self.state)


def device_id(state: Path) -> str:
    """This device's id, made on first use and kept in the state folder ``state``.

    Two first starts at once get the same id. A file whose content is not an id is replaced. Raises ``StorageError``.
    """
    path = state / "device"
    known = _read(path)
    if known:
        return known
    with FileLock(state / "device.lock", guarded=path):
        known = _read(path)
        if not known:
            known = _random(_DEVICE_LENGTH)
            write_atomic(path, f"{known}\n".encode("ascii"))
    return known


def _read(path: Path) -> str:
    try:
        text = path.read_bytes().decode("ascii", "replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise storage_error(error, path, reading=True) from error
    return text if _DEVICE.fullmatch(text) else ""


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
