"""A page that lies over others: what its end takes away."""

from __future__ import annotations

import asyncio

from textual import work
from textual.app import App, ComposeResult
from textual.widgets import Static

from tavern_tui.ui.screens.page import Page
from tavern_tui.ui.screens.text_page import TextPage


async def test_a_page_that_is_told_twice_to_close_takes_nothing_else_with_it() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        below, page = (TextPage(name, lambda _width: []) for name in ("Below", "Page"))
        await app.push_screen(below)
        await app.push_screen(page)
        page.dismiss(None)
        page.dismiss(None)
        await pilot.pause()
        assert app.screen is below


async def test_a_page_with_another_over_it_stays_and_so_does_the_other() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        below, page = (TextPage(name, lambda _width: []) for name in ("Below", "Page"))
        await app.push_screen(below)
        await app.push_screen(page)
        below.dismiss(None)
        await pilot.pause()
        assert app.screen_stack[-2:] == [below, page]


class Answer(Static):
    """Where the answer would be shown; it comes when this goes."""

    def on_unmount(self) -> None:
        page = self.screen
        assert isinstance(page, Slow)
        page.found.set()


class Slow(Page[None]):
    """A page that looks for something that is found only while the page is being taken away."""

    def __init__(self) -> None:
        super().__init__()
        self.found = asyncio.Event()

    def compose(self) -> ComposeResult:
        yield Answer()

    @work
    async def look(self) -> None:
        await self.found.wait()
        self.query_one(Answer).update("Found.")


async def test_what_a_page_looked_for_is_not_shown_once_it_is_being_taken_away() -> None:
    app: App[None] = App()
    async with app.run_test() as pilot:
        page = Slow()
        await app.push_screen(page)
        looking = page.look()
        await pilot.pause()
        page.dismiss(None)
        await pilot.pause()
        assert page.found.is_set()
        assert looking.is_cancelled
