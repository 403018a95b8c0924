"""World info as SillyTavern 1.12.6's own functions decided it: docs/spec/sillytavern-prompts.md, Appendix A.

A token is a word there, and everything stands before the character.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.counting import Counts
from tavern_tui.prompt.inputs import Injection, LoreSettings, Policy, PromptInput
from tavern_tui.prompt.lore import LoreScan
from tavern_tui.prompt.lore_outcome import Lore
from tavern_tui.prompt.lore_places import placed
from tavern_tui.prompt.plan import NO_LORE_STATE, LoreState
from tavern_tui.prompt.story import tell
from tests.prompt.builders import chat, given

SETTINGS: dict[str, Any] = {
    "scan_depth": 2,
    "recursive": False,
    "match_whole_words": False,
    "max_recursion_steps": 0,
    "book_settings": False,
    "include_names": False,
}


def prompt(*entries: LoreEntry, turns: tuple[str, ...] = ("x",), state: LoreState = NO_LORE_STATE, **how: Any) -> Any:
    """A prompt under ``classic`` with one book and these settings."""
    changes = {name: how.pop(name) for name in ("injections", "random") if name in how}
    numbered = tuple(replace(entry, uid=at) for at, entry in enumerate(entries))
    return given(
        chat(*turns),
        lorebooks=(Lorebook("Book", numbered),),
        lore=LoreSettings(**{**SETTINGS, **how}),
        lore_state=state,
        policy=Policy.CLASSIC,
        **changes,
    )


def scanned(one: PromptInput) -> Lore:
    """What fires once every word is counted."""
    scan, counts = LoreScan(one, tell(one)), Counts()
    while (lore := scan.run(counts)).unknown:
        counts |= {text: len(text.split()) for text in lore.unknown}
    return lore


def before(one: PromptInput) -> list[str]:
    """The texts before the character."""
    text = placed(one, tell(one), scanned(one))[1].lore_before
    return text.split("\n") if text else []


def always(content: str, **changes: Any) -> LoreEntry:
    """A constant entry."""
    return LoreEntry(constant=True, content=content, **changes)


def test_the_highest_order_stands_last_and_of_equals_the_later_first() -> None:
    entries = (always("first"), always("second"), always("low", order=10), always("high", order=200))
    assert before(prompt(*entries)) == ["low", "second", "first", "high"]


def test_a_scan_depth_of_0_sees_no_injected_text_either() -> None:
    entries = (
        LoreEntry(keys=("dragon",), content="blind", scan_depth=0),
        LoreEntry(keys=("dragon",), content="seeing"),
    )
    assert before(prompt(*entries, injections=(Injection("a dragon", scan=True),))) == ["seeing"]


def test_the_sum_must_stay_below_the_budget_and_nothing_is_tried_after_it() -> None:
    assert before(prompt(always("a b c", order=200), always("d"), budget_cap=4)) == ["a b c"]
    assert before(prompt(always("a b c d e", order=200), always("f"), budget_cap=4)) == []


def test_whole_words_are_asked_of_single_words_only() -> None:
    entries = [LoreEntry(keys=(key,), content=key) for key in ("king", "king arthur", "ing")]
    assert before(prompt(*entries, turns=("viking arthurs",), match_whole_words=True)) == ["king arthur"]


def test_two_steps_are_one_level_of_recursion() -> None:
    chain = [LoreEntry(keys=(key,), content=said) for key, said in (("a", "beta"), ("beta", "gamma"), ("gamma", "x"))]
    lore = scanned(prompt(*chain, turns=("a",), match_whole_words=True, recursive=True, max_recursion_steps=2))
    assert [one.text for one in lore.fired] == ["beta", "gamma"]


def test_the_scan_goes_back_until_enough_have_fired() -> None:
    entries = (LoreEntry(keys=("new",), content="1"), LoreEntry(keys=("old",), content="2"))
    assert len(before(prompt(*entries, turns=("old", "new"), scan_depth=1, min_activations=2))) == 2


def test_a_sticky_entry_ends_in_a_cooldown_that_is_protected() -> None:
    entry = LoreEntry(keys=("dragon",), content="text", sticky=3, cooldown=2)
    said = ("Hm.", "dragon", "a", "b", "c", "d", "e", "f")
    found, state = [], NO_LORE_STATE
    for length in (2, 4, 6, 8):
        lore = scanned(prompt(entry, turns=said[:length], scan_depth=1, state=state))
        found.append(bool(lore.fired))
        state = lore.state
        if length == 6:
            (cooldown,) = state.effects
            assert (cooldown.sticky, cooldown.start, cooldown.end, cooldown.protected) == (False, 6, 8, True)
    assert found == [True, True, False, False]
    assert state == NO_LORE_STATE


def test_a_single_level_of_delay_never_opens_without_recursion_and_two_do() -> None:
    one, two = always("one", delay_until_recursion=1), always("two", delay_until_recursion=2)
    assert before(prompt(one)) == []
    assert len(before(prompt(one, two))) == 2


def test_of_two_tied_entries_the_draw_decides_whoever_opts_in() -> None:
    entries = (
        LoreEntry(keys=("dragon",), content="first", group="g"),
        LoreEntry(keys=("dragon",), content="second", group="g", use_group_scoring=True),
    )
    assert before(prompt(*entries, turns=("dragon",), random=lambda: 0.0)) == ["first"]


@pytest.mark.parametrize(("policy", "expected"), [(Policy.CLASSIC, ["a"]), (Policy.ECONOMY, ["other", "a"])])
def test_an_entry_that_loses_in_two_groups_takes_another_with_it_in_sillytavern(
    policy: Policy, expected: list[str]
) -> None:
    entries = (always("a", group="g1,g2"), always("b", group="g1,g2"), always("other", order=1))
    one = replace(prompt(*entries, random=lambda: 0.0), policy=policy)
    assert before(one) == expected


def test_groups_whose_names_are_numbers_are_settled_first_in_sillytavern() -> None:
    entries = (always("a", group="x,2"), always("b", group="x"), always("c", group="2", group_override=True))
    # In group 2 "a" has to go; in group x it still wins the draw and "b" goes, too.
    assert before(prompt(*entries, random=lambda: 0.0)) == ["c"]


def test_what_a_decorator_s_fallback_says_counts() -> None:
    entry = LoreEntry(keys=("nothing",), content="@@foo\n@@@activate\ntext")
    assert before(prompt(entry)) == ["text"]
