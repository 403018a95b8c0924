"""LM Studio: many models, loaded on the first request; two lists of its own tell which one is in memory.

Source: ``docs/spec/backends.md`` §10; not checked against a running one.
"""

from __future__ import annotations

from tavern_tui.engines import wire_tables
from tavern_tui.engines.dialects import Asking, Dialect
from tavern_tui.engines.json_shape import at, int_at, list_at, text_at
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting

_LIST = "/api/v1/models"
_OLDER_LIST = "/api/v0/models"
_NO_WRITERS = ("embedding", "embeddings")


async def _survey(server: Asking) -> list[OfferedModel] | None:
    """Its own list, else that of older versions; models that only make embeddings are left out."""
    items = list_at((await server.get(_LIST)).json, "models")
    if items:
        return [_read(item) for item in items if text_at(item, "key") and text_at(item, "type") not in _NO_WRITERS]
    older = list_at((await server.get(_OLDER_LIST)).json, "data")
    if not older:
        return None
    return [_read_older(item) for item in older if text_at(item, "id") and text_at(item, "type") not in _NO_WRITERS]


def _read(item: object) -> OfferedModel:
    instances = list_at(item, "loaded_instances")
    context = int_at(instances, 0, "config", "context_length")
    # A loaded instance answers to its own id, which is the model's key unless somebody named it.
    name = text_at(instances, 0, "id") or text_at(item, "key")
    return OfferedModel(name, context, int_at(item, "max_context_length"), loaded=bool(instances))


def _read_older(item: object) -> OfferedModel:
    context = int_at(item, "loaded_context_length")
    trained = int_at(item, "max_context_length")
    return OfferedModel(text_at(item, "id"), context, trained, loaded=text_at(item, "state") == "loaded")


DIALECT = Dialect(name="LM Studio", wire=wire_tables.LM_STUDIO, text_completion=True, survey=_survey, loads_named=True)


def _recognise(answers: Answers) -> Sighting | None:
    newer = at(answers.json(_LIST), "models", 0)
    older = at(answers.json(_OLDER_LIST), "data", 0)
    own = isinstance(newer, dict) and "key" in newer and "loaded_instances" in newer
    its = isinstance(older, dict) and "state" in older and "type" in older
    if own or its or answers.owner == "organization_owner":
        return Sighting("LM Studio", dialect=DIALECT)
    return None


SERVER = ServerKind("LM Studio", 50, _recognise, (_LIST, _OLDER_LIST))
