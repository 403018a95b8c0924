"""``PromptRecord``: what is kept of a prompt that was sent, and how a later plan differs from it.

A record holds no text: of each part that was in, its kind, source, turn, tokens, length and a hash. That is enough to
name the parts that came, went, changed or moved, and to say up to which token the engine has read the new prompt
already.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from enum import Enum
from hashlib import blake2b
from typing import Any

from tavern_tui.prompt.plan import Part, PartKind, PromptPlan

FORMAT = 1
_HASH_BYTES = 8
REPLY_KINDS = frozenset({PartKind.REPLY_LINE.value, PartKind.PREFILL.value})
"""Kinds of the parts that a prompt ends with: the reply's turn begins with them in the next one."""
_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartMark:
    """One part of a prompt that was sent. ``length`` is in characters, ``digest`` is a hash of its text."""

    kind: str
    source: str
    turn_id: str
    tokens: int
    length: int
    digest: str


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """A prompt that was sent: ``turn`` is the reply that came of it, ``at`` the time in Unix seconds."""

    turn: str
    at: float
    model: str
    template: str
    policy: str
    context_tokens: int
    response_tokens: int
    first_turn: str
    parts: tuple[PartMark, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the whole prompt, as counted then."""
        return sum(part.tokens for part in self.parts)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; a part is a list in the order of ``PartMark``'s fields."""
        values = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "parts"}
        return {"format": FORMAT, **values, "parts": [list(astuple(part)) for part in self.parts]}


class Change(Enum):
    """What became of a part from one prompt to the next."""

    ADDED = "added"
    GONE = "gone"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class PartChange:
    """One part that differs. ``before`` and ``after`` are its tokens, 0 where it was not there."""

    change: Change
    kind: str
    source: str
    turn_id: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """How a plan differs from the prompt before it.

    The first ``same_tokens`` of its ``tokens`` are as they were; an engine that kept the last prompt reads the others
    anew. ``first`` names the part in which they begin, empty where the new prompt only goes on from the old one.
    """

    changes: tuple[PartChange, ...]
    same_tokens: int
    tokens: int
    before_tokens: int
    first: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "same_tokens": self.same_tokens,
            "tokens": self.tokens,
            "before_tokens": self.before_tokens,
            "first": self.first,
            "changes": [
                {
                    "change": one.change.value,
                    "kind": one.kind,
                    "source": one.source,
                    "turn": one.turn_id,
                    "before": one.before,
                    "after": one.after,
                }
                for one in self.changes
            ],
        }


def record_of(plan: PromptPlan, *, turn: str, at: float, model: str) -> PromptRecord:
    """What to keep of ``plan``, whose reply is ``turn``."""
    return PromptRecord(
        turn=turn,
        at=at,
        model=model,
        template=plan.template,
        policy=plan.policy,
        context_tokens=plan.context_tokens,
        response_tokens=plan.response_tokens,
        first_turn=plan.first_turn,
        parts=marks(plan.included),
    )


def read_record(values: Any) -> PromptRecord | None:
    """The record that ``as_dict`` made these values of; ``None`` for anything else."""
    if not isinstance(values, dict) or values.get("format") != FORMAT or not isinstance(values.get("parts"), list):
        return None
    parts = [_mark(part) for part in values["parts"]]
    wanted = {"at": (int, float), "context_tokens": (int,), "response_tokens": (int,)}
    plain: dict[str, Any] = {one.name: values.get(one.name) for one in fields(PromptRecord) if one.name != "parts"}
    if None in parts or not all(type(value) in wanted.get(name, (str,)) for name, value in plain.items()):
        return None
    return PromptRecord(**plain, parts=tuple(part for part in parts if part is not None))


def difference(before: PromptRecord, plan: PromptPlan) -> PlanDifference:
    """How ``plan`` differs from the prompt that ``before`` was made of."""
    parts = plan.included
    old, new = _by_key(before.parts), _by_key(marks(parts))
    moved = _moved(old, new)
    changes = [_change(Change.GONE, mark, mark.tokens, 0) for key, mark in old.items() if key not in new]
    for key, mark in new.items():
        if key not in old:
            changes.append(_change(Change.ADDED, mark, 0, mark.tokens))
        elif old[key].digest != mark.digest:
            changes.append(_change(Change.CHANGED, mark, old[key].tokens, mark.tokens))
        elif key in moved:
            changes.append(_change(Change.MOVED, mark, old[key].tokens, mark.tokens))
    same, at = _same_beginning(before.parts, parts)
    goes_on = same == before.tokens
    first = "" if goes_on or at >= len(parts) else parts[at].source
    return PlanDifference(tuple(changes), same, plan.tokens, before.tokens, first)


def marks(parts: Iterable[Part]) -> tuple[PartMark, ...]:
    """What is kept of each part."""
    return tuple(
        PartMark(part.kind.value, part.source, part.turn_id, part.tokens, len(part.text), _digest(part.text))
        for part in parts
    )


def _mark(values: Any) -> PartMark | None:
    match values:
        case [str(), str(), str(), int(), int(), str()]:
            return PartMark(*values)
    return None


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()


def _change(change: Change, mark: PartMark, before: int, after: int) -> PartChange:
    return PartChange(change, mark.kind, mark.source, mark.turn_id, before, after)


def _by_key(marks: Sequence[PartMark]) -> dict[_Key, PartMark]:
    """The parts by what they are: a turn by its id, anything else by kind and source and which of these it is."""
    seen: Counter[_Key] = Counter()
    found: dict[_Key, PartMark] = {}
    for mark in marks:
        key: _Key = ("turn", mark.turn_id) if mark.turn_id else (mark.kind, mark.source)
        seen[key] += 1
        found[*key, str(seen[key])] = mark
    return found


def _moved(old: Mapping[_Key, PartMark], new: Mapping[_Key, PartMark]) -> set[_Key]:
    """The parts in both that stand in another order now: all but the longest run that kept its order."""
    places = {key: place for place, key in enumerate(old)}
    common = [key for key in new if key in places]
    ends: list[int] = []  # the smallest last place of a run of each length
    holders: list[int] = []  # which part that is
    previous: list[int] = []
    for at, key in enumerate(common):
        length = bisect_left(ends, places[key])
        previous.append(holders[length - 1] if length else -1)
        if length == len(ends):
            ends.append(places[key])
            holders.append(at)
        else:
            ends[length], holders[length] = places[key], at
    kept: set[_Key] = set()
    at = holders[-1] if holders else -1
    while at >= 0:
        kept.add(common[at])
        at = previous[at]
    return set(common) - kept


def _same_beginning(before: Sequence[PartMark], parts: Sequence[Part]) -> tuple[int, int]:
    """Tokens of the old prompt with which the new one begins, and which part of the new one differs first.

    The old prompt's end, the opening of the reply, is the beginning of the turn that the reply became.
    """
    same = 0
    for at, mark in enumerate(before):
        if at >= len(parts):
            return same, at
        if _digest(parts[at].text) == mark.digest:
            same += mark.tokens
            continue
        tail = before[at:]
        if all(one.kind in REPLY_KINDS for one in tail):
            rest = parts[at].text
            for one in tail:
                if _digest(rest[: one.length]) != one.digest:
                    break
                same += one.tokens
                rest = rest[one.length :]
        return same, at
    return same, len(before)
