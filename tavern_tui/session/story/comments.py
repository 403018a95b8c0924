"""Comments in a story: what stands between ``[[`` and ``]]`` is seen by whoever writes, and never sent. Pure.

A comment may reach over several turns. One that is not closed is text: half a story should not vanish by a slip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tavern_tui.domain.chat import Turn

_COMMENT = re.compile(r"\[\[.*?\]\]", re.DOTALL)


def comments(text: str) -> Iterator[tuple[int, int]]:
    """Where each comment starts and ends."""
    return (match.span() for match in _COMMENT.finditer(text))


def stripped(text: str) -> str:
    """``text`` without its comments; a line that was only a comment goes with it."""
    if "[[" not in text:
        return text
    parts, at = [], 0
    for start, end in comments(text):
        alone = text[start - 1 : start] in ("", "\n") and text[end : end + 1] == "\n"
        parts.append(text[at:start])
        at = end + 1 if alone else end
    return "".join([*parts, text[at:]])


def without_comments(turns: Sequence[Turn]) -> list[Turn]:
    """``turns``, newest first, without comments. One whose text is as it was stays the same, tokens and all."""
    if not any("[[" in turn.text for turn in turns):
        return list(turns)
    shown = [turn for turn in reversed(turns) if not turn.hidden]
    spans = list(comments("".join(turn.text for turn in shown)))
    texts = dict(zip((turn.id for turn in shown), _cut(shown, spans), strict=True))
    return [_as(turn, texts.get(turn.id, turn.text)) for turn in turns]


def _cut(turns: Sequence[Turn], spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """The text of each turn, oldest first, without the parts that lie in ``spans`` of all of them."""
    at, last = 0, "\n"
    for turn in turns:
        end = at + len(turn.text)
        inside = [(max(start, at) - at, min(stop, end) - at) for start, stop in spans if start < end and stop > at]
        text, done = "", 0
        for start, stop in inside:
            text += turn.text[done:start]
            alone = (text or last).endswith("\n") and turn.text[stop : stop + 1] == "\n"
            done = stop + 1 if alone else stop
        text += turn.text[done:]
        yield text
        at, last = end, text or last


def _as(turn: Turn, text: str) -> Turn:
    return turn if text == turn.text else replace(turn, text=text, raw=None, tokens=None)
