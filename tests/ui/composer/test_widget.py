"""The composer on a screen: how it grows, sends, recalls, completes, pastes, and tells of drafts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual import events
from textual.pilot import Pilot
from textual.strip import Strip

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.ui.composer import widget
from tavern_tui.ui.composer.area import FOLD_ABOVE
from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.composer.widget import Composer
from tavern_tui.ui.terminal.paste import PASTE_GAP_SECONDS
from tests.ui.composer.app import ComposerApp

LONG = "x" * 14_212


@asynccontextmanager
async def shown(
    size: tuple[int, int] = (80, 24), composer: Composer | None = None
) -> AsyncIterator[tuple[ComposerApp, Composer, Pilot[None]]]:
    app = ComposerApp(composer)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, app.composer, pilot


async def until(pilot: Pilot[None], met: Callable[[], object]) -> None:
    """Wait until ``met`` is true; the test's own limit of time ends a wait for nothing."""
    while not met():
        await pilot.pause(0.05)


# How it stands on the screen


@pytest.mark.parametrize(("size", "most"), [((45, 30), 10), ((80, 24), 8), ((120, 40), 13), ((45, 13), 2)])
async def test_it_grows_from_one_row_to_a_third_of_the_screen_and_shrinks_again(
    size: tuple[int, int], most: int
) -> None:
    async with shown(size) as (_app, composer, pilot):
        heights = [composer.size.height]
        for _ in range(most + 2):
            composer.newline()
            await pilot.pause()
            heights.append(composer.size.height)
        assert heights == [*range(1, most), *[most] * 4]
        composer.put("")
        await pilot.pause()
        assert composer.size.height == 1


async def test_a_text_that_fits_is_shown_whole_from_its_first_row() -> None:
    async with shown() as (app, composer, pilot):
        for number in range(4):
            composer.insert_text(f"line {number}")
            composer.newline()
            await pilot.pause()
        assert app.rows() == [" line 0", " line 1", " line 2", " line 3", ""]


async def test_long_lines_wrap_at_words() -> None:
    async with shown((45, 30)) as (app, composer, pilot):
        composer.insert_text("She sets the kettle down and waits, listening to the rain on the roof.")
        await pilot.pause()
        assert app.rows() == [" She sets the kettle down and waits,", " listening to the rain on the roof."]


async def test_the_placeholder_is_shown_as_it_is_written_and_cut_where_it_does_not_fit() -> None:
    async with shown((45, 30), Composer("Message [b]Wren[/b]\x1b[2J the Keeper of theCrookedLantern…")) as (app, *_):
        assert app.rows() == [" Message [b]Wren[/b]␛[2J the Keeper of theC…"]
        app.composer.placeholder = "Message Tom…"
        assert app.rows() == [" Message Tom…"]


async def test_while_dim_it_says_so_in_place_of_its_last_row_and_keeps_its_text() -> None:
    async with shown() as (app, composer, pilot):
        composer.dim("Turn 2,981 selected · Enter to type")
        assert app.rows() == [" Turn 2,981 selected · Enter to type"]
        composer.dim(None)
        assert app.rows() == [" Message Wren…"]
        composer.insert_text("one\ntwo\nthree")
        await pilot.pause()
        composer.dim("Turn 2 selected")
        assert app.rows() == [" one", " two", " Turn 2 selected"]
        composer.dim(None)
        assert app.rows() == [" one", " two", " three"]


async def test_an_idle_composer_costs_nothing() -> None:
    class Counting(Composer):
        asked = 0

        def render_line(self, y: int) -> Strip:
            """Counted."""
            self.asked += 1
            return super().render_line(y)

    composer = Counting("Message Wren…")
    async with shown(composer=composer) as (_app, _, pilot):
        await pilot.press("h", "i")
        await asyncio.sleep(0.7)
        composer.asked = 0
        await asyncio.sleep(0.7)
        assert composer.asked == 0
        assert not composer.cursor_blink


# Writing


async def test_the_readline_keys_of_a_text_area_work() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press(*"one two", "ctrl+w", "ctrl+a", "ctrl+d", "ctrl+e", "X")
        assert composer.full_text == "ne X"
        await pilot.press("left", "ctrl+k", "ctrl+u")
        assert composer.is_empty


async def test_tab_and_escape_are_left_to_the_app() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press("a", "tab", "escape")
        assert composer.full_text == "a"


async def test_a_backslash_before_the_cursor_becomes_the_new_line() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("one\\")
        assert composer.ends_with_backslash()
        composer.newline()
        assert composer.full_text == "one\n"
        assert not composer.ends_with_backslash()
        composer.undo()
        assert composer.full_text == "one\\"


async def test_a_new_line_takes_the_place_of_the_selection() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("a\\b")
        composer.select_all()
        assert not composer.ends_with_backslash()
        composer.newline()
        assert composer.full_text == "\n"


async def test_taking_the_text_empties_the_composer_and_leaves_nothing_to_undo() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("see \x1b ")
        composer.paste(LONG)
        assert composer.take() == f"see \x1b {LONG}"
        assert composer.is_empty
        composer.undo()
        assert composer.is_empty


