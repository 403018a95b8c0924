"""What can be done about a fault: the keys that a problem's block in the log offers.

The keys hold while the block has the selection and the composer is empty; every other key types. The actions are
those of the registry. Source: ``docs/ux.md`` §14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tavern_tui.domain.errors import CardTooLongError, EngineError, EngineFault, TavernError
from tavern_tui.ui.chat.mirror import Mirror

NARROW = 60
"""Cells of the log below which a block's keys follow its text, so that a short message stays within three lines."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One way on: the key, the words beside it, and the registry's id of what it does."""

    key: str
    words: str
    action: str


AGAIN = Offer("enter", "tries again", "reply.speak")
ANOTHER = Offer("r", "tries again", "reply.regenerate")
ONCE_MORE = Offer("r", "again", "reply.regenerate")
ANOTHER_REPLY = Offer("r", "another reply", "reply.regenerate")
TEMPLATE = Offer("p", "other template", "app.templates")
SHORTEN = Offer("t", "shows what to shorten", "app.character")
OTHER_MODEL = Offer("m", "chooses another model", "writer.model")
GO_ON = Offer("c", "continues", "reply.continue")
EDIT = Offer("e", "edits", "turn.edit")
KEEP = Offer("k", "keeps it", "reply.keep")
WITHOUT_THINKING = Offer("n", "answers without thinking", "reply.answer")
OTHER_ENGINE = Offer("c", "other engine", "app.connect")
NEW_KEY = Offer("k", "enters a new key", "writer.key")
SEND_KEY = Offer("y", "sends it all the same", "writer.send_key")
TAKE_OVER = Offer("l", "loads it here", "writer.take_over")
KEEP_TEMPLATE = Offer("k", "keeps that template", "writer.keep_template")
OTHER_CHAT = Offer("enter", "lists the characters", "app.characters")
A_COPY = Offer("c", "opens a copy to write in", "chat.copy")

_ENGINE_AT_FAULT = frozenset(
    {
        EngineFault.UNREACHABLE,
        EngineFault.NOT_AN_API,
        EngineFault.KEY_REFUSED,
        EngineFault.NO_MODEL,
        EngineFault.RATE_LIMITED,
        EngineFault.CRASHED,
        EngineFault.UNAVAILABLE,
        EngineFault.LOADING,
        EngineFault.BUSY,
        EngineFault.KEY_IN_CLEAR,
        EngineFault.IN_USE,
    }
)
_MODEL_AT_FAULT = {
    EngineFault.ONLY_THOUGHT: (GO_ON, WITHOUT_THINKING),
    EngineFault.NOTHING_WRITTEN: (ONCE_MORE, TEMPLATE, EDIT),
    EngineFault.NOTHING_ADDED: (ANOTHER_REPLY, EDIT),
}
_ANSWERS = {
    EngineFault.KEY_REFUSED: NEW_KEY,
    EngineFault.KEY_IN_CLEAR: SEND_KEY,
    EngineFault.IN_USE: TAKE_OVER,
    EngineFault.NO_MODEL: OTHER_MODEL,
}


def engine_offers(error: TavernError) -> tuple[Offer, ...]:
    """The ways on where an engine cannot be used: the answer to what it asks comes first."""
    about = _ANSWERS.get(error.fault) if isinstance(error, EngineError) else None
    return (OTHER_ENGINE,) if about is None else (about, OTHER_ENGINE)


def offers_for(error: TavernError, *, kept: bool) -> tuple[Offer, ...]:
    """The ways on after ``error``; ``kept``: part of the reply is there as a turn."""
    if kept:
        return (GO_ON, ANOTHER, EDIT, KEEP)
    if isinstance(error, CardTooLongError):
        return (SHORTEN, EDIT)
    if isinstance(error, EngineError) and error.fault in _MODEL_AT_FAULT:
        return _MODEL_AT_FAULT[error.fault]
    if isinstance(error, EngineError) and error.fault in _ENGINE_AT_FAULT:
        return (AGAIN, *engine_offers(error), EDIT)
    return (AGAIN, EDIT)


def problem_text(error: TavernError, offers: Sequence[Offer], more: str = "", *, narrow: bool = False) -> str:
    """The block: what happened, what is safe, ``more`` of it, and the keys: on their own line unless ``narrow``."""
    keys = " · ".join(f"{offer.key.title() if len(offer.key) > 1 else offer.key} {offer.words}" for offer in offers)
    return (" " if narrow else "\n").join(part for part in (f"{error}{more}", keys) if part)


class Problems:
    """The block at the end of the log, if there is one."""

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._offers: tuple[Offer, ...] = ()
        self.shown: TavernError | None = None

    def show(self, error: TavernError, offers: tuple[Offer, ...], more: str = "") -> None:
        """Show ``error`` with the keys that it offers, in the place of an earlier one."""
        self.clear()
        self.shown, self._offers = error, offers
        narrow = 0 < self._mirror.log.size.width < NARROW  # 0: not laid out yet
        self._mirror.note(problem_text(error, offers, more, narrow=narrow), problem=True)

    def offer(self, text: str, offers: tuple[Offer, ...]) -> None:
        """Show ``text``, which is no problem and names the keys that it offers, until the chat goes on."""
        self.clear()
        self._offers = offers
        self._mirror.note(text, problem=True, calm=True)

    def clear(self) -> None:
        """Show none any more: the chat goes on."""
        self.shown, self._offers = None, ()
        self._mirror.forget_problems()

    def action_for(self, key: str) -> str:
        """The action that is offered for ``key``, "" for none."""
        return next((offer.action for offer in self._offers if offer.key == key), "")
