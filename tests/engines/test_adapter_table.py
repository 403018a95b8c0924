"""The tables of adapters in the docs say what the adapters say and do. Real engines' rows: ``test_contract``."""

from __future__ import annotations

from tests.engines.adapter_table import BEHAVIOUR, PAGE, rows_of, server_rows
from tests.engines.behaviour_table import behaviour_rows


async def test_the_table_in_the_docs_says_what_every_server_can() -> None:
    told = rows_of(PAGE.read_text(encoding="utf-8"))
    made = await server_rows()
    assert [told.get(line.split("|")[1].strip()) for line in made] == made, "python -m tests.engines.adapter_table"
    assert len(told) == len(made) + 1


async def test_the_table_in_the_docs_says_what_adapters_do() -> None:
    told = rows_of(PAGE.read_text(encoding="utf-8"), BEHAVIOUR)
    assert list(told.values()) == await behaviour_rows(), "python -m tests.engines.adapter_table"
