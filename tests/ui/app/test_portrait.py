"""The portrait beside the chat: in a wide window with all colours, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.ui.widgets.portrait import PortraitView
from tests.ui.app.evening import Evening, settled


def shown(view: PortraitView) -> bool:
    """Whether the picture is on screen."""
    return bool(view.display)


async def test_a_wide_window_has_the_portrait_beside_the_text_and_a_narrow_one_takes_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    async with Evening(tmp_path).begun((120, 40)) as (app, pilot):
        await settled(pilot)
        (view,) = app.chat.query(PortraitView)
        assert shown(view)
        assert view.region.right < app.chat.mirror.log.region.x + 17
        assert view.region.y == 2
        await pilot.resize_terminal(80, 24)
        await settled(pilot)
        await pilot.resize_terminal(110, 20)
        await settled(pilot)
        assert not shown(view)
        await pilot.resize_terminal(120, 40)
        await settled(pilot)
        assert shown(view)
        assert len(app.chat.query(PortraitView)) == 1, "nothing is made anew"
