"""What sampler presets were called before: ``renamed-presets.json`` in the user's data folder.

Chats, settings, connections and what is remembered for models name a preset. They are not gone through when it is
renamed: whoever looks for one under a name that is no preset's any more asks here.
"""

from __future__ import annotations

from tavern_tui.config.paths import RENAMED_PRESETS, Directories
from tavern_tui.storage.string_table import StringTable


class RenamedPresets:
    """One user's table. Names are told apart without regard to case. Methods block and raise ``StorageError``."""

    def __init__(self, directories: Directories) -> None:
        self._table = StringTable(
            directories.data / RENAMED_PRESETS, directories.state / "renamed-presets.lock", "presets"
        )

    def now(self, name: str) -> str:
        """What the preset is called now that was once called ``name``; empty where it was never renamed."""
        table, found, seen = self._table.read(), "", set[str]()
        key = name.strip().casefold()
        while key in table and key not in seen:
            seen.add(key)
            found = table[key]
            key = found.casefold()
        return found

    def note(self, name: str, to: str) -> None:
        """The preset ``name`` is called ``to`` from now on."""
        self._table.change({name.strip().casefold(): to, to.strip().casefold(): None})
