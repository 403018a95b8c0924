"""``RowCompositor``: paints a change by asking only the widgets on its rows, and those only for these rows.

Textual asks every widget on screen for all of its lines, whichever changed: with a reply that grows on one line that is
most of what a token costs. What is painted is the same. Made for the pinned Textual, whose private parts it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class RowCompositor(Compositor):
    """Give it to a screen in the place of its own."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Each widget's region, the part of it that is painted, and the strips of that part, from front to back."""
        if crop is None:
            yield from super()._get_renders()
            return
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            rows = seen.intersection(Region(seen.x, crop.y, seen.width, crop.height))
            if rows:
                yield region, rows, widget.render_lines(rows.translate((-region.x, -region.y)))
