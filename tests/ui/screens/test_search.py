"""Search over all chats on screen: looked for while typing, page after page; what was chosen is what it ends with."""

from __future__ import annotations

from collections.abc import Iterator

from textual.widgets import Static

from tavern_tui.domain.errors import StorageError
from tavern_tui.session.searching import NO_FULL_TEXT, Found, FoundPage
from tavern_tui.storage.index_upkeep import Pass
from tavern_tui.ui.screens.search import SearchScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.screens.app import ScreenApp, press, until

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
        assert rows.selected.detail == "the lamp 49"
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
