"""Whatever has a list of models: a server that speaks OpenAI's API and is none that is known."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.engines import wire_tables
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.json_shape import at, text_at
from tavern_tui.engines.server_kind import MODELS, Answers, ServerKind, Sighting

_BARE_MODELS = "/models"

DIALECT = Dialect(name="OpenAI-compatible server", wire=wire_tables.GENERIC)


def _recognise(answers: Answers) -> Sighting | None:
    for path, root in ((MODELS, "/v1"), (_BARE_MODELS, "")):
        told = answers.json(path)
        if isinstance(at(told, "data"), list) or (isinstance(told, list) and text_at(told, 0, "id")):
            return Sighting(DIALECT.name, dialect=replace(DIALECT, root=root))
    return None


SERVER = ServerKind(DIALECT.name, 90, _recognise, (_BARE_MODELS,))
