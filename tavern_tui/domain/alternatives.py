"""What a model might have written instead: the likeliest tokens at the place of each token of a reply."""

from __future__ import annotations

from dataclasses import dataclass

MOST_PER_TOKEN = 10
"""Alternatives that are kept at the place of one token, at most."""
MOST_TOKENS = 2048
"""Tokens of one reply whose alternatives are kept, at most: its first ones."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token by its text, with the natural logarithm of its probability before any sampler had changed it."""

    text: str
    logprob: float


@dataclass(frozen=True, slots=True)
class TokenChoice:
    """The token that was drawn at one place of a reply, and the likeliest ones there, likeliest first.

    The drawn token may be among them. A text with ``\N{REPLACEMENT CHARACTER}`` is a part of a character.
    """

    text: str
    logprob: float
    likeliest: tuple[Alternative, ...] = ()
