"""A page that lies over others: what its end takes away."""

from __future__ import annotations

from textual.app import App

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
