"""The document of a story as it is edited: text, rows, cursor, the way back. No screen."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.config.action import Preset, Where
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.keymap import preset_keymap
from tavern_tui.session.story.difference import Edit, applied
from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story.actions import STORY_ACTIONS
from tavern_tui.ui.story.counts import Counts, as_property, from_property
from tavern_tui.ui.story.editing import StoryEditor, Way
from tavern_tui.ui.story.reading import strip_text
from tavern_tui.ui.story.rewriting import RewriteChoice
from tavern_tui.ui.story.sums import STRETCH, Sums
from tavern_tui.ui.story.text import Run, StoryText
from tavern_tui.ui.story.versions import sentences

W, G, E = Origin.WRITTEN, Origin.GENERATED, Origin.EDITED
SIGNS = st.text(st.sampled_from("ab é\u0301漢👩\u200d\t\n\x1b"), max_size=30)


def editor(*runs: Run, width: int = 20) -> StoryEditor:
    """An editor with the cursor at the end."""
    made = StoryEditor(width=width)
    made.load(runs)
    return made


def runs_of(made: StoryEditor) -> tuple[Run, ...]:
    """The whole document, by origin."""
    return made.text.slice((0, 0), made.text.end)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 5), max_size=40), st.integers(0, 40), st.integers(0, 40), st.lists(st.integers(0, 5)))
def test_sums_after_a_splice_are_those_of_the_new_numbers(
    numbers: list[int], start: int, stop: int, new: list[int]
) -> None:
    numbers = numbers + [1] * STRETCH
    sums = Sums(numbers)
    stop = max(start, stop)
    sums.splice(start, stop, new)
    numbers[start:stop] = new
    assert [sums.before(place) for place in range(len(numbers) + 1)] == [
        sum(numbers[:n]) for n in range(len(numbers) + 1)
    ]
    for place, number in enumerate(numbers):
        if number:
            assert sums.at(sums.before(place)) == (place, 0)


@settings(max_examples=25)
@given(SIGNS, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30), SIGNS), max_size=5))
def test_any_edits_give_the_edited_text_and_are_taken_back_one_by_one(
    text: str, edits: list[tuple[int, int, str]]
) -> None:
    made = editor((text, G), width=7)
    states = [text]
    told: list[str] = [text]

    def tell(start: int, end: int, new: str) -> None:
        told.append(told[-1][:start] + new + told[-1][end:])

    made.on_edit = tell
    for first, second, new in edits:
        start, end = sorted((min(first, len(text)), min(second, len(text))))
        before = made.text.text()
        made.replace(made.text.place(start), made.text.place(end), [(new, W)])
        text = text[:start] + new + text[end:]
        assert made.text.text() == told[-1] == text
        if text != before:
            states.append(text)
    assert made.layout.height == StoryEditor([(text, W)], width=7).layout.height
    runs = runs_of(made)
    for state in reversed(states[:-1]):
        made.undo()
        assert made.text.text() == told[-1] == state
    for state in states[1:]:
        made.redo()
        assert made.text.text() == state
    assert runs_of(made) == runs


@settings(max_examples=25)
@given(SIGNS, st.integers(2, 12))
def test_every_place_is_reached_from_the_row_and_the_cell_where_it_is_seen(text: str, width: int) -> None:
    made = editor((text, W), width=width)
    made.go((0, 0))
    for _ in range(len(text) + 1):
        at = made.cursor
        row, cell = made.layout.row_of(at), made.layout.cell(at)
        assert 0 <= cell <= width
        found = made.layout.at(row, cell)
        assert made.layout.row_of(found) == row
        assert made.layout.cell(found) == cell
        made.move("right")
    assert made.cursor == made.text.end


@settings(max_examples=25)
@given(SIGNS)
def test_going_left_takes_the_same_steps_as_going_right(text: str) -> None:
    made = editor((text, W))
    back = [made.cursor]
    while made.cursor != (0, 0):
        made.move("left")
        back.append(made.cursor)
    forth = [made.cursor]
    while made.cursor != made.text.end:
        made.move("right")
        forth.append(made.cursor)
    assert forth == back[::-1]


def test_a_combining_mark_and_a_joined_emoji_are_one_step_and_go_whole() -> None:
    made = editor(("e\u0301👩\u200d👧!", W))
    made.move("left")
    made.delete("left")
    assert made.text.text() == "e\u0301!"
    made.delete("left")
    assert made.text.text() == "!"


def test_rows_of_wide_characters_keep_the_cell_of_the_cursor() -> None:
    made = editor(("漢字漢字\nabcdefgh\n漢字漢字", W), width=20)
    made.go((1, 5))
    made.move_rows(1)
    assert made.cursor == (2, 2)
    made.move_rows(-2)
    assert made.cursor == (0, 2)
    made.move_rows(1)
    assert made.cursor == (1, 5)


def test_the_end_of_a_row_that_goes_on_is_before_its_last_blank() -> None:
    made = editor(("one two three four five six", W), width=9)
    made.go((0, 0))
    made.move("row_end")
    assert made.cursor == (0, 7)
    made.move("row_start")
    assert made.cursor == (0, 0)


@pytest.mark.parametrize(
    ("way", "left"),
    [
        ("left", "It was dar."),
        ("word_left", "It was ."),
        ("line_start", "."),
        ("right", "It was dark"),
        ("end", "It was dark"),
    ],
)
def test_what_lies_between_the_cursor_and_where_a_key_leads_is_deleted(way: Way, left: str) -> None:
    made = editor(("It was dark.", W))
    made.move("left")
    made.delete(way)
    assert made.text.text() == left


def test_typing_a_word_is_one_step_back_and_a_moved_cursor_ends_it() -> None:
    made = editor()
    for sign in "one two":
        made.type(sign)
    made.undo()
    assert made.text.text() == "one "
    made.undo()
    assert made.text.text() == ""
    made.redo()
    made.move("left")
    made.type("x")
    made.undo()
    assert (made.text.text(), made.cursor) == ("one ", (0, 3))


def test_what_is_typed_into_a_passage_is_an_edit_and_at_its_border_it_is_written() -> None:
    made = editor(("A. ", W), ("It rained.", G))
    made.type("!")
    made.go((0, 3))
    made.type("?")
    made.go((0, 8))
    made.type("x")
    assert runs_of(made) == (("A. ?", W), ("It r", G), ("x", E), ("ained.", G), ("!", W))


def test_a_passage_that_is_put_in_moves_what_stands_behind_it_and_is_no_step() -> None:
    made = editor(("Before after", W))
    made.go((0, 7))
    made.put([(0, 0, (("New\n", G),))])
    assert made.cursor == (1, 7)
    made.put([(4, 7, ())])
    assert made.cursor == (1, 0)
    assert made.undo() is None


def test_a_selection_grows_from_the_mark_until_it_is_let_go_or_typed_over() -> None:
    made = editor(("one two three", W))
    assert made.mark()
    made.move("word_left")
    made.move("word_left")
    assert made.selected_text == "two three"
    made.type("2")
    assert (made.text.text(), made.selected_text) == ("one 2", "")
    assert made.mark()
    assert not made.mark()


def test_an_arrow_leaves_a_selection_at_its_side() -> None:
    made = editor(("one two", W))
    made.move("word_left", select=True)
    made.move("left")
    assert made.cursor == (0, 4)


def test_typing_in_a_book_wraps_its_paragraph_and_nothing_else() -> None:
    dice = random.Random(1)
    book = "\n".join(" ".join(["lantern"] * dice.randrange(1, 60)) for _ in range(20_000))
    made = editor((book, W), width=84)
    assert made.text.words > 500_000
    for place in (made.text.end, (9_999, 3), (0, 0)):
        made.go(place)
        before = made.layout.wrapped
        for _ in range(20):
            made.type("x")
        assert made.layout.wrapped - before == 20
    before = made.layout.wrapped
    made.type("\n")
    made.undo()
    assert made.layout.wrapped - before == 3
    before = made.layout.wrapped
    for _ in range(50):
        made.put([(0, 1, (("y", G),))])
    assert made.layout.wrapped - before == 50


def test_a_text_knows_its_words_and_its_length_after_every_change() -> None:
    text = StoryText([("one two\nthree", W)])
    assert (text.words, text.length) == (3, 13)
    text.replace((0, 3), (1, 0), [(" and ", W)])
    assert (text.words, text.length, text.text()) == (3, 13, "one and three")


def test_every_row_of_the_registry_for_a_story_does_something_and_others_have_none_of_its_keys() -> None:
    rows = [action for action in ACTIONS if action.where is Where.STORY]
    assert {action.id for action in rows} <= set(STORY_ACTIONS)
    keymap = preset_keymap(Preset.DEFAULT)
    assert all(keymap.action_for(key, {Where.STORY}) is action for action in rows for key in action.keys)
    assert keymap.action_for("ctrl+p", {Where.STORY}) is BY_ID["app.palette"]
    assert keymap.action_for("pagedown", {Where.STORY}) is None
    assert keymap.action_for("escape", {Where.STORY, Where.REPLYING}) is BY_ID["reply.stop"]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "synopsis 420 · notes 180 · lore 260 · last 5,900 words"),
        (43, "synopsis 420 · notes 180 · last 5,900 words"),
        (9, "last 5,900 words"),
    ],
)
def test_the_strip_keeps_what_is_read_of_the_text_whatever_the_width(width: int, shown: str) -> None:
    assert strip_text("synopsis 420 · notes 180 · lore 260 · last 5,900 words", width) == shown


def test_a_version_is_cut_at_the_end_of_its_sentences() -> None:
    text = "He said \u201cNo.\u201d Then he left! And"
    assert [text[:end] for end in sentences(text)] == [
        "He said \u201cNo.\u201d",
        "He said \u201cNo.\u201d Then he left!",
        text,
    ]
    assert sentences("") == [0]


async def test_of_a_rewriting_the_changes_that_are_wanted_are_edits_of_their_words_alone() -> None:
    taken: list[list[Edit]] = []

    async def take(edits: list[Edit]) -> None:
        taken.append(edits)

    async def again() -> None:
        taken.append([])

    old = "The old lamp went out at ten."
    choice = RewriteChoice(old, "The ancient lamp died at ten.", take, again, colourless=True)
    assert [await choice.press(key) for key in ("right", "space", "p", "a", "r", "d")] == [False, False, *[True] * 4]
    assert [applied(old, edits) for edits in taken[:2]] == [
        "The ancient lamp went out at ten.",
        "The ancient lamp died at ten.",
    ]
    assert taken[2] == []
    assert "[-old-]{+ancient+}" in "".join(line.plain for line in choice.lines(200))


def test_the_words_of_today_go_on_after_a_break_and_begin_anew_the_next_day() -> None:
    today, tomorrow = date(2026, 11, 23), date(2026, 11, 24)
    kept = as_property(today, 340, 500)
    assert from_property(kept, today) == (340, 500)
    assert from_property(kept, tomorrow) == (0, 500)
    assert from_property("nonsense", today) == (0, 0)
    made = editor(("one two", W))
    counts = Counts(made)
    counts.begin()
    counts.before, counts.goal = 340, 500
    made.insert(" three")
    made.select((0, 0), (0, 7))
    assert counts.told() == "2 words selected · 3 words · 341 of 500 today"
