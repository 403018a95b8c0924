"""Edits, the cursor, undo and the mouse over folds and odd characters: against a model, and case by case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets.text_area import Selection

from tavern_tui.ui.composer.area import FOLD_ABOVE
from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.composer.widget import Composer
from tests.hostile import HOSTILE, driving_characters
from tests.ui.composer.app import ComposerApp

LONG = "long\n" * 500 + "x"
assert len(LONG) > FOLD_ABOVE


@asynccontextmanager
async def shown(size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[ComposerApp, Composer, Pilot[None]]]:
    app = ComposerApp()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, app.composer, pilot


# Against a model: a list of units, each a character or a folded text, and a cursor between them.


@dataclass
class Model:
    """What the composer must hold, and what undo must bring back."""

    units: list[str] = field(default_factory=list)
    cursor: int = 0
    past: list[tuple[list[str], int]] = field(default_factory=list)
    future: list[tuple[list[str], int]] = field(default_factory=list)

    def replace(self, start: int, end: int, units: list[str]) -> None:
        """One step."""
        if start == end and not units:
            return
        self.past.append((list(self.units), self.cursor))
        self.future.clear()
        self.units[start:end] = units
        self.cursor = start + len(units)

    def travel(self, origin: list[tuple[list[str], int]], target: list[tuple[list[str], int]], *, back: bool) -> None:
        """Undo or redo."""
        if origin:
            target.append((list(self.units), self.cursor))
            units, cursor = origin.pop()
            self.units = list(units)
            self.cursor = cursor if back else self.cursor

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.units)

    def index(self) -> int:
        """The characters before the cursor."""
        return len("".join(self.units[: self.cursor]))


SHORT = st.text(st.sampled_from("ab \t\n橋\x1b\r\u2028\u202e\U00100000\U0010fffd"), min_size=1, max_size=6)
STEPS = st.one_of(
    st.tuples(st.just("insert"), SHORT),
    st.tuples(st.just("paste"), st.builds(lambda text: text + LONG, SHORT)),
    st.tuples(
        st.sampled_from(["left", "right", "backspace", "delete", "expand", "undo", "redo", "clear"]), st.just("")
    ),
)


def do(composer: Composer, model: Model, step: str, text: str) -> None:
    """The same step in both."""
    at = model.cursor
    composer.history.checkpoint()
    match step:
        case "insert":
            composer.insert_text(text)
            model.replace(at, at, list(text))
        case "paste":
            composer.insert_text(text)
            model.replace(at, at, [text])
        case "left":
            composer.action_cursor_left()
            model.cursor = max(0, at - 1)
        case "right":
            composer.action_cursor_right()
            model.cursor = min(len(model.units), at + 1)
        case "backspace":
            composer.action_delete_left()
            model.replace(max(0, at - 1), at, [])
        case "delete":
            composer.action_delete_right()
            model.replace(at, min(len(model.units), at + 1), [])
        case "expand":
            fold = model.units[at] if at < len(model.units) else ""
            assert composer.expand_fold() == (len(fold) > 1)
            if len(fold) > 1:
                model.replace(at, at + 1, list(fold))
        case "clear":
            composer.put("")
            model.replace(0, len(model.units), [])
            model.cursor = 0
        case "restore":
            before = composer.state()
            composer.restore(before)
            assert composer.state() == before
            model.past.clear()
            model.future.clear()
        case "undo":
            composer.undo()
            model.travel(model.past, model.future, back=True)
        case "redo":
            composer.redo()
            model.travel(model.future, model.past, back=False)
            model.cursor = -1


async def test_any_edits_over_folds_and_odd_characters_give_the_text_back_to_the_letter() -> None:
    async with shown() as (_app, composer, _pilot):

        @settings(max_examples=150, deadline=None)
        @given(st.lists(STEPS, max_size=14))
        def holds(steps: list[tuple[str, str]]) -> None:
            composer.restore(ComposerState())
            model = Model()
            for step, text in steps:
                do(composer, model, step, text)
                assert composer.full_text == model.text
                state = composer.state()
                assert [state.text[start:end] for start, end in state.folds] == [u for u in model.units if len(u) > 1]
                if model.cursor < 0:  # where redo leaves the cursor is Textual's; both go on from there
                    model.cursor = unit_at(model.units, state.cursor)
                assert state.cursor == model.index()

        holds()


def unit_at(units: list[str], index: int) -> int:
    """How many units end at ``index``, which must be between two of them."""
    size = 0
    for number, unit in enumerate([*units, ""]):
        if size == index:
            return number
        size += len(unit)
    raise AssertionError("the cursor is inside of a fold")


# What has no model: edits by words, lines and selections, and moves that land anywhere.

ACTIONS = [
    "delete_left",
    "delete_right",
    "delete_word_left",
    "delete_word_right",
    "delete_line",
    "delete_to_start_of_line",
    "delete_to_end_of_line",
    "cursor_word_left",
    "cursor_word_right",
    "cursor_up",
    "cursor_down",
    "cursor_line_start",
    "cursor_line_end",
    "cut",
    "paste",
]
PLACES = st.tuples(st.integers(0, 6), st.integers(0, 60))


@dataclass(frozen=True)
class Select:
    """A selection between two places, whatever is there."""

    start: tuple[int, int]
    end: tuple[int, int]


@dataclass(frozen=True)
class Replace:
    """An edit by the program between two places."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str


