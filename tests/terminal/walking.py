"""``Walk``: goes through the actions of the program as a user does, one after the other, and sees what each does."""

from __future__ import annotations

import re
from pathlib import Path

from tavern_tui.config.action import Action, Where
from tests.terminal.tavern import TavernTerminal

KEYS = {
    "left": "\x1b[D",
    "right": "\x1b[C",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "f2": "\x1bOQ",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "\x1b",
    "enter": "\r",
    "tab": "\t",
    "alt+up": "\x1b[1;3A",
}
"""What a terminal sends for a key that is not a character or ctrl and a letter. Source: xterm, ctlseqs."""

FIRST: dict[str, str] = {
    "chat.find_next": "/find deep\r",
    "chat.find_previous": "/find deep\r",
    "chat.bookmarks": "\x1bm",
    "composer.undo": "one two",
    "turn.next": "\x1bg",
    "turn.mine_next": "\x1bg",
    "turn.last": "\x1bg",
    "turn.swipe_back": "\x1bk",
    "composer.redo": "one two\x1a",
    "composer.send": "Hello",
    "composer.newline": "one",
    "composer.complete": "/hel",
    "composer.editor": "one",
}
"""What is typed before an action, to be in the state in which it does something."""

QUIET_SECONDS = 0.12
"""The program is taken to be done when it has read everything and sent nothing for so long."""


class Walk:
    """The program in a place where its actions are asked for, one after the other; ``idle`` is on screen only there."""

    def __init__(self, terminal: TavernTerminal, idle: str, pictures: Path | None) -> None:
        self._terminal = terminal
        self.idle = idle
        self._pictures = pictures
        self.without_effect: list[str] = []

    def go(self, idle: str, *steps: tuple[str, str]) -> None:
        """Type the keys of each step until its text is there; the place is another then, known by ``idle``."""
        self.rest()
        for keys, seen in steps:
            self.ask(keys)
            self._terminal.until_shown(seen)
        self.idle = idle

    def do(self, action: Action) -> None:
        """Ask for it, see what it did, and go back to where one was."""
        self.rest()
        if first := FIRST.get(action.id, ""):
            self._terminal.type(first)
            self._terminal.read_until(lambda: not self._terminal.pending_input())
            self._settle()
        keys = self._keys(action)
        before = self._lines()
        self._terminal.type(keys)
        if not self._changed(before, keys.strip()):
            self.without_effect.append(action.id)
        self._picture(action)

    def ask(self, keys: str) -> None:
        """Type ``keys``, and read until nothing comes any more."""
        self._terminal.type(keys)
        self._settle()

    def rest(self) -> None:
        """Close what lies over the place, and let what is being written come to its end."""
        for _ in range(12):
            self._settle()
            if self._at_rest():
                break
            before = self._terminal.screen()
            # A key follows Esc only when that was dealt with: the two would be one chord.
            self._terminal.type("\x15" if before[-1].strip().startswith("Enter Send") else "\x1b")
            self._terminal.read_until(lambda: self._terminal.screen() != before)  # noqa: B023
        else:
            raise AssertionError("there is no way back:\n" + "\n".join(self._terminal.screen()))

    def _at_rest(self) -> bool:
        self._terminal.read_until(lambda: not self._terminal.shows("Esc Stop"))
        return self._terminal.shows(self.idle)

    def _settle(self) -> None:
        size = -1
        while size != len(self._terminal.seen) or self._terminal.pending_input() or self._terminal.busy():
            size = len(self._terminal.seen)
            self._terminal.read(QUIET_SECONDS)

    def _keys(self, action: Action) -> str:
        if action.where is Where.TURN and not action.slash:
            if not self._terminal.shows("selected"):
                self._terminal.type("\x1b")
                self._terminal.until_shown("selected")
        elif action.slash and action.where is not Where.STORY and action.id not in FIRST:
            self._terminal.type("\x15")
            return f"/{action.slash}\r"
        for key in action.keys:
            if sent := sent_for(key):
                return sent
        self._terminal.type("\x10")
        self._terminal.until_shown("What do you want to do?")
        self._terminal.type(action.title)
        self._terminal.until_shown(action.title)
        self._settle()
        return "\r"

    def _lines(self) -> set[str]:
        return {line.strip() for line in self._terminal.screen()}

    def _changed(self, before: set[str], typed: str) -> bool:
        def news() -> set[str]:
            return self._lines() - before - {typed}

        try:
            self._terminal.read_until(news)
        except AssertionError:
            return False
        self._settle()
        shown = self._terminal.text()
        return "There is no /" not in shown

    def _picture(self, action: Action) -> None:
        if self._pictures is not None:
            self._pictures.mkdir(parents=True, exist_ok=True)
            (self._pictures / f"{action.id}.svg").write_text(self._terminal.picture(action.title), encoding="utf-8")


def sent_for(key: str) -> str:
    """What a terminal sends for ``key``, "" where not all of them do."""
    if key in KEYS:
        return KEYS[key]
    if re.fullmatch(r"ctrl\+[a-z]", key):
        return chr(ord(key[-1]) & 0x1F)
    return key if len(key) == 1 else ""
