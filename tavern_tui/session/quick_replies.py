"""Quick replies: the messages that a person keeps ready, for whatever shows or sends them."""

from __future__ import annotations

import asyncio

from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.quick_replies import QuickReplies, read_folder


async def quick_replies(workspace: Workspace) -> QuickReplies:
    """All of them as they are on disk now, and what cannot be read. Raises ``StorageError`` for the folder."""
    return await asyncio.to_thread(read_folder, workspace.directories.quick_replies)
