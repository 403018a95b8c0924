"""``take_in_steps``: how much of the history is in a prompt of ``economy``.

The oldest turn stays the oldest while everything after it fits. When it does not, a good part of the room is freed at
once, so that many turns pass until the next cut. Where earlier prompts cut is known and kept to; nothing here decides
what stands between the turns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tavern_tui.prompt.counting import Counting
from tavern_tui.prompt.history import HistoryWalk
from tavern_tui.prompt.inputs import PromptInput


def freed(room: int, share: float) -> int:
    """How many tokens of ``room`` a cut leaves free: never all of them."""
    return int(room * min(max(share, 0.0), 0.9))


def known_cuts(given: PromptInput) -> tuple[str, ...]:
    """The turns at which earlier prompts of the chat began, the last cut first."""
    return tuple(dict.fromkeys(turn for turn in (*given.cuts, given.first_turn) if turn))


def nothing_added() -> int:
    """No text is put into the history anew."""
    return 0


def take_in_steps(
    walk: HistoryWalk, room: int, cuts: Sequence[str], share: float, added: Callable[[], int] = nothing_added
) -> Counting[bool]:
    """Take the history of one prompt into ``walk``; whether it is all there is.

    ``cuts`` are oldest turns of earlier prompts, the one to be kept to first. A later one of them serves where that is
    not on the path or has grown too long. None serves that would use less than half of what a new cut leaves: so it is
    after the context was enlarged. ``share`` of the room is freed by a new cut. ``added`` tells what new texts cost
    that the history does not hold yet, as far as it was taken.
    """
    least = (room - freed(room, share)) // 2
    nearest = cuts[0] if cuts else ""
    reached = yield from _taken(walk, room, nearest)
    fits = walk.total + added() <= room
    if reached and fits:
        if walk.has_older() and walk.total + added() < least:
            yield from _taken(walk, room - freed(room, share) - added())
        return walk.complete
    if walk.complete and fits and not cuts:
        return True
    for cut in cuts[1:] if nearest else ():
        if _cut_at(walk, cut, least, room, added):
            return walk.complete
    if not (walk.complete and fits):
        while walk.total + added() > room - freed(room, share) and walk.drop_oldest():
            pass
    return walk.complete


def _taken(walk: HistoryWalk, room: int, stop_at: str = "") -> Counting[bool]:
    """Take turns; what stands under a turn that is not in is not in either."""
    reached = yield from walk.take(room, stop_at)
    walk.end_with_a_turn()
    return reached


def _cut_at(walk: HistoryWalk, turn: str, least: int, room: int, added: Callable[[], int]) -> bool:
    """Let the history begin at ``turn``, if enough of it follows and all of that fits."""
    tokens = 0
    for kept in walk.kept:
        tokens += kept.tokens
        if kept.item.turn_id == turn:
            break
    else:
        return False
    if tokens < least:
        return False
    before = list(walk.kept)
    walk.drop_to(tokens)
    if walk.total + added() <= room:
        return True
    walk.take_back(before)
    return False
