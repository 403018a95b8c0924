"""A ``llama-server`` loaded with options: fewer GPU layers where the first number fails, a LoRA with its strength."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError
from tavern_tui.domain.memory_fit import ModelShape
from tavern_tui.domain.rope import RopeFacts
from tavern_tui.engines.base import Notice
from tavern_tui.engines.embedded.options import AUTO_LAYERS, LoadOptions, ModelSpec
from tavern_tui.engines.embedded.protocol import Answer
from tavern_tui.engines.embedded.server_worker import ServerWorker

STANDIN = Path(__file__).parent / "llama_server_standin.py"
SHAPE = ModelShape(blocks=(2**20,) * 8, rest=2**20, heads=8, vocabulary=1000, rope=RopeFacts(trained_tokens=512))


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[ServerWorker]:
    """A worker that starts the stand-in, whose card has 23,000 MiB free."""
    program = tmp_path / "llama-server"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{STANDIN}" "$@"\n')
    program.chmod(0o755)
    worker = ServerWorker(program)
    yield worker
    await worker.close()


def model(folder: Path, text: bytes = b"GGUF") -> Path:
    """What the stand-in takes for a model; ``room for N`` lets it load with so many GPU layers at most."""
    path = folder / "Mira-7B.gguf"
    path.write_bytes(text)
    return path


def noted(path: Path, what: str) -> list[object]:
    """What the stand-in noted of one kind."""
    notes = [json.loads(line) for line in Path(f"{path}.seen").read_text().splitlines()]
    return [note[what] for note in notes if what in note]


async def test_a_server_that_finds_no_room_is_started_once_more_with_fewer_layers(
    worker: ServerWorker, tmp_path: Path
) -> None:
    heard: list[Answer] = []
    path = model(tmp_path, b"room for 6")
    facts = await worker.load(ModelSpec(str(path), 2048, 1, AUTO_LAYERS, shape=SHAPE), heard.append)
    assert (facts.gpu_layers, facts.layers) == (6, 9)
    [arguments] = noted(path, "arguments")
    assert isinstance(arguments, list)
    assert arguments[arguments.index("-ngl") + 1] == "6"
    assert facts.notes == ("6 of 9 layers are on the GPU: more have no room in its memory.",)
    assert Notice(facts.notes[0]) in heard


async def test_a_lora_and_its_strength_and_a_longer_context_are_told(worker: ServerWorker, tmp_path: Path) -> None:
    lora = tmp_path / "lora.gguf"
    lora.touch()
    heard: list[Answer] = []
    path = model(tmp_path)
    options = LoadOptions(lora=str(lora), lora_strength=0.5)
    facts = await worker.load(ModelSpec(str(path), 4096, 1, 0, options, SHAPE), heard.append)
    assert noted(path, "adapters") == [[{"id": 0, "scale": 0.5}]]
    assert facts.options == options
    [notice] = [event for event in heard if isinstance(event, Notice)]
    assert "RoPE base is raised" in notice.text


async def test_a_lora_that_is_not_there_is_told_before_a_server_is_started(
    worker: ServerWorker, tmp_path: Path
) -> None:
    path = model(tmp_path)
    with pytest.raises(EngineError, match="no LoRA at"):
        await worker.load(ModelSpec(str(path), options=LoadOptions(lora="/gone.gguf")), lambda _event: None)
    assert not Path(f"{path}.seen").exists()
