"""The blind list: prompts of ``classic`` and of ``economy`` for the same moments, in pairs whose order tells nothing.

For a person to read: which of the two would one rather answer from? Both policies play the same sessions with the same
replies, in a context that is small enough to be read and full enough to have been cut. What both have is printed
once, so that a pair reads as one prompt with two ways through it. Which is which stands in a second file.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from tavern_tui.prompt.plan import PartKind, PromptPlan
from tests.economy.playing import WAYS, Player, Way
from tests.economy.sessions import Session, Step, read_session
from tests.economy.vocabulary import PromptTokens

SESSIONS = ("A", "B", "R")
CONTEXT, RESPONSE, STEPS = 1_536, 120, 44
_DESCRIPTION = 400  # characters of a card: in so small a context a longer one would leave no history
_FULL = 16  # steps after which the context has been cut
_WAYS = {way.policy: way for way in WAYS if way.shifts}
_TELLING = ("[The story begins here]",)  # ``classic`` writes it above a history without examples, too
_RULE = "─" * 72


@dataclass(frozen=True, slots=True)
class Moment:
    """A prompt: ``read`` is what the engine had to read of it, ``lore`` the entries that it shows."""

    session: str
    step: int
    policy: str
    text: str
    tokens: int
    turns: int
    read: int
    lore: int


class _Kept(Player):
    """A player that keeps the prompts themselves."""

    def __init__(self, session: Session, way: Way, tokens: PromptTokens, folder: Path) -> None:
        super().__init__(session, way, tokens, folder)
        self.moments: list[Moment] = []

    async def _do(self, number: int, step: Step) -> None:
        """Do the step, and keep what was sent for it."""
        await super()._do(number, step)
        plan = self.plan
        if step.do == "reply" and number >= _FULL and plan is not None:
            read = next(iter(self.asked[-1].reads.values())).evaluated
            self.moments.append(_moment(self._session.name, number, self._way.policy, plan, read))


def _moment(session: str, step: int, policy: str, plan: PromptPlan, read: int) -> Moment:
    turns = sum(1 for part in plan.included if part.turn_id)
    lore = sum(1 for part in plan.included if part.kind is PartKind.LORE)
    return Moment(session, step, policy, plan.text, plan.tokens, turns, read, lore)


def moments(tokens: PromptTokens, steps: int = STEPS) -> dict[tuple[str, int], dict[str, Moment]]:
    """The prompts of both policies, by session and step."""
    found: dict[tuple[str, int], dict[str, Moment]] = {}
    for name in SESSIONS:
        for way in _WAYS.values():
            for one in _played(_small(read_session(name)), way, tokens, steps):
                found.setdefault((one.session, one.step), {})[one.policy] = one
    return found


def blind_list(found: dict[tuple[str, int], dict[str, Moment]], pairs: int, seed: int) -> tuple[list[str], list[str]]:
    """The lines of the list, and those of its key: ``pairs`` moments by chance, each pair in an order by chance."""
    chance = random.Random(seed)
    both = sorted(moment for moment, policies in found.items() if len(policies) == len(_WAYS))
    lines: list[str] = []
    key: list[str] = []
    for number, moment in enumerate(chance.sample(both, min(pairs, len(both))), 1):
        order = list(found[moment].values())
        chance.shuffle(order)
        lines += _pair(number, order)
        key += [f"{number:2} {side}  {_told(one)}" for side, one in zip("AB", order, strict=True)]
    return lines, key


def _told(one: Moment) -> str:
    return (
        f"{one.policy:8} session {one.session}, prompt {one.step:3}: {one.tokens:5,} tokens, {one.turns:2} turns,"
        f" {one.lore} of lore, {one.read:5,} read"
    )


def _pair(number: int, order: list[Moment]) -> Iterator[str]:
    """One pair: what both have stands there once, what one of them has is marked with its letter."""
    first, second = (_lines(one.text) for one in order)
    yield from ("", _RULE, f"{number}.", "")
    for what, begin, end, other_begin, other_end in SequenceMatcher(None, first, second, autojunk=False).get_opcodes():
        if what == "equal":
            yield from (f"    {line}" for line in first[begin:end])
        else:
            yield from (f"A │ {line}" for line in first[begin:end])
            yield from (f"B │ {line}" for line in second[other_begin:other_end])


def _lines(text: str) -> list[str]:
    """The lines of a prompt, without those that name the policy by themselves."""
    return [line for line in text.splitlines() if line.strip() and line not in _TELLING]


def _small(session: Session) -> Session:
    """The session in a context that a person can read."""
    cards = tuple(replace(one, description=one.description[:_DESCRIPTION]) for one in session.characters)
    return replace(session, characters=cards, context_tokens=CONTEXT, response_tokens=RESPONSE)


def _played(session: Session, way: Way, tokens: PromptTokens, steps: int) -> list[Moment]:
    with tempfile.TemporaryDirectory(prefix="tavern-economy-") as folder:
        player = _Kept(session, way, tokens, Path(folder))
        asyncio.run(player.play(steps))
        return player.moments
