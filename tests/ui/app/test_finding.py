"""Finding in the open chat, one's own turns, bookmarks and receipts: by keys and by commands, and back again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Static

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.session.bookmarks import bookmarked
from tavern_tui.session.finding import query_for
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chat.finding import Matches, search, turn_number, words_of
from tavern_tui.ui.screens.bookmarks import BookmarkList
from tavern_tui.ui.screens.receipt import ReceiptScreen
from tavern_tui.ui.widgets.find_bar import FindBar
from tests.ui.app.evening import Evening, hint, tree_texts, typed

REPLIES = ("The lantern burns.", "A bridge of *old* stone.", "The lantern again.")
SAID = ("One lantern", "Two bridge", "Three")


@asynccontextmanager
async def talked(
    folder: Path, size: tuple[int, int] = (80, 24), *more: str
) -> AsyncIterator[tuple[TavernApp, Pilot[int]]]:
    """A chat of the greeting and six turns: ``SAID``, each followed by one of ``REPLIES``."""
    async with Evening(folder, *REPLIES, *more).begun(size) as (app, pilot):
        for text in SAID:
            await typed(pilot, text, "enter")
        yield app, pilot


async def until(pilot: Pilot[int], holds: Callable[[], bool]) -> None:
    """Wait for what a task does."""
    for _ in range(500):
        if holds():
            return
        await pilot.pause(0.02)
    raise AssertionError("it never came to hold")


async def looked_for(app: TavernApp, pilot: Pilot[int], words: str, told: str) -> None:
    """Type ``words`` into the field, and wait until it says ``told`` at its end."""
    await pilot.press(*("space" if character == " " else character for character in words))
    await until(pilot, lambda: told in counted(app))


def counted(app: TavernApp) -> str:
    """What the find field says at its end; "" where there is no field."""
    bars = app.chat.query(FindBar)
    return str(bars.first().query_one("#count", Static).render()) if bars else ""


async def slowly(pilot: Pilot[int], app: TavernApp, *keys: str) -> None:
    """Press keys one by one, so that they are no typing."""
    for key in keys:
        await pilot.press(key)
        app.chat.selection.burst.clear()
        await pilot.pause()


def follows(app: TavernApp) -> bool:
    """Whether the log follows its end."""
    return app.chat.mirror.log.following


def selected(app: TavernApp) -> str:
    """The text of the selected turn, "" for none."""
    turn = app.chat.open_session.tree.turns.get(app.chat.selection.turn)
    return turn.text if turn else ""


def looked_at(app: TavernApp) -> list[str]:
    """The texts of the entries that are marked as the one that is looked at."""
    return [entry.text for entry in app.chat.mirror.log.entries if entry.selected]


def painted(app: TavernApp) -> list[str]:
    """What is marked as a match on screen."""
    log = app.chat.mirror.log
    pattern = log._painted.pattern
    return pattern.findall("\n".join(strip.text for strip in log.render_lines(log.size.region))) if pattern else []


# Finding


async def test_words_are_found_while_they_are_typed_and_enter_selects_their_turn(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f")
        await looked_for(app, pilot, "LANTERN", "3/3")
        assert looked_at(app) == ["The lantern again."]
        assert len(painted(app)) == 3
        await pilot.press("enter")
        await until(pilot, lambda: selected(app) == "The lantern again.")
        assert hint(app) == "n next · N before · 3/3"
        assert app.chat.composer.display
        assert not app.chat.finding.is_open


async def test_n_and_shift_n_go_round_the_matches(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await typed(pilot, "/find lantern", "enter")
        seen = []
        for key in ("N", "N", "N", "n", "n"):
            await slowly(pilot, app, key)
            seen.append((selected(app), hint(app).rpartition(" ")[2]))
        assert seen == [
            ("The lantern burns.", "2/3"),
            ("One lantern", "1/3"),
            ("The lantern again.", "3/3"),
            ("One lantern", "1/3"),
            ("The lantern burns.", "2/3"),
        ]


async def test_a_step_from_another_turn_goes_to_the_match_beside_it(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await typed(pilot, "/find lantern", "enter")
        await slowly(pilot, app, "g", "n")
        assert selected(app) == "One lantern"
        await slowly(pilot, app, "down", "down", "N")
        assert selected(app) == "The lantern burns."


async def test_escape_goes_back_to_where_one_was_and_keeps_the_draft(tmp_path: Path) -> None:
    async with talked(tmp_path, (45, 13)) as (app, pilot):
        await typed(pilot, "Dear")
        assert follows(app)
        await pilot.press("ctrl+f")
        await looked_for(app, pilot, "one lantern", "1/1")
        assert not follows(app)
        await pilot.press("escape")
        await until(pilot, lambda: follows(app))
        assert looked_at(app) == []
        assert painted(app) == []
        assert hint(app) == ""
        await pilot.press("!")
        assert app.chat.composer.full_text == "Dear!"


async def test_escape_goes_back_to_the_turn_that_was_selected(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("escape", "k", "slash")
        await looked_for(app, pilot, "one lantern", "1/1")
        await pilot.press("escape")
        await until(pilot, lambda: selected(app) == "Three")


async def test_escape_goes_back_to_the_line_that_was_at_the_top(tmp_path: Path) -> None:
    async with talked(tmp_path, (45, 13)) as (app, pilot):
        log = app.chat.mirror.log
        log.scroll_relative(y=-4, animate=False)
        await pilot.pause()
        top = log.top
        await pilot.press("ctrl+f")
        await looked_for(app, pilot, "again", "1/1")
        await pilot.press("escape")
        await until(pilot, lambda: not app.chat.finding.is_open and log.top == top)


async def test_the_nearest_match_at_or_above_what_is_on_screen_comes_first(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await slowly(pilot, app, "escape", "k", "k", "slash")
        await looked_for(app, pilot, "lantern", "/3")
        assert looked_at(app) == ["The lantern burns."]


async def test_letters_that_are_commands_elsewhere_are_typed_into_the_field(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f", *"dduxc")
        await until(pilot, lambda: "Not found" in hint(app))
        assert tree_texts(app)[-1] == "The lantern again."
        await pilot.press("enter")
        await until(pilot, lambda: "Not found: “dduxc”" in hint(app))
        assert app.chat.finding.is_open


async def test_up_and_down_look_at_other_matches_before_one_is_chosen(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f")
        await looked_for(app, pilot, "lantern", "3/3")
        await pilot.press("up")
        assert looked_at(app) == ["The lantern burns."]
        await pilot.press("ctrl+f")
        assert looked_at(app) == ["One lantern"]
        await pilot.press("down", "enter")
        await until(pilot, lambda: selected(app) == "The lantern burns.")


async def test_the_words_are_there_again_and_typing_takes_their_place(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await typed(pilot, "/find lantern", "enter")
        await pilot.press("slash")
        await looked_for(app, pilot, "", "/3")
        await looked_for(app, pilot, "bridge", "2/2")


async def test_a_match_that_is_gone_is_not_gone_to(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await typed(pilot, "/find three", "enter")
        assert selected(app) == "Three"
        await app.chat.open_session.changes.delete(app.chat.selection.turn)
        app.chat.renew()
        await pilot.press("n")
        await pilot.pause()
        assert hint(app) == "“three” is no longer here."


async def test_what_came_since_is_found_too(tmp_path: Path) -> None:
    async with talked(tmp_path, (80, 24), "A last lantern.") as (app, pilot):
        await typed(pilot, "/find lantern", "enter")
        await pilot.press("enter")
        await typed(pilot, "Go", "enter")
        await pilot.press("escape", "n")
        await pilot.pause()
        assert hint(app).endswith("1/4")


async def test_without_words_there_is_nothing_to_step_to(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("escape", "n")
        await pilot.pause()
        assert "Nothing was searched for yet" in hint(app)


async def test_a_number_goes_to_that_turn(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f", *":3", "enter")
        await until(pilot, lambda: selected(app) == "The lantern burns.")
        await typed(pilot, "", "enter")
        await typed(pilot, "/find :8", "enter")
        assert "There are 7 turns" in hint(app)
        assert selected(app) == ""


async def test_leaving_the_selection_takes_the_marks_off_the_words(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await typed(pilot, "/find lantern", "enter")
        assert painted(app)
        await pilot.press("escape")
        await pilot.pause()
        assert not painted(app)


async def test_tab_looks_on_other_branches_and_enter_goes_there(tmp_path: Path) -> None:
    async with Evening(tmp_path, "A ferry.", "A bridge.", "Yes.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await typed(pilot, "", "right")
        await pilot.press("ctrl+f")
        assert hint(app) == "Tab all branches · Enter goes there · Esc back"
        await looked_for(app, pilot, "ferry", "0")
        await pilot.press("tab")
        await until(pilot, lambda: "on another branch" in hint(app) and counted(app) == "1/1")
        await pilot.press("enter")
        await until(pilot, lambda: selected(app) == "A ferry.")
        assert tree_texts(app) == ["Go", "A ferry."]


async def test_another_command_closes_the_field(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f")
        await app.chat.run_typed("turn.edit")
        assert not app.chat.finding.is_open
        assert app.chat.composer.full_text == "The lantern again."


# Searching a long chat


def chat_of(count: int) -> list[Turn]:
    return [
        Turn(str(number), "", Speaker.CHARACTER, "Bess", f"Turn {number}." + " A lantern." * (number % 100 == 0))
        for number in range(count)
    ]


@pytest.mark.parametrize(("start", "place"), [(0, 0), (99, 0), (100, 1), (350, 3), (999, 9)])
async def test_the_place_is_the_nearest_match_at_or_before_the_start(start: int, place: int) -> None:
    query = query_for("lantern")
    assert query is not None
    found = await search(chat_of(1000), query, start)
    assert found.turns == tuple(str(number) for number in range(0, 1000, 100))
    assert found.place == place
    assert found.count == f"{place + 1}/10"


async def test_before_the_first_match_the_first_is_the_place() -> None:
    query = query_for("turn 7")
    assert query is not None
    assert (await search(chat_of(10), query, 2)).turn == "7"


async def test_a_long_search_lets_others_have_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tavern_tui.ui.chat.finding.SLICE_SECONDS", 0.0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    query = query_for("lantern")
    assert query is not None
    await search(chat_of(1000), query, 0)
    task.cancel()
    assert turns >= 1000


def test_matches_go_round_and_an_empty_lot_stays() -> None:
    query = query_for("x")
    assert query is not None
    assert Matches(query, ("a", "b")).stepped(-1).turn == "b"
    assert Matches(query).stepped(1).turn == ""
    assert Matches(query).count == "0"


@pytest.mark.parametrize(
    ("text", "number"), [(":2981", 2981), (" :2,981 ", 2981), (": 7", 7), ("7", None), (":", None), (":a", None)]
)
def test_a_colon_and_digits_are_the_number_of_a_turn(text: str, number: int | None) -> None:
    assert turn_number(text) == number


@pytest.mark.parametrize(("text", "is_words"), [("lantern", True), (":", False), (":12", False), (":a", True)])
def test_what_begins_to_be_a_number_is_not_searched_for(text: str, is_words: bool) -> None:
    assert (words_of(text) is not None) == is_words


# One's own turns


async def test_brackets_go_to_ones_own_turns(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await slowly(pilot, app, "escape", "[")
        assert selected(app) == "Three"
        await slowly(pilot, app, "[", "[")
        assert selected(app) == "One lantern"
        await slowly(pilot, app, "[")
        assert "No turn of yours is above" in hint(app)
        await pilot.press("]")
        assert selected(app) == "Two bridge"


# Bookmarks


async def pressed(pilot: Pilot[int], app: TavernApp, key: str, told: str) -> None:
    """Press a key of a command that waits whether it is typing, until the status line says ``told``."""
    await pilot.press(key)
    await until(pilot, lambda: told in hint(app))


async def test_m_sets_a_bookmark_takes_it_away_and_both_can_be_undone(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("escape", "k")
        turn = app.chat.selection.turn
        entry = app.chat.mirror.log.standing.entry
        await pressed(pilot, app, "m", "Bookmark set")
        assert bookmarked(app.chat.open_session.tree) == [turn]
        assert entry(turn).bookmarked
        await pressed(pilot, app, "m", "taken away")
        assert not entry(turn).bookmarked
        await pressed(pilot, app, "u", "taking a bookmark away")
        assert entry(turn).bookmarked
        await pressed(pilot, app, "u", "Undone: a bookmark")
        assert not entry(turn).bookmarked


async def test_the_list_of_bookmarks_goes_to_one(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await slowly(pilot, app, "escape", "g", "j")
        await pressed(pilot, app, "m", "Bookmark set")
        await slowly(pilot, app, "G", "apostrophe")
        await until(pilot, lambda: isinstance(app.screen, BookmarkList))
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.chat and selected(app) == "One lantern")


async def test_a_bookmark_on_another_branch_leads_there(tmp_path: Path) -> None:
    async with Evening(tmp_path, "A ferry.", "A bridge.").begun() as (app, pilot):
        await typed(pilot, "Go", "enter")
        await pilot.press("escape")
        await pressed(pilot, app, "m", "Bookmark set")
        await pilot.press("enter")
        await typed(pilot, "", "right")
        assert tree_texts(app) == ["Go", "A bridge."]
        await typed(pilot, "/bookmarks", "enter")
        await until(pilot, lambda: isinstance(app.screen, BookmarkList))
        await pilot.press("enter")
        await until(pilot, lambda: selected(app) == "A ferry.")
        assert tree_texts(app) == ["Go", "A ferry."]


async def test_without_bookmarks_the_list_says_how_to_set_one(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await typed(pilot, "/bookmarks", "enter")
        assert "m sets one" in hint(app)
        assert app.screen is app.chat


# Receipts


async def test_i_shows_how_the_turn_was_made_and_goes_back(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("escape", "i")
        await until(pilot, lambda: isinstance(app.screen, ReceiptScreen))
        await pilot.pause()
        shown = "\n".join(line.text for line in app.screen._compositor.render_strips())
        assert "Turn 7 · Wren" in shown
        assert "scripted" in shown
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.chat)
        assert selected(app) == "The lantern again."


async def test_a_paste_while_the_field_is_open_is_what_is_looked_for(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f")
        app.post_message(Paste("bridge"))
        await until(pilot, lambda: counted(app) in ("1/2", "2/2"))
        assert app.chat.composer.is_empty


async def test_words_that_were_on_their_way_say_nothing_once_the_field_is_closed(tmp_path: Path) -> None:
    async with talked(tmp_path) as (app, pilot):
        await pilot.press("ctrl+f")
        app.chat.query_one(FindBar).field.value = "b"
        await app.chat.finding.close()
        for _ in range(5):
            await pilot.pause()
        assert hint(app) == ""
