"""A story as models read it: plain text, one open turn of a template, messages of a chat completion."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.comments import stripped
from tavern_tui.session.story.comments import without_comments
from tavern_tui.session.story.document import Document
from tavern_tui.session.story.joining import followed_by, joined_to
from tavern_tui.session.story.until import Until, until_typed
from tests.session.conftest import fake_of
from tests.session.story.conftest import Teller
from tests.session.story.stories import G, W, document_of, story_events
from tests.session.story.test_story import FOG, all_of, prompt_of


async def test_a_base_model_reads_the_text_and_nothing_after_it(tell: Teller) -> None:
    story = await tell(FOG, " On.", template="Plain")
    await story.passages.direct("a boat")
    await all_of(story.passages.write_on())
    prompt = prompt_of(story)
    assert prompt.endswith(FOG)
    assert "<|im_start|>" not in prompt
    assert "[What comes next: a boat]" in prompt


async def test_a_chat_completion_goes_on_with_the_text_as_the_beginning_of_its_answer(tell: Teller) -> None:
    story = await tell(FOG + " It was cl", "ear.", chat_completion=True)
    await all_of(story.passages.write_on())
    assert fake_of(story.chat).requests[-1].prefill == FOG + " It was cl"
    assert story.document.text() == FOG + " It was clear."


async def test_an_answer_to_messages_is_joined_to_the_text_that_it_answers(tell: Teller) -> None:
    story = await tell(FOG, "Then a bell rang. She turned round.", chat_completion=True)
    fake = fake_of(story.chat)
    fake.info = replace(fake.info, capabilities=replace(fake.info.capabilities, prefill=False))
    await all_of(story.passages.write_on())
    assert any(FOG in message.content for message in fake.requests[-1].messages)
    assert story.document.text() == FOG + " She turned round."


async def test_the_model_of_an_open_turn_goes_on_in_the_middle_of_a_word(tell: Teller) -> None:
    story = await tell("She walk", "ed home.")
    await all_of(story.passages.write_on())
    assert story.document.text() == "She walked home."


@pytest.mark.parametrize(
    ("before", "passage", "after"),
    [
        ("It was late.", "It was late. She slept.", " She slept."),
        ("It was late.", "She slept.", " She slept."),
        ("It was late. ", "She slept.", "She slept."),
        ("She opened the door and", "...saw him.", " saw him."),
        ("He said “no”", "She left.", " She left."),
        ("She was—", "gone.", "gone."),
        ("", "...and so it began.", "...and so it began."),
        ("Yes.", "Yes. No.", " Yes. No."),
    ],
)
def test_an_answer_is_joined_to_the_text_before_it(before: str, passage: str, after: str) -> None:
    assert joined_to(before, passage) == after


@pytest.mark.parametrize(("before", "text"), [("Late. ", "She slept."), ("Late.", " She slept.")], ids=range(2))
async def test_a_blank_that_stands_there_is_not_written_a_second_time(tell: Teller, before: str, text: str) -> None:
    story = await tell(before, " She slept.")
    await all_of(story.passages.write_on())
    assert story.document.text() == before + text


@pytest.mark.parametrize(
    ("before", "passage", "after", "text"),
    [
        ("It was late. ", "She slept.", "Then he came.", "She slept. "),
        ("It was late.\n\n", "She slept.", "Then he came.", "She slept.\n\n"),
        ("It was late. ", "“No.”", "“Yes.”", "“No.” "),
        ("", "She slept.", "Then", "She slept. "),
        ("It was late. ", "She slept. ", "Then", "She slept. "),
        ("It was late. ", "She sle", "pt.", "She sle"),
        ("It was late. ", "She slept.", "\n\nThen", "She slept."),
        ("It was late. ", "She slept.", ", and", "She slept."),
        ("It was late. ", "She slept.", "", "She slept."),
        ("It was late. ", "", "Then", ""),
        ("It was la", "She slept.", "te.", "She slept."),
    ],
    ids=range(11),
)
def test_a_passage_in_the_middle_stands_apart_from_what_follows(
    before: str, passage: str, after: str, text: str
) -> None:
    assert followed_by(passage, before, after) == text


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("One [[no]]two.", "One two."),
        ("One.\n[[a\nnote]]\nTwo.", "One.\nTwo."),
        ("[[a]]\nOne.", "One."),
        ("One [[open.", "One [[open."),
        ("a]] b [[c]] d", "a]] b  d"),
    ],
)
def test_comments_are_taken_out_and_an_open_one_is_text(text: str, sent: str) -> None:
    assert stripped(text) == sent


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("a[]\n", min_size=1, max_size=5), max_size=8))
def test_comments_over_several_turns_are_those_of_the_whole_text(texts: list[str]) -> None:
    tree, document = document_of(story_events([(W if number % 2 else G, text) for number, text in enumerate(texts)]))
    turns = list(tree.walk_back())
    read = without_comments(turns)
    whole = document.text()
    assert "".join(turn.text for turn in reversed(read)) == stripped(whole)
    for before, after in zip(turns, read, strict=True):
        if before.text == after.text:
            assert before == after


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("Sentence", Until("sentence")),
        ("200 words", Until("words", 200)),
        ("7", Until("words", 7)),
        ("length", Until()),
    ],
)
def test_where_a_passage_ends_is_typed_as_it_is_told(typed: str, until: Until) -> None:
    assert until_typed(typed) == until
    assert until_typed(str(until)) == until


def test_an_empty_story_is_an_empty_line() -> None:
    document = Document()
    assert (document.length, document.line_count, document.lines(0, 5), document.words()) == (0, 1, [""], 0)
