"""A story in progress: what is typed is kept, the model writes on, and everything can be taken back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, StorageError
from tavern_tui.domain.request import joined
from tavern_tui.session import events as out
from tavern_tui.session.session import ChatSession
from tavern_tui.session.story.difference import Edit, applied
from tavern_tui.session.story.gaps import GAP
from tavern_tui.session.story.story import StorySession
from tavern_tui.session.story.until import Until
from tests.session.conftest import fake_of
from tests.session.story.conftest import Teller

FOG = "The fog came in. Nobody saw it.\n\nThen a bell rang."


async def all_of(events: AsyncGenerator[out.SessionEvent, None]) -> list[out.SessionEvent]:
    """The events of one passage."""
    return [event async for event in events]


def stored(story: StorySession) -> str:
    """The text that another start would show."""
    return "".join(turn.text for turn in story.tree.path() if not turn.hidden)


def prompt_of(story: StorySession) -> str:
    """What the engine read last."""
    return joined(fake_of(story.chat).requests[-1].prompt)


async def reopened(story: StorySession) -> StorySession:
    """The same story as another start shows it."""
    chat = story.chat
    log = type(chat.log).open(chat.log.path, device="device1", state=chat.log.state)
    again = StorySession(
        ChatSession(
            log=log, character=chat.character, persona=chat.persona, connection=chat.connection, options=chat.options
        )
    )
    await again.chat.open()
    await again.open()
    return again


async def test_what_is_typed_is_in_the_chat_once_it_is_saved(tell: Teller) -> None:
    story = await tell(FOG)
    story.edit(4, 7, "mist")
    assert story.unsaved
    assert await story.save()
    assert stored(story) == story.document.text() == FOG.replace("fog", "mist")
    assert not await story.save()


async def test_the_model_goes_on_at_the_very_end_of_the_text(tell: Teller) -> None:
    story = await tell(FOG, " Once, then twice.")
    await all_of(story.passages.write_on())
    assert story.document.text() == FOG + " Once, then twice."
    assert prompt_of(story).endswith("<|im_start|>assistant\n" + FOG)


async def test_a_passage_may_begin_an_empty_story_and_be_taken_back(tell: Teller) -> None:
    story = await tell("", "Once.")
    await all_of(story.passages.write_on())
    assert story.document.text() == "Once."
    assert await story.undo() == "a passage"
    assert story.document.text() == ""


@pytest.mark.parametrize("offset", [0, 17, 32, 40], ids=["start", "border", "paragraph", "word"])
async def test_a_passage_in_the_middle_leaves_what_follows_where_it_is(tell: Teller, offset: int) -> None:
    story = await tell(FOG[:17], "NEW ")
    story.document.edit(17, 17, "x")  # so that the story has more than one turn
    await all_of(story.passages.write_on())
    story.edit(0, story.document.length, FOG)
    await all_of(story.passages.write_on(offset))
    expected = FOG[:offset] + "NEW " + FOG[offset:]
    assert story.document.text() == stored(story) == expected
    assert await story.undo() == "a passage"
    assert story.document.text() == stored(story) == FOG
    assert await story.redo() == "a passage"
    assert story.document.text() == stored(story) == expected


async def test_text_behind_the_cursor_is_told_in_a_note_and_is_no_part_of_what_goes_on(tell: Teller) -> None:
    story = await tell(FOG, " So it was.")
    await all_of(story.passages.write_on(31))
    prompt = prompt_of(story)
    assert prompt.endswith(FOG[:31])
    assert "[Write what leads up to this, which follows: Then a bell rang.]" in prompt


async def test_another_version_keeps_what_follows_the_passage(tell: Teller) -> None:
    story = await tell(FOG, " One.", " Two.")
    await all_of(story.passages.write_on())
    story.edit(story.document.length, story.document.length, " Mine.")
    await all_of(story.passages.again())
    assert story.document.text() == FOG + " Two. Mine."
    versions = story.passages.versions()
    assert [(one.text, one.shown) for one in versions] == [(" One.", False), (" Two.", True)]
    await story.passages.take(versions[0].turn)
    assert story.document.text() == stored(story) == FOG + " One. Mine."
    assert await story.undo()
    assert story.document.text() == FOG + " Two. Mine."


async def test_several_versions_are_written_to_one_prompt(tell: Teller) -> None:
    story = await tell(FOG, " One.", " Two.", " Three.")
    await all_of(story.passages.write_on())
    story.edit(story.document.length, story.document.length, " Mine.")
    await all_of(story.passages.again(versions=2))
    assert [one.text for one in story.passages.versions()] == [" One.", " Two.", " Three."]
    assert story.document.text().endswith(" Mine.")
    assert story.document.text() == stored(story)


async def test_a_version_is_taken_up_to_a_sentence(tell: Teller) -> None:
    story = await tell(FOG, " One. Two.", " Three. Four.")
    await all_of(story.passages.write_on())
    await all_of(story.passages.again())
    first = story.passages.versions()[0]
    await story.passages.take(first.turn, characters=5)
    assert story.document.text() == stored(story) == FOG + " One."
    assert [one.text for one in story.passages.versions()] == [" One. Two.", " Three. Four.", " One."]


async def test_the_last_passage_is_the_one_that_was_written_last_wherever_it_stands(tell: Teller) -> None:
    story = await tell(FOG, " One and two.", " NEW", " OTHER")
    await all_of(story.passages.write_on())
    story.chat.log.clock = lambda: 2_000_000_000.0
    await all_of(story.passages.write_on(len(FOG) + 4))
    assert story.document.text() == FOG + " One NEW and two."
    await all_of(story.passages.again())
    assert story.document.text() == stored(story) == FOG + " One OTHER and two."


async def test_there_is_no_other_version_before_the_first(tell: Teller) -> None:
    story = await tell(FOG)
    with pytest.raises(NotFoundError, match="no generated passage"):
        await all_of(story.passages.again())


async def test_a_direction_is_for_the_next_passage_alone_and_is_kept_with_it(tell: Teller) -> None:
    story = await tell(FOG, " She shook her head.")
    await story.passages.direct("she refuses,\nbut wants to stay")
    await all_of(story.passages.write_on())
    assert "[What comes next: she refuses, but wants to stay]" in prompt_of(story)
    assert "refuses" not in story.document.text()
    assert story.passages.direction == ""
    assert [one.direction for one in story.passages.versions()] == ["she refuses, but wants to stay"]
    await all_of(story.passages.write_on())
    assert "refuses" not in prompt_of(story)


async def test_comments_behind_the_cursor_are_not_sent_and_none_is_torn_apart(tell: Teller) -> None:
    story = await tell("One. [[why?]] Two. [[how?]] Three.", " New.")
    await all_of(story.passages.write_on(8))
    assert story.document.text() == "One. [[why?]] New. Two. [[how?]] Three."
    assert prompt_of(story).endswith("One. ")
    assert "[Write what leads up to this, which follows: Two. Three.]" in prompt_of(story)
    assert "[[" not in prompt_of(story)


async def test_a_model_that_writes_notes_of_its_own_writes_none_into_the_story(tell: Teller) -> None:
    story = await tell(FOG, " Once.\n[What comes next: she leaves]\nTwice.")
    await all_of(story.passages.write_on())
    assert story.document.text() == FOG + " Once.\nTwice."


async def test_comments_are_never_sent(tell: Teller) -> None:
    story = await tell("One. [[too short?]]Two.\n[[a line\nof its own]]\nThree.", " Four.")
    await all_of(story.passages.write_on())
    assert prompt_of(story).endswith("One. Two.\nThree.")


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        (Until("sentence"), ' "Who is there?" she asked.'),
        (Until("paragraph"), ' "Who is there?" she asked. No answer came.\n'),
        (Until("words", 6), ' "Who is there?" she asked. No answer came.'),
    ],
    ids=str,
)
async def test_a_passage_ends_where_it_is_to_end(tell: Teller, until: Until, expected: str) -> None:
    story = await tell(FOG, ' "Who is there?" she asked. No answer came.\n\nShe went on. And on. And on.')
    await story.passages.end_at(until)
    events = await all_of(story.passages.write_on())
    assert story.document.text() == FOG + expected
    assert out.TurnStopped(out.Stopped.LENGTH) in events


async def test_what_is_typed_above_a_passage_in_progress_does_not_move_it(tell: Teller) -> None:
    story = await tell(FOG, [" One", 0.05, " two."])
    async for event in story.passages.write_on(31):
        if isinstance(event, out.TextArrived) and event.text == " One":
            story.edit(0, 3, "Grey")
    assert story.document.text() == stored(story) == FOG.replace("The", "Grey")[:32] + " One two." + FOG[31:]


async def test_what_is_typed_at_the_end_while_a_passage_comes_stands_before_it(tell: Teller) -> None:
    story = await tell(FOG, [" One", 0.05, " two."])
    async for event in story.passages.write_on():
        if isinstance(event, out.TextArrived) and event.text == " One":
            story.edit(story.document.length, story.document.length, " Mine.")
    assert story.document.text() == stored(story) == FOG + " Mine. One two."


@pytest.mark.parametrize("reply", ["", "<|im_end|>", "   "], ids=["nothing", "stop", "blanks"])
@pytest.mark.parametrize("offset", [None, 20], ids=["end", "middle"])
async def test_a_model_that_writes_nothing_leaves_the_story_as_it_was(
    tell: Teller, reply: str, offset: int | None
) -> None:
    story = await tell(FOG, reply)
    turns = set(story.tree.turns)
    events = await all_of(story.passages.write_on(offset))
    assert isinstance(events[-1], out.TurnFailed)
    assert story.document.text() == stored(story) == FOG
    assert set(story.tree.turns) == turns
    assert GAP not in story.tree.properties


async def test_a_broken_link_in_the_middle_keeps_what_came_where_it_belongs(tell: Teller) -> None:
    broken = EngineError("The link broke.", fault=EngineFault.UNREACHABLE)
    story = await tell(FOG, [" One two", broken])
    events = await all_of(story.passages.write_on(31))
    assert isinstance(events[-1], out.TurnFailed)
    assert story.document.text() == stored(story) == FOG[:31] + " One two" + FOG[31:]


async def test_an_endless_line_ends_with_the_length_of_replies(tell: Teller) -> None:
    story = await tell(FOG, "a" * 10 + " b" * 2_000, response_tokens=40, chosen=frozenset({"response_tokens"}))
    await all_of(story.passages.write_on())
    assert 0 < story.document.length - len(FOG) < 200


async def test_a_passage_that_a_crash_cut_off_stands_where_it_was_begun(tell: Teller) -> None:
    story = await tell(FOG, [" One", 0.05, " two."])
    story.edit(31, 31, " Yet.")
    await story.save()
    stream = story.passages.write_on(31)
    async for event in stream:
        if isinstance(event, out.TextArrived):
            break
    # What a kill leaves: the journal and the log as they are now.
    path, text = story.chat.log.path, story.chat.log.path.read_bytes()
    journals = {one: one.read_bytes() for one in story.chat.log.state.iterdir() if one.suffix != ".lock"}
    await stream.aclose()
    path.write_bytes(text)
    for one, content in journals.items():
        one.write_bytes(content)
    again = await reopened(story)
    assert again.document.text() == FOG[:31] + " One" + " Yet." + FOG[31:]
    assert GAP not in again.tree.properties


async def test_typing_is_taken_back_in_steps_of_a_rest(tell: Teller) -> None:
    story = await tell(FOG)
    story.edit(0, 3, "A")
    story.edit(story.document.length, story.document.length, " Again.")
    await story.save()
    story.edit(0, 1, "One")
    assert await story.undo() == "an edit"
    assert story.document.text() == "A" + FOG[3:] + " Again."
    await story.undo()
    assert story.document.text() == FOG
    await story.redo()
    await story.redo()
    assert story.document.text() == "One" + FOG[3:] + " Again."
    assert await story.redo() == ""


async def test_others_hear_the_edits_that_they_did_not_make(tell: Teller) -> None:
    story = await tell(FOG, " Now.")
    heard: list[str] = []
    shown = story.document.text()

    def hear(edits: Sequence[Edit]) -> None:
        heard.append(applied(shown, edits))

    story.on_change = hear
    await all_of(story.passages.write_on(31))
    shown = heard[-1]
    await story.replace_all(FOG.upper())
    shown = heard[-1]
    await story.undo()
    assert heard == [FOG[:31] + " Now." + FOG[31:], FOG.upper(), FOG[:31] + " Now." + FOG[31:]]


async def test_what_is_typed_while_the_story_is_shown_anew_is_not_lost(tell: Teller) -> None:
    story = await tell(FOG)
    reload = asyncio.ensure_future(story.reload())
    await asyncio.sleep(0)
    story.edit(0, 3, "A")
    await reload
    assert story.document.text() == stored(story) == "A" + FOG[3:]


async def test_a_disk_that_refuses_leaves_the_text_to_be_saved_later(tell: Teller) -> None:
    story = await tell(FOG)
    path = story.chat.log.path
    aside = path.rename(path.with_suffix(".aside"))
    path.mkdir()
    story.edit(0, 3, "A")
    with pytest.raises(StorageError):
        await story.save()
    path.rmdir()
    aside.rename(path)
    assert story.unsaved
    await story.save()
    assert story.document.text() == stored(story) == "A" + FOG[3:]


async def test_another_terminal_that_opens_the_story_meanwhile_leaves_the_passage_to_who_writes_it(
    tell: Teller,
) -> None:
    story = await tell(FOG, [" One", 0.05, " two."])
    async for event in story.passages.write_on(20):
        if isinstance(event, out.TextArrived) and event.text == " One":
            other = await reopened(story)
            assert other.document.text() == FOG
    assert story.document.text() == stored(story) == FOG[:20] + " One two." + FOG[20:]
    await other.reload()
