"""The tables of adapters in ``docs/engines.md``: what each says it can do, and what it was seen to do.

``python -m tests.engines.adapter_table`` in the repository's root writes them anew; the embedded engine's row needs the
starter model. Servers are the stand-ins of the tests, in the shapes that the servers' documentation has.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tavern_tui.engines.base import Capabilities, EngineInfo
from tavern_tui.engines.detect import detect
from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.sampling_fit import ALL_SAMPLERS
from tests.engines.behaviour_table import COLUMNS as BEHAVIOUR_COLUMNS
from tests.engines.behaviour_table import behaviour_rows
from tests.engines.embedded.running import end_host, place_in, settings_for
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.llama_standin import LlamaStandin
from tests.engines.server_answers import SERVERS
from tests.engines.standin import Standin

PAGE = Path(__file__).resolve().parents[2] / "docs" / "engines.md"
BEGIN, END = "<!-- {}: made by python -m tests.engines.adapter_table -->", "<!-- {}: end -->"
ABILITIES, BEHAVIOUR = "adapters", "behaviour"
_DRY, _XTC = "dry_multiplier", "xtc_probability"


def _yes(found: object) -> str:
    return "yes" if found else ""


COLUMNS: Mapping[str, Callable[[Capabilities], str]] = {
    "text": lambda can: _yes(can.text_completion),
    "chat": lambda can: _yes(can.chat_completion),
    "counts": lambda can: "exact" if can.exact_count else "estimated",
    "samplers": lambda can: f"{len(can.samplers & ALL_SAMPLERS)} of {len(ALL_SAMPLERS)}",
    "DRY": lambda can: _yes(_DRY in can.samplers),
    "XTC": lambda can: _yes(_XTC in can.samplers),
    "order": lambda can: _yes("order" in can.samplers),
    "seed": lambda can: _yes(can.seed),
    "grammar": lambda can: _yes(can.grammar),
    "schema": lambda can: _yes(can.json_schema),
    "bias": lambda can: _yes(can.logit_bias),
    "banned": lambda can: _yes(can.banned),
    "alternatives": lambda can: str(can.alternatives or ""),
    "replies at once": lambda can: _yes(can.parallel > 1),
    "recovers": lambda can: _yes(can.recovers),
}
"""What the table tells of an engine, by its head."""


def row(info: EngineInfo) -> str:
    """An engine's line."""
    return "| " + " | ".join((info.engine, *(tell(info.capabilities) for tell in COLUMNS.values()))) + " |"


def rows_of(page: str, name: str = ABILITIES) -> dict[str, str]:
    """The lines of the table of that name in a page, by engine."""
    table = page.partition(BEGIN.format(name))[2].partition(END.format(name))[0].strip().splitlines()[2:]
    return {line.split("|")[1].strip(): line for line in table}


@asynccontextmanager
async def servers() -> AsyncIterator[dict[str, str]]:
    """An address for every kind of server."""
    kinds: dict[str, Standin] = {"KoboldCpp": KoboldStandin(version="1.102"), "llama-server": LlamaStandin()}
    for name, routes in SERVERS.values():
        kinds.setdefault(name, Standin(routes))
    for server in kinds.values():
        await server.__aenter__()
    try:
        yield {name: server.base for name, server in kinds.items()}
    finally:
        for server in kinds.values():
            await server.__aexit__()


async def told_by(address: str) -> EngineInfo:
    """What the adapter for an address says."""
    engine = await detect(address)
    try:
        return await engine.connect()
    finally:
        await engine.close()


async def server_rows() -> list[str]:
    """A line for every kind of server."""
    async with servers() as found:
        return [row(await told_by(found[name])) for name in sorted(found, key=str.casefold)]


async def embedded_row(model: Path, folder: Path) -> str:
    """The embedded engine's line."""
    place = place_in(folder)
    engine = EmbeddedEngine(place, settings_for(model, context=1024))
    try:
        return row(await engine.connect())
    finally:
        await engine.close()
        await end_host(place)


def with_table(page: str, name: str, columns: Iterable[str], rows: Iterable[str]) -> str:
    """The page with that table in its place."""
    heads = ("engine", *columns)
    lines = ["| " + " | ".join(heads) + " |", "| " + " | ".join("---" for _ in heads) + " |", *rows]
    before, begin, rest = page.partition(BEGIN.format(name))
    _, end, after = rest.partition(END.format(name))
    return f"{before}{begin}\n\n" + "\n".join(lines) + f"\n\n{end}{after}"


async def _write() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [await embedded_row(Path(os.environ["TAVERN_TEST_MODEL"]), Path(folder)), *await server_rows()]
    page = with_table(PAGE.read_text(encoding="utf-8"), ABILITIES, COLUMNS, rows)
    page = with_table(page, BEHAVIOUR, BEHAVIOUR_COLUMNS, await behaviour_rows())
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(asyncio.run(_write()))
