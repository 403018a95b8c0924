"""Ollama, spoken to by its own API: only there the context can be set and a finished prompt be sent.

Source: ``docs/spec/backends.md`` §9; not checked against a running one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.engines.json_shape import text_at
from tavern_tui.engines.server_kind import MODELS, Answers, ServerKind, Sighting

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.engines.http import Link

_VERSION = "/api/version"
_FRONT = "/"
_GREETING = "Ollama is running"


def _recognise(answers: Answers) -> Sighting | None:
    told = answers.json(_VERSION)
    version = text_at(told, "version") if not text_at(told, "result") else ""
    listed = isinstance(answers.json(MODELS), dict) and answers.owner in ("", "library")
    if (version and listed) or answers[_FRONT].body.strip() == _GREETING:
        return Sighting("Ollama", version)
    return None


def _speak(link: Link, sighting: Sighting, model: str) -> Engine:
    from tavern_tui.engines.ollama import OllamaEngine

    return OllamaEngine(link, model=model, version=sighting.version)


SERVER = ServerKind("Ollama", 60, _recognise, (_VERSION, _FRONT), _speak)
