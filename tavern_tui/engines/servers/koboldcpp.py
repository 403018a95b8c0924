"""KoboldCpp, spoken to by its own API. It answers as llama-server and Ollama would, too.

Source: ``docs/spec/backends.md`` §2, checked against KoboldCpp 1.76.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.engines import wire_tables
from tavern_tui.engines.dialects import Counter, Dialect, Place
from tavern_tui.engines.json_shape import text_at
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting, speak_openai

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.engines.http import Link

_SERVICE_INFO = "/.well-known/serviceinfo"
_VERSION = "/api/extra/version"

DIALECT = Dialect(
    name="KoboldCpp",
    wire=wire_tables.KOBOLDCPP_OPENAI,
    text_completion=True,
    counter=Counter("/api/extra/tokencount", "prompt", ("value",), ids=("ids",)),
    context=Place("/api/extra/true_max_context_length", ("value",)),
    template=Place("/props", ("chat_template",)),
    true_usage=False,
)
"""Its OpenAI-compatible routes."""


def _recognise(answers: Answers) -> Sighting | None:
    told, info = answers.json(_VERSION), answers.json(_SERVICE_INFO)
    if text_at(told, "result") == "KoboldCpp" or text_at(info, "software", "name") == "KoboldCpp":
        return Sighting("KoboldCpp", text_at(told, "version") or text_at(info, "software", "version"), DIALECT)
    return None


def _speak(link: Link, sighting: Sighting, model: str) -> Engine:
    """Its own API; messages, and everything of versions that are too old for it, by the OpenAI-compatible routes."""
    from tavern_tui.engines.koboldcpp import KoboldCppEngine
    from tavern_tui.engines.koboldcpp_versions import is_native

    by_messages = speak_openai(link, sighting, "")  # which tells it of no model: it has one at a time
    if not is_native(sighting.version):
        return by_messages
    return KoboldCppEngine(link, version=sighting.version, chat=by_messages, model=model)


SERVER = ServerKind("KoboldCpp", 20, _recognise, (_SERVICE_INFO, _VERSION), _speak)
