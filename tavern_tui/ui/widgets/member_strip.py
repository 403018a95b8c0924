"""``MemberStrip``: the row that says who is in a group, who speaks next, who is muted, away or without a card.

While somebody is being chosen (``@``) it shows their numbers and which one is meant. What stands there at a width is
decided by ``strip_text``, which is pure; the widget knows no session.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.widget import Widget

from tavern_tui.domain.display import safe_line
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import cut

_LONGEST_NAME = 16
_APART = 2
_SIGNS = {"muted": "×", "away": "~", "no card": "?"}


@dataclass(frozen=True, slots=True)
class StripMember:
    """A member: ``state`` is ``muted``, ``away``, ``no card`` or nothing, ``next`` whether it speaks next."""

    name: str
    state: str = ""
    next: bool = False


@dataclass(frozen=True, slots=True)
class Strip:
    """What is shown. ``chosen`` is the place of who is meant while one is being chosen, ``None`` while none is."""

    members: tuple[StripMember, ...] = ()
    chosen: int | None = None
    choosing: bool = False


def strip_text(strip: Strip, width: int, glyphs: Glyphs = UNICODE_GLYPHS) -> Content:
    """The row at ``width`` cells: words for what is special where there is room, else signs; else a part of it."""
    space = max(0, width - 2)
    for words in (True, False):
        pieces = [_piece(strip, place, glyphs, words=words) for place in range(len(strip.members))]
        if _width(pieces) <= space:
            return Content(" ") + Content(" " * _APART).join(pieces)
    meant = strip.chosen if strip.choosing else next((at for at, one in enumerate(strip.members) if one.next), 0)
    first, last = _window([piece.cell_length for piece in pieces], meant or 0, space, len(glyphs.dots))
    dots = Content.styled(glyphs.dots, "$text-muted")
    before, after = [dots] * (first > 0), [dots] * (last < len(pieces) - 1)
    row = Content(" " * _APART).join([*before, *pieces[first : last + 1], *after])
    return Content(" ") + row.truncate(space)


def member_at(strip: Strip, width: int, column: int, glyphs: Glyphs = UNICODE_GLYPHS) -> int | None:
    """The place of the member on that column of a row in which all fit; ``None`` for nobody."""
    for words in (True, False):
        pieces = [_piece(strip, place, glyphs, words=words) for place in range(len(strip.members))]
        if _width(pieces) > max(0, width - 2):
            continue
        start = 1
        for place, piece in enumerate(pieces):
            if start <= column < start + piece.cell_length:
                return place
            start += piece.cell_length + _APART
        break
    return None


def _piece(strip: Strip, place: int, glyphs: Glyphs, *, words: bool) -> Content:
    member = strip.members[place]
    name = cut(safe_line(member.name), _LONGEST_NAME, glyphs.dots)
    sign = _SIGNS.get(member.state, "")
    if glyphs is ASCII_GLYPHS:
        sign = sign.replace("×", "x")
    state = (f" {sign} {member.state}" if words else f" {sign}") if member.state else ""
    number = f"{place + 1} " if strip.choosing else ""
    meant = strip.chosen == place if strip.choosing else member.next
    style = "bold $text-accent" if meant else "$text-muted" if member.state else "$foreground"
    mark = f"{glyphs.on} " if meant else ""
    return Content.styled(f"{mark}{number}{name}{state}", style)


def _window(widths: Sequence[int], meant: int, space: int, dots: int) -> tuple[int, int]:
    """The first and the last of those that fit ``space`` cells together with whoever is ``meant``."""

    def fits(first: int, last: int) -> bool:
        cells = sum(widths[first : last + 1]) + _APART * (last - first)
        return cells + (first > 0) * (dots + _APART) + (last < len(widths) - 1) * (dots + _APART) <= space

    first = last = min(meant, len(widths) - 1)
    while True:
        if last < len(widths) - 1 and fits(first, last + 1):
            last += 1
        elif first > 0 and fits(first - 1, last):
            first -= 1
        else:
            return first, last


def _width(pieces: Sequence[Content]) -> int:
    return sum(piece.cell_length for piece in pieces) + _APART * max(0, len(pieces) - 1)


class MemberStrip(Widget):
    """One row below the status line; where rows are scarce only while somebody is being chosen."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    MemberStrip {
        height: 1;
        background: $surface;
        color: $foreground;
        text-wrap: nowrap;
        text-overflow: clip;
    }
    .-short MemberStrip { display: none; }
    .-short MemberStrip.-choosing { display: block; }
    """

    def __init__(
        self, *, picked: Callable[[int], None], glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None
    ) -> None:
        """``picked`` hears the place of the member that was clicked on."""
        super().__init__(id=id)
        self._picked = picked
        self._glyphs = glyphs
        self._strip = Strip()

    @property
    def strip(self) -> Strip:
        """What it shows."""
        return self._strip

    def show(self, strip: Strip) -> None:
        """Show something else."""
        if strip != self._strip:
            self._strip = strip
            self.set_class(strip.choosing, "-choosing")
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Say who was clicked on."""
        place = member_at(self._strip, self.size.width, event.x, self._glyphs)
        if place is not None:
            self._picked(place)

    def render(self) -> Content:
        """The row at the present width."""
        return strip_text(self._strip, self.size.width, self._glyphs)
