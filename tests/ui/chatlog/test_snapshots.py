"""Pictures of the log at the four sizes, in dark and light, each looked at by a person before it was kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tests.ui.chatlog.app import EVENING, LogApp
from tests.ui.pictures import SIZES, assert_looks_as_kept

PICTURES = Path(__file__).parent / "snapshots"


@pytest.mark.parametrize(
    ("name", "size", "theme", "glyphs"),
    [
        *((f"evening-{width}x{height}", (width, height), "textual-dark", UNICODE_GLYPHS) for width, height in SIZES),
        ("evening-light-120x40", (120, 40), "textual-light", UNICODE_GLYPHS),
        ("evening-ascii-80x24", (80, 24), "textual-dark", ASCII_GLYPHS),
    ],
)
async def test_the_log_looks_as_it_was_looked_at(name: str, size: tuple[int, int], theme: str, glyphs: Glyphs) -> None:
    app = LogApp(EVENING, glyphs)
    async with app.run_test(size=size) as pilot:
        app.theme = theme
        if size == (80, 24):
            app.log_view.scroll_to(y=8, animate=False)
        await pilot.pause()
        picture = app.export_screenshot(title="chat log")
    assert_looks_as_kept(picture, PICTURES / f"{name}.svg")
