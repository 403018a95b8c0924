"""``RowCompositor``: paints a change by asking only the widgets that are seen on its rows, and those only for these.

Textual asks every widget on screen for all of its lines, whichever changed: with a reply that grows on one line that is
most of what a token costs. What is painted is the same. Made for the pinned Textual, whose private parts it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region
from textual.strip import Strip


class RowCompositor(Compositor):
    """Give it to a screen in the place of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._bands: list[Region] = []

    def render_partial_update(self) -> ChopsUpdate | None:
        """What is to be painted anew; ``None`` for nothing."""
        self._bands = list(_bands(self._dirty_regions, self.size.region))
        try:
            return super().render_partial_update()
        finally:
            self._bands = []

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        """Each widget's region, the part of it that is painted, and the strips of that part, from front to back."""
        if crop is None:
            yield from super()._get_renders()
            return
        for band in self._bands or [crop]:
            yield from self._in_band(band)

    def _in_band(self, band: Region) -> Iterator[tuple[Region, Region, list[Strip]]]:
        painted: list[Region] = []
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            wanted = seen.intersection(band)
            # Every cell belongs to the widget in front: those that lie wholly behind another are not asked.
            if not wanted or any(front.contains_region(wanted) for front in painted):
                continue
            painted.append(wanted)
            rows = Region(seen.x, wanted.y, seen.width, wanted.height)
            yield region, rows, widget.render_lines(rows.translate((-region.x, -region.y)))


def _bands(regions: Iterable[Region], screen: Region) -> Iterator[Region]:
    """The rows of ``regions``, in bands of neighbouring rows, each as wide as what is to be painted in it."""
    band = Region()
    for region in sorted((region.intersection(screen) for region in regions), key=lambda region: region.y):
        if not region:
            continue
        if band and region.y <= band.bottom:
            band = band.union(region)
            continue
        if band:
            yield band
        band = region
    if band:
        yield band
