"""Lines in colour: a ``Line`` and the styles of the log make the ``Strip`` that Textual shows.

Where the styles come from is ``view``'s business; how a look that is several at once is styled, and what surrounds
the text (margins, the bar of the selected entry), is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
    Look.VOICE_1: "chatlog--voice-1",
    Look.VOICE_2: "chatlog--voice-2",
    Look.VOICE_3: "chatlog--voice-3",
    Look.VOICE_4: "chatlog--voice-4",
    Look.REASONING: "chatlog--reasoning",
    Look.MUTED: "chatlog--muted",
    Look.PROBLEM: "chatlog--problem",
}
SELECTED, BAR, MORE, MATCH = "chatlog--selected", "chatlog--bar", "chatlog--more", "chatlog--match"

Overlay = tuple[int, int, Style]
"""Characters of a line, from the first up to the last (-1 is the line's end), and the style that lies over theirs."""


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

    @property
    def match(self) -> Style:
        """The style that lies over words that were searched for."""
        return self._component(MATCH)

    def paint(self, line: Line, frame: Frame, selected: bool, overlays: Sequence[Overlay] = ()) -> Strip:
        """``line`` across the whole log; of two ``overlays`` in one place, the later lies above."""
        framed = selected and line.part not in (Part.GAP, Part.DIVIDER)
        margin = " " * (frame.left - LEFT_MARGIN)
        segments = [Segment(margin, self.ground)] if margin else []
        if framed:
            bar = self.style(Look.PLAIN, True) + self._component(BAR)
            segments.append(Segment(self._bar + " " * (LEFT_MARGIN - cell_len(self._bar)), bar))
        else:
            segments.append(Segment(" " * LEFT_MARGIN, self.ground))
        width = 0
        for text, look, above in _stretches(line, overlays):
            segments.append(Segment(text, sum(above, self.style(look, framed))))
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

    def label(self, label: str, space: int) -> Strip:
        """A line with nothing but ``label``, at its right end, as far as it fits."""
        label = label[:space]
        style = self.ground + self._component(MORE)
        return Strip([Segment(" " * (space - cell_len(label)), self.ground), Segment(label, style)], space)


def _stretches(line: Line, overlays: Sequence[Overlay]) -> Iterator[tuple[str, int, list[Style]]]:
    """The runs of a line, cut where an overlay begins or ends, with the styles that lie over them."""
    if not overlays:
        yield from ((text, look, []) for text, look in line.runs)
        return
    length = len(line.text)
    spans = [(max(0, start), length if end < 0 else min(end, length), style) for start, end, style in overlays]
    cuts = {place for start, end, _ in spans for place in (start, end)}
    begin = 0
    for text, look in line.runs:
        stop = begin + len(text)
        places = [begin, *sorted(place for place in cuts if begin < place < stop), stop]
        for first, last in pairwise(places):
            above = [style for start, end, style in spans if start <= first and last <= end]
            yield text[first - begin : last - begin], look, above
        begin = stop


def component_style(widget: Widget, name: str) -> Style:
    """What a component class of ``widget`` sets and nothing else, colours that depend on the ground made out."""
    own = widget.get_component_rich_style(name, partial=True)
    return own if own.color is None else own + Style(color=widget.get_component_rich_style(name).color)
