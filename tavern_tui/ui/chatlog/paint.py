"""Lines in colour: a ``Line`` and the styles of the log make the ``Strip`` that Textual shows.

Where the styles come from is ``view``'s business; how a look that is several at once is styled, and what surrounds
the text (margins, the bar of the selected entry), is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tavern_tui.ui.chatlog.lines import Line, Part
from tavern_tui.ui.chatlog.marks import Look

LEFT_MARGIN, RIGHT_MARGIN = 2, 1

# Later ones win where two set the same thing, so that a hidden turn is muted throughout.
LOOK_CLASSES = {
    Look.ACTION: "chatlog--action",
    Look.SPEECH: "chatlog--speech",
    Look.BOLD: "chatlog--bold",
    Look.CODE: "chatlog--code",
    Look.USER: "chatlog--user",
    Look.CHARACTER: "chatlog--character",
    Look.NARRATOR: "chatlog--narrator",
    Look.REASONING: "chatlog--reasoning",
    Look.MUTED: "chatlog--muted",
    Look.PROBLEM: "chatlog--problem",
}
SELECTED, BAR, MORE = "chatlog--selected", "chatlog--bar", "chatlog--more"


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the text stands, in cells: ``measure`` wide, ``left`` from the edge, in a log ``space`` wide."""

    space: int
    left: int
    measure: int


class LinePainter:
    """Paints lines with the styles that ``component`` gives for a class, on ``ground``."""

    def __init__(self, ground: Style, component: Callable[[str], Style], bar: str) -> None:
        self.ground = ground
        self._component = component
        self._bar = bar
        self._styles: dict[tuple[int, bool], Style] = {}

    def style(self, look: int, selected: bool = False) -> Style:
        """The style of a look, on the ground of a selected entry or on the log's own."""
        found = self._styles.get((look, selected))
        if found is None:
            found = self.ground + self._component(SELECTED) if selected else self.ground
            for bit, name in LOOK_CLASSES.items():
                if look & bit:
                    found += self._component(name)
            self._styles[look, selected] = found
        return found

    def paint(
        self, line: Line, frame: Frame, selected: bool, marked: tuple[int, int] | None = None, mark: Style | None = None
    ) -> Strip:
        """``line`` across the whole log; the characters ``marked`` (start, end; -1 is the line's end) in ``mark``."""
        framed = selected and line.part is not Part.GAP
        margin = " " * (frame.left - LEFT_MARGIN)
        segments = [Segment(margin, self.ground)] if margin else []
        if framed:
            bar = self.style(Look.PLAIN, True) + self._component(BAR)
            segments.append(Segment(self._bar + " " * (LEFT_MARGIN - cell_len(self._bar)), bar))
        else:
            segments.append(Segment(" " * LEFT_MARGIN, self.ground))
        width = 0
        for text, look, is_marked in _stretches(line, marked):
            style = self.style(look, framed)
            segments.append(Segment(text, style + mark if mark and is_marked else style))
            width += cell_len(text)
        inside = max(0, frame.measure + RIGHT_MARGIN - width)
        segments.append(Segment(" " * inside, self.style(Look.PLAIN, framed)))
        outside = frame.space - frame.left - width - inside
        if outside > 0:
            segments.append(Segment(" " * outside, self.ground))
        return Strip(segments).crop(0, frame.space)

    def blank(self, space: int) -> Strip:
        """A line of the log on which nothing stands."""
        return Strip.blank(space, self.ground)

    def with_label(self, strip: Strip, label: str, space: int) -> Strip:
        """``strip`` with ``label`` over its right end; as it is where the label does not fit."""
        width = cell_len(label)
        if width > space:
            return strip
        style = self.ground + self._component(MORE)
        return Strip([*strip.crop(0, space - width), Segment(label, style)], space)


def _stretches(line: Line, marked: tuple[int, int] | None) -> Iterator[tuple[str, int, bool]]:
    """The runs of a line, cut where the marked characters begin and end."""
    if marked is None:
        yield from ((text, look, False) for text, look in line.runs)
        return
    first, last = max(0, marked[0]), len(line.text) if marked[1] < 0 else marked[1]
    place = 0
    for text, look in line.runs:
        start, stop = (min(max(at - place, 0), len(text)) for at in (first, last))
        for part, is_marked in ((text[:start], False), (text[start:stop], True), (text[max(start, stop) :], False)):
            if part:
                yield part, look, is_marked
        place += len(text)


def component_style(widget: Widget, name: str) -> Style:
    """What a component class of ``widget`` sets and nothing else, colours that depend on the ground made out."""
    own = widget.get_component_rich_style(name, partial=True)
    return own if own.color is None else own + Style(color=widget.get_component_rich_style(name).color)
