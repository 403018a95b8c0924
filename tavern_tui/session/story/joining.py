"""How a passage that answers messages is joined to the text before it. Pure.

Such a model begins an answer, not the next word: it says the last sentence again, begins with dots, or without a blank.
Source: ``docs/spec/kobold-lite.md`` §2.1.
"""

from __future__ import annotations

import re

_LEAST = 11  # characters of a sentence that counts as said again
_WITHIN = 5  # characters of the passage before it
_DOTS = re.compile(r"\A\s*(?:\.\.\.|…)\s*(?=[^\W\d_])")
_SENTENCE = re.compile(r"[^.!?…\n]*[.!?…]*[\"”»'’)]*\s*\Z")


def joined_to(before: str, passage: str) -> str:
    """``passage`` as it stands behind ``before``."""
    passage = _not_again(before, passage)
    if before.strip():
        passage = _DOTS.sub("", passage)
    if not before or not passage:
        return passage
    apart = before[-1].isspace() or passage[0].isspace()
    marked = (not before[-1].isalnum() and before[-1] not in ".!?…,;:\"”»'’)") or not passage[0].isalnum()
    return passage if apart or marked else " " + passage


def _not_again(before: str, passage: str) -> str:
    """``passage`` without the last sentence of ``before`` at its beginning."""
    text = before.rstrip()
    match = _SENTENCE.search(text)
    last = match.group().strip() if match is not None else ""
    if len(last) < _LEAST:
        return passage
    place = passage.find(last, 0, _WITHIN + len(last))
    return passage[place + len(last) :] if place >= 0 else passage
