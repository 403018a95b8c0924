"""What the host asks of whatever computes: the contract of ``llama.LlamaWorker`` and ``server_worker.ServerWorker``.

The host calls one thing at a time but for ``count``, ``tokenize`` and ``abort``, which may come at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Finished
from tavern_tui.engines.embedded.protocol import Answer, Generate, ModelFacts, ModelSpec, Tuned

DEFAULT_CONTEXT = 8192
GPU_CONTEXT = 16_384
"""Tokens of context where the caller names none (less where the model was trained for less)."""

Emit = Callable[[Answer], None]
"""Takes events of the call in progress; called on the event loop, never blocks."""


class Worker(Protocol):
    """One loaded model at most. Methods raise ``EngineError`` where they cannot do what was asked."""

    name: str

    async def load(self, spec: ModelSpec, emit: Emit) -> ModelFacts:
        """Load a model in place of what is loaded, with ``LoadProgress``; ``abort`` ends it with ``EngineError``."""
        ...

    async def unload(self) -> None:
        """Free the model's memory; does nothing when nothing is loaded."""
        ...

    async def count(self, texts: Sequence[str]) -> tuple[int, ...]:
        """Tokens of each text, special tokens parsed, nothing added."""
        ...

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """Token ids of a text, special tokens parsed, nothing added."""
        ...

    async def generate(self, work: Generate, emit: Emit) -> Finished:
        """Write one reply, or as many as are asked for: events through ``emit``, the last one returned."""
        ...

    def end_reply(self, reply: int) -> None:
        """End one of the several replies in progress as soon as can be; the others go on."""
        ...

    async def keep(self) -> None:
        """Put what was read for the present chat where it outlives this process, if there is such a place."""
        ...

    async def tune(self, seconds: float, emit: Emit) -> Tuned:
        """Measure numbers of threads, and use the best from now on."""
        ...

    def abort(self) -> None:
        """End the load, reply or measurement in progress as soon as can be; it then returns or raises."""
        ...

    def devices(self) -> tuple[str, ...]:
        """What can compute here, in words."""
        ...

    async def close(self) -> None:
        """Free everything; the worker is not used again."""
        ...


def model_file(spec: ModelSpec) -> Path:
    """The model's file. Raises ``EngineError`` (``NO_MODEL``) when it is not there."""
    path = Path(spec.path)
    if not path.is_file():
        raise EngineError(
            f"There is no model at {path}.",
            fault=EngineFault.NO_MODEL,
            where=str(path),
            hint="`tavern-tui models` lists what is there.",
        )
    return path


def usual_contexts(trained: int, *, all_on_gpu: bool) -> list[int]:
    """The contexts to try, in tokens, for a model that is to have the usual one: the first that there is memory for.

    ``trained`` is what the model was trained for. Source: ``docs/ux.md`` §4.
    """
    usual = (GPU_CONTEXT, DEFAULT_CONTEXT) if all_on_gpu else (DEFAULT_CONTEXT,)
    return list(dict.fromkeys(min(trained, context) for context in usual))
