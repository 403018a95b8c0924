"""What somebody wants with which model: preset, length of replies, context; ``models.json`` in the user's data folder.

The template of a model is beside it, in ``template_choices``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tavern_tui.storage.string_table import StringTable


@dataclass(frozen=True, slots=True)
class ModelHabit:
    """What is wanted with one model; empty and ``None``: what is wanted with all. Both numbers are in tokens."""

    preset: str = ""
    response_tokens: int | None = None
    context_tokens: int | None = None


NO_HABIT = ModelHabit()


class ModelHabits:
    """The file ``path``, guarded by ``lock`` in the state folder. Models are told apart without regard to case.

    Methods block and raise ``StorageError``.
    """

    def __init__(self, path: Path, lock: Path) -> None:
        self._table = StringTable(path, lock, "models")

    def of(self, model: str) -> ModelHabit:
        """What is wanted with ``model``; what cannot be understood counts as nothing."""
        return _read(self._table.read().get(_key(model), "")) if _key(model) else NO_HABIT

    def keep(self, model: str, habit: ModelHabit) -> None:
        """Remember ``habit`` for ``model`` in place of the one before; an empty one is forgotten."""
        text = json.dumps({name: value for name, value in asdict(habit).items() if value})
        self._table.change({_key(model): text if habit != NO_HABIT else None})


def _read(text: str) -> ModelHabit:
    try:
        told = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return NO_HABIT
    if not isinstance(told, dict):
        return NO_HABIT
    preset = told.get("preset")
    return ModelHabit(
        preset if isinstance(preset, str) else "", _tokens(told, "response_tokens"), _tokens(told, "context_tokens")
    )


def _tokens(told: Mapping[str, Any], name: str) -> int | None:
    value = told.get(name)
    return value if type(value) is int and value > 0 else None


def _key(model: str) -> str:
    return model.strip().casefold()
