"""Where the value of a secret comes from: a variable, a command of the user's, the system's keyring.

Commands and keyrings run without a terminal and without a shell, within a time: nothing they ask or print reaches the
screen. What they say is in no error.
"""

from __future__ import annotations

import importlib.util
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tavern_tui.domain.errors import TavernError
from tavern_tui.storage import keyring_child

COMMAND_SECONDS = 20.0
"""How long a command may take; one that waits for a finger on a reader takes some."""
KEYRING_SECONDS = 10.0
SERVICE = "tavern-tui"
"""Under what a keyring keeps ours."""

_ANSWER_BYTES = 64 * 1024
_LONGEST = 4096  # characters of a key


class SecretError(TavernError):
    """A key cannot be had, kept or used."""


class SecretText:
    """A secret that no ``repr``, ``str`` or pickle shows. ``reveal`` gives it, to whoever sends it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself."""
        return self._text

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self._text)

    def __repr__(self) -> str:
        return "SecretText(…)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written down")


def checked(text: str) -> SecretText:
    """A key as it can be sent: on one line, without blanks round it. Raises ``SecretError`` where it cannot be one."""
    key = text.strip()
    if not key:
        raise SecretError("There is no key in that.", hint="Nothing was changed.")
    if not (key.isascii() and key.isprintable()) or " " in key or len(key) > _LONGEST:
        raise SecretError(
            "The key holds characters that no request can carry.", hint="Copy it again, without spaces or line breaks."
        )
    return SecretText(key)


def from_variable(name: str, environ: Mapping[str, str] | None = None) -> SecretText:
    """What the variable ``name`` holds. Raises ``SecretError`` where it holds no key."""
    text = (os.environ if environ is None else environ).get(name, "")
    if not text.strip():
        raise SecretError(f"The variable {name} is not set.", hint=f"export {name}=… before the start.")
    return checked(text)


def from_command(command: Sequence[str], *, seconds: float = COMMAND_SECONDS) -> SecretText:
    """The first line that ``command`` prints. Raises ``SecretError`` where it cannot be run or prints none.

    It is run without a shell and has no terminal; what it writes to stderr is dropped.
    """
    program = command[0]
    again = "Run it once in a shell: it may want a password first."
    try:
        code, said = _said_by(command, seconds)
    except (OSError, ValueError) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else "it cannot be named so"
        raise SecretError(f"{program} cannot be run ({reason}).", hint="Is it installed, and on the PATH?") from None
    if code is None:
        raise SecretError(f"{program} gave no key within {seconds:.0f} s.", hint=again)
    line = said.decode("utf-8", "replace").split("\n", 1)[0]
    if code or not line.strip():
        raise SecretError(f"{program} gave no key (exit code {code}).", hint=again)
    return checked(line)


def _said_by(command: Sequence[str], seconds: float) -> tuple[int | None, bytes]:
    """Exit code and output of a program; ``None`` where it had to be ended: for its time, or its many words."""
    # The terminal is not to be found by another way either: gpg's dialogs draw on the one that this names.
    environment = {name: value for name, value in os.environ.items() if name != "GPG_TTY"}
    until = time.monotonic() + seconds
    said = bytearray()
    with subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            with selectors.DefaultSelector() as ready:
                ready.register(process.stdout, selectors.EVENT_READ)
                while ready.select(max(0.0, until - time.monotonic())):
                    piece = os.read(process.stdout.fileno(), 4096)
                    said += piece
                    if len(said) > _ANSWER_BYTES:
                        return None, b""
                    if not piece:
                        return process.wait(max(0.0, until - time.monotonic())), bytes(said)
            return None, b""
        except subprocess.TimeoutExpired:
            return None, b""
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


class Keyring:
    """The system's keyring, through a child process; without the package ``keyring`` it is never there."""

    def __init__(self, *, seconds: float = KEYRING_SECONDS) -> None:
        self._seconds = seconds

    def works(self) -> bool:
        """Whether there is one that answers without asking anybody."""
        return self._ask(do="probe") is not None

    def get(self, name: str) -> str | None:
        """What is kept under ``name``; ``None`` where nothing is, or nobody answers."""
        told = self._ask(do="get", name=name)
        return str(told["value"]) if told is not None else None

    def keep(self, name: str, value: SecretText) -> bool:
        """Keep ``value``; whether it can be had again."""
        return self._ask(do="set", name=name, value=value.reveal()) is not None

    def forget(self, name: str) -> bool:
        """Keep nothing under ``name``; whether that could be seen to."""
        return self._ask(do="delete", name=name) is not None

    def _ask(self, **asked: str) -> dict[str, object] | None:
        """The child's answer; ``None`` where it could not do it."""
        if importlib.util.find_spec("keyring") is None:
            return None
        try:
            done = subprocess.run(
                [sys.executable, "-P", str(Path(keyring_child.__file__))],
                input=json.dumps({"service": SERVICE, **asked}).encode("ascii"),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self._seconds,
                start_new_session=True,
                check=False,
            )
            told = json.loads(done.stdout)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        return told if isinstance(told, dict) and told.get("done") is True else None
