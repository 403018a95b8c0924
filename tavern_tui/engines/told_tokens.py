"""``ToldTokens``: alternatives that a server tells token by token, given to the pieces of text that are handed out.

The scan for stop strings hands out text later, and cut otherwise, than it came; a piece with alternatives is whole
tokens here, so what of a token is not yet free waits for the rest of it. Pure.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from tavern_tui.domain.alternatives import Alternative, TokenChoice
from tavern_tui.engines.base import TextArrived
from tavern_tui.engines.json_shape import at, float_at, list_at, text_at


class ToldTokens:
    """Feed it what came with a chunk, then what is free to be shown."""

    def __init__(self) -> None:
        self._choices: deque[TokenChoice | str] = deque()
        self._free = ""

    def came(self, text: str, choices: tuple[TokenChoice, ...]) -> None:
        """A chunk's whole text, and the choices of its tokens; those that do not make up the text are left out."""
        if not text:
            return
        if choices and "".join(choice.text for choice in choices) == text:
            self._choices.extend(choices)
        else:
            self._choices.append(text)

    def pieces(self, shown: str, *, over: bool = False) -> Iterable[TextArrived]:
        """The pieces that text which is free now completes; ``over``: no more follows, so that none waits."""
        self._free += shown
        text = ""
        told: list[TokenChoice] = []
        while self._choices:
            first = self._choices[0]
            whole = first if isinstance(first, str) else first.text
            if not self._free.startswith(whole):
                break
            self._choices.popleft()
            self._free = self._free.removeprefix(whole)
            if isinstance(first, str):
                # Nothing is known of this stretch: what follows it is a piece of its own.
                if text:
                    yield TextArrived(text, alternatives=tuple(told))
                yield TextArrived(whole)
                text, told = "", []
            else:
                text, told = text + whole, [*told, first]
        if text:
            yield TextArrived(text, alternatives=tuple(told))
        if over and self._free:
            rest, self._free = self._free, ""
            yield TextArrived(rest)


def read_choices(items: Iterable[object], most: int) -> tuple[TokenChoice, ...]:
    """Choices as OpenAI's chat API and llama-server tell them: ``token``, ``logprob``, ``top_logprobs``.

    Builds of llama-server before 2025 have ``content`` and ``probs`` with ``tok_str`` and ``prob``.
    """
    found = []
    for item in items:
        likeliest = tuple(_likeliest(item))[:most]
        text = text_at(item, "token") or text_at(item, "content")
        own = float_at(item, "logprob")
        if own is None:
            own = next((one.logprob for one in likeliest if one.text == text), None)
        if own is None:
            return ()
        found.append(TokenChoice(text, own, likeliest))
    return tuple(found)


def read_text_choices(logprobs: object, most: int) -> tuple[TokenChoice, ...]:
    """Choices as OpenAI's text completion tells them: lists of tokens, their numbers, and tables of likely ones."""
    tokens, numbers, tops = (list_at(logprobs, name) for name in ("tokens", "token_logprobs", "top_logprobs"))
    found = []
    for place, token in enumerate(tokens):
        own = float_at(numbers, place)
        if not isinstance(token, str) or own is None:
            return ()
        table = at(tops, place)
        likely = table.items() if isinstance(table, dict) else ()
        ranked = [Alternative(str(text), number) for text, value in likely if (number := float_at(value)) is not None]
        ranked.sort(key=lambda one: -one.logprob)
        found.append(TokenChoice(token, own, tuple(ranked[:most])))
    return tuple(found)


def _likeliest(item: object) -> Iterable[Alternative]:
    for one in list_at(item, "top_logprobs"):
        logprob = float_at(one, "logprob")
        if logprob is not None:
            yield Alternative(text_at(one, "token"), logprob)
    for one in list_at(item, "probs"):
        probability = float_at(one, "prob")
        if probability:
            yield Alternative(text_at(one, "tok_str"), math.log(probability))
