"""Pictures of the log between its rows, at the four sizes and in few colours, each looked at before it was kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.action import Where
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.chatlog.view import ChatLog
from tavern_tui.ui.widgets.keybar import KeyBar
from tavern_tui.ui.widgets.status import Idle, Phase, Status, StatusLine, Writing
from tests.ui.chatlog.app import EVENING
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"


def status(phase: Phase) -> Status:
    """The evening's."""
    return Status("Bess", "A night at the Crooked Lantern", "KoboldCpp", "Mistral-Nemo-12B", phase, 1204, 2048)


@pytest.mark.parametrize(
    ("size", "look"), [*((size, "") for size in SIZES), *(((80, 24), look) for look in LOOKS if look)], ids=str
)
async def test_the_rows_around_the_log_look_as_they_were_looked_at(size: tuple[int, int], look: str) -> None:
    writing = size in ((45, 30), (80, 24))
    glyphs = ASCII_GLYPHS if look == "sixteen" else UNICODE_GLYPHS
    bar = KeyBar(glyphs=glyphs)
    line = StatusLine(status(Writing(143, 12.3) if writing else Idle()), glyphs=glyphs)
    app = ThemedApp([line, ChatLog(EVENING, glyphs=glyphs), bar], *LOOKS[look])
    async with app.run_test(size=size) as pilot:
        bar.show({Where.TURN} if writing else {Where.EMPTY, Where.COMPOSER})
        await pilot.pause()
        picture = app.export_screenshot(title="rows")
    name = "-".join(part for part in ("rows", look, f"{size[0]}x{size[1]}") if part)
    assert_looks_as_kept(picture, PICTURES / f"{name}.svg")
