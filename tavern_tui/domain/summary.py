"""Summaries of a chat as a prompt takes them: what is told of turns that are no longer read.

The versions that a chat keeps, and which of them are in force, are ``session.summaries.versions``'; where they stand in
a prompt is ``prompt.standing_summaries``'.
"""

from __future__ import annotations

from dataclasses import dataclass

KEY = "summary "
"""What the keys of summaries begin with, in a chat's properties and among the texts put into its history."""


@dataclass(frozen=True, slots=True)
class StorySummary:
    """One summary. ``key`` names its version, ``first`` is the id of the first turn that it covers.

    ``source`` says which turns it tells of, in words.
    """

    key: str
    text: str
    source: str
    first: str


@dataclass(frozen=True, slots=True)
class Summaries:
    """The summaries of a chat, the oldest turns' first: those that are read ``now``, and from the next cut on."""

    now: tuple[StorySummary, ...] = ()
    from_cut: tuple[StorySummary, ...] = ()


NONE = Summaries()
