"""The table of adapters in the docs says what the adapters say. The embedded engine's row: ``test_contract``."""

from __future__ import annotations

from tests.engines.adapter_table import PAGE, rows_of, server_rows


async def test_the_table_in_the_docs_says_what_every_server_can() -> None:
    told = rows_of(PAGE.read_text(encoding="utf-8"))
    made = await server_rows()
    assert [told.get(line.split("|")[1].strip()) for line in made] == made, "python -m tests.engines.adapter_table"
    assert len(told) == len(made) + 1
