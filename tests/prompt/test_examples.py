"""Example dialogue: blocks, turns, and what stays of odd ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.examples import ExampleTurn, parse_blocks, parse_turns
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import MIRA, chat, given, plan

USER, CHARACTER = Speaker.USER, Speaker.CHARACTER


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", ()),
        ("<START>", ()),
        ("Tom: a", ("Tom: a",)),
        ("<START>\nTom: a\n<start>\n Tom: b \n", ("Tom: a", "Tom: b")),
        ("Tom: a\n<START>Tom: b", ("Tom: a", "Tom: b")),
    ],
)
def test_blocks_are_what_start_tags_separate(text: str, blocks: tuple[str, ...]) -> None:
    assert parse_blocks(text) == blocks


def test_a_line_that_begins_with_a_name_begins_a_turn() -> None:
    block = "Tom: One.\nTwo.\nMira: Three: four.\n Tom: not at the line's start.\nAda: stays with Mira."
    assert parse_turns(block, "Tom", "Mira") == (
        ExampleTurn(USER, "One.\nTwo.", "Tom"),
        ExampleTurn(CHARACTER, "Three: four.\n Tom: not at the line's start.\nAda: stays with Mira.", "Mira"),
    )


def test_lines_before_the_first_speaker_belong_to_the_first_turn() -> None:
    assert parse_turns("It rains.\nTom: Yes.", "Tom", "Mira") == (ExampleTurn(USER, "It rains.\n Yes.", "Tom"),)


def test_two_lines_of_one_speaker_are_two_turns_and_one_in_sillytavern() -> None:
    block = "Tom: One.\nTom: Two.\nMira: Three."
    assert parse_turns(block, "Tom", "Mira")[:2] == (ExampleTurn(USER, "One.", "Tom"), ExampleTurn(USER, "Two.", "Tom"))
    assert parse_turns(block, "Tom", "Mira", exact=True) == (
        ExampleTurn(USER, "One.\nTom: Two.", "Tom"),
        ExampleTurn(CHARACTER, "Three.", "Mira"),
    )


def test_a_block_without_a_speaker_has_no_turns() -> None:
    assert parse_turns("It rains.", "Tom", "Mira") == ()


def test_a_block_without_a_speaker_is_left_out_beside_one_with() -> None:
    card = replace(MIRA, example_dialogue="<START>\nIt rains.\n<START>\n{{char}}: It does.")
    texts = [part.body for part in plan(given(chat("Hi."), character=card)).included if part.kind is PartKind.EXAMPLE]
    assert texts[1:] == ["It does."]


def test_a_dialogue_without_any_speaker_is_kept_as_it_is() -> None:
    card = replace(MIRA, example_dialogue="<START>\nIt rains.")
    assert "It rains." in plan(given(chat("Hi."), CHATML, character=card)).text


def test_example_turns_are_turns_of_their_speakers() -> None:
    assert (
        "<|im_start|>user\nIs it always so loud?<|im_end|>\n<|im_start|>assistant\n*She shrugs.*"
        in plan(given(chat("Hi."))).text
    )


def test_whole_blocks_go_as_the_history_grows() -> None:
    dialogue = "".join(f"<START>\n{{{{user}}}}: {'word ' * 30}\n{{{{char}}}}: Yes.\n" for _ in range(6))
    card = replace(MIRA, example_dialogue=dialogue)
    answers = []
    for turns in range(0, 40, 2):
        one = plan(given(chat(*["word " * 20] * turns), character=card, context_tokens=1_200))
        included = [part for part in one.included if part.kind is PartKind.EXAMPLE]
        assert len(included) % 3 == 0
        answers.append(len(included) // 3)
    assert answers == sorted(answers, reverse=True)
    assert answers[0] > 3
    assert answers[-1] == 0
    assert len(set(answers)) <= 5
