"""Pieces of a turn: a running text is read from wherever there is room for it, whatever turns it was written in.

A long turn of such a text is several items, cut after a line or a sentence. Where it is cut depends on nothing but the
text before, so that a piece stays what it is, and a cut of the history where it is, while the text grows at its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tavern_tui.domain.chat import PIECE
from tavern_tui.prompt.inputs import PromptInput
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.sentences import sentence_ends

_WHOLE = 4  # a turn stays whole up to this part of a prompt, its text counted in characters unless its tokens are known
_PIECES = 16  # a piece has about this part of a prompt's tokens in characters: less, in tokens, in every script
_MOST_CHARACTERS = 2_000


def pieces(item: Item, given: PromptInput) -> Iterator[Item]:
    """A turn as the items that a prompt takes or leaves, newest first; the oldest has the turn's id.

    The others' ids are made of it and of where in it they begin; ``domain.chat.turn_of`` tells the turn.
    """
    prose = given.prose
    limit = max(0, given.context_tokens - given.response_tokens)
    size = len(item.text) if item.token_ids is None else len(item.token_ids)
    if prose is None or not prose.open or prose.joint or size <= limit // _WHOLE:
        yield item
        return
    window = max(1, min(limit // _PIECES, _MOST_CHARACTERS))
    end = len(item.text)
    for number in range((end - 1) // window, -1, -1):
        start = _border(item.text, number, window)
        if start < end:
            turn_id = f"{item.turn_id}{PIECE}{start}" if start else item.turn_id
            yield replace(item, text=item.text[start:end], turn_id=turn_id, token_ids=None)
            end = start


def _border(text: str, number: int, window: int) -> int:
    """Where the piece of that number begins: behind the last line or sentence that ends in the window before it."""
    if number == 0:
        return 0
    start, end = (number - 1) * window, number * window
    part = text[start:end]
    line = part.rfind("\n") + 1
    *_, sentence = (0, *(at for at in sentence_ends(part) if at < len(part)))
    return start + (max(line, sentence) or window)
