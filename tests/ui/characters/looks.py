"""Pictures of these screens, at every size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.ui.pictures import SIZES, assert_looks_as_kept

PICTURES = Path(__file__).parent / "snapshots"


async def pictured(pilot: Pilot[Any], name: str) -> None:
    """Compare the screen at every size with what was kept."""
    for size in SIZES:
        await pilot.resize_terminal(*size)
        await pilot.pause(0.05)  # a text area wraps anew once it has been laid out
        await pilot.pause()
        assert_looks_as_kept(pilot.app.export_screenshot(title=name), PICTURES / f"{name}-{size[0]}x{size[1]}.svg")
