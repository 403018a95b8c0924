"""The variables of all chats (``{{setglobalvar}}``): a file of their own in the user's data folder."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.storage.string_table import StringTable


class GlobalVariables(StringTable):
    """The file ``path``, guarded by ``lock`` in the state folder. Methods block."""

    def __init__(self, path: Path, lock: Path) -> None:
        super().__init__(path, lock, "variables")
