"""The real program on a real terminal, with a home of its own, and what is on disk of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tavern_tui.config.paths import directories
from tavern_tui.domain.chat import Turn
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import SUFFIX
from tests.terminal.ptys import LONGEST_SECONDS, Terminal

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "tavern_tui")
CARD = """name: Mira
context: "{{char}} keeps the night ferry and talks to {{user}}."
greeting: '*Mira lifts a lantern.* "Across, {{user}}?"'
"""


class Home:
    """A user's folder, with one card in it and the first start done unless it is ``empty``."""

    def __init__(self, folder: Path, *, server: str = "", empty: bool = False) -> None:
        self.folder = folder
        self.variables = {
            "HOME": str(folder / "user"),
            "TAVERN_HOME": str(folder / "tavern"),
            "TAVERN_SERVER": server,
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
        }
        self.directories = directories(self.variables)
        (folder / "user").mkdir(parents=True)
        if not empty:
            self.directories.characters.mkdir(parents=True)
            (self.directories.characters / "mira.yaml").write_text(CARD, encoding="utf-8")
            self.directories.config.mkdir(parents=True)
            (self.directories.config / "config.yaml").write_text("persona:\n  name: Alex\n", encoding="utf-8")

    def log(self) -> ChatLog:
        """The one chat that there is."""
        [path] = self.directories.chats.glob("*.jsonl")
        return Workspace.open(dirs=self.directories).chats.open(path.name)

    def path(self) -> list[Turn]:
        """The turns of the branch that the chat is at; none while there is no chat."""
        return self.log().tree.path() if list(self.directories.chats.glob("*.jsonl")) else []

    def texts(self) -> list[str]:
        """Their texts, the greeting left out."""
        return [turn.text for turn in self.path()][1:]

    def journals(self) -> str:
        """All that is in the journals of replies that are being written; "" where none is."""
        return _read(self.directories.journals, f"*{SUFFIX}")

    def drafts(self) -> str:
        """All that is kept of what is being written and where, in every terminal."""
        return _read(self.directories.state / "places", "*.json")


def _read(folder: Path, pattern: str) -> str:
    found = []
    for path in sorted(folder.glob(pattern)):
        try:
            found.append(path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            pass  # it was removed since
    return "\n".join(found)


class TavernTerminal(Terminal):
    """The program on a terminal; ``variables`` go over the home's."""

    def __init__(
        self,
        home: Home,
        *arguments: str,
        rows: int = 24,
        columns: int = 80,
        variables: Mapping[str, str] | None = None,
        inside: Sequence[str] = (),
    ) -> None:
        command = [*inside, *PROGRAM, *arguments]
        super().__init__(command, rows, columns, {**home.variables, **(variables or {})})

    def text(self) -> str:
        """What is on screen, its lines joined as if none had been broken."""
        return " ".join(" ".join(self.screen()).split())

    def shows(self, *texts: str) -> bool:
        """Whether all of ``texts`` are on screen now."""
        shown = self.text()
        return all(text in shown for text in texts)

    def until_shown(self, *texts: str) -> None:
        """Read until all of ``texts`` are on screen."""
        self.read_until(lambda: self.shows(*texts))

    def until_gone(self, text: str) -> None:
        """Read until ``text`` is not on screen any more."""
        self.read_until(lambda: not self.shows(text))

    def until_open(self) -> None:
        """Read until the chat is there and its engine is known."""
        self.until_shown("mistral-nemo")

    def leave(self) -> int:
        """Quit as a user does; the exit status."""
        self.type("\x03")
        self.until_shown("again to quit")
        self.type("\x03")
        return self.exit_status()


class Tmux:
    """The program in a real tmux of its own with default settings. ``folder`` is short: a socket's path is."""

    def __init__(self, folder: Path) -> None:
        self.command = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]

    def start(self, command: Sequence[str], variables: Mapping[str, str], *, rows: int = 24, columns: int = 80) -> None:
        """Run ``command`` in a new session, with nobody attached."""
        given = [part for name, text in variables.items() for part in ("-e", f"{name}={text}")]
        self._do("new-session", "-d", "-x", str(columns), "-y", str(rows), *given, *command)

    def end(self) -> None:
        """End it and all in it."""
        subprocess.run([*self.command, "kill-server"], capture_output=True, timeout=LONGEST_SECONDS, check=False)

    def screen(self) -> list[str]:
        """What its pane shows."""
        return self._do("capture-pane", "-p").splitlines()

    def _do(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True
        )
        return done.stdout
