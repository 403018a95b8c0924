"""The line in which words to find are typed: what it tells, and which keys it has."""

from __future__ import annotations

from textual.app import App, ComposeResult

from tavern_tui.ui.widgets.find_bar import FindBar, FindKeys


class BarApp(App[None]):
    """The bar, and what it told in ``told``."""

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self.told: list[object] = []
        self._words = text

    def compose(self) -> ComposeResult:
        """The bar alone."""
        keys = FindKeys(self.told.append, self._tell, self._tell, self._widen)
        yield FindBar(keys, self._words, where="Find")

    async def _tell(self, what: object) -> None:
        self.told.append((what,))

    async def _widen(self) -> None:
        self.told.append("widened")
        self.query_one(FindBar).say_where("Find everywhere")

    def text(self) -> str:
        """What stands on the first line."""
        return self.screen._compositor.render_strips()[0].text.rstrip()


async def test_what_is_typed_and_entered_is_told() -> None:
    app = BarApp()
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.press("a", "b", "enter")
        await pilot.pause()
        assert app.told == ["a", "ab", ("ab",)]


async def test_arrows_step_and_tab_widens() -> None:
    app = BarApp()
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.press("up", "down", "tab")
        await pilot.pause()
        assert app.told == [(-1,), (1,), "widened"]
        assert app.text().startswith("Find everywhere ")


async def test_words_that_are_there_are_replaced_by_typing() -> None:
    app = BarApp("old [b]words\x1b")
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.pause()
        assert app.text() == "Find old [b]words␛"
        await pilot.press("n")
        await pilot.pause()
        assert app.text() == "Find n"


async def test_an_empty_field_says_what_can_be_typed() -> None:
    app = BarApp()
    async with app.run_test(size=(45, 13)) as pilot:
        await pilot.pause()
        assert app.text() == "Find words, or :12 for turn 12"
