"""``Wording``: the shape of a fixed message. The messages themselves are in ``messages``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """One message. ``title``: what happened, to what. ``safe``: what is kept. ``advice``: what helps everywhere.

    ``keys``: what the keys do next, in the app. ``title``, ``safe`` and ``advice`` are whole sentences.
    """

    title: str
    safe: str = ""
    advice: str = ""
    keys: str = ""

    @property
    def hint(self) -> str:
        """What a ``TavernError`` carries beside the title: what is safe and what helps, without keys."""
        return " ".join(part for part in (self.safe, self.advice) if part)

    @property
    def plain(self) -> str:
        """The message for a front end without keys, on one line."""
        return " ".join(part for part in (self.title, self.hint) if part)

    def __str__(self) -> str:
        """The message with its keys, on one line."""
        return " ".join(part for part in (self.title, self.safe, self.advice, self.keys) if part)
