"""What a front end hears while a reply is made (``docs/architecture.md`` §4).

The order is: ``TurnStarted``, ``PromptBuilt``, any of the progress events, then text, then one of ``TurnSaved`` and
``TurnFailed``. ``Retrying`` may stand anywhere before the first text, and ``PromptBuilt`` come again after it.
``TurnStopped`` stands before ``TurnSaved`` where the reply did not end by itself; it is the last event where the user
stopped a reply before its first word.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError

if TYPE_CHECKING:
    from tavern_tui.engines.base import Event
    from tavern_tui.prompt.plan import PromptPlan


class ReplyKind(Enum):
    """What kind of reply is being made."""

    NORMAL = "normal"
    SWIPE = "swipe"
    CONTINUE = "continue"


class Stopped(Enum):
    """Why a reply ended before the model ended it."""

    BY_USER = "by_user"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A reply by ``name`` is being made; ``user_turn`` is the id of the turn stored just before, if any."""

    kind: ReplyKind
    name: str
    user_turn: str = ""


@dataclass(frozen=True, slots=True)
class PromptBuilt:
    """The prompt stands; ``plan`` explains every part of it."""

    plan: PromptPlan


@dataclass(frozen=True, slots=True)
class EngineWaiting:
    """The engine is busy or loading; ``why`` is a sentence. ``fraction`` from 0 to 1 where a load tells it."""

    why: str
    fraction: float | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """The request brought nothing and is made again after ``delay`` seconds; ``why`` is a sentence.

    As a text it says both.
    """

    delay: float
    why: str

    def __str__(self) -> str:
        """For a front end without keys, on one line."""
        from tavern_tui.domain import engine_messages

        return engine_messages.trying_again(self.why, self.delay).plain


@dataclass(frozen=True, slots=True)
class PrefillProgress:
    """``done`` of ``total`` prompt tokens have been read."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class ReasoningArrived:
    """More of the model's thinking; ``tokens`` of it have come in all."""

    text: str
    tokens: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class TextArrived:
    """The reply as it reads so far, cleaned up; ``added`` is what is new when the text only grew, else empty.

    ``settled`` is the length in characters of the beginning that later text and clean-up will not change; ``tokens``
    have come so far.
    """

    text: str
    added: str
    settled: int
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to be told once."""

    text: str


@dataclass(frozen=True, slots=True)
class TurnStopped:
    """The reply ended before the model ended it."""

    reason: Stopped


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """The reply broke. ``kept_text`` is what had come; it is the interrupted turn ``turn_id``.

    Text without a ``turn_id`` could not be saved now: it is in the journal, and becomes a turn at the next opening.
    """

    error: TavernError
    kept_text: str = ""
    turn_id: str = ""


@dataclass(frozen=True, slots=True)
class TurnSaved:
    """The reply is on disk."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class OnlySaid:
    """What the user said is the turn ``user_turn``, and nobody answers to it."""

    user_turn: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """An event of one of several replies that are made to one prompt; ``reply`` numbers them from 0."""

    reply: int
    event: SessionEvent


SessionEvent = (
    TurnStarted
    | PromptBuilt
    | EngineWaiting
    | Retrying
    | PrefillProgress
    | ReasoningArrived
    | TextArrived
    | Notice
    | TurnStopped
    | TurnFailed
    | TurnSaved
    | OneOf
    | OnlySaid
)


def progress_of(event: Event) -> EngineWaiting | PrefillProgress | Notice | None:
    """What a front end hears of an engine's event that carries no text; ``None`` for the others."""
    from tavern_tui.engines import base

    match event:
        case base.Waiting(why=why):
            return EngineWaiting(why)
        case base.LoadProgress(fraction=fraction):
            return EngineWaiting("Loading the model", fraction)
        case base.PrefillProgress(done=done, total=total):
            return PrefillProgress(done, total)
        case base.Notice(text=text):
            return Notice(text)
        case _:
            return None


def told_what_is_kept(failed: TurnFailed, user_turn: str) -> TurnFailed:
    """With a hint that says first what is safe: the text that came, else the message that was sent.

    Of a model that was asked and wrote nothing, the message is known to have arrived.
    """
    if isinstance(failed.error, EngineError) and failed.error.fault is EngineFault.NOTHING_WRITTEN:
        return failed
    kept = "What came is kept." if failed.turn_id else "Your message is saved." if user_turn else ""
    if kept and not (failed.kept_text and not failed.turn_id):
        failed.error.hint = f"{kept} {failed.error.hint}".rstrip()
    return failed
