"""What the screens of lists that are changed have in common: keys that fit, headings that are passed over."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tavern_tui.domain.errors import SettingsError
from tavern_tui.ui.screens.asking import key_line
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.rows import ListRow
from tests.hostile import HOSTILE
from tests.ui.screens.app import ScreenApp, press

KEYS = (("Enter", "use"), ("e", "edit"), ("c", "copy"), ("d", "delete"), ("u", "undo"), ("Esc", "close"))


@pytest.mark.parametrize("width", [24, 30, 41, 80])
def test_the_keys_fit_and_the_way_out_is_always_there(width: int) -> None:
    line = key_line(KEYS, width)
    assert cell_len(line) <= width
    assert line.endswith("? more · Esc") == ("u undo" not in line)
    assert "Esc" in line


class Fruit(ListPage[str]):
    """A list of two groups; the apple can be called otherwise."""

    def on_mount(self) -> None:
        self.called = "apple"
        self.fill()

    def fill(self) -> None:
        rows = [heading("Pome"), ListRow("apple", self.called), heading("Stone"), ListRow("plum", "plum")]
        self.show(rows, "apple")

    def selected(self, row: ListRow | None) -> None:
        self.say(f"This is the {row.id}." if row else "")

    async def chosen(self, row: ListRow) -> None:
        async def take(typed: str) -> None:
            if not typed:
                raise SettingsError("A name is needed.")
            self.called = typed
            self.fill()

        self.ask(take, self.called)


async def test_headings_are_passed_over_and_what_is_refused_stays_to_be_corrected() -> None:
    page = Fruit("Fruit")
    app = ScreenApp(page)
    async with app.run_test(size=(60, 20)) as pilot:
        assert page.rows.selected is not None
        assert page.rows.selected.id == "apple"
        await press(pilot, "up")
        assert page.rows.selected.id == "apple"
        await press(pilot, "down")
        assert "This is the plum." in app.text()
        page.retitle("Fruit " * 2_000)
        await pilot.pause()
        assert all(word in app.text() for word in ("› plum", "Esc"))  # the list and the way out stay
        await press(pilot, "up", "enter", "ctrl+u", "enter")
        assert "A name is needed." in app.text()
        await press(pilot, "f", "i", "g", "enter")
        assert "fig" in app.text()
        await press(pilot, "slash", "u", "m", "enter")
        assert "This is the plum." in app.text()
        await press(pilot, "question_mark")
        assert isinstance(app.screen, TextPage)
        await press(pilot, "escape", "enter", "escape")
        assert not page.entering
        await press(pilot, "escape")
    assert app.ended.is_set()


async def test_what_a_line_cannot_show_is_not_put_into_one_and_nothing_raw_reaches_the_screen() -> None:
    hostile = "".join(HOSTILE.values())
    page = Fruit(f"Fruit {hostile}")
    app = ScreenApp(page)
    async with app.run_test(size=(60, 20)) as pilot:
        page.called = hostile
        await press(pilot, "enter")
        assert "signs that a line cannot show" in app.text()
        page.say(hostile)
        page.retitle(hostile)
        await pilot.pause()
        shown = app.text()
    assert not any((ord(character) < 32 and character != "\n") or character in "\x7f\x9b\u202e" for character in shown)
