"""vLLM and the servers that grew beside it (SGLang, Aphrodite): told apart by the owner of their models.

They want the exact id of the model. Source: ``docs/spec/backends.md`` §8; not checked against a running one.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.engines import thinking_switch, wire_tables
from tavern_tui.engines.dialects import Counter, Dialect, Prefill
from tavern_tui.engines.json_shape import text_at
from tavern_tui.engines.server_kind import Answers, ServerKind, Sighting

_VERSION = "/version"

DIALECT = Dialect(
    name="vLLM",
    wire=wire_tables.VLLM,
    text_completion=True,
    counter=Counter(
        "/tokenize", "prompt", ("count",), {"add_special_tokens": False}, names_model=True, ids=("tokens",)
    ),
    prefill=Prefill.CONTINUE_FINAL,
    thinking=thinking_switch.template_variables,
    tags={"skip_special_tokens": False},
    logprobs=5,
    parallel=8,
)
_SGLANG = Dialect(
    name="SGLang", wire=wire_tables.VLLM.without("banned", "grammar", "json_schema"), text_completion=True
)

_BY_OWNER = {"vllm": DIALECT, "pygmalionai": replace(DIALECT, name="Aphrodite"), "sglang": _SGLANG}


def _recognise(answers: Answers) -> Sighting | None:
    dialect = _BY_OWNER.get(answers.owner)
    if dialect is None:
        return None
    return Sighting(dialect.name, text_at(answers.json(_VERSION), "version"), dialect)


SERVER = ServerKind("vLLM", 70, _recognise, (_VERSION,))
