"""The summary and the notebook on screen: changed as text, compared with older versions, pictured at four sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from tavern_tui.session.summaries.differences import difference
from tavern_tui.session.summaries.keeping import When
from tavern_tui.session.summaries.versions import Version
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.notebook import NotebookScreen
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.summaries import (
    AWAY,
    Answer,
    SummaryPage,
    SummaryScreen,
    VersionScreen,
    difference_lines,
    version_rows,
)
from tests.hostile import HOSTILE
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
OLD = (
    "Alex came to the Crooked Lantern at night and paid 20 marks for a bed. Wren kept the silver key. Rain fell for"
    " three days, and the bridge was shut."
)
NEW = (
    "Alex came to the Crooked Lantern by night and paid 20 marks for a room. It rained for three days; the bridge was"
    " closed. Wren told of her brother, who left with the circus."
)
PAGE = SummaryPage(NEW, "turns 1–212", 3, price="about 40 s")
VERSIONS = [
    (Version("a1", OLD, at=0.0), "turns 1–140"),
    (Version("b2", NEW, at=86_000.0, over=("a1",)), "turns 1–212"),
    (Version("c3", "", by="you", at=89_900.0), "turns 1–212"),
]
SCREENS: dict[str, Callable[[], Screen[Any]]] = {
    "summary": lambda: SummaryScreen(PAGE),
    "summary-difference": lambda: VersionScreen("Turns 1–212, 1 h ago", difference(OLD, NEW), counts=False),
    "summary-versions": lambda: RowChoice("Versions", version_rows(VERSIONS, [VERSIONS[1][0]], 90_000.0)),
    "notebook": lambda: NotebookScreen("Wren's brother: circus, came through in spring?\nThe key: who has it now?"),
}


def test_when_the_next_ones_are_written_comes_round_and_a_number_of_ones_own_stays() -> None:
    assert [PAGE.turned(steps).often for steps in range(5)] == [
        "when asked for",
        "by themselves",
        "every 20 turns",
        "never offered",
        "when asked for",
    ]
    own = replace(PAGE, when=When.ALWAYS, every=35)
    assert own.turned(-1).turned(0).often == "by themselves"
    assert own.turned(4).often == "every 35 turns"


async def test_what_is_written_comes_back_and_rows_are_turned_or_done() -> None:
    app = ScreenApp[Answer](SummaryScreen(PAGE))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"So: ", "tab", "down", "l", "down", "l", "down", "down", "enter")
    assert app.result == Answer(replace(PAGE, text="So: " + NEW, when=When.ALWAYS, frozen=True), AWAY)


async def test_any_text_that_is_left_alone_comes_back_to_the_letter() -> None:
    page = replace(PAGE, text="\n".join(HOSTILE.values()))
    app = ScreenApp[Answer](SummaryScreen(page))
    async with app.run_test(size=(45, 13)) as pilot:
        await press(pilot, "escape")
    assert app.result == Answer(page)
    notes = ScreenApp[str](NotebookScreen(page.text))
    async with notes.run_test(size=(45, 13)) as pilot:
        await press(pilot, "escape")
    assert notes.result == page.text


@pytest.mark.parametrize("width", [20, 45, 80])
def test_a_difference_keeps_within_its_width_and_tells_without_colour(width: int) -> None:
    lines = [line.plain for line in difference_lines(difference(OLD, NEW), width)]
    assert max(map(len, lines)) <= width
    assert any(line.startswith("− Wren kept") for line in lines)
    assert any(line.startswith("+ Wren told") for line in lines)
    assert not any(line.startswith(("−", "+")) and "rain" in line.lower() for line in lines)
    ascii_lines = "".join(line.plain for line in difference_lines(difference(OLD, NEW), width, ASCII_GLYPHS))
    assert "- Wren" in ascii_lines
    assert "−" not in ascii_lines


async def test_the_screens_look_as_they_were_looked_at() -> None:
    theme, depth = LOOKS[""]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=SIZES[0]) as pilot:
        for name, screen in SCREENS.items():
            await app.push_screen(screen())
            for area in app.screen.query(FoldedArea):
                area.cursor_blink = False
            if name == "summary":
                await pilot.press("tab")
            for size in SIZES:
                await pilot.resize_terminal(*size)
                await pilot.pause()
                picture = app.export_screenshot(title=name)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{size[0]}x{size[1]}.svg")
            await app.pop_screen()
