"""Input that nobody should send: the prompt is made all the same, or the error says what to shrink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.inputs import AuthorsNote, Examples, GenerationKind, Policy, PromptInput, Quiet
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import MIRA, SIX_TURNS, chat, count, given, plan

BOTH = pytest.mark.parametrize("policy", list(Policy))
MEGABYTES = "word and " * 1_200_000


class Counted:
    """A counter that remembers the longest text that it was asked about."""

    longest = 0

    def __call__(self, texts: Sequence[str]) -> list[int]:
        self.longest = max(self.longest, *map(len, texts))
        return count(texts)


def made(one: PromptInput) -> tuple[PromptPlan, Counted]:
    counted = Counted()
    return drive(assemble(one), counted), counted


def told(one: PromptPlan, state: PartState) -> list[Part]:
    return [part for part in one.parts if part.state is state]


def usual(policy: Policy, **changes: Any) -> PromptInput:
    return given(chat(*SIX_TURNS), CHATML, policy=policy, **changes)


# Macros that name one another.


@BOTH
def test_a_field_that_names_itself_is_expanded_once(policy: Policy) -> None:
    card = replace(
        MIRA, description="Mira, who is {{description}}.", personality="{{scenario}}", scenario="{{personality}}"
    )
    text = plan(usual(policy, character=card)).text
    assert text.count("Mira, who is") <= 2
    assert len(text) < 5_000


@BOTH
def test_fields_that_double_one_another_do_not_grow_without_bound(policy: Policy) -> None:
    doubling = "{{description}}{{personality}}{{scenario}}" * 400
    card = replace(MIRA, description=doubling, personality=doubling, scenario=doubling)
    with pytest.raises(PromptError):
        plan(usual(policy, character=card))


@BOTH
def test_a_note_full_of_macros_that_open_and_never_close_is_text(policy: Policy) -> None:
    note = AuthorsNote(text="{{user" * 1_000 + "{{random::" * 100, depth=0)
    assert "{{random::{{random::" in plan(usual(policy, note=note)).text


@BOTH
def test_a_turn_full_of_beginnings_that_never_close_takes_no_longer_than_reading_it(policy: Policy) -> None:
    said = '{{bias "Well"}} ' + "{{" * 200_000 + '{{bias "' * 50_000
    made_of = plan(given(chat("Hi.", said), None, policy=policy, context_tokens=2_000_000))
    assert made_of.text.endswith("Mira: Well")


# A story string whose blocks do not match.


@BOTH
@pytest.mark.parametrize("string", ["{{#if system}}{{system}}\n{{description}}", "{{/if}}{{system}}\n{{description}}"])
def test_a_broken_story_string_still_says_who_is_there_and_the_plan_says_what_is_wrong(
    policy: Policy, string: str
) -> None:
    one = usual(policy)
    result = plan(replace(one, context=replace(one.context, story_string=string)))
    assert "Mira keeps the lamp at Cold Point." in result.text
    problems = [part for part in told(result, PartState.OUT) if part.source.startswith("context template")]
    assert len(problems) == 1
    assert "the story string" in problems[0].reason


# Texts of ten megabytes.


@BOTH
def test_a_lore_entry_of_ten_megabytes_stays_out_and_is_never_counted(policy: Policy) -> None:
    entries = (LoreEntry(1, content=MEGABYTES, constant=True), LoreEntry(2, content="Small.", constant=True, order=200))
    result, counted = made(usual(policy, lorebooks=(Lorebook(name="Big", entries=entries),)))
    assert [one.uid for one in result.fired] == [2]
    left_out = [part for part in told(result, PartState.CUT) if part.kind is PartKind.LORE]
    assert [part.source for part in left_out] == ["lore: entry 1 (Big)"]
    assert left_out[0].reason
    assert counted.longest < 100_000
    assert result.tokens < result.limit


@BOTH
def test_example_dialogue_of_ten_megabytes_stays_out(policy: Policy) -> None:
    card = replace(MIRA, example_dialogue=f"<START>\n{{{{char}}}}: {MEGABYTES}")
    result, counted = made(usual(policy, character=card))
    assert any(part.kind is PartKind.EXAMPLE for part in told(result, PartState.CUT))
    assert counted.longest < 1_000_000
    assert result.tokens < result.limit


@BOTH
def test_an_old_turn_of_ten_megabytes_ends_the_history(policy: Policy) -> None:
    result, counted = made(given(chat(MEGABYTES, *SIX_TURNS[1:]), CHATML, policy=policy))
    assert [part.turn_id for part in result.included if part.turn_id] == [f"t{at}" for at in range(1, 6)]
    assert [part.turn_id for part in told(result, PartState.CUT) if part.turn_id] == ["t0"]
    assert counted.longest < 1_000_000


def test_a_newest_turn_of_ten_megabytes_is_named() -> None:
    with pytest.raises(PromptError) as caught:
        plan(given(chat("Hi.", MEGABYTES), CHATML))
    assert "Tom's turn" in str(caught.value)
    assert "shorten that turn" in caught.value.hint


@BOTH
@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"character": replace(MIRA, description=MEGABYTES)}, "the card's description"),
        ({"system_text": MEGABYTES}, "system prompt"),
    ],
)
def test_a_card_of_ten_megabytes_is_refused_by_the_name_of_what_is_so_long(
    policy: Policy, changes: dict[str, Any], name: str
) -> None:
    counted = Counted()
    with pytest.raises(PromptError) as caught:
        drive(assemble(usual(policy, **changes)), counted)
    assert name in caught.value.hint
    assert counted.longest < 1_000_000


@BOTH
@pytest.mark.parametrize("kind", ["author's note", "character note"])
def test_a_note_of_ten_megabytes_is_cut_or_named(policy: Policy, kind: str) -> None:
    note = AuthorsNote(text=MEGABYTES, depth=1) if kind == "author's note" else None
    card = replace(MIRA, note=CharacterNote(MEGABYTES, 1)) if note is None else MIRA
    one = usual(policy, note=note, character=card)
    if policy is Policy.ECONOMY:
        with pytest.raises(PromptError) as caught:
            plan(one)
        assert kind in caught.value.hint
    else:
        assert any(part.kind.value == kind for part in told(plan(one), PartState.CUT))


# Too small a context.


def test_a_context_smaller_than_the_card_says_what_to_shrink() -> None:
    with pytest.raises(PromptError) as caught:
        plan(usual(Policy.ECONOMY, context_tokens=50, response_tokens=20))
    assert "context size" in caught.value.hint


def test_a_context_that_not_even_the_card_fits_into_is_refused_under_classic_too() -> None:
    with pytest.raises(PromptError):
        plan(usual(Policy.CLASSIC, context_tokens=20, response_tokens=10))


@BOTH
def test_a_context_of_nothing_is_refused(policy: Policy) -> None:
    with pytest.raises(PromptError):
        plan(usual(policy, context_tokens=0, response_tokens=100, examples=Examples.ALWAYS))


@BOTH
@pytest.mark.parametrize("kind", [GenerationKind.NORMAL, GenerationKind.IMPERSONATE, GenerationKind.QUIET])
def test_an_empty_chat_has_a_prompt(policy: Policy, kind: GenerationKind) -> None:
    quiet = Quiet(text="Who is there?") if kind is GenerationKind.QUIET else None
    assert plan(given([], CHATML, policy=policy, kind=kind, quiet=quiet)).text


@BOTH
def test_there_must_be_a_turn_to_continue(policy: Policy) -> None:
    with pytest.raises(PromptError):
        plan(given([], CHATML, policy=policy, kind=GenerationKind.CONTINUE))
