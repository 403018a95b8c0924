"""How a passage is joined to the text before it and behind it. Pure.

A model that answers messages begins an answer, not the next word: it says the last sentence again, begins with dots, or
without a blank (``docs/spec/kobold-lite.md`` §2.1). A passage in the middle often ends with its sentence, and no blank.
"""

from __future__ import annotations

import re

_LEAST = 11  # characters of a sentence that counts as said again
_WITHIN = 5  # characters of the passage before it
_DOTS = re.compile(r"\A\s*(?:\.\.\.|…)\s*(?=[^\W\d_])")
_ENDED = ".!?…\"”»'’)"
_BEGINS = "\"“„«'‘(—"
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


def followed_by(passage: str, before: str, after: str) -> str:
    """``passage`` as it stands before ``after``: whole sentences apart from it, on lines of their own if they began so.

    One that ends, or began, in the middle of a sentence goes on in ``after`` and stays as it is.
    """
    whole = passage[-1:] in _ENDED and not before[-1:].isalnum()
    if not (passage and whole and after and (after[0].isalnum() or after[0] in _BEGINS)):
        return passage
    return passage + (before[len(before.rstrip("\n")) :] or " ")


def _not_again(before: str, passage: str) -> str:
    """``passage`` without the last sentence of ``before`` at its beginning."""
    text = before.rstrip()
    match = _SENTENCE.search(text)
    last = match.group().strip() if match is not None else ""
    if len(last) < _LEAST:
        return passage
    place = passage.find(last, 0, _WITHIN + len(last))
    return passage[place + len(last) :] if place >= 0 else passage