async def test_putting_a_text_is_one_step_to_undo() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press(*"mine")
        composer.put("theirs\nin two lines", 3)
        assert composer.state() == ComposerState("theirs\nin two lines", 3)
        composer.undo()
        assert composer.state() == ComposerState("mine", 4)
        composer.redo()
        assert composer.full_text == "theirs\nin two lines"


# Pasting


async def test_a_paste_is_one_event_and_one_step_and_its_lines_end_as_ours() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press("a")
        composer.post_message(events.Paste("b\r\nc\rd\0"))
        await pilot.press("e")
        assert composer.full_text == "ab\nc\nde"
        composer.undo()
        composer.undo()
        assert composer.full_text == "a"


async def test_a_paste_of_one_character_is_a_step_of_its_own_too() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press("a")
        composer.paste("b")
        await pilot.press("c")
        composer.undo()
        assert composer.full_text == "ab"
        composer.undo()
        assert composer.full_text == "a"


async def test_a_paste_takes_the_place_of_the_selection() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("all of it")
        composer.select_all()
        composer.paste("new")
        assert composer.full_text == "new"
        composer.undo()
        assert composer.selected_text == "all of it"


@pytest.mark.parametrize(("length", "folded"), [(FOLD_ABOVE, False), (FOLD_ABOVE + 1, True)])
async def test_a_paste_of_more_than_two_thousand_characters_is_folded(length: int, folded: bool) -> None:
    async with shown() as (_app, composer, _pilot):
        composer.paste("x" * length)
        assert bool(composer.state().folds) is folded
        assert composer.full_text == "x" * length


async def test_pastes_that_follow_at_once_are_one_paste() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("see ")
        for number in range(3):
            composer.paste("x" * 1_000, at=number * PASTE_GAP_SECONDS)
        assert composer.state() == ComposerState("see " + "x" * 3_000, 3_004, ((4, 3_004),))
        composer.undo()
        assert composer.full_text == "see "


async def test_a_paste_after_a_pause_or_after_a_key_is_another() -> None:
    async with shown() as (_app, composer, pilot):
        composer.paste("a" * 3_000, at=0.0)
        composer.paste("b" * 3_000, at=0.5)
        await pilot.press("c")
        composer.paste("d" * 3_000, at=0.6)
        assert [end - start for start, end in composer.state().folds] == [3_000, 3_000, 3_000]


async def test_an_empty_paste_takes_nothing_back() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.paste("a", at=0.0)
        composer.paste("\0", at=0.1)
        assert composer.full_text == "a"


@pytest.mark.parametrize(
    "text",
    [("word " * 19 + "\n") * 2_134, "word " * 41_000, "\x1b[31m\u202e" * 34_000],
    ids=["lines", "line", "hostile"],
)
async def test_two_hundred_kilobytes_are_one_line_on_the_screen_and_cost_one(text: str) -> None:
    class Counting(Composer):
        lines = changes = 0

        def render_line(self, y: int) -> Strip:
            """Counted."""
            self.lines += 1
            return super().render_line(y)

        def on_text_area_changed(self) -> None:
            """Counted."""
            self.changes += 1

    composer = Counting("Message Wren…")
    async with shown(composer=composer) as (app, _, pilot):
        composer.lines = 0
        composer.post_message(events.Paste(text))
        await pilot.pause()
        await pilot.pause()
        assert (composer.lines, composer.changes) == (1, 1)
        assert app.rows() == [f" ⧉ pasted {len(text):,} characters"]
        assert composer.full_text == text


async def test_the_tokens_of_a_paste_are_shown_when_somebody_has_counted_them() -> None:
    async with shown() as (app, composer, pilot):
        counted = asyncio.Event()

        async def count(text: str) -> int:
            await counted.wait()
            return len(text) // 5

        composer.count_tokens = count
        composer.paste(LONG)
        await pilot.pause()
        assert app.rows() == [" ⧉ pasted 14,212 characters"]
        counted.set()
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.rows() == [" ⧉ pasted 14,212 characters (2,842 tokens)"]


async def test_where_nobody_can_count_the_tokens_the_paste_is_shown_without() -> None:
    async with shown() as (app, composer, pilot):

        async def count(text: str) -> int:
            raise EngineError("rig:5001 does not answer.", fault=EngineFault.UNREACHABLE)

        composer.count_tokens = count
        composer.paste(LONG)
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert app.rows() == [" ⧉ pasted 14,212 characters"]


async def test_a_pasted_path_is_inserted_and_told() -> None:
    async with shown() as (app, composer, pilot):
        composer.paste("'/media/My Cards/mira.png'")
        composer.paste("no path", at=1e12)
        await pilot.pause()
        assert composer.full_text == "'/media/My Cards/mira.png'no path"
        assert app.paths == ["/media/My Cards/mira.png"]


# Earlier messages


async def test_up_on_the_first_row_and_down_on_the_last_walk_through_the_messages_sent() -> None:
    async with shown(composer=Composer(sent=["first", "second\nof two"])) as (_app, composer, pilot):
        await pilot.press(*"draft")
        assert composer.history_back()
        assert composer.state() == ComposerState("second\nof two", 13)
        assert composer.history_back(), "the cursor was not moved, so the walk goes on"
        assert composer.full_text == "first"
        assert not composer.history_back()
        assert composer.history_forward()
        assert composer.history_forward()
        assert composer.state() == ComposerState("draft", 5)
        assert not composer.history_forward()


