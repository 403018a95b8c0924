"""OpenRouter: many models of many hosts, each with a list of the parameters that it takes.

``transforms`` of nothing keeps it from cutting the middle out of a prompt. Source: ``docs/spec/backends.md`` §11; not
checked against the service.
"""

from __future__ import annotations

from tavern_tui.engines import thinking_switch, wire_tables
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.server_kind import ServerKind, Service

DIALECT = Dialect(
    name="OpenRouter",
    wire=wire_tables.OPENROUTER,
    text_completion=False,
    hosted=True,
    thinking=thinking_switch.reasoning_object,
    extra={"transforms": []},
    logprobs=5,
)

SERVER = ServerKind("OpenRouter", 100, services={"openrouter.ai": Service(DIALECT, "/api")})
