"""JSON Schemas on KoboldCpp, which follows grammars only: later builds make one out of a schema when asked.

Which build was the first to do so is not documented, so it is tried with a small one, once for each version. Source:
KoboldCpp's API description (``/api/extra/json_to_grammar``), as of 2026.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.engines.base import Request
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, text_at
from tavern_tui.engines.wire_samplers import read_schema

CONVERT = "/api/extra/json_to_grammar"

_SMALL = '{"type": "boolean"}'


class Schemas:
    """Makes grammars of the schemas in requests, as far as the server does. Each schema is asked about once."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._version: str | None = None
        self._grammars: dict[str, str] = {}

    async def understood(self, version: str) -> bool:
        """Whether the server, which is of ``version``, makes grammars of schemas. Raises ``EngineError``."""
        if version != self._version:
            self._grammars = {}
            await self._grammar(_SMALL)
            self._version = version
        return bool(self._grammars.get(_SMALL))

    async def followed(self, request: Request) -> Request:
        """``request`` with a grammar in the place of its schema; as it is where there is none, or nobody makes one.

        Raises ``EngineError``: ``REJECTED`` for a schema that is no JSON.
        """
        if not request.json_schema.strip() or request.grammar.strip() or not self._grammars.get(_SMALL):
            return request
        grammar = await self._grammar(request.json_schema)
        return replace(request, grammar=grammar, json_schema="") if grammar else request

    async def _grammar(self, schema: str) -> str:
        """The server's grammar for a schema; empty where it makes none."""
        if schema not in self._grammars:
            answer = await self._link.post(CONVERT, {"schema": read_schema(schema)})
            made = answer.status < 300 and at(answer.json, "success") is not False
            self._grammars[schema] = text_at(answer.json, "result") if made else ""
        return self._grammars[schema]
