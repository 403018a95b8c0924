"""Every action of the registry, done by keys in the real program, from Home on, at the size of a phone and of a desk.

An action is asked for by its command, else by its key, else by its title in the palette; that it did something is seen
on the screen. A picture of what was on screen after each stays in the test's folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tavern_tui.config.action import Where
from tavern_tui.config.actions import ACTIONS, BY_ID
from tests.terminal.slow_server import SlowServer
from tests.terminal.tavern import Home, TavernTerminal
from tests.terminal.walking import Walk

CHAT, STORY, ADVENTURE = "Message ", "g Write", "Enter Speak"
"""What is on screen in each place while nothing lies over it."""

LAST = ("chat.new", "chat.copy", "chat.delete", "chat.undelete", "app.incognito", "group.new")
"""Actions that go to another chat, or ask for one."""

APART = frozenset({"app.home", "app.story", "app.adventure", "app.repaint", "app.hide", "app.quit", "reply.stop"})
"""Actions that the test does in words of its own."""

OF_THE_STORY = [action for action in ACTIONS if action.where is Where.STORY]
OF_THE_ADVENTURE = [
    action for action in ACTIONS if action.id.startswith("adventure.") or action.id == "turn.roll_again"
]
OF_THE_CHAT = [
    action
    for action in (*(one for one in ACTIONS if one.id not in LAST), *(BY_ID[one] for one in LAST))
    if action.id not in APART | {"popup.close"} and action not in (*OF_THE_STORY, *OF_THE_ADVENTURE)
]


@contextmanager
def at_home(folder: Path, columns: int, rows: int) -> Iterator[tuple[TavernTerminal, Walk, SlowServer]]:
    """The program that has just begun, at Home, over a chat that is longer than the screen."""
    with SlowServer(5) as server:
        home = Home(folder, server=server.address)
        config = "persona:\n  name: Alex\nui:\n  painter: diff\n  start: home\n"
        (home.directories.config / "config.yaml").write_text(config, encoding="utf-8")
        home.begin_chat(*(f"This deep thing is said in the place {number}." for number in range(20)))
        editor = folder / "editor"
        editor.write_text('#!/bin/sh\necho more >> "$1"\n', encoding="utf-8")
        editor.chmod(0o755)
        variables = {"EDITOR": str(editor), "VISUAL": str(editor)}
        with TavernTerminal(home, rows=rows, columns=columns, variables=variables) as terminal:
            terminal.until_shown("Recent chats", "20")
            yield terminal, Walk(terminal, CHAT, folder / "pictures"), server


def walk_through(folder: Path, columns: int, rows: int) -> list[str]:
    """Do everything, from Home to the end; the ids of the actions that did nothing."""
    with at_home(folder, columns, rows) as (terminal, walk, server):
        terminal.type("\r")
        terminal.until_shown(CHAT, "place 19")
        walk.rest()
        server.hold(2)
        terminal.type("Hello\r")
        terminal.until_shown("r1w1")
        terminal.type("\x1b")
        terminal.until_gone("Esc Stop")
        server.go_on()
        for action in OF_THE_CHAT:
            walk.do(action)
        walk.go(ADVENTURE, ("/adventure\r", "Which adventure?"), ("\r", "1 of 3"), ("1", "2 of 3"), ("1", "3 of 3"))
        walk.ask("1")
        for action in OF_THE_ADVENTURE:
            walk.do(action)
        walk.go(STORY, ("/home\r", "Home"), ("\x0e", "Begin"), ("s", "Esc close"), ("\r", "words"))
        for action in OF_THE_STORY:
            walk.do(action)
        walk.rest()
        terminal.type("\x03")
        terminal.until_shown("again to quit")
        terminal.type("\x03")
        assert terminal.exit_status() == 0
        return walk.without_effect


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_every_action_is_reached_by_keys_on_a_phone(tmp_path: Path) -> None:
    assert walk_through(tmp_path, 45, 30) == []


@pytest.mark.torture
@pytest.mark.timeout(900)
def test_every_action_is_reached_by_keys_at_a_desk(tmp_path: Path) -> None:
    assert walk_through(tmp_path, 120, 40) == []
