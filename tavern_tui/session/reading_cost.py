"""``ReadingCost``: what of a planned prompt the engine will read, what it has read already, and what came between.

It is worked out from what is kept of the chat's last prompt (``prompt_records``) and the reply that came of it, as
``engines.embedded.kv`` would find it in its memory: parts that are the same, and, where the engine moves what it has
read, parts behind a gap. Pure, a few milliseconds for a full context: for a thread where something waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tavern_tui.domain.chat import ChatTree, Turn
    from tavern_tui.domain.events import Receipt
    from tavern_tui.engines.base import EngineInfo
    from tavern_tui.engines.embedded.reuse import Stretch
    from tavern_tui.prompt.plan import Part, PromptPlan
    from tavern_tui.prompt.plan_record import PartMark, PromptRecord
    from tavern_tui.session.session import ChatSession

_AnyPart = TypeVar("_AnyPart", "Part", "PartMark")

NOTABLE = 0.1
"""The share of a prompt from which on it is said why so much is read."""
_BATCH = 128  # tokens: what an engine may read more than was foreseen before it is called a surprise
_SPEED_TOKENS = 64  # a shorter reading says little about speed
_REPLIES_LOOKED_AT = 20
_NAMED = 26  # characters of a name in a cause, which has at most 40


@dataclass(frozen=True, slots=True)
class ReadingCost:
    """``reads`` of ``tokens`` will be read, those from ``at`` on. ``seconds`` is how long that takes, where known.

    Where that is more than is new, ``part`` is the source of the part that broke what was the same, and ``cause`` says
    in at most 40 characters what became of it; both are empty where the prompt only goes on, unless with a summary.
    """

    reads: int
    tokens: int
    at: int
    part: str = ""
    cause: str = ""
    seconds: float | None = None

    @property
    def notable(self) -> bool:
        """Whether it is so much that a person is told why."""
        return self.reads > self.tokens * NOTABLE

    @property
    def numbers(self) -> str:
        """``reads 212 of 7,904``."""
        return f"reads {self.reads:,} of {self.tokens:,}"

    @property
    def told(self) -> str:
        """``reads 212 of 7,904``, with the cause and the time where it is notable."""
        return " · ".join([self.numbers, *(self.why if self.notable else ())])

    @property
    def why(self) -> tuple[str, ...]:
        """The cause and the time in words, as far as they are known."""
        seconds = f"≈ {self.seconds:,.0f} s" if self.seconds is not None and self.seconds >= 1 else ""
        return tuple(word for word in (self.cause, seconds) if word)

    @property
    def broken_at(self) -> str:
        """``author's note moved at token 7,310``; empty where nothing broke."""
        return f"{self.cause or f'{self.part} differs'} at token {self.at:,}" if self.part else ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON (``docs/prompt.md``)."""
        return {
            "reads": self.reads,
            "tokens": self.tokens,
            "at": self.at,
            "part": self.part,
            "cause": self.cause,
            "seconds": self.seconds,
        }


def reading_cost(
    plan: PromptPlan, last: PromptRecord | None, tree: ChatTree, info: EngineInfo, *, lost: bool = False
) -> ReadingCost:
    """What reading ``plan`` takes with the engine ``info``; ``last`` is the chat's last prompt on this machine.

    ``lost``: the engine is known to have nothing in memory of it any more (``has_lost``).
    """
    speed = _speed(tree, info.model)
    total = plan.tokens
    if last is None or lost or last.model != info.model:
        cause = "nothing was read of it yet" if last is None else "another model"
        cause = "the server was started anew" if last is not None and last.model == info.model else cause
        return ReadingCost(total, total, 0, "the whole prompt", cause, _seconds(total, speed))
    parts = plan.included
    kept, left_off = _kept(last, plan, tree.turns.get(last.turn), info)
    reads = total - kept
    if left_off is None:
        return ReadingCost(reads, total, kept, cause=_new_in(parts, kept), seconds=_seconds(reads, speed))
    part = _telling(parts[place_at(parts, kept) :])
    before = _telling(last.parts[place_at(last.parts, left_off) :])
    source, cause = _cause(part, before, last, plan)
    return ReadingCost(reads, total, kept, source, cause, _seconds(reads, speed))


def has_lost(session: ChatSession) -> bool:
    """Whether the engine of an open chat was started anew, as far as it is known, and kept nothing of the chat."""
    from tavern_tui.engines.base import ForgetfulEngine

    engine: object = session.connection.engine
    return session.log.kept and isinstance(engine, ForgetfulEngine) and engine.lost(session.log.key)


async def cost_of_next(session: ChatSession) -> ReadingCost:
    """What the next reply in an open chat would read, the message aside that is being written.

    The engine is taken as it was last known: nothing is asked of it but counts of new texts. Raises as
    ``ChatSession.plan`` does.
    """
    from tavern_tui.session import prompt_records

    with session.connection.as_known():
        prepared = await session.prepared()

    def work_out() -> ReadingCost:
        last = prompt_records.last(session.log)
        return reading_cost(prepared.plan, last, session.tree, prepared.ready.info, lost=has_lost(session))

    return await asyncio.to_thread(work_out)


def surprise(cost: ReadingCost | None, receipt: Receipt, *, hosted: bool) -> str:
    """A sentence where an engine read far more than was foreseen; empty where not, or where nobody can know.

    What a hosted service keeps, and for how long, is its own affair: there it is only noted in the receipt. Servers
    that do not tell what they had read before count every prompt as read. A server may count otherwise than we did.
    """
    if cost is None or receipt.evaluated is None or receipt.reused is None or hosted:
        return ""
    theirs = receipt.evaluated + receipt.reused + (receipt.shifted or 0)
    expected = cost.reads * max(1.0, theirs / max(1, cost.tokens))
    if receipt.evaluated <= expected + max(_BATCH, theirs * NOTABLE):
        return ""
    return f"Predicted {cost.reads:,}, read {receipt.evaluated:,}: the server lost its cache."


def _kept(last: PromptRecord, plan: PromptPlan, reply: Turn | None, info: EngineInfo) -> tuple[int, int | None]:
    """Tokens of ``plan`` that need not be read, and the token of the last prompt up to which it is of use.

    The second is ``None`` where it is of use to its end, or to the new one's.
    """
    from tavern_tui.prompt.plan_record import marks

    parts = plan.included
    wanted = [token for mark in marks(parts) for token in _tokens(mark)]
    read = [token for mark in last.parts for token in _tokens(mark)]
    known = _with_reply(read, last, parts, reply)
    most = max(0, len(wanted) - 1)
    found = _found(known, wanted, plan, info)
    kept, end = sum(stretch.length for stretch in found), found[-1].end
    return kept, None if end >= len(known) or kept >= most else min(end, len(read) - 1)


def _found(known: list[int], wanted: list[int], plan: PromptPlan, info: EngineInfo) -> list[Stretch]:
    """What of the tokens that are ``known`` serves, as the engine would find it."""
    from tavern_tui.engines.embedded.reuse import Stretch, common_prefix, stretches
    from tavern_tui.engines.one_gap import OneGap

    most = max(0, len(wanted) - 1)
    if not info.capabilities.shifts:
        return [Stretch(0, min(common_prefix(known, wanted), most))]
    found = stretches(known, wanted, most=most)
    if not info.capabilities.one_gap:
        return found
    return OneGap(info.context_tokens or plan.context_tokens, plan.response_tokens).closed(found, len(wanted))


def _new_in(parts: Sequence[Part], kept: int) -> str:
    """Which text is most of what is new where nothing broke, unless it is a turn: nobody wonders about those."""
    new = max(parts[place_at(parts, kept) :], key=lambda part: part.tokens)
    return "" if new.turn_id or new.kind.value != "summary" else f"{_short(new.source)} is new"


def _tokens(mark: PartMark) -> range:
    """Numbers in the place of a part's tokens: equal for equal parts, other ones for any other."""
    first = int(mark.digest[:7], 16)
    return range(first, first + mark.tokens)


