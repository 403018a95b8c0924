"""Running text: stories and adventures, as text and as messages, with and without a template."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from tavern_tui.domain.chat import turn_of
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.assemble import drive
from tavern_tui.prompt.chat_completion.assembly import assemble_chat
from tavern_tui.prompt.chat_completion.default_preset import GO_ON, default_preset
from tavern_tui.prompt.inputs import AuthorsNote, Examples, GenerationKind, Prose, Quiet
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.pieces import pieces
from tavern_tui.prompt.plan import PartKind, PromptPlan
from tavern_tui.prompt.templates import BUILT_IN, CHATML, GEMMA, MISTRAL_V7
from tests.prompt.builders import chat, count, given, plan

STORY = Prose(joint="", open=True, asks="Go on with the story.")
ADVENTURE = Prose(joint="\n\n")
TURNS = chat("The hall is dark", "> You light the lamp.", ", and then it is not. ", "> You look.")
TEXT = "".join(turn.text for turn in TURNS)
NO_EXAMPLES: dict[str, Any] = {"examples": Examples.NEVER}


def as_messages(prose: Prose, *, prefill: bool, **changes: Any) -> PromptPlan:
    preset = default_preset("Write.", continue_prefill=prefill)
    return drive(assemble_chat(given(TURNS, prose=prose, **NO_EXAMPLES, **changes), preset), count)


def test_a_story_in_plain_text_is_the_exact_concatenation_of_its_turns_below_the_head() -> None:
    planned = plan(given(TURNS, None, prose=STORY, **NO_EXAMPLES))
    assert planned.text.endswith(f"indoors.\n***\n{TEXT}")
    assert planned.stop == ()


def test_a_story_in_a_template_is_one_open_turn_below_a_request() -> None:
    planned = plan(given(TURNS, CHATML, prose=STORY, **NO_EXAMPLES))
    opened = "<|im_start|>user\nGo on with the story.<|im_end|>\n<|im_start|>assistant\n"
    assert planned.text.endswith(opened + TEXT)


@pytest.mark.parametrize("template", [None, *BUILT_IN.values()], ids=lambda one: one.name if one else "plain")
def test_a_story_ends_with_its_own_text_in_every_template(template: InstructTemplate | None) -> None:
    assert plan(given(TURNS, template, prose=STORY, **NO_EXAMPLES)).text.endswith(TEXT)


@pytest.mark.parametrize("template", BUILT_IN.values(), ids=lambda one: one.name)
def test_an_adventure_says_no_names_in_any_template_and_no_action_twice(template: InstructTemplate) -> None:
    text = plan(given(TURNS, template, prose=ADVENTURE, **NO_EXAMPLES)).text
    turns = text[text.index("The hall") :]
    assert turns.count("> You light the lamp.") == 1
    assert "You > You" not in turns
    sequences = template.output_sequence + template.input_sequence + template.last_output_sequence
    if "{{" not in sequences:  # a family that was trained on names keeps its own
        assert "Mira:" not in turns
        assert "Tom:" not in turns


def test_an_adventure_in_a_template_keeps_turns_of_user_and_assistant() -> None:
    planned = plan(given(TURNS, CHATML, prose=ADVENTURE, **NO_EXAMPLES))
    assert "<|im_start|>user\n> You light the lamp.<|im_end|>\n<|im_start|>assistant\n, and" in planned.text
    assert planned.text.endswith("<|im_start|>user\n> You look.<|im_end|>\n<|im_start|>assistant\n")


def test_an_adventure_in_plain_text_has_a_blank_line_between_turns_and_none_missing_at_the_end() -> None:
    planned = plan(given(TURNS, None, prose=ADVENTURE, **NO_EXAMPLES))
    assert planned.text.endswith("***\n" + "".join(f"{turn.text}\n\n" for turn in TURNS))


def test_a_family_without_a_system_turn_joins_the_request_to_the_head() -> None:
    text = plan(given(TURNS, GEMMA, prose=STORY, **NO_EXAMPLES)).text
    assert text.count("<start_of_turn>user") == 1
    assert text.endswith(f"\n\nGo on with the story.<end_of_turn>\n<start_of_turn>model\n{TEXT}")


def test_text_that_is_there_stands_behind_a_sequence_as_earlier_replies_do() -> None:
    assert plan(given(TURNS, MISTRAL_V7, prose=STORY, **NO_EXAMPLES)).text.endswith(f"[/INST] {TEXT}")


def test_thinking_is_over_before_an_open_text_begins() -> None:
    text = plan(given(TURNS, BUILT_IN["Qwen 3"], prose=STORY, **NO_EXAMPLES)).text
    assert text.endswith(f"<|im_start|>assistant\n<think>\n\n</think>\n\n{TEXT}")


def test_post_history_instructions_stand_with_the_request_and_not_in_the_text() -> None:
    text = plan(given(TURNS, CHATML, prose=STORY, post_history_text="Keep it short.", **NO_EXAMPLES)).text
    assert "Go on with the story.\n\nKeep it short.<|im_end|>" in text
    assert text.endswith(TEXT)


def test_a_note_in_a_story_stands_on_lines_of_its_own() -> None:
    note = AuthorsNote(text="[Dark.]", depth=1)
    text = plan(given(TURNS, CHATML, prose=STORY, note=note, **NO_EXAMPLES)).text
    assert text.endswith("then it is not. \n[Dark.]\n> You look.")


@pytest.mark.parametrize("prefill", [True, False], ids=["prefill", "message"])
def test_a_note_in_the_messages_of_a_story_stands_on_lines_of_its_own_too(prefill: bool) -> None:
    planned = as_messages(STORY, prefill=prefill, note=AuthorsNote(text="[Dark.]", depth=1))
    assert planned.chat is not None
    said = planned.chat.prefill if prefill else "".join(one.content for one in planned.messages())
    assert "then it is not. \n[Dark.]\n> You look." in said


def test_a_story_that_is_continued_ends_as_it_does_otherwise() -> None:
    usual, continued = (
        plan(given(TURNS[:3], CHATML, prose=STORY, kind=kind, **NO_EXAMPLES))
        for kind in (GenerationKind.NORMAL, GenerationKind.CONTINUE)
    )
    assert continued.text == usual.text
    assert (usual.prefill, continued.prefill) == ("", TURNS[2].text)


def test_a_question_ends_the_open_turn_and_keeps_everything_above_it() -> None:
    asked = Quiet(text="Name three.")
    usual = plan(given(TURNS, CHATML, prose=STORY, **NO_EXAMPLES))
    quiet = plan(given(TURNS, CHATML, prose=STORY, kind=GenerationKind.QUIET, quiet=asked, **NO_EXAMPLES))
    assert quiet.text.startswith(f"{usual.text}<|im_end|>\n")
    assert quiet.text.endswith("Name three.<|im_end|>\n<|im_start|>assistant\n")


@pytest.mark.parametrize("template", [None, CHATML, GEMMA], ids=["plain", "ChatML", "Gemma"])
@pytest.mark.parametrize("prose", [STORY, ADVENTURE], ids=["story", "adventure"])
@settings(max_examples=12, deadline=None)
@for_all(texts=st.lists(st.text("ab.>", min_size=1, max_size=30), min_size=1, max_size=8), room=st.integers(130, 240))
def test_what_a_plan_says_it_has_is_what_it_has_and_it_keeps_its_limit(
    texts: list[str], room: int, prose: Prose, template: InstructTemplate | None
) -> None:
    planned = plan(given(chat(*texts), template, prose=prose, context_tokens=room, response_tokens=20, **NO_EXAMPLES))
    assert planned.tokens == sum(count([part.text])[0] for part in planned.included) <= planned.limit
    turns = [part.body for part in planned.included if part.kind is PartKind.TURN]
    assert turns == texts[len(texts) - len(turns) :]


def test_messages_of_a_story_end_with_the_request_and_the_text_is_the_given_beginning() -> None:
    planned = as_messages(STORY, prefill=True, post_history_text="Short.")
    assert [one.role for one in planned.messages()] == [Role.SYSTEM, Role.USER]
    assert planned.messages()[-1].content == "Go on with the story."
    assert planned.chat is not None
    assert planned.chat.prefill == TEXT


def test_a_server_that_takes_no_beginning_gets_the_text_as_one_message_and_is_asked_to_go_on() -> None:
    *_, text, nudge = as_messages(STORY, prefill=False).messages()
    assert (text.role, text.content) == (Role.ASSISTANT, TEXT)
    assert nudge.content == GO_ON


@pytest.mark.parametrize("prefill", [True, False])
def test_a_question_in_messages_stands_below_the_text(prefill: bool) -> None:
    quiet: dict[str, Any] = {"kind": GenerationKind.QUIET, "quiet": Quiet(text="Name three.")}
    planned = as_messages(STORY, prefill=prefill, **quiet)
    *_, text, question = planned.messages()
    assert (text.content, question.content) == (TEXT, "Name three.")
    assert planned.chat is not None
    assert planned.chat.prefill == ""


def test_messages_of_an_adventure_are_turns_without_names_or_a_heading() -> None:
    _, *turns = as_messages(ADVENTURE, prefill=False).messages()
    assert [one.content for one in turns] == [turn.text for turn in TURNS]
    assert {turn.speaker for turn in TURNS} == {Speaker.USER, Speaker.CHARACTER}


LONG = "".join(f"Line {at} of the letter stands here, and it is read. Then a bird comes.\n" for at in range(400))


@pytest.mark.parametrize("template", [None, CHATML], ids=["plain", "ChatML"])
@pytest.mark.parametrize(
    "text", [LONG, "a" * 9_000, "🙂" * 3_000, "no end " * 2_000], ids=["lines", "a", "🙂", "words"]
)
def test_a_story_reads_as_much_of_a_long_turns_end_as_fits(text: str, template: InstructTemplate | None) -> None:
    turns = chat("Once. ", text, "And then")
    planned = plan(given(turns, template, prose=STORY, context_tokens=600, response_tokens=100, **NO_EXAMPLES))
    read = "".join(part.body for part in planned.included if part.kind is PartKind.TURN)
    assert (text + "And then").endswith(read)
    assert planned.limit // 3 < planned.tokens <= planned.limit
    assert planned.text.endswith(read)


def test_what_is_read_of_a_long_turn_begins_with_a_line_or_a_sentence() -> None:
    planned = plan(given(chat(LONG), CHATML, prose=STORY, context_tokens=600, response_tokens=100, **NO_EXAMPLES))
    first = next(part.body for part in planned.included if part.kind is PartKind.TURN)
    assert first.lstrip().startswith(("Line ", "Then "))


@pytest.mark.parametrize("prefill", [True, False])
def test_messages_of_a_story_have_the_end_of_a_long_turn(prefill: bool) -> None:
    preset = default_preset("Write.", continue_prefill=prefill)
    asked = given(chat(LONG), prose=STORY, context_tokens=600, response_tokens=100, **NO_EXAMPLES)
    planned = drive(assemble_chat(asked, preset), count)
    read = "".join(part.body for part in planned.included if part.kind is PartKind.TURN)
    assert LONG.endswith(read)
    assert len(read) > 500


def test_a_long_turn_is_read_from_the_same_place_while_the_story_grows() -> None:
    room: dict[str, Any] = {"context_tokens": 600, "response_tokens": 100, "prose": STORY}
    before = plan(given(chat(LONG), CHATML, **room, **NO_EXAMPLES))
    assert before.kept is not None
    cuts = (before.kept.first_turn,)
    after = plan(given(chat(LONG, "It flies."), CHATML, cuts=cuts, first_turn=before.first_turn, **room, **NO_EXAMPLES))
    assert after.text == before.text + "It flies."
    assert after.kept is None


def test_a_direction_stands_near_the_end_of_a_long_turn() -> None:
    note = AuthorsNote(text="[Dark.]", depth=1)
    room: dict[str, Any] = {"context_tokens": 600, "response_tokens": 100}
    text = plan(given(chat(LONG), CHATML, prose=STORY, note=note, **room, **NO_EXAMPLES)).text
    assert 0 < len(text) - text.index("[Dark.]") < 200


@settings(max_examples=25, deadline=None)
@for_all(text=st.text("ab .!\n", min_size=1, max_size=400), limit=st.integers(4, 200))
def test_pieces_of_a_turn_are_the_turn_and_stay_what_they_are_while_it_grows(text: str, limit: int) -> None:
    asked = given((), prose=STORY, context_tokens=limit, response_tokens=0)
    item = Item(Speaker.USER, "Tom", text, PartKind.TURN, "turn", "id")
    found = list(pieces(item, asked))[::-1]
    assert "".join(one.text for one in found) == text
    assert {turn_of(one.turn_id) for one in found} == {"id"}
    assert found[0].turn_id == "id"
    if len(found) > 1:
        grown = list(pieces(replace(item, text=f"{text} more"), asked))[::-1]
        assert [one.turn_id for one in grown[: len(found)]] == [one.turn_id for one in found]
