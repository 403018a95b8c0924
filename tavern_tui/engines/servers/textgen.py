"""text-generation-webui. It does not tell its context; ``truncation_length`` of 0 means its own.

A prompt that overflows its inner llama-server gives an empty reply without a word, which is looked into
(``engines.openai_empty``). Source: ``docs/spec/backends.md``
§6; not checked against a running one.
"""

from __future__ import annotations

from tavern_tui.engines import thinking_switch, wire_tables
from tavern_tui.engines.dialects import Asking, Counter, Dialect, Prefill
from tavern_tui.engines.json_shape import text_at
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting

_MODEL = "/v1/internal/model/info"
_NOTHING_LOADED = "None"


async def _survey(server: Asking) -> list[OfferedModel] | None:
    """The loaded model alone: its common list also has names that only stand for it."""
    name = text_at((await server.get(_MODEL)).json, "model_name")
    if not name:
        return None
    return [] if name == _NOTHING_LOADED else [OfferedModel(name, loaded=True)]


DIALECT = Dialect(
    name="text-generation-webui",
    wire=wire_tables.TEXTGEN,
    text_completion=True,
    counter=Counter("/v1/internal/encode", "text", ("length",), ids=("tokens",)),
    survey=_survey,
    prefill=Prefill.CONTINUE_FLAG,
    thinking=thinking_switch.own_fields,
    tags={"skip_special_tokens": False},
    extra={"truncation_length": 0},
    forced={"ban_eos_token": True},
    logprobs=5,
)


def _recognise(answers: Answers) -> Sighting | None:
    told = answers.json(_MODEL)
    known = isinstance(told, dict) and "model_name" in told and "lora_names" in told
    return Sighting(DIALECT.name, dialect=DIALECT) if known or answers.owner == "user" else None


SERVER = ServerKind(DIALECT.name, 40, _recognise, (_MODEL,))
