"""A list keeps its selected row in sight, whatever its length and however the window changes."""

from __future__ import annotations

from textual import on
from textual.app import App, ComposeResult
from textual.strip import Strip

from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow


class CountingList(RowList):
    """A list that counts the lines that it draws."""

    drawn = 0

    def render_line(self, y: int) -> Strip:
        """One line, counted."""
        self.drawn += 1
        return super().render_line(y)


class ListApp(App[None]):
    """A list of ``count`` rows of two lines each."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, count: int, *, wraps: bool = False) -> None:
        super().__init__()
        self.list = CountingList(rows(count, wraps=wraps), empty="Nobody.")
        self.heard: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        """The list."""
        yield self.list

    @on(RowList.Selected)
    def selected(self, message: RowList.Selected) -> None:
        """Keep what was selected."""
        self.heard.append(("selected", message.row.id))

    @on(RowList.Chosen)
    def chosen(self, message: RowList.Chosen) -> None:
        """Keep what was chosen."""
        self.heard.append(("chosen", message.row.id))

    def lines(self) -> list[str]:
        """What stands on the screen."""
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


def rows(count: int, *, wraps: bool = False) -> list[ListRow]:
    return [ListRow(str(number), f"Bess {number}", "2 h", "and so on " * 6, wraps) for number in range(count)]


async def test_a_move_selects_and_stops_at_the_ends() -> None:
    app = ListApp(3)
    async with app.run_test(size=(40, 10)) as pilot:
        for step in (1, 1, 1, -1, -5, -1):
            app.list.move(step)
        await pilot.pause()
    assert app.heard == [("selected", place) for place in ("1", "2", "1", "0")]


async def test_the_selected_row_is_marked_and_in_sight() -> None:
    app = ListApp(1_000)
    async with app.run_test(size=(40, 10)) as pilot:
        for place in (700, 999, 3, 0):
            app.list.select(place)
            await pilot.pause()
            marked = [line for line in app.lines() if line.startswith("›")]
            assert [line.split()[2] for line in marked] == [str(place)]


async def test_a_page_is_what_the_window_shows() -> None:
    app = ListApp(100)
    async with app.run_test(size=(40, 10)) as pilot:
        app.list.page(1)
        app.list.page(1)
        app.list.page(-1)
        await pilot.pause()
    assert app.heard == [("selected", "5"), ("selected", "10"), ("selected", "5")]


async def test_the_selected_row_stays_in_sight_when_the_window_changes() -> None:
    app = ListApp(100, wraps=True)
    async with app.run_test(size=(80, 20)) as pilot:
        app.list.select(60)
        for size in ((30, 8), (120, 40), (45, 13)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert any(line.startswith("› Bess 60") for line in app.lines())


async def test_other_rows_begin_at_the_top_or_at_the_one_that_is_named() -> None:
    app = ListApp(100)
    async with app.run_test(size=(40, 10)) as pilot:
        app.list.select(90)
        app.list.show(rows(50))
        await pilot.pause()
        assert app.lines()[0].startswith("› Bess 0")
        app.list.show(rows(50), select="40")
        await pilot.pause()
        assert app.list.selected == rows(50)[40]
        assert any(line.startswith("› Bess 40") for line in app.lines())


async def test_a_list_without_rows_says_why_and_takes_every_key() -> None:
    app = ListApp(0)
    async with app.run_test(size=(40, 10)) as pilot:
        app.list.move(1)
        app.list.page(-1)
        app.list.choose()
        await pilot.click(app.list, offset=(3, 0))
        assert app.lines()[0] == "  Nobody."
        assert app.list.selected is None
        app.list.show((), empty="Nobody of that name.")
        await pilot.pause()
        assert app.lines()[0] == "  Nobody of that name."
    assert app.heard == []


async def test_a_click_chooses_the_row_beneath_it_and_nothing_below_the_last() -> None:
    app = ListApp(3)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.click(app.list, offset=(5, 3))
        await pilot.click(app.list, offset=(5, 8))
        await pilot.pause()
    assert app.heard == [("selected", "1"), ("chosen", "1")]


async def test_a_long_list_draws_only_what_is_seen() -> None:
    app = ListApp(5_000)
    async with app.run_test(size=(40, 10)) as pilot:
        await pilot.pause()
        app.list.drawn = 0
        app.list.select(4_000)
        await pilot.pause()
        assert 0 < app.list.drawn <= 40


async def test_what_stands_in_an_empty_list_is_read_whole() -> None:
    app = ListApp(0)
    async with app.run_test(size=(20, 4)) as pilot:
        app.list.show((), empty="There is no script yet: /import brings some.")
        await pilot.pause()
        shown = [app.list.render_line(y).text.strip() for y in range(4)]
        assert shown == ["There is no", "script yet:", "/import brings", "some."]
