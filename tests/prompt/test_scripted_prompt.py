"""Regex scripts in a prompt: which turn meets which script, at which depth, and what the plan says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker, TurnTokens
from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition
from tavern_tui.domain.regex_script import Placement, RegexScript
from tavern_tui.prompt import regex_scripts
from tavern_tui.prompt.chat_completion.assembly import assemble_chat
from tavern_tui.prompt.chat_completion.default_preset import default_preset
from tavern_tui.prompt.cleanup import clean_reply, reply_rules
from tavern_tui.prompt.counting import drive
from tavern_tui.prompt.inputs import GenerationKind, Policy
from tavern_tui.prompt.plan import PartKind, PartState
from tavern_tui.prompt.scripted_prompt import reply_edit
from tavern_tui.prompt.templates import BUILT_IN
from tests.prompt.builders import SIX_TURNS, Visited, chat, count, given, plan

BOTH = frozenset({Placement.USER_INPUT, Placement.AI_OUTPUT})
SHOUT = RegexScript("shout", "/$/", "!", placement=BOTH, prompt_only=True)


def said(turns: list[Turn], *scripts: RegexScript, **changes: Any) -> dict[str, str]:
    """What the prompt says of each turn, by its id."""
    made = plan(given(turns, regex_scripts=scripts, **changes))
    return {part.turn_id: part.body for part in made.parts if part.turn_id and part.state is PartState.IN}


def test_a_script_for_prompts_changes_what_the_model_reads_and_not_the_turn() -> None:
    turns = chat(*SIX_TURNS)
    assert said(turns, SHOUT)["t5"] == "Which half?!"
    assert turns[5].text == "Which half?"


def test_a_script_is_for_the_users_turns_or_the_models_and_the_narrators() -> None:
    turns = [*chat(*SIX_TURNS[:2]), Turn("t2", "t1", Speaker.NARRATOR, "", "It rains.")]
    theirs = said(turns, replace(SHOUT, placement=frozenset({Placement.AI_OUTPUT})))
    assert (theirs["t0"], theirs["t1"], theirs["t2"]) == ("Come in.!", "Thank you.", "It rains.!")


@pytest.mark.parametrize(("placement", "sent"), [(Placement.REASONING, "Hush"), (Placement.AI_OUTPUT, "Plan")])
def test_a_script_for_thinking_changes_what_a_prompt_keeps_of_it(placement: Placement, sent: str) -> None:
    turns = chat("Come in.", "Thank you.", "Sit down.", "Why?")
    turns[2] = replace(turns[2], reasoning="Plan: be kind.")
    script = RegexScript("hush", "Plan", "Hush", placement=frozenset({placement}), prompt_only=True)
    made = plan(given(turns, BUILT_IN["Qwen 3"], kept_thoughts=1, regex_scripts=(script,)))
    assert f"{sent}: be kind." in made.text
    assert turns[2].reasoning == "Plan: be kind."


def test_depth_counts_visible_turns_from_the_newest() -> None:
    turns = chat(*SIX_TURNS)
    turns[4] = replace(turns[4], hidden=True)
    found = said(turns, replace(SHOUT, min_depth=1, max_depth=2))
    assert {turn for turn, text in found.items() if text.endswith("!")} == {"t3", "t2"}


@pytest.mark.parametrize(("policy", "changed"), [(Policy.CLASSIC, {"t4"}), (Policy.ECONOMY, {"t3"})])
def test_the_turn_to_be_continued_is_the_newest_in_classic_and_above_it_in_economy(
    policy: Policy, changed: set[str]
) -> None:
    turns = chat(*SIX_TURNS[:5])
    found = said(
        turns, replace(SHOUT, min_depth=0, max_depth=0), kind=GenerationKind.CONTINUE, policy=policy, instruct=None
    )
    assert {turn for turn, text in found.items() if text.endswith("!")} == changed


def test_what_was_changed_when_stored_is_changed_again_in_classic_only() -> None:
    stored = replace(SHOUT, prompt_only=False)
    assert said(chat(*SIX_TURNS), stored)["t5"] == "Which half?"
    assert said(chat(*SIX_TURNS), stored, policy=Policy.CLASSIC)["t5"] == "Which half?!"


def test_the_greetings_macros_are_expanded_before_scripts_read_it() -> None:
    greeting = replace(SHOUT, find="/Tom/", replace="[$0]")
    assert said(chat("Hello {{user}}."), greeting)["t0"] == "Hello [Tom]."


def test_a_replacements_macros_say_what_the_prompts_macros_say() -> None:
    assert said(chat("x"), replace(SHOUT, find="x", replace="{{char}} and {{user}}"))["t0"] == "Mira and Tom"


def test_a_changed_turn_is_not_sent_as_the_ids_that_were_sampled_for_it() -> None:
    turns = chat(*SIX_TURNS)
    tokens = TurnTokens("words", (1, 2, 3))
    turns[4] = replace(turns[4], tokens=tokens)
    parts = plan(given(turns, fingerprint="words", regex_scripts=(SHOUT,))).parts
    assert all(part.token_ids is None for part in parts)
    parts = plan(given(turns, fingerprint="words")).parts
    assert [part.token_ids for part in parts if part.token_ids] == [tokens.ids]


def test_control_tokens_that_a_script_writes_are_made_harmless() -> None:
    found = said(chat("x"), replace(SHOUT, find="x", replace="<|im_end|>"))
    assert "<|im_end|>" not in found["t0"]


def test_lore_keys_are_looked_for_in_what_scripts_made_of_the_turns() -> None:
    book = Lorebook("World", entries=(LoreEntry(keys=("dragon",), content="It sleeps."),))
    to_dragon = replace(SHOUT, find="chart", replace="dragon")
    assert "It sleeps." in plan(given(chat(*SIX_TURNS), lorebooks=(book,), regex_scripts=(to_dragon,))).text
    assert "It sleeps." not in plan(given(chat(*SIX_TURNS), lorebooks=(book,))).text


def test_fired_lore_is_changed_by_scripts_for_it_and_only_lore_in_the_chat_has_a_depth() -> None:
    entries = (
        LoreEntry(uid=1, constant=True, content="Head."),
        LoreEntry(uid=2, constant=True, content="Chat.", position=LorePosition.AT_DEPTH, depth=3),
    )
    lore = RegexScript("lore", "/$/", "!", placement=frozenset({Placement.WORLD_INFO}), prompt_only=True, max_depth=2)
    made = plan(given(chat(*SIX_TURNS), lorebooks=(Lorebook("World", entries=entries),), regex_scripts=(lore,))).text
    assert "Head.!" in made
    assert "Chat.\n" in made or "Chat.<" in made


def test_lore_that_a_script_empties_leaves_no_line() -> None:
    book = Lorebook("World", entries=(LoreEntry(constant=True, content="Gone."),))
    empties = RegexScript("none", "/.*/s", "", placement=frozenset({Placement.WORLD_INFO}))
    bare = plan(given(chat(*SIX_TURNS))).text
    assert plan(given(chat(*SIX_TURNS), lorebooks=(book,), regex_scripts=(empties,))).text == bare


def test_messages_for_a_chat_completion_are_scripted_alike() -> None:
    made = drive(assemble_chat(given(chat(*SIX_TURNS), regex_scripts=(SHOUT,)), default_preset("")), count)
    assert [message.content for message in made.messages() if "Which half" in message.content] == ["Which half?!"]


def test_a_script_that_explodes_is_named_in_the_plan_and_the_prompt_is_made() -> None:
    turns = chat(*SIX_TURNS[:5], "a" * 3_000 + "!")
    made = plan(given(turns, regex_scripts=(replace(SHOUT, name="boom", find="/(a+)+$/"),)))
    told = [part for part in made.parts if part.kind is PartKind.SCRIPT]
    assert [(part.source, part.state, part.reason) for part in told] == [
        ("boom", PartState.OUT, "its pattern takes too long on this text")
    ]
    assert "a" * 3_000 in made.text


def test_a_prompt_with_scripts_looks_at_the_turns_that_fit_and_no_further() -> None:
    turns = chat(*("A line of words for the lamp. " * 4 for _ in range(2_000)))
    visited = {}
    for scripts in ((), (replace(SHOUT, max_depth=3),)):
        source = Visited(turns)
        plan(replace(given(regex_scripts=scripts), turns=source))
        visited[len(scripts)] = source.visited
    assert visited[1] <= visited[0] + 1


# Replies.


def test_a_reply_is_changed_after_its_stop_tail_and_before_the_rest_of_the_cleaning() -> None:
    one = RegexScript("names", r"/^Narrator: .*\n/", "", placement=frozenset({Placement.AI_OUTPUT}))
    asked = given(chat(*SIX_TURNS), regex_scripts=(one,))
    rules = reply_rules(asked, plan(asked), reply_edit(asked, {}))
    assert clean_reply("Narrator: it rains.\nMira: Both.  <|im_end|>", rules) == "Both."


def test_an_impersonation_is_changed_as_the_users_own_words_are() -> None:
    mine = RegexScript("mine", "No", "Yes", placement=frozenset({Placement.USER_INPUT}))
    asked = given(chat(*SIX_TURNS), regex_scripts=(mine,), kind=GenerationKind.IMPERSONATE)
    assert clean_reply("No.", reply_rules(asked, plan(asked), reply_edit(asked, {}))) == "Yes."
    asked = replace(asked, kind=GenerationKind.NORMAL)
    assert clean_reply("No.", reply_rules(asked, plan(asked), reply_edit(asked, {}))) == "No."


def test_an_exploding_script_is_run_twice_on_a_growing_reply_and_told_of_its_end() -> None:
    boom = RegexScript("boom", "/(a+)+$/", "b", placement=frozenset({Placement.AI_OUTPUT}))
    left_out: dict[str, str] = {}
    edit = reply_edit(given(chat(*SIX_TURNS), regex_scripts=(boom,)), left_out)
    assert edit is not None
    states = ["a" * length + "!" for length in range(3_000, 3_600)]
    assert [edit(state) for state in states] == states
    assert left_out == {}
    edit.finish()
    assert edit(states[-1]) == states[-1]
    assert left_out == {"boom": "its pattern takes too long on this text"}


def test_replies_that_no_script_is_for_are_not_edited() -> None:
    assert reply_edit(given(regex_scripts=(SHOUT,)), {}) is None


def test_a_next_prompt_replaces_only_in_what_is_new_and_in_what_crossed_a_depth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replacing: list[str] = []
    real = regex_scripts.replaced

    def counted(scripts: Any, text: str, expand: Any, allowance: Any) -> Any:
        replacing.append(text)
        return real(scripts, text, expand, allowance)

    monkeypatch.setattr(regex_scripts, "replaced", counted)
    turns = chat(*(f"Line {number} of the lamp." for number in range(400)))
    scripts = (replace(SHOUT, name="deep", min_depth=3), replace(SHOUT, name="counted", find="lamp", replace="sea"))
    plan(given(turns[:398], regex_scripts=scripts))
    assert len(replacing) > 100
    replacing.clear()
    plan(given(turns, regex_scripts=scripts))
    crossed = {turns[number].text for number in (395, 396)}
    assert set(replacing) == {turns[398].text, turns[399].text} | crossed
