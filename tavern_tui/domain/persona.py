"""The persona: who the user is in a story."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Persona:
    """``name`` is what ``{{user}}`` becomes; ``description`` is prompt text and may hold macros."""

    name: str = "Alex"
    description: str = ""
