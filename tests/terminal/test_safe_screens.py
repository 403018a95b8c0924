"""Every screen over a library, a server and replies that are made of texts which try to drive a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tavern_tui.config.page_actions import PAGES
from tavern_tui.config.writer_actions import WRITER
from tavern_tui.domain.events import PropertySet, Speaker, TurnAdded
from tavern_tui.session.titles import TITLE
from tavern_tui.session.workspace import Workspace
from tests.cli.conftest import ScriptedServer
from tests.engines.standin import Asked, Reply, said
from tests.hostile import HOSTILE, driving_characters
from tests.terminal.tavern import Home, TavernTerminal
from tests.terminal.walking import Walk

MARKUP = "[red]x[/] [@click=app.bell]y[/]"
ALL = " ".join((MARKUP, *HOSTILE.values())).replace("\ud800", "").replace("\0", "")
"""All of them but NUL and half a character, which no card is taken with."""

FILE = ALL.replace("/", "")[:90]
"""A name that a file can have."""

IDLE = "Message "

OWN = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\[\d+;\d+H|\x1b\[\?(?:25|1000|1003|1004|1006|1015|1049|2004|2026)[hl]|\x1b\[[<>=][0-9;]*u"
    rb"|\x1b\[\?\d+\$p|\x1b\]2;tavern-tui\x07|\x1b\]22;default\x07|\r?\n"
)
"""What the program itself sends, painted plainly: looks, places, modes, its title, the pointer's shape."""

NEVER = (b"\x1b[31;47;5m", b"\x1b]2;owned", b"\x1b[2J")
"""What would be taken for that, and is a hostile text's; a screen is never cleared once it is open."""

ELSEWHERE = frozenset({"app.hide", "app.incognito", "chat.copy", "writer.take_over"})
"""Actions that go to another chat, hide everything, or load a model."""

SPEAK = "Enter Speak"
STEPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (IDLE, ("\x10", "evil")),
    (IDLE, ("/import\r",)),
    (IDLE, ("/restore\r", "\r")),
    (SPEAK, ("/mode adventure\r", "\t")),
    (SPEAK, ("/plot\r",)),
    (IDLE, ("/mode chat\r",)),
    (IDLE, ("/newgroup\r", "evil", "\r", "\x0e")),
    (IDLE, ("/group\r",)),
    ("g Write", ("/mode story\r",)),
    ("g Write", ("\x1bOQ",)),
    ("g Write", ("\x10", "evil")),
)
"""Ways through the rest, key by key, and what is on screen at their ends once nothing lies over it: what is found by
name, files, other modes of the chat, a group, a story."""

REFUSED = ("/nonsense" + MARKUP, f"/theme {MARKUP}", f"/world {MARKUP}", f"/preset {MARKUP}", f"/persona {MARKUP}")


def write_library(home: Path) -> None:
    """A thing of every kind, whose every text is hostile, and one of each that cannot be read."""
    entry = {"uid": 0, "key": [ALL, "lamp"], "keys": [ALL], "comment": ALL, "name": ALL, "content": ALL}
    entry |= {"constant": True, "enabled": True, "insertion_order": 1, "extensions": {}}
    texts = (
        "description personality scenario mes_example creator creator_notes character_version system_prompt"
        " post_history_instructions nickname"
    )
    data = dict.fromkeys(texts.split(), ALL) | {"name": f"Evil {ALL}", "first_mes": f"Hello {ALL}", "extensions": {}}
    data |= {"alternate_greetings": [ALL], "group_only_greetings": [ALL], "tags": [ALL]}
    data |= {"character_book": {"name": ALL, "entries": [entry], "extensions": {}}}
    card = {"spec": "chara_card_v3", "spec_version": "3.0", "data": data}
    reply = {"id": 1, "label": ALL, "title": ALL, "message": ALL}
    script = {"id": "a", "scriptName": ALL, "findRegex": "/zzz/g", "replaceString": ALL, "placement": [1, 2]}
    files = {
        "characters/evil.json": card,
        f"characters/{FILE}.json": card,
        "worlds/evil.json": {"name": ALL, "entries": {"0": entry}},
        f"worlds/{FILE}.json": {"name": ALL, "entries": {"0": entry}},
        f"presets/{FILE}.json": {"temp": 1.0, "name": ALL},
        "quick-replies/evil.json": {"version": 2, "name": ALL, "qrList": [reply]},
        "regex/evil.json": script,
        f"personas/{FILE}.yaml": {"name": ALL, "description": ALL},
    }
    for path, thing in files.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(json.dumps(thing), encoding="utf-8")
    for folder, kind in (("characters", "png"), ("worlds", "json"), ("presets", "json"), ("themes", "yaml")):
        (home / folder).mkdir(exist_ok=True)
        (home / folder / f"broken {FILE}.{kind}").write_bytes(b'{"a')


