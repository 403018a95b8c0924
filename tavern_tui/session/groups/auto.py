"""``AutoRound``: members talk among themselves for a while: so many replies one after another, with a visible end.

It lives in the program alone: after a restart nothing goes on by itself. Source: ``docs/ux.md`` §20.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from itertools import islice
from typing import Final

from tavern_tui.domain.events import Speaker
from tavern_tui.session import events as out
from tavern_tui.session.session import ChatSession

MOST: Final = 8
"""Replies of one round at most, unless fewer are asked for."""

_LOOKED_BACK = 12  # turns in which a reply counts as a repeated one


class AutoRound:
    """Up to ``limit`` replies in ``session``. ``run`` once; ``stop`` from anywhere: the running reply is the last.

    ``done`` replies are saved.
    """

    def __init__(self, session: ChatSession, limit: int = MOST) -> None:
        self._session = session
        self.limit = max(1, min(limit, MOST))
        self.done = 0
        self._why = ""

    def over(self) -> bool:
        """Whether no reply follows the one that is being written."""
        return bool(self._why)

    def stop(self, why: str) -> None:
        """Let the reply that is being written be the last; ``why``, in words, unless it was stopped before."""
        self._why = self._why or why

    async def run(self) -> AsyncGenerator[out.SessionEvent, None]:
        """The events of all replies, and a notice of why it is over.

        It ends at its limit, when stopped, at a reply that broke or was empty, and at one that repeats an earlier one.
        """
        while not self.over():
            said = False
            async with aclosing(self._session.reply()) as events:
                async for event in events:
                    said = self._heard(event) or said
                    yield event
                    if self.over() and isinstance(event, out.TurnSaved):
                        break
            if not said:
                self.stop("nobody answered")
        yield out.Notice(f"Auto is over after {self.done} {'reply' if self.done == 1 else 'replies'}: {self._why}.")

    def _heard(self, event: out.SessionEvent) -> bool:
        """Whether that was a reply."""
        match event:
            case out.TurnStopped(reason=out.Stopped.BY_USER):
                self.stop("you stopped it")
            case out.TurnFailed():
                self.stop("a reply came to nothing")
            case out.TurnSaved(turn=turn):
                self.done += 1
                before = islice(self._session.tree.walk_back(turn.parent), _LOOKED_BACK)
                told = (one.text for one in before if one.speaker is not Speaker.USER)
                if any(_alike(text) == _alike(turn.text) for text in told):
                    self.stop(f"{turn.name} repeats an earlier turn")
                if self.done >= self.limit:
                    self.stop(f"that was {self.limit}")
                return True
            case _:
                pass
        return False


def _alike(text: str) -> str:
    """``text`` as far as it counts for whether two are the same."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())
