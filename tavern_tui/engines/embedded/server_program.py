"""The ``llama-server`` program before it serves: what it can compute on, and whether what it is to load is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.loading_messages import no_adapter
from tavern_tui.engines.embedded.protocol import ModelSpec

_LISTING_SECONDS = 20


async def list_devices(program: Path) -> tuple[str, ...]:
    """What ``program`` can compute on, as it lists it; nothing where it does not answer."""
    process = await asyncio.create_subprocess_exec(
        str(program),
        "--list-devices",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_LISTING_SECONDS):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ()
    lines = said.decode("utf-8", "replace").splitlines()
    return tuple(line.strip() for line in lines if line.startswith("  ") and ":" in line)


def check_adapter(spec: ModelSpec) -> None:
    """Raises ``EngineError`` where the LoRA that is asked for is not there."""
    if spec.options.lora and not Path(spec.options.lora).is_file():
        wording = no_adapter(spec.options.lora)
        raise EngineError(wording.title, fault=EngineFault.NO_MODEL, hint=wording.hint)