def _with_reply(known: list[int], last: PromptRecord, parts: tuple[Part, ...], reply: Turn | None) -> list[int]:
    """What was read with the reply that was written after it, which is a part of the next prompt."""
    from tavern_tui.domain.chat import turn_of
    from tavern_tui.prompt.plan_record import REPLY_KINDS, marks

    said = tuple(part for part in parts if reply is not None and turn_of(part.turn_id) == reply.id)
    if not said or reply is None or reply.receipt is None:
        return known
    opened = 0
    for mark in reversed(last.parts):
        if mark.kind not in REPLY_KINDS:
            break
        opened += mark.tokens
    written = opened + _decoded(reply, reply.receipt)
    tokens = [token for mark in marks(said) for token in _tokens(mark)]
    return [*known[: len(known) - opened], *tokens[:written]]


def _decoded(reply: Turn, receipt: Receipt) -> int:
    """Tokens of a reply that the engine has in memory and that stand in the prompt as they were written."""
    generated = receipt.generated or 0
    if receipt.stop not in ("end", ""):
        generated = max(0, generated - 1)
    if reply.edited:
        return 0
    if reply.raw is None or reply.raw == reply.text:
        return generated
    same = next(
        (at for at, (one, other) in enumerate(zip(reply.raw, reply.text, strict=False)) if one != other),
        min(len(reply.raw), len(reply.text)),
    )
    return generated * same // max(1, len(reply.raw))


