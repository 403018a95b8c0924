"""llama.cpp's own server, spoken to by its native API. Source: ``docs/spec/backends.md`` §5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.engines.json_shape import at, text_at
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.engines.http import Link

_PROPS = "/props"
_HEALTH = "/health"


def _recognise(answers: Answers) -> Sighting | None:
    """``/props`` with what KoboldCpp and TabbyAPI leave out, a health that says loading, or the models' owner.

    Behind a key only the models are told.
    """
    props = answers.json(_PROPS)
    told = text_at(props, "build_info") or text_at(props, "model_path")
    slots = at(props, "total_slots") is not None and isinstance(at(props, "modalities"), dict)
    if told or slots or answers.owner == "llamacpp":
        return Sighting("llama-server", text_at(props, "build_info"))
    health = answers[_HEALTH]
    if health.status == 503 and text_at(health.json, "error", "type") == "unavailable_error":
        return Sighting("llama-server")
    return None


def _speak(link: Link, sighting: Sighting, model: str) -> Engine:
    from tavern_tui.engines.llama_server import LlamaServerEngine

    return LlamaServerEngine(link, model=model)


SERVER = ServerKind("llama-server", 30, _recognise, (_PROPS, _HEALTH), _speak)
