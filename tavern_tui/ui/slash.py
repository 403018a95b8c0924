"""Slash commands: what a message that begins with ``/`` asks for, by the names of the action registry.

Pure. What an action does with the rest of the line is its own business.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from tavern_tui.config.actions import ACTIONS

COMMANDS: Final[dict[str, str]] = {action.slash: action.id for action in ACTIONS if action.slash}
"""Name of a command, without its slash → id of the action."""

ALIASES: Final[dict[str, str]] = {name: action.id for action in ACTIONS for name in action.aliases}
"""Other names of commands → id of the action. They are understood, and not listed."""

_COMMAND = re.compile(r"/(?P<name>[^\W\d][\w-]*)(?:\s+(?P<argument>.*))?\Z", re.DOTALL)
_LONGEST = 24  # characters of an unknown name in a message


@dataclass(frozen=True, slots=True)
class Command:
    """An action, by id, and what stands behind the command's name."""

    action: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """There is no such command: what says so on one line, with the nearest that there is; parts between ``·``."""

    message: str


def parse(text: str, runnable: Collection[str] | None = None) -> Command | Unknown | str:
    """The command that ``text`` is; else the text to say, in which two slashes at the beginning are one.

    Only ``/`` and then a word is a command, so that ``/home/alex`` and ``/ me waves`` are said. Capitals do not matter.
    ``runnable``: the ids of the actions that can be done, ``None`` for all; commands of others are unknown.
    """
    if text.startswith("//"):
        return text[1:]
    match = _COMMAND.match(text)
    if match is None:
        return text if text.strip() != "/" else Unknown("A command follows the slash · /help shows them all")
    name = match["name"]
    known = {command: id for command, id in (COMMANDS | ALIASES).items() if runnable is None or id in runnable}
    action = known.get(name.lower())
    if action is not None:
        return Command(action, (match["argument"] or "").strip())
    from difflib import get_close_matches

    near = get_close_matches(name.lower()[:_LONGEST], known, n=1, cutoff=0.65)
    hint = f"the nearest is /{near[0]}" if near else "/help shows them all"
    return Unknown(f"There is no /{_short(name)} · {hint} · // at the beginning says it")


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"
