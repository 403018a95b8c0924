"""The keys of servers: which there are, for which server each is, and where its value is.

Each secret is bound to one origin (scheme, host and port) when it is named, and is handed out for no other. Its value
is in a variable, comes from a command, lies in the system's keyring, or, where there is no keyring that works, in the
table itself: one file for this user's eyes only (0600 in a folder of 0700), in the state folder, which is not synced.
Values are in nothing that is listed, and in no error. Origins are opaque texts here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.storage.atomic import make_folder, write_atomic
from tavern_tui.storage.locks import FileLock
from tavern_tui.storage.reading import read_bytes
from tavern_tui.storage.secret_sources import Keyring, SecretError, SecretText, checked, from_command, from_variable

FORMAT = 1
LONGEST_NAME = 60
_LARGEST = 4 * 1024 * 1024
_LOCK_SECONDS = 5.0
_OTHERS = 0o077  # what nobody but the owner may


class Source(IntEnum):
    """Where a value is; of several secrets for one server the first in this order is used."""

    VARIABLE = 0
    COMMAND = 1
    KEYRING = 2
    FILE = 3


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret without its value: for ``origin`` only. ``source`` says where the value is, ``variable`` or ``command``
    how it is had there."""

    name: str
    origin: str
    source: Source
    variable: str = ""
    command: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where the value is, in a few words."""
        return {
            Source.VARIABLE: f"variable {self.variable}",
            Source.COMMAND: f"command {self.command[0] if self.command else ''}",
            Source.KEYRING: "keyring",
            Source.FILE: "file",
        }[self.source]


class Secrets:
    """The table in ``folder``. Methods block; they raise ``StorageError`` where the disk refuses."""

    def __init__(self, folder: Path, keyring: Keyring | None = None) -> None:
        self._folder = folder
        self._path = folder / "secrets.json"
        self._keyring = keyring or Keyring()

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    def all(self) -> list[Secret]:
        """Every secret, by name."""
        return sorted((_secret(name, entry) for name, entry in self._entries().items()), key=lambda one: one.name)

    def named(self, name: str) -> Secret | None:
        """The secret of that name, without regard to case."""
        return next((one for one in self.all() if one.name.casefold() == name.strip().casefold()), None)

    def for_origin(self, origin: str) -> Secret | None:
        """The secret for a server; of several the first by ``Source``."""
        return min((one for one in self.all() if one.origin == origin), key=lambda one: one.source, default=None)

    def value(self, secret: Secret, origin: str) -> SecretText:
        """The value of ``secret`` for ``origin``. Raises ``SecretError`` for any other origin, and where it is gone."""
        if origin != secret.origin:
            title = f"The key “{secret.name}” is for {secret.origin}, and is not sent to {origin}."
            raise SecretError(title, hint=f"A key for it: tavern-tui secrets set {origin}")
        if secret.source is Source.VARIABLE:
            return from_variable(secret.variable)
        if secret.source is Source.COMMAND:
            return from_command(secret.command)
        if secret.source is Source.KEYRING:
            kept = self._keyring.get(_ring_name(secret))
        else:
            kept = self._entries().get(secret.name, {}).get("value")
        if not isinstance(kept, str) or not kept:
            where = "The keyring" if secret.source is Source.KEYRING else self._path.name
            title = f"{where} does not give the key “{secret.name}”."
            raise SecretError(title, hint=f"Unlock it, or: tavern-tui secrets set {secret.origin}")
        return checked(kept)

    def keep(self, name: str, origin: str, text: str) -> Secret:
        """Keep a key for ``origin``: in the keyring where that works, else in the file. What it replaces is gone.

        Raises ``SecretError`` for what can be no key or no name.
        """
        value = checked(text)
        secret = Secret(_checked_name(name), origin, Source.KEYRING)
        if self._keyring.works() and self._keyring.keep(_ring_name(secret), value):
            return self._put(secret, {"keyring": True})
        return self._put(Secret(secret.name, origin, Source.FILE), {"value": value.reveal()})

    def refer_to_variable(self, name: str, origin: str, variable: str) -> Secret:
        """Take the key for ``origin`` from a variable whenever it is needed. Raises as ``keep`` does."""
        if not variable.isidentifier() or not variable.isascii():
            raise SecretError("A variable has a name like OPENROUTER_API_KEY.", hint="Its value does not belong here.")
        return self._put(Secret(_checked_name(name), origin, Source.VARIABLE, variable), {"variable": variable})

    def refer_to_command(self, name: str, origin: str, command: Sequence[str]) -> Secret:
        """Take the key for ``origin`` from what ``command`` prints, whenever it is needed. Raises as ``keep`` does."""
        if not command or not command[0].strip():
            raise SecretError("There is no command in that.", hint="Like this: pass show openrouter")
        secret = Secret(_checked_name(name), origin, Source.COMMAND, command=tuple(command))
        return self._put(secret, {"command": list(command)})

    def forget(self, name: str) -> Secret:
        """Keep a secret no longer, neither here nor in the keyring; what it was. Raises ``NotFoundError``."""
        secret = self.named(name)
        if secret is None:
            raise NotFoundError(f"There is no key “{name}”.", hint="tavern-tui secrets lists them.")
        with self._changing() as table:
            table["secrets"].pop(secret.name, None)
        if secret.source is Source.KEYRING and not self._keyring.forget(_ring_name(secret)):
            title = f"The keyring did not let go of “{secret.name}”; it is not used any more."
            raise SecretError(title, hint="Take it out with the keyring's own program.")
        return secret

    def may_go_in_clear(self, origin: str) -> bool:
        """Whether the user has allowed that the key for ``origin`` is sent unencrypted."""
        return origin in self._table()["in_clear"]

    def allow_in_clear(self, origin: str, allowed: bool = True) -> None:
        """Remember that the key for ``origin`` may be sent unencrypted, or no longer."""
        with self._changing() as table:
            others = [one for one in table["in_clear"] if one != origin]
            table["in_clear"] = [*others, origin] if allowed else others

    def _put(self, secret: Secret, how: dict[str, Any]) -> Secret:
        before = self.named(secret.name)
        with self._changing() as table:
            if before is not None:
                table["secrets"].pop(before.name, None)
            table["secrets"][secret.name] = {"for": secret.origin, **how}
        in_ring = before is not None and before.source is Source.KEYRING
        if before is not None and in_ring and (secret.source, secret.origin) != (before.source, before.origin):
            self._keyring.forget(_ring_name(before))
        return secret

    def _entries(self) -> dict[str, dict[str, Any]]:
        entries = self._table()["secrets"]
        return {name: entry for name, entry in entries.items() if isinstance(entry, dict) and entry.get("for")}

    def _table(self) -> dict[str, Any]:
        """The file's content. Raises ``StorageError`` for one that cannot be understood, or is somebody else's."""
        try:
            content = read_bytes(self._path, _LARGEST)
        except NotFoundError:
            return {"format": FORMAT, "secrets": {}, "in_clear": []}
        self._shut()
        try:
            table = json.loads(content)
        except (ValueError, RecursionError):
            table = None
        if not isinstance(table, dict) or not isinstance(table.get("format"), int) or table["format"] > FORMAT:
            title = f"{self._path.name} cannot be understood: no key is taken from it."
            raise StorageError(title, hint="Move it away and set the keys again.", where=str(self._path)) from None
        secrets, in_clear = table.get("secrets"), table.get("in_clear")
        return {
            **table,
            "secrets": dict(secrets) if isinstance(secrets, dict) else {},
            "in_clear": list(in_clear) if isinstance(in_clear, list) else [],
        }

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Any]]:
        """The table, to be changed; it is written on leaving. Nobody else writes meanwhile."""
        make_folder(self._folder, 0o700)
        with FileLock(self._folder / "lock", timeout=_LOCK_SECONDS, guarded=self._path):
            table = self._table()
            self._shut()
            yield table
            write_atomic(self._path, json.dumps(table, indent=1, sort_keys=True).encode("ascii") + b"\n", mode=0o600)

    def _shut(self) -> None:
        """See that nobody else may look: a copy or a careless command may have opened it. Raises ``StorageError``."""
        for path in (self._folder, self._path):
            with suppress(FileNotFoundError):
                found = path.stat()
                if found.st_uid != os.geteuid():
                    title = f"{path} belongs to another user: no key is taken from it."
                    raise StorageError(title, hint="Move it away.", where=str(path))
                if found.st_mode & _OTHERS:
                    try:
                        path.chmod(found.st_mode & 0o700)
                    except OSError as error:
                        raise storage_error(error, path) from error


def _secret(name: str, entry: dict[str, Any]) -> Secret:
    variable, command = entry.get("variable"), entry.get("command")
    if isinstance(variable, str) and variable:
        return Secret(name, str(entry["for"]), Source.VARIABLE, variable)
    if isinstance(command, list) and command:
        return Secret(name, str(entry["for"]), Source.COMMAND, command=tuple(map(str, command)))
    return Secret(name, str(entry["for"]), Source.KEYRING if entry.get("keyring") else Source.FILE)


def _checked_name(name: str) -> str:
    """A name that can be shown and typed. Raises ``SecretError``."""
    if not (name.isprintable() and name == name.strip() and 0 < len(name) <= LONGEST_NAME) or name.startswith("-"):
        title = f"A key's name has one line of {LONGEST_NAME} characters at most."
        raise SecretError(title, hint="The key itself does not belong here: it is asked for.")
    return name


def _ring_name(secret: Secret) -> str:
    """Under what the keyring has it: with the origin, so that a table that was changed leads to nothing."""
    return f"{secret.name} for {secret.origin}"