@dataclass(frozen=True)
class Insert:
    """A text in the place of the selection."""

    text: str


ROUGH_STEPS = st.one_of(
    st.sampled_from(ACTIONS),
    st.builds(Insert, SHORT),
    st.builds(lambda text: Insert(text + LONG), SHORT),
    st.builds(Select, PLACES, PLACES),
    st.builds(Replace, PLACES, PLACES, SHORT),
)


async def test_no_edit_cuts_a_fold_and_undo_and_redo_lead_through_every_text_in_between() -> None:
    async with shown((45, 30)) as (app, composer, _pilot):

        @settings(max_examples=150, deadline=None)
        @given(st.lists(ROUGH_STEPS, max_size=20))
        def holds(steps: list[str | Insert | Select | Replace]) -> None:
            composer.restore(ComposerState())
            app.copy_to_clipboard("")
            texts = [""]
            pasted = set()
            for step in steps:
                composer.history.checkpoint()
                pasted.add(app.clipboard)
                match step:
                    case str():
                        getattr(composer, f"action_{step}")()
                    case Insert(text):
                        pasted.add(text)
                        composer.insert_text(text)
                    case Select(start, end):
                        composer.selection = Selection(start, end)
                    case Replace(start, end, text):
                        composer.replace(text, composer.clamp_visitable(start), composer.clamp_visitable(end))
                state = composer.state()
                assert {state.text[start:end] for start, end in state.folds} <= pasted
                row, column = composer.cursor_location
                assert composer.folds.around(composer.document[row], column) is None
                if len(composer.history.undo_stack) == len(texts):
                    texts.append(state.text)
                assert state.text == texts[-1]
            for text in reversed(texts[:-1]):
                composer.undo()
                assert composer.full_text == text
            for text in texts[1:]:
                composer.redo()
                assert composer.full_text == text

        holds()


# Case by case


async def test_a_fold_is_one_character_to_the_arrows_and_to_backspace_and_delete() -> None:
    async with shown() as (_app, composer, pilot):
        composer.insert_text("a")
        composer.insert_text(LONG)
        composer.insert_text("b")
        await pilot.press("left", "left")
        assert composer.state().cursor == 1
        await pilot.press("right")
        assert composer.state().cursor == 1 + len(LONG)
        await pilot.press("backspace")
        assert composer.full_text == "ab"
        composer.undo()
        assert composer.full_text == f"a{LONG}b"
        await pilot.press("left", "delete")
        assert composer.full_text == "ab"


