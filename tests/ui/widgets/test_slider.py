"""A slider: as many signs as there is room, its knob where the value is."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.widgets.slider import slider


def test_the_knob_stands_where_the_value_is() -> None:
    assert [slider(part, 5, ASCII_GLYPHS) for part in (0, 0.5, 1)] == ["o----", "==o--", "====o"]
    assert slider(0.5, 5, UNICODE_GLYPHS) == "━━●──"
    assert slider(0.5, 0, UNICODE_GLYPHS) == ""


@settings(max_examples=25)
@given(st.floats(-5, 5), st.integers(1, 40))
def test_it_has_one_knob_and_fills_its_cells(part: float, cells: int) -> None:
    shown = slider(part, cells, ASCII_GLYPHS)
    assert len(shown) == cells
    assert shown.count("o") == 1
