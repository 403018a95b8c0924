"""What the app says while the starter model writes: a status text always, and once a note after some replies.

How many replies the starter has written is counted in the state folder, so that the note is said once on this machine
and not once in each chat. The texts are in ``domain.starter``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.messages import Wording
from tavern_tui.domain.starter import STARTER_STATUS, starter_note
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.memory import available_memory
from tavern_tui.storage.reading import read_bytes

if TYPE_CHECKING:
    from tavern_tui.session.connection import Ready

REPLIES_BEFORE_NOTE = 5
COUNT_FILE = "starter-replies"


def starter_status(ready: Ready | None) -> str:
    """The status line's words on the model while the starter writes, "" for any other."""
    return STARTER_STATUS if ready is not None and ready.starter else ""


def note_after(replies: int, free: int | None = None) -> Wording | None:
    """What is said after the starter's reply number ``replies`` on this machine, ``free`` bytes of memory given.

    It names a model that fits; where nothing fits or nothing is known, what better models take.
    """
    if replies != REPLIES_BEFORE_NOTE:
        return None
    from tavern_tui.session.model_advice import advice_for

    found = advice_for(free)
    return starter_note(found.names[0], found.quant) if found else starter_note()


def count_starter_reply(dirs: Directories) -> Wording | None:
    """Count one more reply of the starter; what is to be said after it.

    Reads and writes a file and asks for the free memory: call it in a thread. Where the count cannot be kept, nothing
    is said.
    """
    path = dirs.state / COUNT_FILE
    try:
        replies = _counted(read_bytes(path, 100)) + 1 if path.exists() else 1
        if replies > REPLIES_BEFORE_NOTE:
            return None
        write_atomic(path, f"{replies}\n".encode())
    except TavernError:
        return None
    return note_after(replies, available_memory())


def _counted(data: bytes) -> int:
    text = data.decode("ascii", "replace").strip()
    return int(text) if text.isdecimal() and text.isascii() else REPLIES_BEFORE_NOTE
