"""Model files as rows for a list, and the starter model on its way into the library."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import Settings
from tavern_tui.session.embedded import all_models
from tavern_tui.storage.models import ModelFile


def model_rows(dirs: Directories, settings: Settings) -> list[dict[str, Any]]:
    """Every model file as plain values; ``problem`` and ``hint`` say what is wrong with one that cannot be used."""
    return [_row(model) for model in all_models(dirs, settings)]


def _row(model: ModelFile) -> dict[str, Any]:
    header = model.header
    return {
        "name": model.name,
        "file": str(model.path),
        "bytes": model.size,
        "parts": len(model.parts),
        "quant": header.quant if header else "",
        "architecture": header.architecture if header else "",
        "parameters": header.parameters if header else 0,
        "trained_tokens": header.trained_tokens if header else None,
        "context_tokens": model.need.context_tokens if model.need else None,
        "needs_bytes": model.need.total if model.need else None,
        "fit": model.fit.value,
        "problem": model.problem,
        "hint": model.hint,
    }


def has_model(dirs: Directories, settings: Settings) -> bool:
    """Whether there is a model that can be used."""
    return any(model.usable for model in all_models(dirs, settings))


def fetch_starter(dirs: Directories, tell: Callable[[str, int, int | None], None]) -> tuple[Path, bool]:
    """Put the starter model into the library; its path, and whether it had to be fetched.

    ``tell`` hears what is being done, bytes done, and of how many. Raises ``EngineError``, ``StorageError``.
    """
    from tavern_tui.engines.starter import get_starter, starter_in

    there = starter_in(dirs.models)
    if there is not None:
        return there, False
    return get_starter(dirs.models, lambda step: tell(step.phase.value, step.done, step.total)), True
