"""The list of themes: each is shown as it is walked over; keeping one names it, leaving brings the old one back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.themes import Depth, Role, load_theme
from tavern_tui.ui.chatlog.view import ChatLog
from tavern_tui.ui.keeping import keep_theme
from tavern_tui.ui.screens.theme_list import ThemeList
from tavern_tui.ui.themes import use_theme
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening
from tests.ui.screens.app import until
from tests.ui.themed import ThemedApp

NOT_ANSWERED = "not answered"


@pytest.fixture
def home(tmp_path: Path) -> Directories:
    """A home with a theme of the user's and one whose file is torn."""
    found = directories({"TAVERN_HOME": str(tmp_path)})
    found.themes.mkdir(parents=True)
    (found.themes / "mine.yaml").write_text("title: A rose\ncolours: {text: '#fedcba', speach: '#ffffff'}\n")
    (found.themes / "torn.yaml").write_text("colours: [1, 2")
    return found


class ListApp(ThemedApp):
    """The list over nothing, and its answer."""

    answer: str | None = NOT_ANSWERED

    def __init__(self, home: Directories, theme: str = "lamplight", depth: Depth = Depth.FULL) -> None:
        super().__init__([], theme, depth, home)
        self.list = ThemeList(home, theme, depth)

    def on_mount(self) -> None:
        """Show it."""
        self.push_screen(self.list, self._answered)

    def _answered(self, name: str | None) -> None:
        self.answer = name

    @property
    def rows(self) -> RowList:
        """The list's."""
        return self.list.query_one(RowList)

    def text_colour(self) -> str:
        """What running text of the sample is drawn in."""
        color = self.list.query_one(ChatLog).rich_style.color
        assert color is not None
        assert color.triplet is not None
        return color.triplet.hex


async def filled(pilot: Pilot[object]) -> None:
    """Wait until the files are read."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()


async def test_it_begins_on_the_theme_in_use_and_lists_all_by_title(home: Directories) -> None:
    app = ListApp(home, "daylight")
    async with app.run_test(size=(45, 30)) as pilot:
        await filled(pilot)
        assert app.rows.selected
        assert app.rows.selected.id == "daylight"
        assert {row.id for row in app.rows.rows} == {
            *("lamplight", "daylight", "high-contrast", "terminal"),
            *("mine", "torn"),
        }
        assert app.rows.rows[0].title == "A rose"


async def test_walking_over_a_theme_shows_it_and_enter_keeps_it(home: Directories) -> None:
    app = ListApp(home)
    async with app.run_test(size=(45, 30)) as pilot:
        await filled(pilot)
        while app.rows.selected != app.rows.rows[0]:
            await pilot.press("up")
        await pilot.pause()
        assert app.text_colour() == "#fedcba"
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == "mine"
        assert app.theme == "tavern-mine"


async def test_leaving_brings_the_old_theme_back(home: Directories) -> None:
    app = ListApp(home)
    async with app.run_test(size=(45, 30)) as pilot:
        await filled(pilot)
        old = app.text_colour()
        assert old == load_theme(home).theme.colours[Role.TEXT]
        await pilot.press("pageup")
        await pilot.pause()
        assert app.text_colour() != old
        await pilot.press("escape")
        await pilot.pause()
        assert app.answer is None
        assert app.theme == "tavern-lamplight"


async def test_what_is_wrong_with_a_file_is_told_with_its_line_where_the_theme_is_looked_at(home: Directories) -> None:
    app = ListApp(home)
    async with app.run_test(size=(80, 24)) as pilot:
        await filled(pilot)
        note = app.list.query_one("#note")
        assert not note.has_class("-told")
        await pilot.press("pageup")
        await pilot.pause()
        assert note.region.height == 1
        assert "mine.yaml:2: There is no role “speach”. The nearest is “speech”." in str(note.render())
        while app.rows.selected and app.rows.selected.id != "torn":
            await pilot.press("down")
        await pilot.pause()
        assert "torn.yaml:2: This is not YAML" in str(note.render())


async def test_with_no_colour_the_choice_is_still_told_by_a_mark(home: Directories) -> None:
    app = ListApp(home, depth=Depth.NONE)
    async with app.run_test(size=(45, 13)) as pilot:
        await filled(pilot)
        await pilot.press("down")
        await pilot.pause()
        marked = [strip.text for strip in app.screen._compositor.render_strips() if "›" in strip.text[:2]]
        assert app.rows.selected
        assert [app.rows.selected.title in line for line in marked] == [True]


async def test_a_theme_in_use_is_shown_anew_when_its_file_is_saved_and_what_is_wrong_is_one_toast(
    tmp_path: Path,
) -> None:
    evening = Evening(tmp_path)
    path = evening.directories.themes / "mine.yaml"
    path.parent.mkdir(parents=True)

    def save(text: str, at: int) -> None:
        path.write_text(text)
        os.utime(path, (at, at))

    save("colours: {background: '#102030'}\n", 1)
    async with evening.begun() as (app, pilot):
        use_theme(app, evening.directories, "mine", Depth.FULL)
        app.theme_name, app.depth = "mine", Depth.FULL
        app.run_worker(keep_theme(app, every=0.01), group="theme")
        await pilot.pause(0.05)
        save("colours: {background: '#302010'}\n", 2)
        await until(pilot, lambda: app.theme_variables["background"] == "#302010")
        assert list(app._notifications) == []
        save("colours:\n  background: '#403020'\n  speach: '#ffffff'\n  text: pink\n", 3)
        await until(pilot, lambda: app.theme_variables["background"] == "#403020")
        (toast,) = app._notifications
        assert [f"mine.yaml:{line}: " in toast.message for line in (3, 4, 5)] == [True, True, False]
