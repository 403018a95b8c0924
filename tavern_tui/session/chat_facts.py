"""What is known of a chat, as plain values: for ``tavern-tui chats show``."""

from __future__ import annotations

import time
from typing import Any

from tavern_tui.session.author_note import note_of
from tavern_tui.session.bookmarks import bookmarked
from tavern_tui.session.chat_merge import FILE
from tavern_tui.session.chat_variables import variables_in
from tavern_tui.storage.chats import ChatLog


def facts_of(log: ChatLog) -> dict[str, Any]:
    """The facts, by what they are called. Times are local."""
    tree = log.tree
    path = tree.path()
    files = {
        key.removeprefix(FILE): str(value.get("format", ""))
        for key, value in tree.properties.items()
        if key.startswith(FILE) and isinstance(value, dict)
    }
    return {
        "title": tree.title,
        "characters": list(tree.characters),
        "persona": tree.persona,
        "turns": len(path),
        "swipes_and_branches": len(tree.turns) - len(path),
        "hidden": sum(turn.hidden for turn in path),
        "bookmarks": len(bookmarked(tree)),
        "first": _time(path[0].at) if path else "",
        "last": _time(path[-1].at) if path else "",
        "note": note_of(tree).text,
        "variables": variables_in(tree.properties),
        "imported_from": files,
        "bytes": log.path.stat().st_size if log.path.exists() else 0,
        "file": str(log.path),
    }


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) if at else ""
