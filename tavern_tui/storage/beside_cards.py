"""``BesideCards``: what is kept of characters beside their cards, by their names, in ``beside-cards.json``.

A file of ours: cards stay as they are. A row that cannot be understood is as none.
"""

from __future__ import annotations

import json
from pathlib import Path

from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard
from tavern_tui.storage.string_table import StringTable


class BesideCards:
    """The file ``path``, guarded by ``lock`` in the state folder. Methods block and raise ``StorageError``."""

    def __init__(self, path: Path, lock: Path) -> None:
        self._table = StringTable(path, lock, "characters")

    def all(self) -> dict[str, BesideCard]:
        """What is kept of every character that has something."""
        return {name: _read(text) for name, text in self._table.read().items()}

    def of(self, name: str) -> BesideCard:
        """What is kept of the character ``name``."""
        return self.all().get(name, NOTHING_BESIDE)

    def keep(self, name: str, kept: BesideCard) -> None:
        """Keep this of the character ``name`` from now on; nothing at all takes its row away."""
        row = json.dumps(kept.as_dict(), ensure_ascii=False)
        self._table.change({name: row if kept != NOTHING_BESIDE else None})

    def rename(self, old: str, new: str) -> None:
        """What was the character ``old``'s is ``new``'s from now on."""
        kept = self.all()
        if old in kept:
            self.keep(new, kept[old])
            self.keep(old, NOTHING_BESIDE)


def _read(text: str) -> BesideCard:
    try:
        return BesideCard.from_dict(json.loads(text))
    except (ValueError, KeyError, TypeError, RecursionError):
        return NOTHING_BESIDE
