"""``tavern-tui doctor --record``: a file to attach, and what is said about it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.cli.conftest import Tavern
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.standin import free_port


async def test_a_server_is_recorded_into_the_file_that_was_named(tavern: Tavern, tmp_path: Path) -> None:
    path = tmp_path / "k.json"
    async with KoboldStandin() as server:
        ran = await asyncio.to_thread(tavern, "doctor", "--record", server.base, "--out", str(path))
    assert ran.code == 0
    count = len(json.loads(path.read_text())["exchanges"])
    assert ran.out.decode().startswith(f"{count} answers are in {path}.")
    assert b"kobold stream" in ran.err


def test_nobody_there_is_said_like_everywhere(tavern: Tavern, tmp_path: Path) -> None:
    port = free_port()
    ran = tavern("doctor", "--record", f"127.0.0.1:{port}", "--out", str(tmp_path / "k.json"))
    assert ran.code == 4
    assert f"127.0.0.1:{port} does not answer" in ran.err.decode()
    assert not (tmp_path / "k.json").exists()
