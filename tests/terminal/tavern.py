"""The real program on a real terminal, with a home of its own, and what is on disk of it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tavern_tui.config.paths import directories
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import SUFFIX
from tests.terminal.ptys import LONGEST_SECONDS, Terminal, environment

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

    def begin_chat(self, *texts: str) -> None:
        """Make a chat with Mira, in which the user and she have said ``texts`` in turn."""
        workspace = Workspace.open(dirs=self.directories)
        character, _ = workspace.character("mira")
        log = workspace.new_chat(character, workspace.persona)
        said = [(Speaker.CHARACTER, "Mira"), (Speaker.USER, "Alex")]
        parent = ""
        for number, text in enumerate((character.greeting.replace("{{user}}", "Alex"), *texts)):
            speaker, name = said[number % 2]
            [event] = log.append(TurnAdded(parent, speaker, name, text))
            parent = event.id

    def journals(self) -> str:
        """All that is in the journals of replies that are being written; "" where none is."""
        return "".join(_read(self.directories.journals, f"*{SUFFIX}"))

    def drafts(self) -> list[str]:
        """What is being written, in every terminal, as far as it is on disk."""
        places = _read(self.directories.state / "places", "*.json")
        return [draft for place in places if (draft := json.loads(place).get("draft", ""))]


def _read(folder: Path, pattern: str) -> list[str]:
    found = []
    for path in sorted(folder.glob(pattern)):
        try:
            found.append(path.read_text(encoding="utf-8", errors="replace"))
        except FileNotFoundError:
            pass  # it was removed since
    return found


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
    """A real tmux of its own, with default settings. ``folder`` has a short path: it holds the socket."""

    def __init__(self, folder: Path) -> None:
        self.command = ("tmux", "-S", str(folder / "tmux"), "-f", "/dev/null")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run([*self.command, "kill-server"], capture_output=True, timeout=LONGEST_SECONDS, check=False)

    def start(self, command: Sequence[str], variables: Mapping[str, str], *, rows: int = 24, columns: int = 80) -> None:
        """Run ``command`` with nobody attached; what it showed last stays when it ends."""
        size = ("-x", str(columns), "-y", str(rows))
        self._do("new-session", "-d", *size, *command, env=environment(variables))
        self._do("set-option", "-g", "remain-on-exit", "on")

    def again(self) -> None:
        """Run the command once more, in the same pane."""
        self._do("respawn-pane")

    def process(self) -> int:
        """The id of the process that runs in the pane."""
        return int(self._do("display-message", "-p", "#{pane_pid}"))

    def ended(self) -> bool:
        """Whether it has ended."""
        return self._do("display-message", "-p", "#{pane_dead}").strip() == "1"

    def screen(self) -> list[str]:
        """What the pane shows; nothing before tmux is there."""
        try:
            return self._do("capture-pane", "-p").splitlines()
        except subprocess.CalledProcessError:
            return []

    def looks(self) -> list[str]:
        """The same with the colours and looks, as sequences that set them."""
        return self._do("capture-pane", "-p", "-e").splitlines()

    def type(self, text: str) -> None:
        """Type ``text``, character by character."""
        self._do("send-keys", "-l", "--", text)

    def press(self, *keys: str) -> None:
        """Press keys, named as tmux names them."""
        self._do("send-keys", *keys)

    def paste(self, text: str) -> None:
        """Paste ``text``, marked as a paste where the program wants that."""
        self._do("set-buffer", "--", text)
        self._do("paste-buffer", "-p")

    def _do(self, *arguments: str, env: Mapping[str, str] | None = None) -> str:
        done = subprocess.run(
            [*self.command, *arguments], capture_output=True, text=True, timeout=LONGEST_SECONDS, check=True, env=env
        )
        return done.stdout