async def test_the_cursor_on_a_fold_marks_it_whole_and_enter_there_expands_it_and_undo_folds_it_again() -> None:
    async with shown() as (app, composer, pilot):
        composer.insert_text(LONG)
        await pilot.pause()
        assert not composer.expand_fold(), "Enter behind a fold sends"
        await pilot.press("left")
        [cell] = [segment for segment in composer.render_line(0) if "pasted" in segment.text]
        assert cell.style == composer.render_line(0).crop(0, 1)._segments[0].style
        assert composer.expand_fold()
        assert composer.state() == ComposerState(LONG, len(LONG))
        composer.undo()
        assert composer.state() == ComposerState(LONG, 0, ((0, len(LONG)),))
        await pilot.pause()
        assert app.rows() == [" ⧉ pasted 2,501 characters"]


async def test_copied_and_cut_text_is_the_text_itself_and_comes_back_as_it_was() -> None:
    async with shown() as (app, composer, _pilot):
        composer.insert_text(f"\x1b{LONG}")
        composer.select_all()
        composer.action_copy()
        assert app.clipboard == f"\x1b{LONG}"
        assert composer.selected_text == f"\x1b{LONG}"
        composer.action_cut()
        assert composer.is_empty
        composer.action_paste()
        assert composer.full_text == f"\x1b{LONG}"


async def test_text_set_by_others_is_kept_as_they_gave_it() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.text = "a\r\nb\u2028c"
        assert (composer.text, composer.full_text) == ("a\r\nb\u2028c", "a\r\nb\u2028c")
        assert composer.document.line_count == 2
        composer.insert("\x1b", (0, 0))
        assert composer.full_text == "\x1ba\r\nb\u2028c"


async def test_a_paste_that_stands_unchanged_in_a_new_text_stays_folded() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("see ")
        composer.insert_text(LONG)
        composer.put(f"look: {LONG}!", 4)
        assert composer.state() == ComposerState(f"look: {LONG}!", 4, ((6, 6 + len(LONG)),))
        composer.put("nothing")
        assert composer.state() == ComposerState("nothing", 7)
        composer.undo()
        composer.undo()
        assert composer.full_text == f"see {LONG}"


@pytest.mark.parametrize(("cursor", "kept"), [(-5, 0), (2, 2), (4, 2), (6, 6), (99, 7)])
async def test_a_cursor_that_was_saved_out_of_the_text_or_in_a_fold_is_moved(cursor: int, kept: int) -> None:
    async with shown() as (_app, composer, _pilot):
        composer.restore(ComposerState("a\nFOLDb", cursor, ((2, 6), (1, 3), (6, 99), (6, 6))))
        assert composer.state() == ComposerState("a\nFOLDb", kept, ((2, 6),))


async def test_nothing_pasted_can_drive_the_terminal() -> None:
    async with shown((45, 30)) as (app, composer, pilot):
        for name, text in HOSTILE.items():
            composer.put("")
            composer.insert_text(text)
            await pilot.pause()
            assert driving_characters("\n".join(app.rows()).encode()) == [], name
            assert composer.full_text == text, name
            assert driving_characters(app.export_screenshot().encode()) == [], name


async def test_the_cursor_gets_past_a_fold_that_is_wider_than_the_screen_in_both_directions() -> None:
    async with shown((20, 30)) as (app, composer, pilot):
        composer.insert_text("above\n")
        composer.insert_text(LONG)
        composer.insert_text("\nbelow")
        await pilot.pause()
        assert app.rows() == [" above", " ⧉ pasted 2,501 ch", " aracters", " below"]
        places = [composer.cursor_location]
        for key in ["up"] * 4 + ["down"] * 4:
            await pilot.press(key)
            places.append(composer.cursor_location)
        rows = [row for row, _ in places]
        assert (rows[0], rows[4], rows[8]) == (2, 0, 2)
        assert all(composer.folds.around(composer.document[row], column) is None for row, column in places)


async def test_a_click_on_a_fold_puts_the_cursor_on_it() -> None:
    async with shown() as (_app, composer, pilot):
        composer.insert_text("a ")
        composer.insert_text(LONG)
        await pilot.pause()
        await pilot.click(composer, offset=(12, 0))
        assert composer.state().cursor == 2
        assert composer.expand_fold()
