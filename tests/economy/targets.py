"""What is asked of each session, measured on what was played: the targets of ``docs/economy.md``, one line each."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tests.economy.playing import Asked

CLASSIC, CLASSIC_SHIFTING = "classic, prefix only", "classic, shifting"
PREFIX_ONLY, EMBEDDED, KOBOLDCPP = "economy, prefix only", "economy, embedded", "economy, KoboldCpp"
BATCH = 128
"""Tokens that are computed at once on a CPU, and that a state on disk may lack."""

Played = Mapping[str, Sequence[Asked]]
"""What was asked, by policy; of a session that was played."""


@dataclass(frozen=True, slots=True)
class Target:
    """One line. ``measured`` may be at most ``most``, or is at least ``least``; ``None``: it is only told."""

    session: str
    what: str
    measured: float
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the target is kept."""
        return (self.most is None or self.measured <= self.most) and (self.least is None or self.measured >= self.least)

    def __str__(self) -> str:
        asked = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}" if self.least is not None else ""
        return f"{self.session}  {self.what}: {self.measured:,.2f} {asked}{'' if self.met else '  MISSED'}".rstrip()


def evaluated(asked: Sequence[Asked], cache: str) -> list[int]:
    """Tokens read for each prompt but the first, which has nothing to go on from."""
    return [one.reads[cache].evaluated for one in asked[1:]]


def mean_over_new(asked: Sequence[Asked], cache: str) -> float:
    """All that was read over all that was new, the first prompt left out."""
    return sum(evaluated(asked, cache)) / sum(one.new for one in asked[1:])


def median_over_new(asked: Sequence[Asked], cache: str) -> float:
    """The median over the prompts but the first of what was read over what was new."""
    return statistics.median(one.reads[cache].evaluated / one.new for one in asked[1:])


def targets_of_a(played: Played) -> list[Target]:
    """One character with a lorebook."""
    embedded = played[EMBEDDED]
    return [
        Target("A", "embedded, median over new", median_over_new(embedded, EMBEDDED), 1.1),
        Target("A", "embedded, mean over new", mean_over_new(embedded, EMBEDDED), 1.3),
        Target("A", "KoboldCpp, mean over new", mean_over_new(embedded, KOBOLDCPP), 1.3),
        *_against_classic("A", played, median=20),
        _lore("A", played),
    ]


def with_notes(embedded: Sequence[Asked]) -> Target:
    """Where notes stand at a depth: what is new may be read, the notes, and the turns below them."""
    read = sum(evaluated(embedded, EMBEDDED))
    most = sum(one.with_notes for one in embedded[1:])
    return Target("B", "embedded, mean over new, notes and turns below", read / most, 1.1)


def targets_of_b(played: Played) -> list[Target]:
    """The same with notes; what they cost is told beside what ``classic`` reads."""
    embedded = played[EMBEDDED]
    return [
        with_notes(embedded),
        Target("B", "new, notes and turns below, tokens", statistics.fmean(one.with_notes for one in embedded[1:])),
        Target("B", "embedded reads, tokens", statistics.fmean(evaluated(embedded, EMBEDDED))),
        Target("B", "classic reads, tokens", statistics.fmean(evaluated(played[CLASSIC], CLASSIC))),
        *_against_classic("B", played, median=12),
        _lore("B", played),
    ]


def targets_of_r(played: Played) -> list[Target]:
    """B with notes that drift."""
    embedded = played[EMBEDDED]
    return [
        Target("R", "embedded, mean over new", mean_over_new(embedded, EMBEDDED), 2.5),
        _median_against_classic("R", played, 20),
    ]


def targets_of_c(played: Played) -> list[Target]:
    """Swipes, edits, a branch, another chat, a new start."""
    embedded = played[EMBEDDED]

    def most(wanted: Callable[[Asked], bool], beside: Callable[[Asked], int]) -> float:
        return max(one.reads[EMBEDDED].evaluated - beside(one) for one in embedded if wanted(one))

    back = [one for one in embedded if one.after == "turn to"][1:]
    return [
        Target("C", "a swipe, tokens at most", most(lambda one: one.do == "swipe", lambda _: 0), 1),
        Target(
            "C",
            "after an edit, tokens beyond those from the edit on",
            most(lambda one: one.edited > 0, lambda one: one.edited),
            0,
        ),
        Target(
            "C",
            "after a branch, tokens beyond new",
            most(lambda one: one.after == "branch", lambda one: one.new),
            BATCH,
        ),
        Target(
            "C",
            "back in the other chat, tokens beyond new",
            max(one.reads[EMBEDDED].evaluated - one.new for one in back),
            BATCH,
        ),
        Target(
            "C",
            "after a new start of program and engine, beyond new",
            most(lambda one: one.after == "restart", lambda one: one.new),
            BATCH,
        ),
    ]


def targets_of_d(played: Played) -> list[Target]:
    """A group of three."""
    embedded = played[EMBEDDED]
    return [
        Target("D", "embedded, median over new", median_over_new(embedded, EMBEDDED), 1.2),
        _median_against_classic("D", played, 10),
    ]


TARGETS: Mapping[str, Callable[[Played], list[Target]]] = {
    "A": targets_of_a,
    "B": targets_of_b,
    "R": targets_of_r,
    "C": targets_of_c,
    "D": targets_of_d,
}


def _against_classic(session: str, played: Played, *, median: float) -> list[Target]:
    classic = statistics.fmean(evaluated(played[CLASSIC], CLASSIC))
    prefix_only = statistics.fmean(evaluated(played[PREFIX_ONLY], PREFIX_ONLY))
    return [
        Target(session, "prefix only, mean over classic's", prefix_only / classic, 0.25),
        _median_against_classic(session, played, median),
    ]


def _median_against_classic(session: str, played: Played, least: float) -> Target:
    classic = statistics.median(evaluated(played[CLASSIC], CLASSIC))
    embedded = statistics.median(evaluated(played[EMBEDDED], EMBEDDED))
    return Target(session, "classic's median over embedded's", classic / embedded, least=least)


def _lore(session: str, played: Played) -> Target:
    """In how many prompts ``economy`` lacks an entry that ``classic`` shows."""
    lacking = sum(
        1 for ours, theirs in zip(played[EMBEDDED], played[CLASSIC], strict=True) if not ours.lore >= theirs.lore
    )
    return Target(session, "prompts that lack lore which classic has", lacking, 0)


def cuts(asked: Sequence[Asked]) -> int:
    """How often the oldest turns left."""
    return sum(before.first_turn != after.first_turn for before, after in pairwise(asked))
