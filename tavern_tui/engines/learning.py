"""What an adapter learns of a model by being refused, kept beyond its own life: ``Memory`` is somebody who keeps it."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


class Memory(Protocol):
    """Keeps one text for each model of each server. Neither method raises: what is lost is only learned again."""

    async def recall(self, server: str, model: str) -> str:
        """What was kept; empty where nothing was."""
        ...

    async def keep(self, server: str, model: str, learned: str) -> None:
        """Keep ``learned`` from now on, in the place of what was kept before."""
        ...


@runtime_checkable
class LearnsLimits(Protocol):
    """An engine that finds out by refusals what a model does not take."""

    def remember_in(self, memory: Memory) -> None:
        """Use what ``memory`` has of the model from the next request on, and keep there what is learned."""
        ...
