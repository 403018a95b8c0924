"""What a pasted text may be beside text: the path of a file that could be imported. Pure; no file is looked for."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from tavern_tui.domain.display import safe

LONGEST_PATH: Final = 4096

_KINDS: Final = (".png", ".json", ".jsonl", ".yaml", ".yml", ".charx", ".webp", ".jpg", ".jpeg")
"""How the names of cards, lorebooks, chats and images end."""

_BEGINS: Final = ("/", "~/", "./", "../", "file://")
_ESCAPED: Final = re.compile(r"\\(.)")


def pasted_path(text: str) -> str | None:
    """The path that ``text`` is, as file managers and terminals write one: bare, quoted, escaped or as a ``file:`` URL.

    Only paths that begin at a folder and end like something that can be imported; None for all other text.
    """
    line = text.strip()
    if len(line) > LONGEST_PATH or "\n" in line or safe(line) != line:
        return None
    if len(line) > 1 and line[0] == line[-1] and line[0] in "'\"":
        line = line[1:-1]
    elif line.startswith("file://"):
        line = unquote(line.removeprefix("file://").removeprefix("localhost"))
    else:
        line = _ESCAPED.sub(r"\1", line)
    return line if line.startswith(_BEGINS) and line.lower().endswith(_KINDS) else None
