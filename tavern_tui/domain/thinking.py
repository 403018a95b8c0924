"""``Thinking``: whether a model that thinks before it answers is to do so, and how much."""

from __future__ import annotations

from enum import Enum

LOW_PART = 4
"""A low budget is one part in so many of the whole one."""


class Thinking(Enum):
    """``LOW``: less, by the family's own word where it has one, and with a smaller budget everywhere."""

    ON = "on"
    LOW = "low"
    OFF = "off"

    @property
    def wanted(self) -> bool:
        """Whether there is to be any."""
        return self is not Thinking.OFF

    def budget(self, tokens: int) -> int:
        """How many of ``tokens`` may be thought: all, a part, none."""
        return {Thinking.ON: tokens, Thinking.LOW: -(-tokens // LOW_PART), Thinking.OFF: 0}[self]
