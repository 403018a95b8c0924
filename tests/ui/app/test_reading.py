"""What the log says between turns: the day that begins, and what came since the last visit."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.chat import ChatTree, fold
from tavern_tui.domain.events import ChatEvent, Speaker, TurnAdded
from tavern_tui.session.bookmarks import bookmark_set
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chat.days import Days, date_shown, day_shown, time_shown
from tavern_tui.ui.chat.mirror import Mirror, entry_in
from tavern_tui.ui.chatlog.lines import EntryLines
from tavern_tui.ui.chatlog.view import ChatLog
from tests.ui.app.evening import Evening, typed
from tests.ui.app.test_finding import selected, slowly, until

NOON = datetime(2026, 11, 22, 12, 0).timestamp()
HOUR = 3600.0


def chat(*times: float, marked: int = 0) -> ChatTree:
    """A chat with a turn at each of ``times``, user and character in turn; turn number ``marked`` has a bookmark."""
    events = [
        ChatEvent(
            str(place),
            "w",
            place,
            TurnAdded(str(place - 1) if place > 1 else "", list(Speaker)[place % 2], "", f"Turn {place}."),
            at=at,
        )
        for place, at in enumerate(times, 1)
    ]
    if marked:
        events.append(ChatEvent("mark", "w", len(times) + 1, bookmark_set(str(marked), True)))
    return fold(events)


def mirrored(tree: ChatTree) -> Mirror:
    mirror = Mirror(ChatLog())
    mirror.log._layout.splice(0, 0, [entry_in(tree, turn) for turn in tree.path()])
    return mirror


# Days


def test_a_day_is_said_where_it_begins_and_nowhere_else() -> None:
    tree = chat(NOON - 24 * HOUR, NOON, NOON + HOUR, NOON + 24 * HOUR)
    assert [entry_in(tree, turn).day for turn in tree.path()] == [
        "", "Sunday, 22 November 2026", "", "Monday, 23 November 2026",
    ]  # fmt: skip


def test_a_day_begins_at_midnight() -> None:
    tree = chat(NOON + 11.99 * HOUR, NOON + 12.01 * HOUR)
    assert [entry_in(tree, turn).day for turn in tree.path()] == ["", "Monday, 23 November 2026"]


@pytest.mark.parametrize("unknown", [0.0, 1e300, -1e300, 1e12, -7e10, float("inf"), float("nan")])
def test_unknown_times_are_no_days(unknown: float) -> None:
    tree = chat(NOON, unknown, NOON)
    assert [entry_in(tree, turn).day for turn in tree.path()] == ["", "", ""]
    assert time_shown(unknown) == date_shown(unknown) == ""


def test_times_are_those_of_the_clock_here() -> None:
    assert time_shown(NOON) == "12:00"
    assert date_shown(NOON) == "22 Nov 2026"


@given(st.lists(st.integers(-400, 400), min_size=2, max_size=12))
def test_days_are_told_the_same_in_any_order(hours: list[int]) -> None:
    days = Days()
    for before, at in pairwise(hours):
        one, other = (datetime(2026, 11, 22) + timedelta(hours=hour) for hour in (before, at))
        told = days.between(one.timestamp(), other.timestamp())
        assert told == ("" if one.date() == other.date() else day_shown(other))


def test_lines_between_days_are_no_turns() -> None:
    mirror = mirrored(chat(NOON - 24 * HOUR, NOON, NOON + 24 * HOUR))
    assert mirror.number("3") == 3
    assert mirror.neighbour("3", -1) == "2"
    assert mirror.stamp("2") == ("2", "12:00")


def test_ones_own_turns_are_found_in_both_directions() -> None:
    mirror = mirrored(chat(*[NOON] * 5))
    assert [mirror.mine("3", -1), mirror.mine("3", 1), mirror.mine("2", -1)] == ["2", "4", ""]


def test_a_bookmark_is_part_of_the_entry() -> None:
    tree = chat(NOON, NOON, marked=2)
    assert [entry_in(tree, turn).bookmarked for turn in tree.path()] == [False, True]


# What is new


def marks(app: TavernApp) -> list[str]:
    """The texts of the entries above which the log says that they are new."""
    return [entry.text for entry in app.chat.mirror.log.entries if entry.new]


def rows(app: TavernApp) -> list[str]:
    log = app.chat.mirror.log
    return [strip.text.strip() for strip in log.render_lines(log.scrollable_content_region.size.region)]


async def left_and_written(evening: Evening, *said: str, keys: tuple[str, ...] = ()) -> None:
    """A visit that ends, and what comes to the chat after it."""
    async with evening.begun((45, 13)) as (app, pilot):
        await typed(pilot, "One", "enter")
        await slowly(pilot, app, *keys)
        assert marks(app) == []
        log = app.chat.open_session.log
        await app.leave()
    for text in said:
        log.append(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Wren", text))


async def test_what_came_since_the_last_visit_stands_below_a_line(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "A reply.")
    await left_and_written(evening, "Fresh.", "Fresher.")
    async with evening.begun((45, 13)) as (app, pilot):
        await until(pilot, lambda: marks(app) == ["Fresh."])
        assert any(row.startswith("─") and " new " in row for row in rows(app))
        await pilot.pause(1.5)  # the place is written half a second after it is known; nothing ends this visit
    async with evening.begun((45, 13)) as (app, pilot):
        await pilot.pause()
        assert marks(app) == []


async def test_a_reader_who_was_at_the_end_goes_on_at_the_line(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "A reply.")
    await left_and_written(evening, "Fresh.", *(f"Line {number}." for number in range(12)))
    async with evening.begun((45, 13)) as (app, pilot):
        await until(pilot, lambda: " new " in rows(app)[0])


async def test_a_selected_turn_is_gone_back_to_whatever_is_new(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "A reply.")
    await left_and_written(evening, "Fresh.", *(f"Line {number}." for number in range(12)), keys=("escape", "k"))
    async with evening.begun((45, 13)) as (app, pilot):
        await until(pilot, lambda: marks(app) == ["Fresh."])
        assert selected(app) == "One"
        assert "▌ One" in rows(app)


async def test_the_selected_turn_alone_shows_its_number_and_time(tmp_path: Path) -> None:
    async with Evening(tmp_path, "A reply.").begun() as (app, pilot):
        await typed(pilot, "One", "enter")
        assert not any("·" in row for row in rows(app))
        await slowly(pilot, app, "escape", "k")
        [row] = [row for row in rows(app) if "·" in row]
        assert row.split() == ["▌", "Alex", "2", "·", row[-5:]]
        await slowly(pilot, app, "enter")
        assert not any("·" in row for row in rows(app))


# What the model reads


def test_the_log_says_where_the_part_begins_that_the_model_reads() -> None:
    mirror = mirrored(chat(*(NOON + hour * HOUR for hour in range(4))))

    def marked() -> list[str]:
        return [entry.id for entry in mirror.log.entries if entry.read_from]

    mirror.reads_from("3")
    assert marked() == ["3"]
    divider = EntryLines(mirror.log.standing.entry("3"), 40).lines[0]
    assert divider.text.strip("─") == " read from here "
    mirror.reads_from("4")
    assert marked() == ["4"]
    mirror.reads_from("1")
    assert marked() == [], "all of the chat is read"
    mirror.reads_from("a turn of another branch")
    assert marked() == []
