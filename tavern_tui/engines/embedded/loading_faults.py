"""Why a model could not be loaded: from the words of llama.cpp's log to an error that says what to do.

The texts are in ``domain.loading_messages``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tavern_tui.domain import loading_messages as say
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.wording import Wording

_MEMORY = ("allocate", "out of memory", "outofdevicememory", "alloc_buffer", "cannot allocate")
_ARCHITECTURE = re.compile(r"unknown model architecture: '([^']*)'", re.IGNORECASE)
# What llama.cpp's log says of a file that it cannot load.
_FILE_FAULTS: tuple[tuple[str, Callable[[str], Wording]], ...] = (
    ("file bounds", say.cut_short),
    ("incomplete", say.cut_short),
    ("magic", say.no_gguf),
)


class NoRoomError(EngineError):
    """There was not enough memory: with fewer layers on the GPU there may be."""


def error_of(wording: Wording, where: str = "") -> EngineError:
    """The error that says ``wording``."""
    return EngineError(wording.title, fault=EngineFault.NO_MODEL, where=where, hint=wording.hint)


def no_room_of(wording: Wording, where: str) -> NoRoomError:
    """The same, for want of memory."""
    return NoRoomError(wording.title, fault=EngineFault.NO_MODEL, where=where, hint=wording.hint)


def not_loaded(path: Path, said: str, *, build: str, gpu: bool) -> EngineError:
    """llama.cpp gave no model for the file at ``path``; ``said`` is its log, ``gpu``: layers were to go to one."""
    low = said.lower()
    unknown = _ARCHITECTURE.search(said)
    if unknown:
        return error_of(say.engine_too_old(path.name, unknown[1], build), str(path))
    for needle, wording in _FILE_FAULTS:
        if needle in low:
            return error_of(wording(path.name), str(path))
    if lacks_memory(said):
        return no_room_of(say.no_memory_for_model(path.name, gpu=gpu), str(path))
    return error_of(say.not_loaded(path.name), str(path))


def not_adapted(lora: Path, model: Path, said: str) -> EngineError:
    """llama.cpp did not take a LoRA that is there."""
    other = any(needle in said.lower() for needle in ("arch mismatch", "wrong base model"))
    wording = say.adapter_misfit(lora.name, model.name) if other else say.adapter_unreadable(lora.name)
    return error_of(wording, str(lora))


def lacks_memory(said: str) -> bool:
    """Whether llama.cpp's log says that there was not enough memory."""
    low = said.lower()
    return any(needle in low for needle in _MEMORY)
