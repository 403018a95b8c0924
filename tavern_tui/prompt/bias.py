"""``{{bias "text"}}``: how a turn of the user or the narrator says what the next reply begins with.

It stays in the turn as it was written and is taken out of it here, so that a swipe of the reply begins with it, too,
until the user writes again. A turn that says nothing else is no turn for the model.
Source: SillyTavern 1.12.6, ``public/script.js`` (``extractMessageBias``, ``getBiasStrings``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker

MOST_TURNS = 50
"""Turns that are looked through for the newest one of the user."""

_BIAS = re.compile(r"\{\{\s*bias\s+(?:\"([^\"]*)\"|'([^']*)')\s*\}\}")


def bias_in(text: str) -> str:
    """What ``text`` says a reply begins with, a blank before it; empty where it says nothing of it."""
    if "bias" not in text:
        return ""
    found = [match[1] or match[2] or "" for match in _BIAS.finditer(text)]
    return " " + " ".join(found) if found else ""


def without_bias(text: str) -> str:
    """``text`` as the model reads it: where it holds a bias, without that and every other macro left in it."""
    return _without_macros(text).strip() if bias_in(text) else text


def newest_bias(turns: Iterable[Turn]) -> str:
    """The bias of the newest turn that is the user's, the narrator's or hidden; ``turns`` come newest first."""
    for turn in islice(turns, MOST_TURNS):
        if turn.hidden or turn.speaker is not Speaker.CHARACTER:
            return bias_in(turn.text)
    return ""


def _without_macros(text: str) -> str:
    pieces: list[str] = []
    done = 0
    while (start := text.find("{{", done)) >= 0 and (end := text.find("}}", start)) >= 0:
        pieces.append(text[done:start])
        done = end + 2
    return "".join((*pieces, text[done:]))
