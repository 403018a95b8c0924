"""A keyring that keeps a file, for the package ``keyring``: a child's ``PYTHON_KEYRING_BACKEND`` names it."""

from __future__ import annotations

import json
import os
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError


class FileRing(KeyringBackend):
    """``RING_FILE`` holds everything; ``RING_BROKEN``: it raises, quoting what it was given."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept."""
        print("a backend may print")
        return self._kept().get(f"{service}/{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep it."""
        if os.environ.get("RING_BROKEN"):
            raise RuntimeError(f"cannot keep {password}")
        self._write({**self._kept(), f"{service}/{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        """Keep it no longer."""
        kept = self._kept()
        if f"{service}/{username}" not in kept:
            raise PasswordDeleteError("not there")
        del kept[f"{service}/{username}"]
        self._write(kept)

    def _kept(self) -> dict[str, str]:
        path = Path(os.environ["RING_FILE"])
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self, kept: dict[str, str]) -> None:
        Path(os.environ["RING_FILE"]).write_text(json.dumps(kept))
