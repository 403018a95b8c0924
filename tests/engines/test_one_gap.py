"""When KoboldCpp's context shift moves what stands behind a gap: the numbers are those of a context of 8,192."""

from __future__ import annotations

import pytest

from tavern_tui.engines.cache_model import CacheModel, Read
from tavern_tui.engines.one_gap import OneGap

RULE = OneGap(8_192, 250)  # a run has to be longer than 3,686 tokens, or all but 380 of what follows the head
HEAD = tuple(range(1_000))
TURNS = tuple(range(10_000, 17_000))
NEW = tuple(range(20_000, 20_060))


def read(*after: int, prompt: tuple[int, ...], before: tuple[int, ...] = (*HEAD, *TURNS)) -> Read:
    """What a prompt costs after another."""
    cache = CacheModel(one_gap=RULE)
    cache.read((*before, *after))
    return cache.read(prompt)


def test_what_follows_a_quarter_of_the_history_moves_up() -> None:
    assert read(prompt=(*HEAD, *TURNS[1_750:], *NEW)) == Read(len(NEW), len(HEAD), 7_000 - 1_750)


def test_so_does_what_follows_half_of_it_while_little_behind_it_is_new() -> None:
    half = TURNS[3_500:]
    assert read(prompt=(*HEAD, *half, *NEW)).evaluated == len(NEW)
    assert read(prompt=(*HEAD, *half[:-500], *NEW, *half[-500:])).evaluated == 3_500 + len(NEW)


def test_behind_a_second_gap_everything_is_read() -> None:
    prompt = (*HEAD, *TURNS[1_000:6_000], *TURNS[6_500:])
    assert read(prompt=prompt) == Read(500, len(HEAD), 5_000)


@pytest.mark.parametrize(("rest", "moves"), [(339, False), (341, True)])
def test_little_that_is_left_is_read_rather_than_moved(rest: int, moves: bool) -> None:
    assert (read(prompt=(*HEAD, *TURNS[-rest:])).shifted > 0) is moves
