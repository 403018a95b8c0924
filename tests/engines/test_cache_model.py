"""The simulator of an engine's cache. That the real engine agrees with it is shown in ``tests/economy``."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.engines.cache_model import CacheModel, Read
from tavern_tui.engines.embedded.reuse import common_prefix

HEAD = tuple(range(100))
TURNS = tuple(range(1000, 1400))
LATER = tuple(range(2000, 2040))
IDS = st.lists(st.integers(0, 3), max_size=60).map(tuple)


def test_a_prompt_that_goes_on_is_read_from_where_it_goes_on() -> None:
    cache = CacheModel()
    assert cache.read(HEAD) == Read(100, 0)
    cache.write(TURNS[:50])
    assert cache.read((*HEAD, *TURNS[:50], *LATER)) == Read(40, 150)


def test_a_prompt_that_is_known_whole_costs_one_token() -> None:
    cache = CacheModel()
    cache.read(HEAD)
    cache.write(TURNS)
    assert cache.read(HEAD) == Read(1, 99)


def test_what_follows_a_cut_moves_up_where_the_engine_can_shift() -> None:
    cache = CacheModel()
    cache.read((*HEAD, *TURNS))
    assert cache.read((*HEAD, *TURNS[200:], *LATER)) == Read(40, 100, 200)


def test_an_engine_that_only_matches_beginnings_reads_all_that_follows_a_cut() -> None:
    cache = CacheModel(gaps=0)
    cache.read((*HEAD, *TURNS))
    assert cache.read((*HEAD, *TURNS[200:], *LATER)) == Read(240, 100)


def test_an_engine_that_closes_one_gap_reads_what_follows_the_second() -> None:
    cut_twice = (*HEAD, *TURNS[100:200], *TURNS[300:], *LATER)
    for gaps, expected in ((1, Read(140, 100, 100)), (2, Read(40, 100, 200))):
        cache = CacheModel(gaps=gaps)
        cache.read((*HEAD, *TURNS))
        assert cache.read(cut_twice) == expected


def test_of_replies_written_side_by_side_the_chosen_one_is_not_read() -> None:
    cache = CacheModel()
    cache.read(HEAD)
    cache.write(TURNS[:50], LATER)
    assert cache.read((*HEAD, *LATER, 7)) == Read(1, 140)


def test_a_chat_that_was_put_aside_comes_back_whole() -> None:
    cache = CacheModel(parked_tokens=1000)
    cache.read((*HEAD, *TURNS), "first")
    cache.read(LATER * 3, "second")
    assert cache.read((*HEAD, *TURNS, 7), "first") == Read(1, 500)


def test_what_was_away_longest_makes_room_for_the_others() -> None:
    chats = {name: tuple(range(start, start + 100)) for start, name in ((0, "a"), (5000, "b"), (9000, "c"))}
    for wanted, evaluated in (("a", 100), ("b", 1)):
        cache = CacheModel(parked_tokens=200)
        for name, ids in chats.items():
            cache.read(ids, name)
        cache.read(LATER)
        assert cache.read(chats[wanted], wanted).evaluated == evaluated, wanted


def test_a_chat_without_a_name_and_a_short_one_are_not_put_aside() -> None:
    for name, ids in (("", HEAD), ("short", HEAD[:40])):
        cache = CacheModel(parked_tokens=1000)
        cache.read(ids, name)
        cache.read(TURNS, "other")
        assert cache.read(ids, name) == Read(len(ids), 0)


def test_after_a_restart_there_is_what_lies_on_disk() -> None:
    lost, kept = CacheModel(parked_tokens=1000), CacheModel(parked_tokens=1000, disk=True)
    for cache in (lost, kept):
        cache.read((*HEAD, *TURNS), "chat")
        cache.restart()
    assert lost.read((*HEAD, *TURNS, 7), "chat") == Read(501, 0)
    assert kept.read((*HEAD, *TURNS, 7), "chat") == Read(1, 500)


def test_a_state_on_disk_is_written_anew_only_when_it_lacks_a_batch() -> None:
    cache = CacheModel(disk=True)
    cache.read(HEAD + TURNS[:100], "chat")
    cache.store()
    cache.write(TURNS[100:200])
    cache.restart()
    assert cache.read(HEAD + TURNS[:200], "chat") == Read(100, 200)


@settings(max_examples=25)
@given(st.lists(st.tuples(IDS.filter(bool), IDS), min_size=1, max_size=5), st.sampled_from([0, 1, None]))
def test_every_token_is_read_reused_or_moved_and_the_last_one_is_read(
    turns: list[tuple[tuple[int, ...], tuple[int, ...]]], gaps: int | None
) -> None:
    cache = CacheModel(gaps=gaps)
    for prompt, reply in turns:
        same = min(common_prefix(cache.ids, prompt), len(prompt) - 1)
        read = cache.read(prompt)
        assert (read.tokens, read.reused) == (len(prompt), same)
        assert read.evaluated >= 1
        assert gaps != 0 or read.shifted == 0
        assert cache.ids == prompt
        cache.write(reply)


def test_a_chat_that_is_turned_to_is_taken_before_the_other_takes_its_room() -> None:
    cache = CacheModel(parked_tokens=len(HEAD) + 50)
    cache.read(HEAD, "first")
    cache.read(TURNS[:100], "second")
    assert cache.read((*HEAD, 7), "first") == Read(1, 100)
