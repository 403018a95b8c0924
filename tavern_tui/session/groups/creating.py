"""Beginning a group: a chat with several characters of the library."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tavern_tui.domain import groups
from tavern_tui.domain.errors import ContradictionError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.groups.changing import MOST_MEMBERS
from tavern_tui.session.titles import title_at_first
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog


def new_group(workspace: Workspace, names: Sequence[str], *, title: str = "") -> ChatLog:
    """A chat with the characters that ``names`` mean, without any turn yet. Blocks.

    Raises ``NotFoundError`` and ``FormatError`` for a card, ``ContradictionError`` for nobody, too many, or two cards
    of one name, ``StorageError``.
    """
    members = [workspace.character(name)[0].name for name in names]
    twice = next((name for place, name in enumerate(members) if name in members[:place]), "")
    if twice:
        raise ContradictionError(f"{twice} is named twice.", hint="A group tells its members apart by their names.")
    if not members or len(members) > MOST_MEMBERS:
        raise ContradictionError(f"A group has 1 to {MOST_MEMBERS} members.")
    called = title.strip() or title_at_first(", ".join(members), time.strftime("%Y-%m-%d %H.%M"))
    log = workspace.chats.create(called, members, workspace.persona.name)
    log.append(PropertySet(groups.MEMBERS, members))
    return log
