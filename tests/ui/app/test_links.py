"""Web addresses in a turn: nothing opens before all of it was shown and Enter pressed, and only where a browser is."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import tavern_tui
from tavern_tui.domain.links import MOST_CHARACTERS, links_in
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.browser import open_in_browser, openers
from tavern_tui.ui.screens.links import TOO_LONG, Links
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, typed
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import until
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"

DISGUISED = "https://bank.example@evil.example/login?next=$(reboot)"
LEADS = "https://evil.example/login?next=$(reboot)"
TURN = f"The map is at [my bank]({DISGUISED}) and https://example.org/{'x' * MOST_CHARACTERS}"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desk with a browser, which writes what it was given into a file; the file."""
    for name in ("TMUX", "SSH_CONNECTION", "TERMUX_VERSION", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    taken = tmp_path / "taken"
    program = tmp_path / "bin" / "xdg-open"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$#" "$1" > {taken}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("DISPLAY", ":0")
    return taken


def note(app: TavernApp) -> str:
    return str(app.screen.query_one("#note").render())


def listed(app: TavernApp) -> bool:
    return isinstance(app.screen, Links) and bool(app.screen.query(RowList)) and bool(app.screen.rows.rows)


async def test_an_address_is_shown_whole_before_it_is_opened(
    tmp_path: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evening = Evening(tmp_path, TURN)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Where?", "enter")
        await typed(pilot, "", "escape", "L")
        await until(pilot, lambda: listed(app))
        rows = app.screen.query_one(RowList).rows
        assert [row.title for row in rows] == ["evil.example", "example.org"]
        assert rows[0].detail == LEADS
        await pilot.press("down", "enter")
        await until(pilot, lambda: note(app) == TOO_LONG)
        assert not desk.exists()
        await pilot.press("up", "enter")
        await until(pilot, desk.exists)
        await until(pilot, lambda: hint(app) == "Opened by xdg-open")
        assert desk.read_text().splitlines() == ["1", LEADS]
        # Far away, or where the browser is gone, it is copied.
        monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 1 10.0.0.2 22")
        await pilot.press("L")
        await until(pilot, lambda: listed(app))
        await pilot.press("enter")
        await until(pilot, lambda: hint(app).startswith("Copied the address (no browser here)"))
        assert app.clipboard == LEADS
        await pilot.press("L")
        await until(pilot, lambda: listed(app))
        await pilot.press("down", "y")
        await until(pilot, lambda: app.clipboard.endswith("xxx"))
        await pilot.press("k", "L")
        await until(pilot, lambda: "No web address stands in this turn." in hint(app))


async def test_where_no_program_takes_it_nothing_was_opened(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await open_in_browser(LEADS, {"DISPLAY": ":0"}, "linux") == "xdg-open"
    (desk.parent / "bin" / "xdg-open").write_text("#!/bin/sh\nexit 3\n")
    assert await open_in_browser(LEADS, {"DISPLAY": ":0"}, "linux") == ""
    monkeypatch.setenv("PATH", str(desk.parent))
    assert await open_in_browser(LEADS, {"DISPLAY": ":0"}, "linux") == ""


def test_no_browser_of_this_machine_is_opened_over_a_network() -> None:
    desk = {"DISPLAY": ":0", "WSL_DISTRO_NAME": "x", "TERMUX_VERSION": "1"}
    assert [program[0] for program in openers(desk, "linux")] == [
        "termux-open-url",
        "wslview",
        "rundll32.exe",
        "xdg-open",
    ]
    assert list(openers({**desk, "SSH_CONNECTION": "x"}, "darwin")) == []
    assert [program[0] for program in openers({}, "darwin")] == ["open"]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_looks_as_it_was_looked_at(size: tuple[int, int]) -> None:
    theme, depth = LOOKS[""]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(Links(links_in(f"{TURN}, http://rig:5001 and https://müller.example/märchen")))
        await pilot.pause()
        picture = app.export_screenshot(title="links")
    assert_looks_as_kept(picture, PICTURES / f"links-{size[0]}x{size[1]}.svg")


def test_nothing_else_of_the_program_opens_an_address() -> None:
    openers_elsewhere = re.compile(r"\bwebbrowser\b|\bopen_url\b|\bopen_in_browser\b")
    package = Path(tavern_tui.__file__).parent
    found = {path.name for path in package.rglob("*.py") if openers_elsewhere.search(path.read_text("utf-8"))}
    assert found == {"browser.py", "links.py"}