async def test_in_a_recalled_message_that_was_changed_up_means_the_row_above_again() -> None:
    async with shown(composer=Composer(sent=["first", "second\nof two"])) as (_app, composer, pilot):
        composer.history_back()
        await pilot.press("!")
        assert not composer.history_back()
        await pilot.press("up")
        assert composer.history_back()
        assert composer.full_text == "first"
        composer.history_forward()
        assert composer.full_text == "second\nof two!"


async def test_in_a_wrapped_line_the_rows_count_and_not_the_lines() -> None:
    async with shown((45, 30), Composer(sent=["first"])) as (_app, composer, pilot):
        composer.insert_text("word " * 20)
        await pilot.pause()
        assert not composer.history_back()
        await pilot.press("ctrl+a", "up", "up")
        assert not composer.history_forward()
        assert composer.history_back()


async def test_what_was_taken_can_be_recalled_with_its_folds_and_undo_brings_the_draft_back() -> None:
    async with shown() as (_app, composer, _pilot):
        composer.insert_text("see ")
        composer.paste(LONG)
        composer.take()
        composer.insert_text("draft")
        assert composer.history_back()
        assert composer.state() == ComposerState(f"see {LONG}", 14_216, ((4, 14_216),))
        composer.undo()
        assert composer.full_text == "draft"


async def test_another_chat_has_other_messages() -> None:
    async with shown(composer=Composer(sent=["first"])) as (_app, composer, _pilot):
        composer.set_sent(["elsewhere"])
        assert composer.history_back()
        assert composer.full_text == "elsewhere"
        assert not composer.history_back()


# Completion


async def test_tab_completes_a_command_and_again_takes_the_next_in_one_step_to_undo() -> None:
    async with shown() as (app, composer, pilot):
        await pilot.press(*"/re")
        for text in ("/retry", "/redo", "/retry"):
            assert composer.complete()
            assert composer.full_text == text
        await pilot.pause()
        assert [message.chosen for message in app.completing] == [0, 1, 0]
        assert [way.title for way in app.completing[0].ways] == ["Another reply", "Redo"]
        composer.undo()
        assert composer.full_text == "/re"


async def test_tab_completes_a_name_within_a_message() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press(*"hey t, you", *["left"] * 5)
        assert composer.complete()
        assert composer.state() == ComposerState("hey Tamsin, you", 10)
        assert composer.complete()
        assert composer.full_text == "hey Tobias, you"


async def test_tab_does_nothing_where_nothing_fits_or_text_is_selected() -> None:
    async with shown() as (_app, composer, pilot):
        assert not composer.complete()
        await pilot.press(*"/nowhere")
        assert not composer.complete()
        composer.put("/re")
        composer.select_all()
        assert not composer.complete()
        assert composer.full_text == "/re"


async def test_what_a_folded_paste_ends_with_is_not_completed() -> None:
    async with shown() as (_app, composer, pilot):
        composer.paste(LONG + " Wr")
        assert not composer.complete()
        assert composer.full_text == LONG + " Wr"
        await pilot.press(*" wr")
        assert composer.complete()
        assert composer.full_text == LONG + " Wr Wren"


async def test_after_a_key_tab_begins_anew() -> None:
    async with shown() as (_app, composer, pilot):
        await pilot.press(*"/re")
        composer.complete()
        await pilot.press("backspace")
        assert composer.complete()
        assert composer.full_text == "/retry"
        assert not composer.complete(), "all of it stands there, and nothing else begins so"


# Drafts


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drafts are told a second after their first change: a test types a word more slowly than a person."""
    monkeypatch.setattr(widget, "DRAFT_SECONDS", 1.0)


@pytest.mark.usefixtures("unhurried")
async def test_changes_are_told_together_and_once() -> None:
    async with shown() as (app, _composer, pilot):
        await pilot.press(*"hello")
        await pilot.press("left")
        assert app.drafts == []
        await until(pilot, lambda: app.drafts)
        assert app.drafts == [ComposerState("hello", 4)]
        await asyncio.sleep(1.2)
        assert len(app.drafts) == 1, "what has not changed is not told again"


@pytest.mark.usefixtures("unhurried")
async def test_an_emptied_composer_is_told_at_once() -> None:
    async with shown() as (app, composer, pilot):
        await pilot.press(*"hello")
        await until(pilot, lambda: app.drafts)
        composer.take()
        await pilot.pause()
        assert app.drafts == [ComposerState("hello", 5), ComposerState()]


async def test_a_draft_comes_back_with_its_cursor_and_folds_and_is_no_step_to_undo() -> None:
    draft = ComposerState(f"see {LONG} there", 4, ((4, 4 + len(LONG)),))
    async with shown() as (_app, composer, _pilot):
        composer.restore(draft)
        assert composer.state() == draft
        composer.undo()
        assert composer.state() == draft
