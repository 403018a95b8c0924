"""Which turns a summary is to be written of next, and what reading them would take.

Where turns have left the prompts that nothing tells of, those; they have to be read again, as many at once as fit.
Where nothing is untold and the history is about to be cut, the turns that will leave then: they stand in the prompt
that the engine has just read, so that only the question is new to it. So do those of which there are as many as a
person wants told of at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ROOT, Turn, turn_of
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.summaries.versions import Version, in_force, turns_told

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.prompt.plan import Part, PromptPlan

FEWEST = 4
"""Turns that a summary is written of without being asked for: fewer are not worth one."""
SUMMARY_TOKENS = 300
"""The most that a summary has; in a small context a sixth of that."""
_ASKED_TOKENS = 160  # of the question itself, at most
_REPLIES_LOOKED_AT = 20
_SPEED_TOKENS = 64  # a shorter reading or writing says little about speed
_CHARACTERS_PER_TOKEN = 3.35
_MAKE_ROOM = (PartKind.EXAMPLE, PartKind.CHAT_START)


@dataclass(frozen=True, slots=True)
class Job:
    """A summary to be written of the turns below ``after``, up to ``until``: the ``first`` to the ``last``.

    ``over`` are the versions in whose place it comes; the text of their last is what it begins with. ``ahead``: these
    turns are still in the prompt, and the one that will be its oldest is ``stays``. ``anew``: it goes on from none of
    ``over``, and stands in their place once all is read. ``reads`` is how many tokens the
    engine has to read, about, and ``seconds`` how long reading and writing take, where this model was timed here.
    """

    after: str
    until: str
    first: int
    last: int
    over: tuple[Version, ...] = ()
    ahead: bool = False
    anew: bool = False
    stays: str = ""
    reads: int = 0
    seconds: float | None = None

    @property
    def told(self) -> str:
        """``turns 1–212``."""
        return turns_told(self.first, self.last)

    @property
    def price(self) -> str:
        """``about 40 s``, or the tokens where no speed is known."""
        if self.seconds is None:
            return f"about {self.reads:,} tokens to read"
        return f"about {max(1, round(self.seconds)):,} s"


def summary_tokens(plan: PromptPlan) -> int:
    """The most tokens that a summary beside such a prompt has."""
    return min(SUMMARY_TOKENS, plan.context_tokens // 6)


def untold(tree: ChatTree, plan: PromptPlan, *, model: str = "") -> Job | None:
    """What there is to tell of turns that ``plan`` has no room for; ``None`` where all of it is told."""
    path = tree.path()
    left = _left(path, plan)
    return _job(tree, path, left, model=model) if left else None


def about_to_leave(tree: ChatTree, plan: PromptPlan, *, model: str = "") -> Job | None:
    """What there is to tell of turns that will leave with the next cut, where that is near; ``None`` where it is not.

    It is near while what is free has no room for two more exchanges of the size of the last one. More turns are told
    of than such a cut takes, rather than fewer: nothing may be lost between a summary and the turns below it.
    """
    turns = [part for part in plan.included if part.turn_id]
    room, used = _history_room(plan)
    newest = sum(part.tokens for part in turns[-2:])
    counting = in_force(tree)
    prepared = bool(counting) and counting[-1].waits and counting[-1] not in in_force(tree, waiting=False)
    if prepared or len(turns) < FEWEST + 2 or not 0 <= room - used <= 2 * max(newest, 1) or not plan.step:
        return None
    stays = _oldest_after_a_cut(turns, plan.step + 2 * newest + (0 if counting else summary_tokens(plan)))
    path = tree.path()
    place = next((at for at, turn in enumerate(path) if turn.id == stays), 0)
    if place < FEWEST or place - _left(path, plan) < FEWEST:
        return None
    return _job(tree, path, place, ahead=True, stays=stays, model=model)


def every_so_many(tree: ChatTree, every: int, *, model: str = "") -> Job | None:
    """What there is to tell once ``every`` turns above the newest are told of by nothing; ``None`` for fewer."""
    path = tree.path()
    newest = next((place for place in range(len(path) - 1, 0, -1) if path[place].text and not path[place].hidden), 0)
    counting = in_force(tree, path)
    told = next((place for place, turn in enumerate(path, 1) if counting and turn.id == counting[-1].until), 0)
    if newest - told < max(every, FEWEST):
        return None
    return _job(tree, path, newest, ahead=True, stays=path[newest].id, model=model)


def all_of(tree: ChatTree, until: int) -> Job | None:
    """The first ``until`` turns anew, because a person asks for it: in the place of every summary that is not frozen.

    What was edited by hand stays among the versions; ``None`` where all of it is frozen.
    """
    path = tree.path()
    counting = in_force(tree, path)
    frozen = [one for one in counting if one.frozen]
    after = frozen[-1].until if frozen else ROOT
    start = next((at for at, turn in enumerate(path, 1) if turn.id == after), 0)
    if until <= start:
        return None
    over = tuple(one for one in counting if not one.frozen)
    characters = sum(len(turn.text) for turn in path[start:until] if not turn.hidden)
    reads = round(characters / _CHARACTERS_PER_TOKEN) + _ASKED_TOKENS
    return Job(
        after, path[until - 1].id, start + 1, until, over, anew=True, reads=reads, seconds=_seconds(tree, reads, "")
    )


def speeds(tree: ChatTree, model: str) -> tuple[float | None, float | None]:
    """Tokens in a second that the model last read, and wrote, in this chat; ``None`` where nobody knows."""
    reading: float | None = None
    writing: float | None = None
    for seen, turn in enumerate(tree.walk_back()):
        receipt = turn.receipt
        if seen >= _REPLIES_LOOKED_AT or (reading and writing):
            break
        if receipt is None or (model and receipt.model != model):
            continue
        if reading is None and receipt.prompt_ms and (receipt.evaluated or 0) >= _SPEED_TOKENS:
            reading = (receipt.evaluated or 0) / receipt.prompt_ms * 1000
        if writing is None and receipt.generation_ms and (receipt.generated or 0) >= _SPEED_TOKENS // 8:
            writing = (receipt.generated or 0) / receipt.generation_ms * 1000
    return reading, writing


def _left(path: Sequence[Turn], plan: PromptPlan) -> int:
    """How many turns of the path stand above the oldest that the prompt has."""
    read = {part.turn_id for part in plan.included if part.turn_id}
    if not read or not any(part.kind is PartKind.TURN and part.turn_id not in read for part in plan.parts):
        return 0
    return sum(1 for _ in takewhile(lambda turn: turn.id not in read, path))


def _job(
    tree: ChatTree, path: Sequence[Turn], until: int, *, ahead: bool = False, stays: str = "", model: str
) -> Job | None:
    """The first ``until`` turns of the path, as far as nothing tells of them."""
    counting = in_force(tree, path)
    last = counting[-1] if counting else None
    places = {turn.id: place for place, turn in enumerate(path, 1)}
    told = places[last.until] if last is not None else 0
    if until <= told or all(turn.hidden or not turn.text.strip() for turn in path[told:until]):
        return None
    rolls = last is not None and not last.kept_as_it_is
    over = (last,) if rolls and last is not None else ()
    after = last.after if rolls and last is not None else last.until if last is not None else ROOT
    start = places.get(after, 0)
    characters = 0 if ahead else sum(len(turn.text) for turn in path[told:until] if not turn.hidden)
    reads = round(characters / _CHARACTERS_PER_TOKEN) + _ASKED_TOKENS
    return Job(
        after,
        path[until - 1].id,
        start + 1,
        until,
        over,
        ahead,
        stays=stays,
        reads=reads,
        seconds=_seconds(tree, reads, model),
    )


def _seconds(tree: ChatTree, reads: int, model: str) -> float | None:
    reading, writing = speeds(tree, model)
    return reads / reading + SUMMARY_TOKENS / writing if reading and writing else None


def _history_room(plan: PromptPlan) -> tuple[int, int]:
    """Tokens that the history may have, and those that it has: example dialogue makes room for it."""
    turns = [place for place, part in enumerate(plan.included) if part.turn_id]
    history = plan.included[turns[0] : turns[-1] + 1] if turns else ()
    used = sum(part.tokens for part in history)
    makes_room = sum(part.tokens for part in plan.included if part.kind in _MAKE_ROOM)
    return plan.limit - plan.padding - plan.tokens + makes_room + used, used


def _oldest_after_a_cut(turns: Sequence[Part], freed: int) -> str:
    """The oldest turn that is still there once the oldest, of ``freed`` tokens together, have left."""
    for part in turns:
        if freed <= 0:
            return turn_of(part.turn_id)
        freed -= part.tokens
    return turn_of(turns[-1].turn_id)
