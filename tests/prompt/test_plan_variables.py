"""Variables in a prompt: they come in, macros change them once, and they go out with the plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.inputs import Injection, LoreSettings, Policy
from tavern_tui.prompt.templates import CHATML, context_for
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan

TURNS = chat(*SIX_TURNS)
COUNTED = replace(MIRA, description="Night {{incvar::night}} of {{getglobalvar::all}}.")


def test_a_plan_tells_what_macros_left_of_the_variables_it_was_given() -> None:
    made = plan(given(TURNS, character=COUNTED, variables={"night": "4", "x": "y"}, global_variables={"all": "9"}))
    assert "Night 5 of 9." in made.text
    assert made.variables == {"night": "5", "x": "y"}
    assert made.global_variables == {"all": "9"}


def test_the_input_is_never_changed() -> None:
    variables = {"night": "4"}
    one = given(TURNS, character=COUNTED, variables=variables)
    assert plan(one).text == plan(one).text
    assert variables == {"night": "4"}


def test_in_a_card_a_text_takes_effect_once_however_often_it_is_read() -> None:
    card = replace(
        MIRA,
        description="{{incvar::a}}",
        personality="{{description}}",
        system_prompt="{{incvar::b}} {{original}}",
        post_history_instructions="{{incvar::c}}",
        note=CharacterNote("{{incvar::d}}", depth=1),
    )
    made = plan(given(TURNS, character=card, prefill="{{incvar::e}}"))
    assert made.variables == dict.fromkeys("abcde", "1")


def test_classic_reads_the_card_twice_as_a_variable_is_there_above_where_it_is_set() -> None:
    card = replace(MIRA, description="{{getvar::tide}}|", personality="{{setvar::tide::spring}}calm")
    assert "spring|" in plan(given(TURNS, character=card, policy=Policy.CLASSIC)).text
    assert "spring" not in plan(given(TURNS, character=card)).text


@pytest.mark.parametrize(("policy", "shown"), [(Policy.CLASSIC, "[]"), (Policy.ECONOMY, "[Be dry.]")])
def test_a_cards_prompt_that_is_not_used_can_be_named_but_in_sillytavern(policy: Policy, shown: str) -> None:
    card = replace(MIRA, description="[{{charPrompt}}]", system_prompt="Be dry.")
    assert shown in plan(given(TURNS, character=card, prefer_card_prompts=False, policy=policy)).text


def test_a_story_string_takes_effect_once() -> None:
    context = replace(context_for(CHATML), story_string="{{description}} {{incvar::n}} {{personality}}{{incvar::m}}")
    for policy in Policy:
        assert plan(given(TURNS, context=context, policy=policy)).variables == {"n": "1", "m": "1"}


def test_a_variable_set_by_lore_is_seen_by_lore_after_it_and_by_the_note() -> None:
    first = LoreEntry(uid=1, keys=("half",), content="Low water.{{setvar::tide::spring}}", order=200)
    second = LoreEntry(uid=2, keys=("half",), content="Tide: {{getvar::tide}}.", order=100)
    note = Injection("Remember the {{getvar::tide}} tide.", depth=1)
    made = plan(given(TURNS, lorebooks=(Lorebook("Sea", (first, second)),), injections=(note,)))
    assert "Tide: spring." in made.text
    assert "Remember the spring tide." in made.text


@pytest.mark.parametrize("policy", Policy)
def test_lore_that_is_scanned_several_times_counts_once(policy: Policy) -> None:
    entries = tuple(
        LoreEntry(uid=at, keys=("half",), content="word " * 40 + "{{addvar::fired::1}}", order=at) for at in range(30)
    )
    settings = LoreSettings(budget_percent=20, recursive=False)
    made = plan(given(TURNS, lorebooks=(Lorebook("Sea", entries),), lore=settings, context_tokens=3000, policy=policy))
    refused = policy is Policy.CLASSIC  # SillyTavern expands the entry at which the budget ends, too
    assert 3 < len(made.fired) < 30
    assert made.variables == {"fired": str(len(made.fired) + refused)}


def test_entries_with_the_same_text_each_take_effect() -> None:
    entries = tuple(LoreEntry(uid=at, keys=("half",), content="{{addvar::love::1}}") for at in range(3))
    assert plan(given(TURNS, lorebooks=(Lorebook("Sea", entries),))).variables == {"love": "3"}


def test_with_less_lore_a_prompt_begins_with_the_variables_that_it_had() -> None:
    card = replace(MIRA, description="word " * 200)
    entries = tuple(LoreEntry(uid=at, keys=("half",), content="word " * 60 + "{{incvar::n}}") for at in range(4))
    one = given(TURNS, character=card, lorebooks=(Lorebook("Sea", entries),), lore=LoreSettings(budget_percent=90))
    one = replace(one, response_tokens=250, injections=(Injection("{{incvar::note}}"),))
    for context_tokens, fired in ((1000, 4), (750, 3), (650, 0)):
        made = plan(replace(one, context_tokens=context_tokens))
        assert len(made.fired) == fired
        assert made.variables == ({"n": str(fired), "note": "1"} if fired else {"note": "1"})


def test_banned_strings_come_out_with_the_plan() -> None:
    card = replace(MIRA, description='Calm.{{banned "storm"}} Clear.{{banned "gale"}}')
    for policy in Policy:
        lines = replace(card, description=card.description.replace("Clear.", "Clear.\n"))
        made = plan(given(TURNS, character=lines, policy=policy))
        assert made.banned == ("storm", "gale")
        assert "Calm. Clear." in made.text