class Hostile(ScriptedServer):
    """A server all of whose words are hostile; every second time it gives a reason instead of a reply."""

    def __init__(self) -> None:
        super().__init__()
        self.named(f"model {ALL}")
        self.says(f"Reply {ALL} http://evil.example End.")

    def _complete(self, asked: Asked) -> Reply:
        reply = super()._complete(asked)
        return said({"error": {"message": f"Refused {ALL}", "type": ALL, "code": ALL}}, 400) if self.late else reply

    @property
    def late(self) -> bool:
        """Whether this is such a time."""
        return len(self.prompts) % 2 == 0


def begin_chat(home: Home) -> None:
    """A chat in which everything hostile is said, with a hostile title."""
    workspace = Workspace.open(dirs=home.directories)
    character, _ = workspace.character("evil")
    log = workspace.new_chat(character, workspace.persona)
    parent = ""
    for number, text in enumerate((character.greeting, *HOSTILE.values())):
        speaker, name = ((Speaker.CHARACTER, character.name), (Speaker.USER, "Alex"))[number % 2]
        [event] = log.append(TurnAdded(parent, speaker, name, text))
        parent = event.id
    log.append(PropertySet(TITLE, ALL))


def driving(output: bytes) -> list[str | bytes]:
    """What in the output is no text and was not sent by the program itself."""
    rest = OWN.sub(b"", output)
    return [*driving_characters(rest), *re.findall(rb"\x1b.{,20}", rest), *(one for one in NEVER if one in output)]


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[TavernTerminal]:
    """The program in that chat."""
    server = Hostile()
    home = Home(tmp_path, server=server.address)
    write_library(home.directories.data)
    (tmp_path / "user" / f"{FILE}.json").write_text("{}", encoding="utf-8")
    begin_chat(home)
    try:
        with TavernTerminal(home, "chat", "evil", variables={"BROWSER": str(tmp_path / "no-browser")}) as running:
            running.until_shown(IDLE, "model ")
            yield running
    finally:
        server.close()


def test_no_screen_and_no_message_passes_on_what_drives_a_terminal_or_takes_it_for_markup(
    terminal: TavernTerminal,
) -> None:
    walk = Walk(terminal, IDLE, None)
    walk.rest()
    commands = [f"/{action.slash}\r" for action in (*PAGES, *WRITER) if action.slash and action.id not in ELSEWHERE]
    lines = ("Hello", "Hello", *REFUSED, "/find http")
    shown = [looked_at(walk, terminal, keys) for keys in (*commands, *(f"{line}\r" for line in lines))]
    assert " ".join(shown).count("[red]x[/]") > len(commands) / 4
    for walk.idle, steps in STEPS:
        for keys in steps:
            looked_at(walk, terminal, keys, stays=True)
        walk.rest()
    assert not terminal.ended()


def looked_at(walk: Walk, terminal: TavernTerminal, keys: str, *, stays: bool = False) -> str:
    """What is on screen after ``keys``, of which nothing drives the terminal; it is closed unless it ``stays``."""
    start = len(terminal.seen)
    walk.ask(keys)
    shown = terminal.text()
    assert driving(bytes(terminal.seen[start:])) == [], keys
    if not stays:
        walk.rest()
    return shown
