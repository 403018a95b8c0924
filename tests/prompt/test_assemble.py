"""Assembly: what is in a prompt, how much of the history fits, how far the walk goes, what is asked to be counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.inputs import Examples, GenerationKind, Injection, Policy
from tavern_tui.prompt.plan import PartKind, PartState, PromptPlan
from tavern_tui.prompt.templates import BUILT_IN, CHATML, GEMMA, LLAMA_3, MISTRAL_V3
from tests.prompt.builders import MIRA, SIX_TURNS, TOM, Visited, chat, count, given, plan

ALL = (None, *BUILT_IN.values())
LONG = [f"{'word ' * 9}{at}." for at in range(400)]


def named(template: InstructTemplate | None) -> str:
    return template.name if template else "plain"


def kinds(one: PromptPlan) -> list[str]:
    return [part.kind.value for part in one.included if part.kind is not PartKind.MARKUP]


def test_a_plan_names_every_part_in_order() -> None:
    one = plan(given(chat("Hi.", "Yo."), prefill="*"))
    assert kinds(one) == [
        "system prompt", "description", "personality", "persona", "scenario",
        "example dialogue", "example dialogue", "example dialogue", "chat start",
        "turn", "turn", "reply line", "prefill",
    ]  # fmt: skip


def test_the_prompt_ends_with_the_prefill() -> None:
    one = plan(given(chat("Hi.", "Yo."), prefill="*"))
    assert one.text.endswith("<|im_start|>assistant\n*")
    assert one.prefill == "*"


def test_a_cards_system_prompt_replaces_ours_and_may_quote_it() -> None:
    card = replace(MIRA, system_prompt="Be {{char}}. {{original}}")
    one = given(chat("Hi."), character=card, system_text="Short texts, {{user}}.")
    assert plan(one).parts[0].body == "Be Mira. Short texts, Tom."
    assert plan(replace(one, prefer_card_prompts=False)).parts[0].body == "Short texts, Tom."


def test_post_history_instructions_stand_below_the_newest_turn() -> None:
    card = replace(MIRA, post_history_instructions="Two sentences, {{char}}.")
    one = plan(given(chat("Hi.", "Yo."), character=card))
    assert kinds(one)[-3:] == ["turn", "post-history instructions", "reply line"]


def test_a_character_note_stands_at_its_depth() -> None:
    card = replace(MIRA, note=CharacterNote("It is cold.", depth=1))
    assert kinds(plan(given(chat("Hi.", "Yo."), character=card)))[-4:] == [
        "turn",
        "character note",
        "turn",
        "reply line",
    ]


def test_a_note_deeper_than_the_chat_stands_at_its_top() -> None:
    one = plan(given(chat("Hi.", "Yo."), injections=(Injection("Deep.", depth=99),)))
    assert kinds(one)[-4:] == ["author's note", "turn", "turn", "reply line"]


def test_notes_of_one_depth_stand_assistant_user_system_from_top_to_bottom() -> None:
    roles = (InjectionRole.SYSTEM, InjectionRole.USER, InjectionRole.ASSISTANT)
    notes = tuple(Injection(f"Note of the {role.value}.", depth=0, role=role) for role in roles)
    bodies = [part.body for part in plan(given(chat("Hi."), injections=notes)).included if part.kind is PartKind.NOTE]
    assert bodies == ["Note of the assistant.", "Note of the user.", "Note of the system."]


def test_a_hidden_turn_is_not_in_the_prompt_and_does_not_count_for_depth() -> None:
    turns = chat("Hi.", "Secret.", "Yo.")
    turns[1] = replace(turns[1], hidden=True)
    one = plan(given(turns, injections=(Injection("Note.", depth=1),)))
    assert "Secret" not in one.text
    assert [part.body for part in one.included][-4:-1] == ["Hi.", "Note.", "Yo."]


def test_macros_of_the_greeting_follow_the_persona_and_those_of_later_turns_stay() -> None:
    one = plan(given(chat("Come in, {{user}}.", "I am {{user}}.")))
    assert "Come in, Tom." in one.text
    assert "I am {{user}}." in one.text


def test_a_field_without_a_place_in_the_story_string_is_out_and_says_why() -> None:
    one = given(chat("Hi."), context=replace(given().context, story_string="{{system}}"))
    out = {part.kind: part.reason for part in plan(one).parts if part.state is PartState.OUT}
    assert "no place" in out[PartKind.DESCRIPTION]


def test_lore_stands_before_and_after_the_character() -> None:
    one = plan(given(chat("Hi."), lore_before="Old tales.", lore_after="New tales."))
    lore = [part.body for part in one.included if part.kind is PartKind.LORE]
    assert lore == ["Old tales.", "New tales."]
    assert one.text.index("Old tales.") < one.text.index(MIRA.description) < one.text.index("New tales.")


def test_impersonation_ends_with_the_users_opening() -> None:
    assert plan(given(chat("Hi."), kind=GenerationKind.IMPERSONATE)).text.endswith("<|im_start|>user\n")
    assert plan(given(chat("Hi."), None, kind=GenerationKind.IMPERSONATE)).text.endswith("\nTom:")


@pytest.mark.parametrize("template", ALL, ids=named)
def test_a_continuation_ends_with_the_raw_text_of_the_newest_turn(template: InstructTemplate | None) -> None:
    turns = chat("Hi.", "Yo.", "I was just")
    turns[2] = replace(turns[2], raw="I was just say")
    one = plan(given(turns, template, kind=GenerationKind.CONTINUE))
    assert one.text.endswith("I was just say")
    assert one.prefill == "I was just say"


def test_there_must_be_a_turn_to_continue() -> None:
    with pytest.raises(PromptError):
        plan(given((), kind=GenerationKind.CONTINUE))


def test_a_model_that_thinks_gets_its_thinking_closed_before_a_given_beginning() -> None:
    thinks = replace(CHATML, reasoning_open="<think>", reasoning_close="</think>")
    closed = "<|im_start|>assistant\n<think>\n\n</think>\n\n"
    turns = chat("Hi.", "Yo.", "I was")
    assert plan(given(turns, thinks)).text.endswith("<|im_start|>assistant\n")
    assert plan(given(turns, thinks, think=False)).text.endswith(closed)
    assert plan(given(turns, thinks, prefill="*")).text.endswith(closed + "*")
    assert plan(given(turns, thinks, kind=GenerationKind.CONTINUE)).text.endswith(closed + "I was")


def test_a_card_that_is_too_long_is_refused_with_its_numbers() -> None:
    card = replace(MIRA, description="word " * 5_000)
    with pytest.raises(PromptError) as caught:
        plan(given(chat("Hi."), character=card, context_tokens=2_048))
    assert caught.value.title.startswith("Mira's card (5,0")
    assert caught.value.title.endswith("tokens) and 300 for the reply do not fit 2,048.")
    assert caught.value.hint


def test_a_newest_turn_that_is_too_long_is_refused() -> None:
    with pytest.raises(PromptError) as caught:
        plan(given(chat("Hi.", "word " * 5_000)))
    assert caught.value.title.startswith("Tom's turn (5,0")


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("template", ALL, ids=named)
def test_the_newest_turns_that_fit_are_in_without_a_gap(template: InstructTemplate | None, policy: Policy) -> None:
    one = plan(given(chat(*LONG), template, policy=policy))
    ids = [part.turn_id for part in one.included if part.turn_id]
    assert ids == [f"t{at}" for at in range(400 - len(ids), 400)]
    assert one.first_turn == ids[0]
    assert one.tokens + one.padding > 0.7 * one.limit


@pytest.mark.parametrize("policy", Policy)
def test_the_walk_looks_at_no_more_turns_than_fit_and_one(policy: Policy) -> None:
    turns = Visited(chat(*LONG))
    one = given((), policy=policy)
    full = plan(replace(one, turns=turns, examples=Examples.NEVER))
    room = full.limit * 12 // 10  # economy frees a quarter of what it looked at
    fits = sum(1 for part in full.included if part.turn_id)
    assert turns.visited <= fits * (1 if policy is Policy.CLASSIC else room / full.tokens) + 2


def test_the_walk_over_a_chat_of_ten_thousand_turns_is_as_long_as_over_one_of_four_hundred() -> None:
    short, long = Visited(chat(*LONG)), Visited(chat(*LONG * 25))
    plan(replace(given(), turns=short))
    plan(replace(given(), turns=long))
    assert long.visited == short.visited


def test_the_head_and_the_first_turns_are_counted_in_one_request() -> None:
    batches: list[Sequence[str]] = []

    def recording(texts: Sequence[str]) -> Sequence[int]:
        batches.append(texts)
        return count(texts)

    drive(assemble(given(chat(*SIX_TURNS))), recording)
    assert len(batches) == 1
    assert len(set(batches[0])) == len(batches[0])


@pytest.mark.parametrize("template", ALL, ids=named)
def test_with_a_cache_the_next_turn_needs_one_request(template: InstructTemplate | None) -> None:
    cache: dict[str, int] = {}
    requests = 0

    def cached(texts: Sequence[str]) -> Sequence[int]:
        nonlocal requests
        missing = [text for text in texts if text not in cache]
        requests += bool(missing)
        cache.update(zip(missing, count(missing), strict=True))
        return [cache[text] for text in texts]

    turns = chat(*LONG)
    first = drive(assemble(given(turns[:-2], template)), cached)
    requests = 0
    drive(assemble(given(turns, template, first_turn=first.first_turn)), cached)
    assert requests == 1


def test_examples_leave_before_the_history_does() -> None:
    def examples(turns: int) -> int:
        one = plan(given(chat(*LONG[:turns]), context_tokens=1_024))
        return kinds(one).count("example dialogue")

    assert examples(5) > 0
    assert examples(60) == 0
    cut = plan(given(chat(*LONG[:60]), context_tokens=1_024))
    assert next(part.reason for part in cut.parts if part.state is PartState.CUT) == "made room for the history"


def test_examples_may_always_stay_or_never_come() -> None:
    assert "example dialogue" in kinds(plan(given(chat(*LONG), examples=Examples.ALWAYS)))
    never = plan(given(chat("Hi."), examples=Examples.NEVER))
    assert "example dialogue" not in kinds(never)
    assert "chat start" not in kinds(never)


def test_what_was_left_out_says_why() -> None:
    one = plan(given(chat(*LONG)))
    older = [part for part in one.parts if part.state is PartState.CUT and part.kind is PartKind.TURN]
    assert len(older) == 1
    assert int(older[0].turn_id[1:]) == int(one.first_turn[1:]) - 1
    assert "no room" in older[0].reason


def test_a_plan_is_plain_values_for_json() -> None:
    value = plan(given(chat("Hi."))).as_dict()
    assert value["template"] == "ChatML"
    assert value["tokens"] == sum(part["tokens"] for part in value["parts"] if part["state"] == "in")


TURN_TEXTS = st.lists(st.text(alphabet='ab .\n*"', max_size=60), max_size=40)


@settings(max_examples=50, deadline=None)
@forall(
    texts=TURN_TEXTS,
    template=st.sampled_from(ALL),
    policy=st.sampled_from(Policy),
    kind=st.sampled_from(GenerationKind),
    context=st.integers(400, 900),
    depth=st.integers(0, 9),
    hint=st.integers(0, 40),
)
def test_a_plan_never_exceeds_its_limit_and_its_parts_add_up(
    texts: list[str],
    template: InstructTemplate | None,
    policy: Policy,
    kind: GenerationKind,
    context: int,
    depth: int,
    hint: int,
) -> None:
    card = replace(MIRA, note=CharacterNote("A cold wind.", depth), post_history_instructions="Be brief.")
    one = given(
        chat(*texts), template, character=card, policy=policy, kind=kind, context_tokens=context, first_turn=f"t{hint}"
    )
    try:
        made = plan(one)
    except PromptError:
        return
    turns = [part for part in made.included if part.turn_id]
    # Where nothing fits, classic sends the head alone, and what is to be continued.
    bare = policy is Policy.CLASSIC and len(turns) <= (kind is GenerationKind.CONTINUE)
    assert made.tokens <= (made.context_tokens if bare else made.limit)
    assert made.tokens == count([made.text])[0]
    assert all(part.tokens == count([part.text])[0] for part in made.included)
    assert "".join(segment.text for segment in made.segments()) == made.text


@pytest.mark.parametrize("kind", [GenerationKind.CONTINUE, GenerationKind.QUIET, GenerationKind.NORMAL])
@pytest.mark.parametrize("template", [one for one in ALL if one is not None and one.reasoning_open])
def test_closed_thoughts_have_their_place_in_the_budget(template: InstructTemplate, kind: GenerationKind) -> None:
    for context in range(440, 480):
        one = given(chat("b", "go on"), template, kind=kind, context_tokens=context, prefill="So")
        try:
            made = plan(one)
        except PromptError:
            continue
        assert made.tokens <= made.limit
        assert made.tokens == count([made.text])[0]


def economy(turns: list[Turn], first_turn: str, template: InstructTemplate | None) -> PromptPlan:
    return plan(given(turns, template, context_tokens=1_200, first_turn=first_turn))


def shared(one: PromptPlan, other: PromptPlan) -> int:
    pairs = zip(one.segments(), other.segments(), strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one.segments()), len(other.segments())))


@pytest.mark.parametrize("template", [CHATML, LLAMA_3, GEMMA, MISTRAL_V3, None], ids=named)
def test_under_economy_the_prompt_only_grows_until_a_step(template: InstructTemplate | None) -> None:
    turns = chat(*LONG[:160])
    steps, previous = [], economy(turns[:2], "", template)
    for end in range(4, 160, 2):
        now = economy(turns[:end], previous.first_turn, template)
        if now.first_turn == previous.first_turn and kinds(now).count("example dialogue") == kinds(previous).count(
            "example dialogue"
        ):
            # All but the reply line is read again as it was.
            assert shared(previous, now) >= len(previous.segments()) - 1
        else:
            steps.append(end)
        previous = now
    gaps = [later - earlier for earlier, later in pairwise(steps)]
    assert len(steps) < 79 / 4
    assert min(gaps[3:]) >= 8


def test_under_economy_a_step_frees_about_a_quarter_of_the_history() -> None:
    turns = chat(*LONG)
    full, cut = 0.0, 1.0
    first = ""
    for end in range(100, 200, 2):
        one = economy(turns[:end], first, CHATML)
        full, cut = max(full, one.tokens / one.limit), min(cut, one.tokens / one.limit)
        first = one.first_turn
    assert full > 0.93
    assert 0.70 < cut < 0.85


def test_a_hint_that_is_not_on_the_path_is_no_hint() -> None:
    turns = chat(*LONG)
    assert economy(turns, "elsewhere", CHATML) == economy(turns, "", CHATML)


def test_a_larger_context_takes_the_older_turns_in_again() -> None:
    turns = chat(*LONG)
    small = economy(turns, "", CHATML)
    large = plan(given(turns, CHATML, context_tokens=6_000, first_turn=small.first_turn))
    assert large.tokens > 0.7 * large.limit


def test_under_classic_the_history_slides() -> None:
    turns = chat(*LONG)
    first = plan(given(turns[:-1], policy=Policy.CLASSIC, context_tokens=1_200)).first_turn
    second = plan(given(turns, policy=Policy.CLASSIC, context_tokens=1_200, first_turn=first)).first_turn
    assert second != first


def test_in_a_group_the_others_are_named() -> None:
    turns = [*chat("Hi."), replace(chat("Yo.")[0], id="o", parent="t0", name="Ada")]
    one = plan(given(turns, CHATML, others=("Ada",)))
    assert "<|im_start|>assistant\nAda: Yo.<|im_end|>" in one.text
    assert one.text.endswith("<|im_start|>assistant\nMira:")
    assert "\nAda:" in one.stop


def test_the_personas_name_is_the_users() -> None:
    one = plan(given(chat("Hi."), None, persona=replace(TOM, name="Ann"), kind=GenerationKind.IMPERSONATE))
    assert one.text.endswith("\nAnn:")
