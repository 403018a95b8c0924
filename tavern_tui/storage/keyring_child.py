"""The child process that speaks to the system's keyring: whatever asks, hangs or prints there does so out of the way.

Run by its path, with nothing of this package loaded. It reads one JSON object (``do``: ``probe``, ``get``, ``set`` or
``delete``; ``service``, ``name``, ``value``) and writes one. It has no terminal, so that nothing can ask on it, and a
keyring that is locked is not unlocked: asking would open a window where nobody may sit. ``secret_sources`` is the other
end. Stands on the package keyring, which is optional.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def working_backend() -> Any:
    """The keyring to use, ``None`` where there is none that answers by itself.

    One that the user has named (``PYTHON_KEYRING_BACKEND``, ``keyringrc.cfg``) counts as it is. Of those that were
    found, only the desktop's Secret Service, unlocked, and the keychain of macOS: others ask for a password when they
    are first used, or keep plain files.
    """
    import keyring.backend
    import keyring.core

    named = keyring.core.load_env() or keyring.core.load_config()
    if named is not None:
        return named if named.priority > 0 else None
    for found in sorted(keyring.backend.get_all_keyring(), key=lambda one: -one.priority):
        kind = type(found).__module__
        if kind == "keyring.backends.macOS" or (kind == "keyring.backends.SecretService" and _unlocked()):
            return found
    return None


def _unlocked() -> bool:
    """Whether the Secret Service has a default collection, and it is open; none is made here, as that would ask."""
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        return not secretstorage.get_collection_by_alias(connection, "default").is_locked()
    except secretstorage.exceptions.SecretStorageException:
        return False
    finally:
        connection.close()


def answer(asked: dict[str, str]) -> dict[str, object]:
    """Do what was asked; ``done`` says whether it was."""
    backend = working_backend()
    if backend is None:
        return {"done": False}
    service, name = asked.get("service", ""), asked.get("name", "")
    if asked["do"] == "get":
        found = backend.get_password(service, name)
        return {"done": found is not None, "value": found or ""}
    if asked["do"] == "set":
        backend.set_password(service, name, asked["value"])
        return {"done": backend.get_password(service, name) == asked["value"]}
    if asked["do"] == "delete":
        backend.delete_password(service, name)
    return {"done": True}


def main() -> int:
    """Answer what standard input asks."""
    asked = json.loads(sys.stdin.buffer.read())
    out = os.dup(1)
    os.dup2(2, 1)  # a backend that prints does not print into the answer
    try:
        told = answer(asked)
    except Exception:  # noqa: BLE001  backends raise what they like, and their words may quote the value
        told = {"done": False}
    os.write(out, json.dumps(told).encode("ascii"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
