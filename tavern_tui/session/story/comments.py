"""A story's turns without the comments in its text (``domain.comments``), as models read them. Pure.

A comment may reach over several turns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.comments import unsent


def without_comments(turns: Sequence[Turn]) -> list[Turn]:
    """``turns``, newest first, without comments. One whose text is as it was stays the same, tokens and all."""
    shown = [turn for turn in reversed(turns) if not turn.hidden]
    spans = list(unsent("".join(turn.text for turn in shown)))
    if not spans:
        return list(turns)
    texts = dict(zip((turn.id for turn in shown), _cut(shown, spans), strict=True))
    return [_as(turn, texts.get(turn.id, turn.text)) for turn in turns]


def _cut(turns: Sequence[Turn], spans: Sequence[tuple[int, int]]) -> Iterator[str]:
    """The text of each turn, oldest first, without the parts that lie in ``spans`` of all of them."""
    at, number = 0, 0
    for turn in turns:
        end, done, kept = at + len(turn.text), 0, []
        while number < len(spans) and spans[number][0] < end:
            start, stop = spans[number]
            kept.append(turn.text[done : max(done, start - at)])
            done = min(stop, end) - at
            if stop > end:
                break  # it goes on in the next turn
            number += 1
        yield "".join([*kept, turn.text[done:]])
        at = end


def _as(turn: Turn, text: str) -> Turn:
    return turn if text == turn.text else replace(turn, text=text, raw=None, tokens=None)
