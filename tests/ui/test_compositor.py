"""The compositor that paints by rows: the same picture as Textual's, from fewer lines."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.style import Style
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static, TextArea

from tavern_tui.ui.compositor import RowCompositor

COLUMNS, ROWS = 40, 20


class Counting(Static):
    """Remembers which of its lines it was asked for."""

    asked: list[int]

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked = [*crop.line_range]
        return super().render_lines(crop)


class Crowded(Screen[None]):
    """Widgets beside, in and over each other, some of them cut off."""

    CSS = """
    Horizontal { height: 8; }
    #over { layer: top; width: 12; height: 5; offset: 10 4; background: red; border: round green; }
    #behind { layer: middle; width: 4; height: 1; offset: 12 6; }
    #long { height: 30; }
    VerticalScroll { width: 1fr; padding: 1 2; }
    """
    LAYERS = ("bottom", "middle", "top")

    def __init__(self) -> None:
        super().__init__()
        self._compositor = RowCompositor()

    def compose(self) -> ComposeResult:
        with Horizontal():
            with VerticalScroll():
                yield Static("\n".join(f"line {number}" for number in range(30)), id="long")
            yield TextArea("some text\nto be written", id="area")
        with Vertical():
            yield Counting("the foot\nand below", id="foot")
        yield Counting("hid", id="behind")
        yield Static("on top", id="over")


class CrowdedApp(App[None]):
    """One crowded screen."""

    def on_mount(self) -> None:
        self.push_screen(Crowded())


Painted = list[tuple[int, int, list[tuple[str, Style | None]]]]


def painted(compositor: Compositor, crop: Region) -> Painted:
    """What is painted in ``crop``: column and row of each piece, and its segments."""
    chops: Sequence[Mapping[int, Strip | None]] = compositor._render_chops(crop, set(crop.line_range).__contains__)
    return [
        (x, y, [(segment.text, segment.style) for segment in strip])
        for y in crop.line_range
        for x, strip in chops[y].items()
        if strip is not None and crop.overlaps(Region(x, y, strip.cell_length, 1))
    ]


def words(found: Painted) -> str:
    """The text of what is painted."""
    return "".join(text for *_, segments in found for text, _ in segments)


def textuals(compositor: Compositor) -> Compositor:
    """Textual's own on the same widgets."""
    plain = copy.copy(compositor)
    plain.__class__ = Compositor
    return plain


crops = st.builds(
    Region, st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1), st.integers(1, COLUMNS), st.integers(1, ROWS)
).map(lambda region: region.intersection(Region(0, 0, COLUMNS, ROWS)))


async def test_every_part_of_a_screen_is_painted_as_textual_paints_it() -> None:
    app = CrowdedApp()
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        ours = app.screen._compositor

        @settings(max_examples=150)
        @given(crops)
        def same(crop: Region) -> None:
            assert painted(ours, crop) == painted(textuals(ours), crop)

        same()
        everything = words(painted(ours, Region(0, 0, COLUMNS, ROWS)))
        assert [text for text in ("line 3", "to be written", "on top", "the foot") if text not in everything] == []


async def test_only_widgets_on_the_rows_of_a_change_are_asked_and_only_for_these() -> None:
    app = CrowdedApp()
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        foot = app.screen.query_one("#foot", Counting)
        top = foot.region.y
        foot.asked = []
        painted(app.screen._compositor, Region(0, 0, COLUMNS, top))
        assert foot.asked == []
        painted(app.screen._compositor, Region(3, top + 1, 1, 1))
        assert foot.asked == [1]


async def test_a_widget_that_lies_wholly_behind_another_is_not_asked() -> None:
    app = CrowdedApp()
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        behind = app.screen.query_one("#behind", Counting)
        behind.asked = []
        painted(app.screen._compositor, Region(0, 0, COLUMNS, ROWS))
        assert behind.asked == []


async def test_of_two_changes_far_apart_the_rows_between_are_not_painted() -> None:
    app = CrowdedApp()
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        foot, compositor = app.screen.query_one("#foot", Counting), app.screen._compositor
        top = foot.region.y
        foot.asked = []
        compositor._dirty_regions.update({Region(0, 0, 5, 1), Region(0, top + 1, 5, 1)})
        update = compositor.render_partial_update()
        assert update is not None
        assert foot.asked == [1]
        assert [span[0] for span in update.spans] == [0, top + 1]


async def test_two_changes_at_once_are_both_painted() -> None:
    app = CrowdedApp()
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await pilot.pause()
        app.screen.query_one("#area", TextArea).insert("new ")
        app.screen.query_one("#foot", Counting).update("changed\nand below")
        await pilot.pause()
        shown = words(painted(app.screen._compositor, Region(0, 0, COLUMNS, ROWS)))
        assert "new some text" in shown
        assert "changed" in shown
