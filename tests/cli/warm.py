"""Commands as processes of their own that need not import the program anew: each is forked off a warm interpreter.

A start of ``tavern-tui say`` spends most of its CPU time on imports, which the tests of imports and start-up measure.
What a forked command reads, writes, answers to signals and exits with is its own, as of any process. What is decided
before the first import is not: the encoding of the streams (``PYTHON…``, ``LANG``, ``LC_…``), closed streams, limits.
Nor is what comes after the program's end: taking its modules apart again would copy all their memory.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.vocabularies import keep_vocabularies

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 100.0
LATE = ("yaml", "httpcore", "anyio._backends._asyncio", "encodings.idna", "encodings.utf_8_sig")
"""What others import when they are first used."""

_SIZE = 4  # bytes of a message's length


class WarmInterpreter:
    """An interpreter that has imported the program and forks one process per command. One command at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._link, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env=dict(environment),
            )

    def run(self, arguments: Sequence[str], stdin: bytes, environment: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        """Run a command to its end: its exit code (negative: the signal), stdout and stderr."""
        pipes = [os.pipe() for _ in range(3)]
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        asked = {"arguments": list(arguments), "environment": dict(environment), "folder": str(Path.cwd())}
        message = json.dumps(asked).encode()
        socket.send_fds(self._link, [len(message).to_bytes(_SIZE)], theirs)
        self._link.sendall(message)
        for descriptor in theirs:
            os.close(descriptor)
        out, err = bytearray(), bytearray()
        threads = [
            threading.Thread(target=_feed, args=(pipes[0][1], stdin), daemon=True),
            threading.Thread(target=_drain, args=(pipes[1][0], out), daemon=True),
            threading.Thread(target=_drain, args=(pipes[2][0], err), daemon=True),
        ]
        for thread in threads:
            thread.start()
        code = self._ended(arguments)
        for thread in threads:
            thread.join(LONGEST_SECONDS)
            assert not thread.is_alive(), f"a process that {arguments} left behind holds its streams"
        return code, bytes(out), bytes(err)

    def close(self) -> None:
        """End the interpreter."""
        self._link.close()
        self._process.wait(30)

    def _ended(self, arguments: Sequence[str]) -> int:
        self._link.settimeout(LONGEST_SECONDS)
        pid = _received(self._link)
        try:
            return int(_received(self._link))
        except TimeoutError:
            os.kill(int(pid), signal.SIGKILL)
            _received(self._link)
            raise AssertionError(f"{arguments} did not end") from None


def _feed(descriptor: int, text: bytes) -> None:
    try:
        with open(descriptor, "wb", buffering=0) as pipe:
            while text:
                text = text[pipe.write(text) :]
    except BrokenPipeError:
        pass  # a command need not read to the end


def _drain(descriptor: int, into: bytearray) -> None:
    with open(descriptor, "rb", buffering=0) as pipe:
        while piece := pipe.read(65536):
            into += piece


def _received(link: socket.socket) -> bytes:
    size = int.from_bytes(_exactly(link, _SIZE))
    return _exactly(link, size)


def _exactly(link: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        piece = link.recv(size - len(got))
        if not piece:
            raise EOFError("the warm interpreter is gone")
        got += piece
    return got


def serve(link: socket.socket) -> None:
    """Fork off one command after the other until the link is closed. Returns in a forked process to be that command."""
    while True:
        size, descriptors, _, _ = socket.recv_fds(link, _SIZE, 3)
        if not size:
            raise SystemExit(0)
        asked = json.loads(_exactly(link, int.from_bytes(size)))
        pid = os.fork()
        if pid == 0:
            link.close()
            _become(asked, descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        _tell(link, pid)
        _, status = os.waitpid(pid, 0)
        _tell(link, os.waitstatus_to_exitcode(status))


def _tell(link: socket.socket, number: int) -> None:
    text = str(number).encode()
    link.sendall(len(text).to_bytes(_SIZE) + text)


def _become(asked: dict[str, Any], descriptors: Sequence[int]) -> None:
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.argv[1:] = asked["arguments"]


def import_everything() -> None:
    """Import what any command may import. The screens are left out, and the host's process has imports of its own."""
    package = importlib.import_module("tavern_tui")
    for found in pkgutil.walk_packages(package.__path__, "tavern_tui."):
        if found.name.split(".")[1] not in ("ui", "__main__"):
            importlib.import_module(found.name)
    for name in LATE:
        importlib.import_module(name)


def leave(code: int) -> None:
    """End this process with ``code`` as an interpreter does, but for taking itself apart."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for the threads that are not daemons
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)  # what becomes of an output that is not taken is for the interpreter to say
    os._exit(code)


if __name__ == "__main__":
    import_everything()
    keep_vocabularies()
    gc.freeze()  # the collector of a forked process would copy every page that it looks at
    serve(socket.socket(fileno=int(sys.argv[1])))
    from tavern_tui.__main__ import main

    try:
        main()
    except SystemExit as leaving:
        leave(leaving.code if isinstance(leaving.code, int) else 0)
    leave(0)
