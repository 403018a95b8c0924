"""The file of a story: written for other tools, and what is edited there comes into the story."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.session.story.mirror import merged
from tests.session.story.conftest import Teller
from tests.session.story.test_story import FOG, all_of, reopened, stored

texts = st.lists(st.sampled_from(["one ", "two\n", "three. ", "\n\n", "four"]), max_size=8).map("".join)


async def test_the_file_has_the_text_of_the_story_as_it_is(tell: Teller) -> None:
    story = await tell(FOG, " Once.")
    await all_of(story.passages.write_on())
    await story.close()
    assert story.mirror.path.name == "A tale.md"
    assert story.mirror.path.read_text("utf-8") == FOG + " Once."
    assert not await story.mirror.write()


async def test_an_empty_story_has_no_file(tell: Teller) -> None:
    story = await tell()
    await story.close()
    assert not story.mirror.path.exists()


async def test_a_file_that_is_somebody_elses_is_kept_under_another_name(tell: Teller) -> None:
    story = await tell(FOG)
    path = story.mirror.path
    path.parent.mkdir()
    path.write_text("Mine.", "utf-8")
    await story.close()
    assert path.read_text("utf-8") == story.document.text() == FOG
    assert path.with_name("A tale (before).md").read_text("utf-8") == "Mine."


async def test_what_is_edited_in_the_file_changes_those_turns_alone(tell: Teller) -> None:
    story = await tell(FOG, " Once.")
    await all_of(story.passages.write_on())
    await story.close()
    path = story.mirror.path
    path.write_text(path.read_text("utf-8").replace("Nobody", "Somebody"), "utf-8")
    passage = story.passages.last
    tokens = story.tree.turns[passage]
    again = await reopened(story)
    assert again.document.text() == stored(again) == (FOG + " Once.").replace("Nobody", "Somebody")
    assert again.tree.turns[passage] == tokens
    assert await again.undo() == "an edit"


async def test_both_sides_edit_and_both_are_kept(tell: Teller) -> None:
    story = await tell(FOG)
    await story.close()
    path = story.mirror.path
    path.write_text(FOG + " Twice.", "utf-8")
    story.edit(4, 7, "mist")
    await story.save()
    await story.mirror.write()
    assert story.document.text() == path.read_text("utf-8") == FOG.replace("fog", "mist") + " Twice."


async def test_a_file_that_is_only_old_is_written_anew(tell: Teller) -> None:
    story = await tell(FOG)
    await story.close()
    story.edit(4, 7, "mist")
    await story.save()
    again = await reopened(story)
    assert again.document.text() == again.mirror.path.read_text("utf-8") == FOG.replace("fog", "mist")


async def test_a_file_that_cannot_be_read_leaves_the_story_alone_and_is_told(tell: Teller) -> None:
    story = await tell(FOG)
    await story.close()
    story.mirror.path.write_bytes(b"\xff\xfe broken")
    again = await reopened(story)
    assert again.document.text() == FOG
    assert "UTF-8" in again.mirror.trouble
    assert again.mirror.path.read_bytes() == b"\xff\xfe broken"


@pytest.mark.parametrize(
    ("base", "outside", "ours", "both"),
    [
        ("a\nb\nc\n", "a\nb\nC\n", "A\nb\nc\n", "A\nb\nC\n"),
        ("a b c", "a X c", "a Y c", "a X c"),
        ("a\n", "a\nb\n", "a\nc\n", "a\nb\n"),
        ("one two", "two", "one two three", "two three"),
        ("one\n\ntwo\n\nthree", "two", "one\n\nthree", ""),
    ],
    ids=["apart", "same", "end", "removed", "more"],
)
def test_two_edits_are_merged(base: str, outside: str, ours: str, both: str) -> None:
    assert merged(base, outside, ours) == both


@settings(max_examples=25, deadline=None)
@given(texts, texts, texts)
def test_a_merge_with_what_did_not_change_is_the_other_side(base: str, outside: str, ours: str) -> None:
    assert merged(base, base, ours) == ours
    assert merged(base, outside, base) == outside
    assert merged(base, outside, outside) == outside
    assert isinstance(merged(base, outside, ours), str)
