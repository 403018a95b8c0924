"""Connections and models: the list, one in full, what is saved of it, and how they look."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.session import connections
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import OTHER_MACHINE, Writer, WriterKind
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS
from tavern_tui.ui.screens.connection import USE, ConnectionScreen
from tavern_tui.ui.screens.connections import ConnectionsScreen
from tavern_tui.ui.screens.models_table import about_row, table_heading, table_rows
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import CUT, KOBOLD, LARGE, STARTER, ScreenApp, Search, press, until
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
NOBODY = "http://127.0.0.1:9"
RIG = Writer(
    WriterKind.SAVED,
    "rig · KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384",
    "rig:5001",
    server=NOBODY,
    saved="rig",
    current=True,
    named=True,
)
GB = 10**9


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with a saved connection to where nobody is."""
    monkeypatch.setattr("tavern_tui.ui.screens.connections.engine_problem", lambda: "")
    workspace = Workspace.open()
    connections.add(workspace, "rig", NOBODY)
    return workspace


def listed(workspace: Workspace, free: int | None = 12 * GB) -> ConnectionsScreen:
    """The screen with one of each kind."""
    return ConnectionsScreen(workspace, Search(OTHER_MACHINE, RIG, KOBOLD, LARGE, CUT, STARTER), memory=lambda: free)


def test_the_table_marks_the_largest_that_fits_and_dims_what_does_not() -> None:
    rows = table_rows(12 * GB, UNICODE_GLYPHS)
    assert [row.title for row in rows if "best ·" in row.right] == ["12B · Q4_K_M"]
    assert rows[-1].muted
    assert not rows[0].muted
    assert table_heading(12 * GB) == "What to look for · 12.0 GB are free"
    assert not any(row.muted or "best" in row.right for row in table_rows(None, UNICODE_GLYPHS))
    assert "nothing is fetched from here" in about_row(rows[0], "/home/a/models")


async def test_one_is_shown_in_full_changed_and_used(workspace: Workspace) -> None:
    app = ScreenApp(listed(workspace))
    async with app.run_test(size=(80, 30)) as pilot:
        await until(pilot, lambda: "starter model" in app.text().casefold() and "What to look for" in app.text())
        await press(pilot, "enter")
        await until(pilot, lambda: "does not answer" in app.text() and "key: none kept" in app.text())
        page = app.screen
        assert isinstance(page, ConnectionScreen)
        page.rows.select([row.title for row in page.rows.rows].index("context tokens"))
        await press(pilot, "enter", "9", "enter")
        await until(pilot, lambda: "It has to be 256 or more." in app.text() or "256" in app.text())
        await press(pilot, "0", "0", "0", "enter")
        await until(pilot, lambda: not page.entering and "9,000" in app.text())
        await press(pilot, "r")
        assert "r again removes rig" in app.text()
        await press(pilot, "u")
        await until(pilot, app.ended.is_set)
    assert app.result == (USE, RIG)
    saved = workspace.connections.listed().named("rig")
    assert saved is not None
    assert saved.context_tokens == 9000


async def test_a_binding_that_does_not_load_is_told_and_an_address_is_saved_under_a_name(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = "The embedded engine must be rebuilt: `make engine`"
    monkeypatch.setattr("tavern_tui.ui.screens.connections.engine_problem", lambda: told)
    screen = listed(workspace)
    app = ScreenApp(screen)
    async with app.run_test(size=(80, 30)) as pilot:
        await until(pilot, lambda: "What to look for" in app.text() and told in app.text())
        await press(pilot, "a", *"b:1", "enter")
        await until(pilot, lambda: "A name for b:1" in app.text())
        await press(pilot, *"rig", "enter")
        await until(pilot, lambda: "There is a connection “rig” already." in app.text())
        await press(pilot, "2", "enter")
        await until(pilot, lambda: not screen.entering)
    assert [one.name for one in workspace.connections.listed().connections] == ["rig", "rig2"]


async def test_they_look_as_they_were_looked_at(workspace: Workspace) -> None:
    page = ConnectionScreen(workspace, replace(RIG, title="rig"))
    app = ThemedApp([])
    async with app.run_test(size=SIZES[0]) as pilot:
        screens = (("connections", listed(workspace), 9), ("connection", page, 9))
        for name, screen, least in screens:
            await app.push_screen(screen)
            await until(pilot, lambda screen=screen, least=least: len(screen.rows.rows) > least)  # type: ignore[misc]
            await app.workers.wait_for_complete()
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                picture = app.export_screenshot(title=name)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{width}x{height}.svg")
