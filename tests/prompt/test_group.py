"""Group chats: whose cards a prompt tells of, who is named, who speaks next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.template import NamesBehavior
from tavern_tui.prompt.cleanup import clean_reply, reply_rules
from tavern_tui.prompt.group import SpeakingOrder, any_member, last_speaker, next_speakers, talkativeness
from tavern_tui.prompt.inputs import GenerationKind, Group, GroupCards, Member, Policy, PromptInput
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import MIRA, chat, given, plan

ADA = Character(
    name="Ada Finch",
    description="{{char}} mends clocks for {{user}}.",
    personality="exact",
    scenario="",
    example_dialogue="{{user}}: Late?\n{{char}}: Never.",
    note=CharacterNote("{{char}} winds down at midnight.", 1),
)
BO = Character(name="Bo", description="Bo sweeps.", note=CharacterNote("Bo listens.", 1))
BOTH = pytest.mark.parametrize("policy", list(Policy))


def turn(name: str, text: str, speaker: Speaker = Speaker.CHARACTER) -> Turn:
    return Turn("t", "before", speaker, name, text)


def in_group(*members: Character, muted: tuple[str, ...] = (), **changes: Any) -> Group:
    return Group(members=tuple(Member(one, one.name in muted) for one in members), **changes)


THREE = in_group(MIRA, ADA, BO, cards=GroupCards.SWAP)


def asked(group: Group, speaker: Character = MIRA, **changes: Any) -> PromptInput:
    changes = {"instruct": None, **changes}
    return given(chat("Come in.", "Thank you."), character=speaker, group=group, **changes)


def draws(*numbers: float) -> Callable[[], float]:
    left: Iterator[float] = iter(numbers)
    return lambda: next(left)


# Whose cards.


@BOTH
def test_swapping_cards_tells_of_the_speaker_alone(policy: Policy) -> None:
    text = plan(asked(THREE, ADA, policy=policy)).text
    assert "Ada Finch mends clocks for Tom." in text
    assert "keeps the lamp" not in text
    assert "Ada Finch winds down at midnight." in text
    assert "Bo listens." not in text


@BOTH
def test_joined_cards_say_their_own_names_and_leave_out_muted_members(policy: Policy) -> None:
    group = in_group(MIRA, ADA, BO, muted=("Bo",), cards=GroupCards.JOIN)
    text = plan(asked(group, policy=policy)).text
    assert "Mira keeps the lamp at Cold Point.\nAda Finch mends clocks for Tom." in text
    assert "Bo" not in text
    whose = "Mira" if policy is Policy.CLASSIC else "Mira, Ada Finch"
    assert f"{whose}'s personality: patient and dry\nexact" in text


def test_all_cards_may_be_joined_but_a_muted_members_note_stays_out() -> None:
    group = in_group(MIRA, BO, muted=("Bo",), cards=GroupCards.JOIN_MUTED)
    text = plan(asked(group)).text
    assert "Bo sweeps." in text
    assert "Bo listens." not in text


def test_a_muted_member_who_speaks_all_the_same_is_told_of() -> None:
    group = in_group(MIRA, BO, muted=("Bo",), cards=GroupCards.JOIN)
    assert "Bo sweeps." in plan(asked(group, BO)).text


def test_prefix_and_suffix_stand_round_each_members_text() -> None:
    group = in_group(MIRA, ADA, cards=GroupCards.JOIN, join_prefix="[<FieldName> of {{char}}]", join_suffix="[end]")
    text = plan(asked(group)).text
    assert "[Description of Mira]\nMira keeps the lamp at Cold Point.\n[end]\n[Description of Ada Finch]\nAda" in text
    assert "[Scenario of Ada Finch]" not in text


def test_without_wrapping_prefix_and_suffix_stand_beside_the_text() -> None:
    group = in_group(MIRA, cards=GroupCards.JOIN, join_prefix="<", join_suffix=">", join_wrap=False)
    assert "<Mira keeps the lamp at Cold Point.>" in plan(asked(group)).text


@BOTH
def test_the_notes_of_joined_members_share_one_place_in_the_lists_order(policy: Policy) -> None:
    group = in_group(MIRA, ADA, BO, cards=GroupCards.JOIN)
    text = plan(asked(group, policy=policy)).text
    assert "Mira: Come in.\nAda Finch winds down at midnight.\nBo listens.\nTom: Thank you." in text


def test_the_chats_own_scenario_takes_the_place_of_every_cards() -> None:
    text = plan(asked(in_group(MIRA, ADA, cards=GroupCards.JOIN), scenario="{{user}} is lost.")).text
    assert "Tom is lost." in text
    assert "storm" not in text


# Names.


@pytest.mark.parametrize(("policy", "char"), [(Policy.CLASSIC, "Ada Finch"), (Policy.ECONOMY, "Mira, Ada Finch")])
def test_the_group_macro_names_everybody_in_order(policy: Policy, char: str) -> None:
    group = in_group(MIRA, ADA, BO, muted=("Bo",))
    one = asked(group, ADA, system_text="{{group}}; {{charIfNotGroup}}; {{char}}.", policy=policy)
    assert plan(one).text.startswith(f"Mira, Ada Finch, Bo; Mira, Ada Finch, Bo; {char}.\n")


@BOTH
def test_the_others_names_stop_a_reply_in_the_lists_order(policy: Policy) -> None:
    one = asked(THREE, ADA, policy=policy)
    assert plan(one).stop[:3] == ("\nTom:", "\nMira:", "\nBo:")
    impersonating = plan(replace(one, kind=GenerationKind.IMPERSONATE))
    assert impersonating.stop[:4] == ("\nAda Finch:", "\nTom:", "\nMira:", "\nBo:")


@BOTH
def test_a_reply_ends_where_another_member_begins_to_speak(policy: Policy) -> None:
    one = asked(THREE, policy=policy)
    rules = reply_rules(one, plan(one))
    assert clean_reply("Late.\nBo: Hm.\nMira: Yes.", rules) == "Late."


@pytest.mark.parametrize("behavior", list(NamesBehavior))
def test_under_economy_a_group_shows_the_names_of_all_but_the_user_whatever_the_template_says(
    behavior: NamesBehavior,
) -> None:
    template = replace(CHATML, names_behavior=behavior)
    text = plan(asked(THREE, instruct=template)).text
    assert "<|im_start|>assistant\nMira: Come in." in text
    assert text.endswith("<|im_start|>assistant\nMira:")


def test_under_classic_a_template_without_names_shows_none_in_a_group_either() -> None:
    template = replace(CHATML, names_behavior=NamesBehavior.NONE)
    text = plan(asked(THREE, instruct=template, policy=Policy.CLASSIC)).text
    assert "<|im_start|>assistant\nCome in." in text


@pytest.mark.parametrize(
    ("behavior", "line"),
    [
        (NamesBehavior.FORCE, "Tom: Tom: Late?"),
        (NamesBehavior.ALWAYS, "Tom: Tom: Late?"),
        (NamesBehavior.NONE, "\nTom: Late?"),
    ],
)
def test_under_classic_example_lines_of_a_group_say_their_names_once_more(behavior: NamesBehavior, line: str) -> None:
    template = replace(CHATML, names_behavior=behavior)
    assert line in plan(asked(THREE, ADA, instruct=template, policy=Policy.CLASSIC)).text


def test_under_economy_example_lines_of_every_member_are_turns_with_their_name_once() -> None:
    group = in_group(MIRA, ADA, cards=GroupCards.JOIN)
    text = plan(asked(group, instruct=CHATML)).text
    assert "<|im_start|>assistant\nAda Finch: Never.<|im_end|>" in text
    assert "Tom: Tom:" not in text


# Who speaks.


def names(speakers: tuple[Character, ...]) -> list[str]:
    return [one.name for one in speakers]


def test_in_the_lists_order_all_speak_who_are_not_muted() -> None:
    group = in_group(MIRA, ADA, BO, muted=("Ada Finch",))
    assert names(next_speakers(group, SpeakingOrder.LIST, "Hello.", None, draws())) == ["Mira", "Bo"]


def test_whoever_is_named_speaks_in_the_order_of_the_words() -> None:
    nobody_else = draws(0.0, 0.0, 0.0, 0.9, 0.9, 0.9)
    spoken = next_speakers(THREE, SpeakingOrder.NATURAL, "Is finch here, BO?", None, nobody_else)
    assert names(spoken) == ["Ada Finch", "Bo"]


def test_words_that_only_contain_a_name_name_nobody() -> None:
    spoken = next_speakers(
        THREE, SpeakingOrder.NATURAL, "Borrow finches.", None, draws(0.0, 0.0, 0.0, 0.9, 0.9, 0.9, 0)
    )
    assert len(spoken) == 1


def test_talkative_members_speak_up_and_nobody_speaks_twice() -> None:
    chatty = replace(BO, source={"data": {"extensions": {"talkativeness": "1"}}})
    group = in_group(MIRA, chatty)
    assert names(next_speakers(group, SpeakingOrder.NATURAL, "Bo?", None, draws(0.0, 0.0, 0.9, 0.9))) == ["Bo"]


def test_nobody_answers_to_themselves_unless_they_may() -> None:
    group = in_group(MIRA, BO)
    last = turn("Mira", "Mira wonders.")
    forced: Callable[[], float] = lambda: 0.4  # noqa: E731
    assert names(next_speakers(group, SpeakingOrder.NATURAL, "", last, forced)) == ["Bo"]
    both = next_speakers(group, SpeakingOrder.NATURAL, "", last, forced, self_responses=True)
    assert sorted(names(both)) == ["Bo", "Mira"]


def test_what_the_user_types_lets_the_last_speaker_answer() -> None:
    group = in_group(MIRA, BO)
    assert "Mira" in names(next_speakers(group, SpeakingOrder.NATURAL, "Mira?", turn("Mira", "Yes."), lambda: 0.9))


def test_somebody_always_speaks_and_rather_not_the_silent() -> None:
    silent = {"data": {"extensions": {"talkativeness": 0}}}
    group = in_group(replace(MIRA, source=silent), BO)
    assert names(next_speakers(group, SpeakingOrder.NATURAL, "Hm.", None, lambda: 0.99)) == ["Bo"]


def test_a_group_of_muted_members_is_silent() -> None:
    group = in_group(MIRA, muted=("Mira",))
    assert next_speakers(group, SpeakingOrder.NATURAL, "Mira?", None, lambda: 0.0) == ()


@forall(
    st.lists(st.sampled_from(["Ada", "Bo", "Cy", "Di"]), unique=True, min_size=1),
    st.text(max_size=30),
    st.floats(0, 0.999),
)
def test_the_natural_order_names_members_each_once(members: list[str], text: str, rolled: float) -> None:
    group = in_group(*(Character(name=name) for name in members))
    spoken = names(next_speakers(group, SpeakingOrder.NATURAL, text, None, lambda: rolled))
    assert spoken
    assert len(set(spoken)) == len(spoken)
    assert set(spoken) <= set(members)


@pytest.mark.parametrize(
    ("value", "number"), [("0.7", 0.7), (1, 1.0), (None, 0.5), ("often", 0.5), ("nan", 0.5), ([], 0.5)]
)
def test_talkativeness_is_a_number_or_the_usual(value: object, number: float) -> None:
    assert talkativeness(replace(BO, source={"data": {"extensions": {"talkativeness": value}}})) == number


def test_a_card_without_extensions_is_as_talkative_as_usual() -> None:
    assert talkativeness(BO) == 0.5
    assert talkativeness(replace(BO, source={"data": []})) == 0.5


def test_a_swipe_or_a_continuation_is_by_who_spoke_last() -> None:
    assert last_speaker(THREE, turn("Bo", "Hm.")) is BO
    assert last_speaker(THREE, turn("Tom", "Hm.", Speaker.USER)) is None
    assert last_speaker(THREE, None) is None


def test_the_user_may_be_written_for_in_front_of_any_member() -> None:
    assert any_member(THREE, lambda: 0.0) is MIRA
    assert any_member(THREE, lambda: 0.99) is BO
