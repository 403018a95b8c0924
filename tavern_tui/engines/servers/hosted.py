"""Hosted services with OpenAI's API, known by their host names. They refuse what they do not know.

Source: ``docs/spec/backends.md`` §4; not checked against the services.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.engines import thinking_switch, wire_tables
from tavern_tui.engines.dialects import Dialect, Prefill, Roles
from tavern_tui.engines.server_kind import ServerKind, Service

DIALECT = Dialect(name="hosted API", wire=wire_tables.HOSTED, text_completion=False, hosted=True)
OPENAI = replace(DIALECT, name="OpenAI", wire=wire_tables.OPENAI, logprobs=5, parallel=8)
MISTRAL = replace(DIALECT, prefill=Prefill.PREFIX_FLAG, roles=Roles.SYSTEM_FIRST, names=False)
DEEPSEEK = replace(DIALECT, thinking=thinking_switch.deepseek)
MOONSHOT = replace(DIALECT, prefill=Prefill.PARTIAL_FLAG)

SERVER = ServerKind(
    "hosted API",
    100,
    services={
        "api.openai.com": Service(OPENAI),
        "api.mistral.ai": Service(MISTRAL),
        "api.deepseek.com": Service(DEEPSEEK),
        "api.groq.com": Service(DIALECT, "/openai"),
        "api.together.xyz": Service(DIALECT),
        "api.moonshot.ai": Service(MOONSHOT),
    },
)
