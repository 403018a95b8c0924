"""Pictures of the log at the four sizes, in dark and light, each looked at by a person before it was kept.

``TAVERN_SNAPSHOTS=write`` writes them anew; look at every one that changed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tests.ui.chatlog.app import EVENING, SIZES, LogApp

PICTURES = Path(__file__).parent / "snapshots"


def comparable(svg: str) -> str:
    """The picture without what differs from run to run (ids) or comes from the net (fonts)."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    ids = re.search(r"terminal-(\w+?)-matrix", svg)
    assert ids, "the picture has no screen"
    return svg.replace(ids.group(1), "log")


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
        picture = comparable(app.export_screenshot(title="chat log"))
    path = PICTURES / f"{name}.svg"
    if os.environ.get("TAVERN_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(picture, encoding="utf-8")
    assert picture == path.read_text(encoding="utf-8")
