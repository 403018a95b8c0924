"""Comments in a story: what stands between ``[[`` and ``]]`` is seen by whoever writes, and never sent.

One that is not closed is text: half a story should not vanish by a slip.
"""

from __future__ import annotations

from collections.abc import Iterator


def comments(text: str) -> Iterator[tuple[int, int]]:
    """Where each comment starts and ends."""
    start = text.find("[[")
    while start >= 0:
        end = text.find("]]", start + 2)
        if end < 0:
            return
        yield start, end + 2
        start = text.find("[[", end + 2)


def unsent(text: str) -> Iterator[tuple[int, int]]:
    """What is left out where comments are: they, and the end of a line that was only a comment."""
    for start, end in comments(text):
        alone = text[start - 1 : start] in ("", "\n") and text[end : end + 1] == "\n"
        yield start, end + 1 if alone else end


def stripped(text: str) -> str:
    """``text`` without its comments."""
    parts, at = [], 0
    for start, end in unsent(text):
        parts.append(text[at:start])
        at = end
    return "".join([*parts, text[at:]])


def sent(text: str, start: int, end: int) -> str:
    """The characters of ``text`` from ``start`` to ``end`` without what is in its comments."""
    parts, at = [], start
    for first, last in unsent(text):
        if first >= end:
            break
        if last > start:
            parts.append(text[at : max(at, first)])
            at = min(last, end)
    return "".join([*parts, text[at:end]])