def place_at(parts: Sequence[Part | PartMark], token: int) -> int:
    """Which of ``parts`` a token of them stands in; the last one for any token behind them."""
    for place, part in enumerate(parts):
        token -= part.tokens
        if token < 0:
            return place
    return len(parts) - 1


def _telling(parts: Sequence[_AnyPart]) -> _AnyPart:
    """The first part that is more than the template's own words."""
    return next((part for part in parts if getattr(part.kind, "value", part.kind) != "markup"), parts[0])


def _cause(part: Part, before: PartMark, last: PromptRecord, plan: PromptPlan) -> tuple[str, str]:
    """Which part broke what was the same, and what became of it in few words.

    ``part`` stands now where ``before`` stood: what moves, comes and goes by itself is named before the turns.
    """
    from tavern_tui.prompt.plan_record import REPLY_KINDS, Change, difference

    if last.template != plan.template or last.policy != plan.policy:
        return part.source, "another template" if last.template != plan.template else "another policy"
    changes = difference(last, plan).changes
    if part.turn_id and before.turn_id:
        return part.source, _cause_in_turns(part, before, plan)
    named = [(before.kind, before.source)] if not before.turn_id and before.kind not in REPLY_KINDS else []
    named += [(part.kind.value, part.source)] if not part.turn_id else []
    known = {(one.kind, one.source): one.change for one in reversed(changes)}
    kind, source = next((one for one in named if one in known), named[0] if named else (part.kind.value, part.source))
    there = any((one.kind.value, one.source) == (kind, source) for one in plan.included)
    change = known.get((kind, source), Change.MOVED if there else Change.GONE)
    words = {
        Change.ADDED: "fired" if kind == "lore" else "was added",
        Change.CHANGED: "changed",
        Change.MOVED: "moved",
        Change.GONE: "left",
    }
    if change is Change.CHANGED and kind == "lore":
        return source, f"you edited {_short(source)}"  # nothing else changes a text that stands where it fired
    return source, f"{_short(source)} {words[change]}"


def _cause_in_turns(part: Part, before: PartMark, plan: PromptPlan) -> str:
    if part.turn_id == before.turn_id:
        return f"{_short(part.source)} was edited"
    left = all(one.turn_id != before.turn_id for one in plan.included)
    return "the oldest turns left" if left else f"{_short(part.source)} was added"


def _short(source: str) -> str:
    """A source in few words: of lore its title in quotes."""
    if source.startswith("lore: "):
        title = source.removeprefix("lore: ")
        return f"'{title if len(title) <= _NAMED else title[: _NAMED - 1] + '…'}'"
    return source if len(source) <= _NAMED else source[: _NAMED - 1] + "…"


def _speed(tree: ChatTree, model: str) -> float | None:
    """Tokens of a prompt that the model last read in a second, in this chat; ``None`` where nobody knows."""
    for seen, turn in enumerate(tree.walk_back()):
        receipt = turn.receipt
        if seen >= _REPLIES_LOOKED_AT:
            break
        if receipt is None or receipt.model != model or not receipt.prompt_ms:
            continue
        if (receipt.evaluated or 0) >= _SPEED_TOKENS:
            return (receipt.evaluated or 0) / receipt.prompt_ms * 1000
    return None


def _seconds(tokens: int, speed: float | None) -> float | None:
    return tokens / speed if speed else None
