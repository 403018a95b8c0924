"""Our own system texts as they are shown to the user: in full, and once by themselves on this machine."""

from __future__ import annotations

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import TavernError
from tavern_tui.prompt import defaults
from tavern_tui.storage.atomic import write_atomic

SEEN_FILE = "system-texts-seen"

INTRODUCTION = (
    "This is what the program itself tells a model, before the card. A card's own system prompt takes its place, and so"
    " does one of yours: /templates."
)


def system_texts() -> tuple[tuple[str, str], ...]:
    """What each of our texts is for, and the text, with its macros as they stand."""
    return (
        ("Chats", defaults.CHAT),
        ("Adventures", defaults.ADVENTURE),
        ("Stories", defaults.STORY),
        ("The starter model", defaults.STARTER),
    )


def first_look(directories: Directories) -> bool:
    """Whether nobody was shown the texts here before; from now on somebody was. Blocks.

    Where that cannot be kept, they are not shown unasked.
    """
    path = directories.state / SEEN_FILE
    if path.exists():
        return False
    try:
        write_atomic(path, b"1\n")
    except TavernError:
        return False
    return True
