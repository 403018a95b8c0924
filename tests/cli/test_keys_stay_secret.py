"""A key is in nothing that the program writes or shows, whatever goes wrong: files, logs, terminals, reports."""

from __future__ import annotations

import base64
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from tavern_tui.session.crash import write_crash_log
from tavern_tui.session.doctor import CHECKS
from tavern_tui.session.workspace import Workspace
from tests.cli.conftest import Command, Ran, ScriptedServer
from tests.engines.standin import Act, Asked, Reply, said, streamed
from tests.terminal.tavern import Home, TavernTerminal

KEY = "sk-tavern/0123456789+abcdefXYZ"
FORMS = [form.encode() for form in (KEY, KEY[6:], quote(KEY, safe=""), KEY.replace("/", "\\/"))]
FORMS += [base64.b64encode(KEY.encode()), KEY.encode("utf-16-le")]


class EchoingServer(ScriptedServer):
    """A server behind a key, whose refusals repeat whatever it was sent; ``refuse`` is the status of the next ones."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse = 0
        self.heard: list[str] = []
        models = self._standin.routes["/v1/models"]
        assert isinstance(models, Reply)
        self._models = models
        self._standin.routes["/v1/models"] = self._known
        self._standin.routes["/extras/tokenize/count"] = said({"count": 3})  # no child has to be started to count

    def _known(self, asked: Asked) -> Reply:
        self.heard.append(asked.headers.get("authorization", ""))
        return self._models if self.heard[-1] == f"Bearer {KEY}" else self._echo(asked, 401)

    def _complete(self, asked: Asked) -> Reply:
        if self.refuse:
            return self._echo(asked, self.refuse)
        self.prompts.append(str(asked.json["prompt"]))
        return streamed(*self.replies.pop(0))

    def _echo(self, asked: Asked, status: int) -> Reply:
        given = asked.headers.get("authorization", "")
        return said({"error": {"message": f"{given} is bad ({given[7:15]}...)", "headers": asked.headers}}, status)


@pytest.fixture
def echoing() -> Iterator[EchoingServer]:
    """The server, closed at the end."""
    server = EchoingServer()
    try:
        yield server
    finally:
        server.close()


def test_a_key_is_in_nothing_that_is_written_or_shown(tmp_path: Path, echoing: EchoingServer, command: Command) -> None:
    home = Home(tmp_path)
    shown: list[bytes] = []

    def run(*arguments: str, stdin: str = "") -> Ran:
        ran = command(home.directories.data, arguments, stdin.encode(), {"HOME": str(tmp_path / "user")})
        shown.extend((ran.out, ran.err))
        return ran

    assert run("secrets", "set", echoing.address, "--name", "box", stdin=f"{KEY}\n").code == 0
    assert run("secrets", "set", echoing.address, KEY).code == 2
    assert run("connections", "add", "box", echoing.address, "--key", "box", "--use").code == 0
    echoing.says("Deep enough.")
    assert run("say", "mira", "Is it deep?").text.strip() == "Deep enough."
    echoing.refuse = 400
    assert run("say", "mira", "And now?").code == 4
    echoing.refuse = 500
    assert run("connections", "test", "box").code == 4
    shown += _on_a_terminal(home)
    echoing.refuse = 0
    echoing.replies.append(
        [b'data: {"error": {"message": "Bearer ' + KEY.encode() + b'", "code": 500}}\n\n', Act.RESET]
    )
    run("say", "mira", "Once more?")
    for arguments in (("secrets", "--json"), ("prompt", "mira", "--json"), ("log", "mira")):
        run(*arguments)
    shown.append(repr([*CHECKS["connections"](Workspace.open(dirs=home.directories))]).encode())
    _crash(home)

    assert echoing.heard.count(f"Bearer {KEY}") > 5
    kept = home.directories.secrets / "secrets.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    written = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != kept}
    assert {path.suffix for path in written} >= {".jsonl", ".json", ".log", ".yaml"}
    assert [path for path, content in written.items() if _leaks(content)] == []
    assert [text for text in shown if _leaks(text)] == []


def _on_a_terminal(home: Home) -> list[bytes]:
    """What the app writes to its terminal while the server refuses a message."""
    with TavernTerminal(home) as terminal:
        terminal.until_open()
        terminal.type("Hello?\r")
        terminal.until_shown("Your message is saved.")
        terminal.leave()
        return [bytes(terminal.seen)]


def _crash(home: Home) -> None:
    """A fault of the program's own, with the key in its words and its values."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TAVERN_HOME", str(home.directories.data))
        with pytest.raises(LookupError) as bug:
            _use(KEY)
        assert write_crash_log(bug.value) is not None


def _use(key: str) -> None:
    header = f"Bearer {key}"
    raise LookupError(header)


def _leaks(content: bytes) -> Sequence[bytes]:
    return [form for form in FORMS if form in content]
