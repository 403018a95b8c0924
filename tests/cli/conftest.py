"""The command line as a process of its own, and a scripted server for it to talk to."""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.warm import LONGEST_SECONDS, WarmInterpreter
from tests.engines.replies import DONE, MODELS, chunk
from tests.engines.standin import Act, Asked, Reply, Standin, streamed

CARD = """name: Mira
context: "{{char}} keeps the night ferry and talks to {{user}}."
greeting: '*Mira lifts a lantern.* "Across, {{user}}?"'
"""


@dataclass(frozen=True)
class Ran:
    """A finished command: its exit code and raw output."""

    code: int
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        """Its result."""
        return self.out.decode()

    @property
    def notes(self) -> str:
        """What it said about the result."""
        return self.err.decode()


Tavern = Callable[..., Ran]


def environment(**more: str) -> dict[str, str]:
    """The variables of a test's process: ours, without what the tester has set for the product."""
    kept = {name: value for name, value in os.environ.items() if name not in ("TAVERN_SERVER", "TAVERN_KEY")}
    return {**kept, "PYTHONUTF8": "1", **more}


Command = Callable[[Path, Sequence[str], bytes, Mapping[str, str]], Ran]


@pytest.fixture(scope="session")
def warm() -> Iterator[WarmInterpreter]:
    """One interpreter that has imported the program, for the commands of all tests."""
    interpreter = WarmInterpreter(environment())
    yield interpreter
    interpreter.close()


@pytest.fixture
def command(warm: WarmInterpreter) -> Command:
    """``command(home, arguments, stdin, variables)`` runs a command to its end.

    It is forked off the warm interpreter, unless ``variables`` set what an interpreter looks at when it starts.
    """

    def run(home: Path, arguments: Sequence[str], stdin: bytes, variables: Mapping[str, str]) -> Ran:
        env = environment(TAVERN_HOME=str(home), **variables)
        if any(name.startswith(("PYTHON", "LANG", "LC_")) for name in variables):
            return cold(arguments, stdin, env)
        return Ran(*warm.run(arguments, stdin, env))

    return run


def cold(arguments: Sequence[str], stdin: bytes, env: Mapping[str, str]) -> Ran:
    """Run a command to its end as a user does: by starting an interpreter."""
    done = subprocess.run(
        [sys.executable, "-m", "tavern_tui", *arguments],
        input=stdin,
        capture_output=True,
        env=dict(env),
        timeout=LONGEST_SECONDS,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def tavern(tavern_home: Path, command: Command) -> Tavern:
    """``tavern("say", …, stdin="…", NAME="value")`` runs a command on an empty home with one card, Mira."""
    _with_mira(tavern_home)

    def run(*arguments: str, stdin: str = "", **variables: str) -> Ran:
        return command(tavern_home, arguments, stdin.encode("utf-8", "surrogatepass"), variables)

    return run


def _with_mira(home: Path) -> None:
    characters = home / "characters"
    characters.mkdir()
    (characters / "mira.yaml").write_text(CARD, encoding="utf-8")


@pytest.fixture
def tavern_here(tavern_home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tavern:
    """``tavern`` without variables, in this process: half the cost, where nothing is about processes."""
    from tavern_tui.cli.main import run

    _with_mira(tavern_home)

    def ran(*arguments: str, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8"))
        capfd.readouterr()
        code = run(list(arguments))
        told = capfd.readouterr()
        return Ran(code, told.out.encode(), told.err.encode())

    return ran


class ScriptedServer:
    """A server that speaks the OpenAI API on loopback, in a thread, and gives ``replies`` in turn."""

    def __init__(self) -> None:
        self.replies: list[Sequence[bytes | Act]] = []
        self.prompts: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._standin = Standin({"/v1/models": Reply(body=_models("mistral-nemo"))})
        self._standin.routes["/v1/completions"] = self._complete
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._standin.__aenter__(), self._loop).result(30)

    @property
    def address(self) -> str:
        """Where it listens."""
        return self._standin.base

    def says(self, *texts: str, finish: str = "stop") -> None:
        """Add a whole reply, in these pieces."""
        self.replies.append([*(chunk(text) for text in texts), chunk("", finish), DONE])

    def breaks_after(self, *texts: str) -> None:
        """Add a reply whose connection is torn down after these pieces."""
        self.replies.append([*(chunk(text) for text in texts), Act.RESET])

    def hangs_after(self, *texts: str) -> None:
        """Add a reply that says no more after these pieces."""
        self.replies.append([*(chunk(text) for text in texts), Act.HANG])

    def named(self, model: str) -> None:
        """Call the model something else."""
        self._standin.routes["/v1/models"] = Reply(body=_models(model))

    def close(self) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._standin.__aexit__(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def _complete(self, asked: Asked) -> Reply:
        self.prompts.append(str(asked.json["prompt"]))
        return streamed(*self.replies[(len(self.prompts) - 1) % len(self.replies)])


def _models(name: str) -> bytes:
    import json

    return json.dumps({**MODELS, "data": [{"id": name, "object": "model", "owned_by": "me"}]}).encode()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A scripted server; tell it what to say before using it."""
    scripted = ScriptedServer()
    try:
        yield scripted
    finally:
        scripted.close()
