"""What a pasted text may be beside text: the path of a file that could be imported. Pure; no file is looked for."""

from __future__ import annotations

from typing import Final

from tavern_tui.domain.display import safe
from tavern_tui.domain.written_paths import bare_paths

LONGEST_PATH: Final = 4096

_KINDS: Final = (
    *(".png", ".json", ".jsonl", ".yaml", ".yml", ".charx", ".webp", ".jpg", ".jpeg", ".lorebook", ".scenario"),
    *(".story", ".kaistory", ".zip", ".tar.gz", ".tgz"),
)
"""How the names of cards, lorebooks, chats, images and backups end."""

_BEGINS: Final = ("/", "~/", "./", "../")


def pasted_path(text: str) -> str | None:
    """The path that ``text`` is, as file managers and terminals write one: bare, quoted, escaped or as a ``file:`` URL.

    Several paths beside each other are given as they were written. Only paths that begin at a folder and end like
    something that can be imported; None for all other text.
    """
    line = text.strip()
    if len(line) > LONGEST_PATH or "\n" in line or safe(line) != line:
        return None
    paths = bare_paths(line)
    if not all(path.startswith(_BEGINS) and path.lower().endswith(_KINDS) for path in paths):
        return None
    return line if len(paths) > 1 else paths[0]
