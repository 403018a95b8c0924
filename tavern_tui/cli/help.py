"""What ``tavern-tui --help`` says, and saying it without a command line parser: importing one costs more than the rest.

The table of commands and the texts of the options stand here; ``main`` gives them to click, which writes the same page.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

# name → (module, attribute, what it does in one line)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "adventure": ("tavern_tui.cli.adventure", "adventure", "Adventures: list the scenarios, begin one."),
    "backup": ("tavern_tui.cli.backup", "backup", "Make a backup of the library; list them."),
    "characters": ("tavern_tui.cli.characters", "characters", "Character cards: list, show, change, export them."),
    "chat": ("tavern_tui.cli.chat", "chat", "Talk with a character, line by line."),
    "chats": ("tavern_tui.cli.chats", "chats", "Chats: list, rename, delete; import and export others'."),
    "connect": ("tavern_tui.cli.connect", "connect", "Find servers, or look at one address."),
    "connections": (
        "tavern_tui.cli.connections",
        "connections",
        "Saved connections: list, add, change, use, test.",
    ),
    "demo": ("tavern_tui.cli.demo", "demo", "Look at a finished chat; nothing of your own is touched."),
    "doctor": ("tavern_tui.cli.doctor", "doctor", "Check this installation and say what to mend."),
    "engine": ("tavern_tui.cli.engine", "engine", "The embedded engine: status, load, stop, tune."),
    "export": ("tavern_tui.cli.exporting", "export", "Write what is yours for other programs."),
    "group": ("tavern_tui.cli.groups", "group", "Chats with several characters: new, list, mute, import, export."),
    "import": ("tavern_tui.cli.importing", "import_", "Take in what you have from other programs."),
    "forget": ("tavern_tui.cli.forget", "forget", "Remove a chat for good, from backups and caches too."),
    "index": ("tavern_tui.cli.index", "index", "The library's index: what it holds; make it anew."),
    "keys": ("tavern_tui.cli.keys", "keys", "Print which key does what; check your own keys."),
    "locate": ("tavern_tui.cli.locate", "locate", "Print where things are kept."),
    "log": ("tavern_tui.cli.log", "log", "Print a chat."),
    "models": ("tavern_tui.cli.models", "models", "List model files; fetch the starter model."),
    "note": ("tavern_tui.cli.note", "note", "Show or write the author's note of a chat."),
    "notebook": ("tavern_tui.cli.notebook", "notebook", "Notes on a chat for yourself: no model reads them."),
    "personas": ("tavern_tui.cli.personas", "personas", "Who you are: list, show, make, change, delete, export."),
    "presets": ("tavern_tui.cli.presets", "presets", "Sampler presets: list, show, make, change, delete."),
    "prompt": ("tavern_tui.cli.prompt", "prompt", "Show what the next reply would read, part by part."),
    "regex": ("tavern_tui.cli.regex", "regex", "List, check and try regex scripts; allow a card's."),
    "restore": ("tavern_tui.cli.backup", "restore", "Put things back from a backup; nothing is overwritten."),
    "say": ("tavern_tui.cli.say", "say", "Say one thing to a character and print the reply."),
    "search": ("tavern_tui.cli.search", "search", "Find words in every turn of every chat."),
    "secrets": ("tavern_tui.cli.secrets", "secrets", "Keys of servers: set, list, forget. Never shown."),
    "setup": ("tavern_tui.cli.setup", "setup", "Ask again what the first start asks; prepare Termux."),
    "story": ("tavern_tui.cli.story", "story", "Stories: begin, import, outline, write on, export."),
    "summary": ("tavern_tui.cli.summary", "summary", "What is told of turns that are no longer read."),
    "worlds": ("tavern_tui.cli.worlds", "worlds", "Lorebooks: list, show, make, change, delete, export."),
}
ABOUT = "Roleplay and stories with language models, in a terminal."
SERVER = "Use this server or saved connection for this start (also TAVERN_SERVER)."
SAFE = "Default settings, no engine: to look after a library that misbehaves."
INCOGNITO = "Begin a chat of which nothing is written to the disk."
_OPTIONS = (
    ("--version", "Show the version and exit."),
    ("--server URL", SERVER),
    ("--safe", SAFE),
    ("--incognito", INCOGNITO),
    ("-h, --help", "Show this message and exit."),
)
_FEWEST, _MOST = 50, 78  # columns that click fills, whatever the terminal has


def page(columns: int) -> str:
    """The help for a terminal of so many columns, without the last newline."""
    width = max(_FEWEST, min(columns - 2, _MOST))
    lines = [
        "Usage: tavern-tui [OPTIONS] [COMMAND] [ARGS]...",
        "",
        *(f"  {line}" for line in _wrapped(ABOUT, width - 2)),
    ]
    commands = [(name, COMMANDS[name][2]) for name in sorted(COMMANDS)]
    for title, rows in (("Options", _OPTIONS), ("Commands", commands)):
        lines += ["", f"{title}:", *_table(rows, width)]
    return "\n".join(lines)


def terminal_columns() -> int:
    """Columns of the terminal: as ``COLUMNS`` says, else as it says itself; 80 where nobody does."""
    named = os.environ.get("COLUMNS", "")
    if named.isdecimal() and int(named) > 0:
        return int(named)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else -1).columns or 80
    except (OSError, ValueError):
        return 80


def _table(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    first = max(len(name) for name, _ in rows) + 2
    for name, what in rows:
        begin, *more = _wrapped(what, width - first - 2)
        yield f"  {name:<{first}}{begin}"
        yield from (" " * (first + 2) + line for line in more)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines
