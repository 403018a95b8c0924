"""Which template somebody chose for which model: ``templates.json`` in the user's data folder, by the models' names."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.storage.string_table import StringTable


class TemplateChoices:
    """The file ``path``, guarded by ``lock`` in the state folder. Models are told apart without regard to case.

    Methods block and raise ``StorageError``.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        self._table = StringTable(path, lock, "templates")

    def all(self) -> dict[str, str]:
        """Every model's template, by the model's name in small letters."""
        return self._table.read()

    def of(self, model: str) -> str:
        """The template chosen for ``model``; empty where none was."""
        return self._table.read().get(_key(model), "") if _key(model) else ""

    def choose(self, model: str, template: str) -> None:
        """Remember ``template`` for ``model``."""
        self._table.change({_key(model): template})

    def forget(self, model: str) -> bool:
        """Remember none for ``model`` any more; whether one was."""
        if not self.of(model):
            return False
        self._table.change({_key(model): None})
        return True


def _key(model: str) -> str:
    return model.strip().casefold()
