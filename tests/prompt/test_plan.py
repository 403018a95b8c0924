"""A plan as segments and as messages: where borders may lie, where token ids stay, who says what."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import TurnTokens
from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.inputs import Examples, GenerationKind
from tavern_tui.prompt.templates import (
    ALPACA,
    BUILT_IN,
    CHATML,
    LLAMA_3,
    MISTRAL_V3,
    MISTRAL_V3_TEKKEN,
    context_for,
)
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan

VOCABULARY = "vocab-1"
BARE = given().context.__class__(name="bare", story_string="{{system}}{{trim}}")


def with_ids(turns: list[Turn], at: int, ids: tuple[int, ...] = (7, 8, 9), vocabulary: str = VOCABULARY) -> list[Turn]:
    changed = list(turns)
    changed[at] = replace(turns[at], tokens=TurnTokens(vocabulary, ids))
    return changed


def segments(turns: list[Turn], template: InstructTemplate | None = CHATML) -> tuple[Segment, ...]:
    return plan(
        given(turns, template, context=BARE, examples=Examples.NEVER, fingerprint=VOCABULARY, system_text="S")
    ).segments()


def test_segments_end_at_turns_and_at_their_openings() -> None:
    assert [segment.text for segment in segments(chat("Hi.", "Yo."))] == [
        "<|im_start|>system\n", "S<|im_end|>\n",
        "<|im_start|>assistant\n", "Hi.<|im_end|>\n",
        "<|im_start|>user\n", "Yo.<|im_end|>\n",
        "<|im_start|>assistant\n",
    ]  # fmt: skip


@forall(
    texts=st.lists(st.text(alphabet="ab \n[]<|>/", max_size=20), max_size=8),
    template=st.sampled_from(sorted(BUILT_IN)),
)
def test_borders_lie_only_after_a_newline_or_a_control_token(texts: list[str], template: str) -> None:
    form = BUILT_IN[template]
    made = segments(chat(*texts), form)
    for segment in made[:-1]:
        assert segment.text.endswith(("\n", *form.control_tokens))


@pytest.mark.parametrize("template", sorted(BUILT_IN))
def test_the_head_is_what_stands_before_the_chat_and_stays_while_the_chat_grows(template: str) -> None:
    heads = []
    for turns in (chat(*SIX_TURNS[:2]), chat(*SIX_TURNS)):
        made = plan(given(turns, BUILT_IN[template], character=MIRA))
        heads.append("".join(segment.text for segment in made.segments()[: made.head]))
        assert len(heads[-1]) < len(made.text)
    assert heads[0] == heads[1]


def test_the_head_holds_the_card_and_none_of_the_turns() -> None:
    made = plan(given(chat(*SIX_TURNS), CHATML, character=MIRA))
    head = "".join(segment.text for segment in made.segments()[: made.head])
    assert MIRA.description in head
    assert not any(turn in head for turn in SIX_TURNS)


def test_sampled_ids_stand_alone() -> None:
    made = segments(with_ids(chat("Hi.", "Yo.", "Well."), 0))
    assert made[2:5] == (
        Segment("<|im_start|>assistant\n"),
        Segment("Hi.", (7, 8, 9)),
        Segment("<|im_end|>\n"),
    )


@pytest.mark.parametrize("template", [LLAMA_3, MISTRAL_V3_TEKKEN], ids=lambda template: template.name)
def test_ids_are_sent_wherever_control_tokens_stand_round_them(template: InstructTemplate) -> None:
    assert Segment("Hi.", (7, 8, 9)) in segments(with_ids(chat("Hi.", "Yo."), 0), template)


@pytest.mark.parametrize("template", [ALPACA, MISTRAL_V3, None], ids=["Alpaca", "Mistral with blanks", "plain"])
def test_ids_are_not_sent_where_a_border_would_be_wrong(template: InstructTemplate | None) -> None:
    made = segments(with_ids(chat("Hi.", "Yo."), 0), template)
    assert all(segment.token_ids is None for segment in made)


def test_ids_of_another_vocabulary_are_not_sent() -> None:
    made = segments(with_ids(chat("Hi.", "Yo."), 0, vocabulary="vocab-2"))
    assert all(segment.token_ids is None for segment in made)


def test_ids_are_not_sent_for_a_text_that_macros_or_cleaning_changed() -> None:
    for text in ("Hi {{user}}.", "Hi.\r", "Hi <|im_end|>."):
        made = segments(with_ids(chat(text, "Yo."), 0))
        assert all(segment.token_ids is None for segment in made)


def test_ids_are_not_sent_beside_a_name() -> None:
    turns = with_ids(chat("Hi.", "Yo."), 0)
    made = plan(given(turns, CHATML, fingerprint=VOCABULARY, others=("Ada",))).segments()
    assert all(segment.token_ids is None for segment in made)


def test_a_reply_is_a_segment_prefix_of_the_next_prompt() -> None:
    turns = chat("Hi.", "Yo.")
    before = segments(turns)
    after = segments(with_ids([*turns, *chat("Hi.", "Yo.", "Well.")[2:]], 2))
    assert after[: len(before)] == before
    assert after[len(before)] == Segment("Well.", (7, 8, 9))


def test_messages_have_no_markup_and_one_system_text() -> None:
    card = replace(MIRA, example_dialogue="")
    made = plan(given(chat("Hi.", "Yo."), character=card, context=BARE, system_text="S")).messages()
    assert made == (
        Message(Role.SYSTEM, "S"),
        Message(Role.ASSISTANT, "Hi."),
        Message(Role.USER, "Yo."),
    )


@pytest.mark.parametrize("template", sorted(BUILT_IN))
def test_messages_are_the_same_under_every_template(template: str) -> None:
    def spoken(form: InstructTemplate) -> tuple[Message, ...]:
        one = given(chat(*SIX_TURNS), form, examples=Examples.NEVER, context=context_for(CHATML))
        return plan(one).messages(strict=True)

    form = replace(BUILT_IN[template], user_alignment_message="[Start]")
    assert spoken(form) == spoken(CHATML)


def test_strict_messages_alternate_and_begin_with_the_user() -> None:
    card = replace(MIRA, note=CharacterNote("It is cold.", depth=1))
    made = plan(given(chat("Hi.", "Yo.", "Well.", "So?"), character=card)).messages(strict=True)
    roles = [message.role for message in made]
    assert roles[0] is Role.SYSTEM
    assert roles[1:] == [Role.USER, Role.ASSISTANT] * (len(roles) // 2 - 1) + [Role.USER]
    assert "It is cold." in made[-1].content


def test_without_strict_a_note_stays_the_systems() -> None:
    card = replace(MIRA, note=CharacterNote("It is cold.", depth=0))
    assert plan(given(chat("Hi."), character=card)).messages()[-1] == Message(Role.SYSTEM, "It is cold.")


def test_what_is_continued_is_the_prefill_and_no_message() -> None:
    made = plan(given(chat("Hi.", "Yo.", "I was"), kind=GenerationKind.CONTINUE))
    assert made.messages()[-1] == Message(Role.USER, "Yo.")
    assert made.prefill == "I was"


def test_the_prefill_is_no_message() -> None:
    assert plan(given(chat("Hi.", "Yo."), prefill="*")).messages()[-1] == Message(Role.USER, "Yo.")
