"""Lore that is hostile or broken: the turn is made within its bounds, and the plan says what was left out and why."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from tavern_tui.domain.lorebook import KeyMatching, Lorebook, LoreEntry
from tavern_tui.prompt.inputs import LoreSettings, Policy, PromptInput
from tavern_tui.prompt.lore import LONGEST_TEXT, LoreCache, LoreScan
from tavern_tui.prompt.lore_keys import Haystack, KeySearch
from tavern_tui.prompt.lore_outcome import MOST_TOLD
from tavern_tui.prompt.lore_patterns import LONGEST, Patterns
from tavern_tui.prompt.plan import Part, PartKind, PromptPlan
from tavern_tui.prompt.story import tell
from tests.prompt.builders import chat, given, plan

TURNS = chat("Hm.", "The dragon!")
BOTH = pytest.mark.parametrize("policy", list(Policy))


def with_lore(*entries: LoreEntry, **changes: Any) -> PromptInput:
    """A prompt of two turns with one book."""
    return given(TURNS, **{"lorebooks": (Lorebook("Book", entries),), **changes})


def lore_parts(made: PromptPlan) -> list[Part]:
    """What the plan says of lore."""
    return [part for part in made.parts if part.kind is PartKind.LORE]


@BOTH
@pytest.mark.parametrize("steps", [0, 10])
def test_two_entries_that_trigger_one_another_for_ever_fire_once(policy: Policy, steps: int) -> None:
    one = LoreEntry(uid=1, keys=("dragon", "smoke"), content="Where fire is.", comment="Smoke")
    other = LoreEntry(uid=2, keys=("fire",), content="Where smoke and dragon are.", comment="Fire")
    made = plan(with_lore(one, other, policy=policy, lore=LoreSettings(max_recursion_steps=steps)))
    assert [found.title for found in made.fired] == ["Smoke", "Fire"]


@BOTH
def test_a_chain_of_thousands_ends_at_the_budget(policy: Policy) -> None:
    chain = [LoreEntry(uid=at, keys=(f"k{at}",), content=f"so k{at + 1} ends", order=1) for at in range(1_000)]
    one = given(
        chat("Hm.", "k0"),
        lorebooks=(Lorebook("Book", tuple(chain)),),
        lore=LoreSettings(max_recursion_steps=0, budget_cap=900),
        policy=policy,
    )
    scan = LoreScan(one, tell(one))
    made = plan(one)
    assert 100 < len(made.fired) < 300
    assert made.tokens <= made.limit
    assert scan.entries[0].title == "k0"


@BOTH
@pytest.mark.parametrize("text", ["a" * 10_000_000, "{{char}} " * 1_200_000])
def test_a_text_of_ten_megabytes_is_neither_expanded_nor_counted_nor_told_whole(policy: Policy, text: str) -> None:
    one = with_lore(
        LoreEntry(uid=1, constant=True, order=200, content=text, comment="Huge"),
        LoreEntry(uid=2, keys=("dragon",), content="It sleeps.", comment="Small"),
        policy=policy,
    )
    made = plan(one)
    assert [found.title for found in made.fired] == ["Small"]
    (part,) = [part for part in lore_parts(made) if part.source == "lore: Huge (Book)"]
    assert part.reason == f"its text of {len(text):,} characters is longer than any prompt"
    assert len(part.body) < 10_000
    assert len(text) > LONGEST_TEXT


def test_a_text_that_ignores_the_budget_does_not_push_the_card_out() -> None:
    free = LoreEntry(constant=True, content="word " * 5_000, ignore_budget=True, comment="Free")
    made = plan(with_lore(free))
    assert made.fired == ()
    assert made.tokens <= made.limit


def test_of_thousands_of_patterns_one_that_explodes_is_switched_off_and_the_others_are_looked_for() -> None:
    entries = [LoreEntry(uid=at, keys=(f"/drag{at}s?/",), content="x") for at in range(5_000)]
    entries[40] = LoreEntry(uid=40, keys=("/(a+)+$|(b|b)+!/i",), content="x")
    entries[4_000] = LoreEntry(uid=4_000, keys=("/drag[o]n/",), content="It sleeps.")
    turns = chat("Hm.", "The dragon! " + "a" * 4_000 + "c")
    cache = LoreCache()
    one = given(turns, lorebooks=(Lorebook("Book", tuple(entries)),), lore_cache=cache)
    made = plan(one)
    assert [found.uid for found in made.fired] == [4_000]
    assert len(cache.index(one).compiled) == 2
    (part,) = lore_parts(made)[1:]
    assert part.source == "lore key /(a+)+$|(b|b)+!/i"
    assert part.reason == "switched off: its pattern may take too long"


def test_patterns_are_compiled_once_for_a_chat() -> None:
    entries = tuple(LoreEntry(uid=at, keys=(f"/dragon{at}|x/",), content="x") for at in range(50))
    cache = LoreCache()
    one = with_lore(*entries, lore_cache=cache)
    plan(one)
    compiled = dict(cache.index(one).compiled)
    plan(one)
    assert len(compiled) == 50
    assert all(cache.index(one).compiled[place] is pattern for place, pattern in compiled.items())


def test_when_the_patterns_have_taken_all_their_time_the_rest_is_switched_off() -> None:
    ticks = iter(range(1_000))
    patterns = Patterns(seconds=3, stopwatch=lambda: float(next(ticks)))
    keys = KeySearch(str, patterns, exact=False)
    text = Haystack("The dragon!")
    found = [keys.finds(f"/dragon|{at}/", text, case_sensitive=False, whole_words=True) for at in range(5)]
    assert found == [True, True, True, False, False]
    assert set(patterns.switched_off.values()) == {"switched off: the patterns before it took all the time there is"}
    assert keys.finds("dragon", text, case_sensitive=False, whole_words=True)


def test_a_pattern_of_a_hundred_kilobytes_is_not_even_compiled() -> None:
    key = "/" + "(a|b)?" * 20_000 + "/"
    one = with_lore(LoreEntry(keys=(key,), content="x"))
    made = plan(one)
    (part,) = lore_parts(made)
    assert len(key) > LONGEST
    assert part.reason == "switched off: its pattern may take too long"
    assert len(part.source) < 200


def test_of_many_patterns_that_were_switched_off_some_are_named_and_the_rest_are_counted() -> None:
    long = "b" * LONGEST
    entries = [LoreEntry(uid=at, keys=(f"/{at}{long}/",), content="x") for at in range(MOST_TOLD + 5)]
    parts = lore_parts(plan(with_lore(*entries)))
    assert len(parts) == MOST_TOLD + 1
    assert parts[-1].source == "5 more lore keys"


@BOTH
def test_keys_of_a_hundred_kilobytes_are_looked_for_and_named_by_their_beginning(policy: Policy) -> None:
    long = "drag" * 25_000
    entries = tuple(LoreEntry(uid=at, keys=(f"{long}{at}", f"{long} {at}"), content="x") for at in range(10))
    made = plan(with_lore(*entries, policy=policy))
    assert made.fired == ()
    told = plan(given(chat("Hm.", f"So {long}7 it is."), lorebooks=(Lorebook("Book", entries),), policy=policy))
    assert [found.uid for found in told.fired] == [7]
    assert len(told.fired[0].reason) < 120
    assert len(told.fired[0].title) < 120


@BOTH
def test_empty_keys_and_keys_of_blanks(policy: Policy) -> None:
    entries = (
        LoreEntry(uid=1, keys=("", ""), content="x"),
        LoreEntry(uid=2, keys=("  ",), content="y"),
        LoreEntry(uid=3, keys=("", "dragon"), content="z"),
    )
    made = plan(with_lore(*entries, policy=policy))
    assert [found.uid for found in made.fired] == ([2, 3] if policy is Policy.CLASSIC else [3])


def test_thousands_of_entries_without_a_usable_key_are_not_looked_at() -> None:
    entries = tuple(LoreEntry(uid=at, keys=("", " "), content="x") for at in range(5_000))
    one = with_lore(*entries)
    scan = LoreScan(one, tell(one))
    plan(one)
    assert scan.index.always == []


def test_a_scan_of_the_whole_chat_is_bounded_in_turns() -> None:
    turns = chat("A whale.", *(f"Turn {at}." for at in range(3_000)))
    entry = LoreEntry(keys=("whale",), scan_depth=1_000_000, content="x")
    deep = given(turns, lorebooks=(Lorebook("Book", (entry,)),))
    wide = given(turns, lorebooks=(Lorebook("Book", (entry,)),), lore=LoreSettings(min_activations=9))
    kobold = given(turns, lorebooks=(Lorebook("Book", (entry,), matching=KeyMatching.KOBOLD),))
    assert [plan(one).fired for one in (deep, wide, kobold)] == [(), (), ()]


def test_what_a_cache_keeps_stays_bounded() -> None:
    cache = LoreCache()
    book = Lorebook("Book", tuple(LoreEntry(uid=at, keys=(f"/k{at}{{{{user}}}}/",), content="x") for at in range(20)))
    one = given(lorebooks=(book,), lore_cache=cache)
    index = cache.index(one)
    tracemalloc.start()
    try:
        for at in range(5_000):
            index.hits(f"Another text, {at}, " + "of many words " * 20)
            index.price([f"A text that was counted, {at}: " + "word " * 20])
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 4_000_000
