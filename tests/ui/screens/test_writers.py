"""*Who writes*: the list of /connect begins on the writer in use, and ends with a choice or nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tavern_tui.session.writers import OTHER_MACHINE, Writer
from tavern_tui.ui.screens.writers import WritersScreen
from tavern_tui.ui.widgets.writer_list import WriterList
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import CUT, HUGE, KOBOLD, LARGE, RIG, STARTER, ScreenApp, Search, kobold, nobody, press, until

PICTURES = Path(__file__).parent / "snapshots"
IN_USE = replace(LARGE, current=True)


def connect(search: Search) -> ScreenApp[Writer | None]:
    return ScreenApp(WritersScreen(search, nobody))


async def settled(app: ScreenApp[Writer | None], pilot: Pilot[None]) -> None:
    """Wait until everything was looked at."""
    await until(pilot, lambda: app.screen.query_one(WriterList).settled)


async def test_it_begins_on_the_writer_in_use() -> None:
    app = connect(Search(OTHER_MACHINE, KOBOLD, IN_USE, STARTER))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Mistral-7B-Instruct.Q4_K_M · in use" in app.text())
        await press(pilot, "enter")
        await until(pilot, app.ended.is_set)
    assert app.result == IN_USE


async def test_another_one_is_chosen_with_the_arrows() -> None:
    app = connect(Search(OTHER_MACHINE, KOBOLD, IN_USE, STARTER))
    async with app.run_test() as pilot:
        await settled(app, pilot)
        await press(pilot, "up", "enter")
        await until(pilot, app.ended.is_set)
    assert app.result == KOBOLD


async def test_escape_leaves_the_address_and_then_the_list() -> None:
    app = connect(Search(OTHER_MACHINE, STARTER))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await press(pilot, "up", "enter", "escape")
        assert "Who writes?" in app.text()
        assert not app.ended.is_set()
        await press(pilot, "escape")
        await until(pilot, app.ended.is_set)
    assert app.result is None


async def test_a_server_that_did_not_answer_can_be_looked_at_again() -> None:
    app = ScreenApp(WritersScreen(Search(OTHER_MACHINE, RIG, STARTER), kobold))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(app, pilot)
        await press(pilot, "up", "up", "enter")
        await until(pilot, lambda: "rig:5001 does not answer (connection refused)." in app.text())
        await press(pilot, "enter")
        await until(pilot, app.ended.is_set)
    assert app.result == KOBOLD


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_it_looks_as_it_was_looked_at(size: tuple[int, int]) -> None:
    app = connect(Search(OTHER_MACHINE, KOBOLD, RIG, IN_USE, HUGE, CUT, STARTER))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "in use" in app.text())
        picture = app.export_screenshot(title="who writes")
    assert_looks_as_kept(picture, PICTURES / f"writers-{size[0]}x{size[1]}.svg")
