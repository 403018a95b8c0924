"""Search over all chats on screen: looked for while typing, page after page; what was chosen is what it ends with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.widgets import Static

from tavern_tui.domain.errors import StorageError
from tavern_tui.session.searching import NO_FULL_TEXT, Found, FoundPage
from tavern_tui.storage.index_upkeep import Pass
from tavern_tui.ui.screens.search import SearchScreen, with_match_near
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
NOW = 1_760_000_000.0


def found(number: int) -> Found:
    return Found("night", "A night", f"t{number}", "Mira", int(NOW) - 3600 * number, f"the lamp {number}", ((4, 8),))


class Chats:
    """120 turns with a lamp, 50 on a page; ``asked`` are the looks."""

    def __init__(self, fault: StorageError | None = None, notes: tuple[str, ...] = ()) -> None:
        self.asked: list[tuple[str, int]] = []
        self._fault = fault
        self._notes = notes

    def find(self, typed: str, after: int) -> FoundPage:
        self.asked.append((typed, after))
        if self._fault:
            raise self._fault
        if typed != "lamp":
            return FoundPage()
        last = min(120, after + 50)
        return FoundPage(tuple(map(found, range(after, last))), last if last < 120 else 0, self._notes)

    def steps(self) -> Iterator[Pass]:
        yield Pass(all_chats=2)
        yield Pass(chats=2, all_chats=2)


def shown(chats: Chats, typed: str = "") -> ScreenApp[Found | None]:
    return ScreenApp(SearchScreen(chats.find, chats.steps, typed=typed, now=lambda: NOW))


async def test_what_is_typed_is_looked_for_and_enter_goes_to_the_turn() -> None:
    chats = Chats()
    app = shown(chats)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"lamp")
        rows = app.screen.query_one(RowList)
        await until(pilot, lambda: len(rows.rows) == 50)
        assert [(row.title, row.right, row.detail) for row in rows.rows[:2]] == [
            ("Mira · A night", "now", "the lamp 0"),
            ("Mira · A night", "1 h", "the lamp 1"),
        ]
        rows.move(1000)
        await until(pilot, lambda: len(rows.rows) == 100)
        assert rows.selected is not None
        assert (rows.selected.detail, rows.selected.found) == ("the lamp 49", ((4, 8),))
        await press(pilot, "enter")
        await until(pilot, app.ended.is_set)
    assert app.result == found(49)
    assert len(chats.asked) <= 7


async def test_words_that_came_with_the_command_are_looked_for_and_notes_are_told() -> None:
    app = shown(Chats(notes=(NO_FULL_TEXT,)), typed="lamp")
    async with app.run_test(size=(80, 24)) as pilot:
        rows = app.screen.query_one(RowList)
        await until(pilot, lambda: len(rows.rows) == 50)
        assert NO_FULL_TEXT in str(app.screen.query_one("#keys", Static).render())
        await press(pilot, "escape")
        await until(pilot, app.ended.is_set)
    assert app.result is None


async def test_an_index_that_cannot_be_used_is_told_in_the_place_of_the_turns() -> None:
    app = shown(Chats(StorageError("The library's index cannot be used.")), typed="lamp")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "cannot be used" in app.text())


SAID = (
    ("Rain at the Lantern", "Bess", "She turns the lamp down until it is a blue bead, and only then says his name."),
    ("Rain at the Lantern", "Alex", "I ask for a lamp, and for whatever is left of the pie."),
    ("The keeper's ledger", "Wren", "Wren moves the lamp to the free end of the bench."),
    ("The lighthouse post", "Narrator", "On Thursdays the lamp was late, by four seconds, and nobody remarked on it."),
)


def in_words(place: int) -> Found:
    chat, name, text = SAID[place]
    at = text.index("lamp")
    return Found(f"chat{place}", chat, f"t{place}", name, int(NOW) - 86_400 * place * place, text, ((at, at + 4),))


async def test_it_looks_as_it_was_looked_at() -> None:
    page = FoundPage(tuple(map(in_words, range(len(SAID)))))
    app = ThemedApp()
    async with app.run_test(size=SIZES[0]) as pilot:
        screen = SearchScreen(lambda _typed, _after: page, Chats().steps, typed="lamp", now=lambda: NOW)
        await app.push_screen(screen)
        await until(pilot, lambda: len(screen.query_one(RowList).rows) == len(SAID))
        await press(pilot, "down")
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            picture = app.export_screenshot(title="search")
            assert_looks_as_kept(picture, PICTURES / f"search-{width}x{height}.svg")


@settings(max_examples=25)
@given(st.text("ab ", max_size=60), st.integers(5, 40))
def test_the_first_match_stands_near_the_beginning_and_matches_stay_what_they_are(before: str, most: int) -> None:
    said = f"{before}lamp and lamp"
    marks = ((len(before), len(before) + 4), (len(before) + 9, len(before) + 13))
    near = with_match_near(replace(found(1), snippet=said, marks=marks), most)
    assert [near.snippet[start:end] for start, end in near.marks] == ["lamp", "lamp"]
    assert near.marks[0][0] <= most + 2
    assert said.endswith(near.snippet.removeprefix("… "))
