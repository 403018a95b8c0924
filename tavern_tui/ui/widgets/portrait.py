"""``PortraitView``: a picture in half-blocks: a cell's upper pixel is its sign's colour, the lower one its ground."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from tavern_tui.session.portraits import Portrait

UPPER_HALF = "▀"


class PortraitView(Widget):
    """``portrait``, one cell a pixel wide and two high; nothing without one."""

    DEFAULT_CSS = """
    PortraitView { width: auto; height: auto; }
    """

    def __init__(self, portrait: Portrait | None = None, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._strips: list[Strip] = []
        self.show(portrait)

    def show(self, portrait: Portrait | None) -> None:
        """Have this picture, or none."""
        self._strips = half_blocks(portrait) if portrait is not None else []
        self.display = bool(self._strips)
        self.refresh(layout=True)

    @property
    def has_picture(self) -> bool:
        """Whether there is something to show."""
        return bool(self._strips)

    @property
    def columns(self) -> int:
        """The picture's width in cells."""
        return self._strips[0].cell_length if self._strips else 0

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """The picture's width in cells."""
        return self.columns

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The picture's height in lines."""
        return len(self._strips)

    def render_line(self, y: int) -> Strip:
        """One line of the picture."""
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)


def half_blocks(portrait: Portrait) -> list[Strip]:
    """The lines of a picture."""
    pairs = zip(portrait.rows[::2], portrait.rows[1::2], strict=False)
    return [
        Strip(
            [
                Segment(UPPER_HALF, Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below)))
                for above, below in zip(upper, lower, strict=True)
            ]
        )
        for upper, lower in pairs
    ]
