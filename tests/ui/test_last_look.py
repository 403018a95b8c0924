"""What nobody made safe is left out of a painted line, which stays as wide as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment
from textual.color import Color
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Static

from tavern_tui.ui.last_look import MOST_MARKS, LastLook
from tests.hostile import HOSTILE, driving_characters
from tests.ui.app.evening import Evening

ALL = " ".join(HOSTILE.values())
BLACK = Color(0, 0, 0)


def painted(*texts: str) -> list[Segment]:
    return LastLook().apply([Segment(text) for text in texts], BLACK)


@given(st.lists(st.text(st.characters(codec=None)), max_size=4))
def test_nothing_is_left_that_drives_a_terminal_and_no_cell_is_gained_or_lost(texts: list[str]) -> None:
    seen = painted(*texts)
    assert driving_characters("".join(segment.text for segment in seen).encode()) == []
    assert Strip(seen).cell_length == Strip([Segment(text) for text in texts]).cell_length


def test_what_is_safe_is_not_touched() -> None:
    segments = [Segment("日本語 🏮👩‍👩‍👧‍👦❤️‍🔥 café\u00a0 नमस्ते བསྒྲུབས ――――――――――――"), Segment("[b]not markup[/b]")]
    assert LastLook().apply(segments, BLACK) == segments


@pytest.mark.parametrize("flood", ["\u0301\u0316\u0489", "\u200d", "\ufe0f\u200b"])
def test_a_flood_of_signs_without_a_width_is_thinned(flood: str) -> None:
    [segment] = painted(f"Z{flood * 3000}oé")
    assert segment.text == f"Z{(flood * 8)[:MOST_MARKS]}oé"


async def test_the_app_looks_at_everything_that_it_paints(tmp_path: Path) -> None:
    async with Evening(tmp_path).begun() as (app, pilot):
        await app.chat.mount(Static(Content(ALL)))
        await pilot.pause()
        lines = ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]
    shown = "\n".join(lines)
    assert "evil.example" in shown
    assert driving_characters(shown.encode()) == []
