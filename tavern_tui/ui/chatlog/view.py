"""``ChatLog``: the chat on screen, one widget whatever its length.

Textual asks for one line at a time (``render_line``); ``layout`` knows what stands on it, this module colours it,
scrolls, and says which lines to ask for again. It follows the end of the log until the reader scrolls up. No keys and
no session here: screens call its methods and listen to its messages.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import ClassVar

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tavern_tui.ui.chatlog.entries import ChatEntry
from tavern_tui.ui.chatlog.layout import Change, LogLayout
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs, Part
from tavern_tui.ui.chatlog.paint import (
    BAR,
    LEFT_MARGIN,
    LOOK_CLASSES,
    MATCH,
    MORE,
    RIGHT_MARGIN,
    SELECTED,
    Frame,
    LinePainter,
    component_style,
)
from tavern_tui.ui.chatlog.strips import PaintedLines
from tavern_tui.ui.chatlog.wrap import NARROWEST
from tavern_tui.ui.themes import SCROLL_BAR_CSS

MEASURE = 84
_SHORT = 15


class Follow(Enum):
    """How far the log follows a growing reply: every line, or until the entry's first line is at the top.

    ``AUTO`` is ``START`` where the log has under 15 rows, else ``LINE``.
    """

    AUTO = "auto"
    LINE = "line"
    START = "start"


class ChatLog(ScrollView, can_focus=True):
    """A scrolling log of ``ChatEntry``s at a reading measure of at most 84 columns, centred."""

    FOCUS_ON_CLICK = False  # what is typed after it is for who had the keys before
    COMPONENT_CLASSES: ClassVar[set[str]] = {*LOOK_CLASSES.values(), SELECTED, BAR, MORE, MATCH}
    DEFAULT_CSS = (
        """
    ChatLog {
        height: 1fr;
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: scroll;
"""
        + SCROLL_BAR_CSS
        + """
        & > .chatlog--action { color: $text-secondary; text-style: italic; }
        & > .chatlog--speech { color: $text-warning; }
        & > .chatlog--bold { text-style: bold; }
        & > .chatlog--code { color: $text-primary; }
        & > .chatlog--reasoning { color: $text-muted; text-style: italic; }
        & > .chatlog--user { color: $text-primary; text-style: bold; }
        & > .chatlog--character { color: $text-success; text-style: bold; }
        & > .chatlog--narrator { color: $text-secondary; text-style: bold; }
        & > .chatlog--voice-1 { color: $text-primary; }
        & > .chatlog--voice-2 { color: $text-warning; }
        & > .chatlog--voice-3 { color: $text-accent; }
        & > .chatlog--voice-4 { color: $text-secondary; }
        & > .chatlog--muted { color: $text-muted; }
        & > .chatlog--problem { color: $text-error; }
        & > .chatlog--selected { background: $surface; }
        & > .chatlog--bar { color: $accent; }
        & > .chatlog--more { color: $text-accent; background: $panel; }
        & > .chatlog--match { color: $foreground; background: $primary-muted; text-style: bold; }
    }
    """
    )

    @dataclass
    class Clicked(Message):
        """The reader clicked on an entry: on which part of it, and on which character of the line."""

        log: ChatLog
        entry_id: str
        part: Part
        column: int

        @property
        def control(self) -> ChatLog:
            """The log that was clicked on."""
            return self.log

    def __init__(
        self,
        entries: Iterable[ChatEntry] = (),
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
        follow: Follow = Follow.AUTO,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.follow = follow
        self.following = True
        self._layout = LogLayout(glyphs)
        self._layout.splice(0, 0, entries)
        self._frame = Frame(0, LEFT_MARGIN, 0)
        self._painter: LinePainter | None = None
        # Lines that were put before the first: selections count from where the log once began, so that they stay.
        self._prepended = 0
        self._painted = PaintedLines()

    @property
    def entries(self) -> Sequence[ChatEntry]:
        """The entries in order, oldest first."""
        return self._layout.entries

    @property
    def standing(self) -> LogLayout:
        """What stands where: for looking only."""
        return self._layout

    def load(self, entries: Iterable[ChatEntry]) -> None:
        """Show ``entries`` in the place of all that is there, and follow the end."""
        self._layout.splice(0, len(self._layout.entries), entries)
        self._forget()
        self._resized()
        self.following = True
        self.scroll_to(y=followed_line(self), animate=False, force=True)
        self.refresh()

    def append(self, entries: Iterable[ChatEntry]) -> None:
        """Add entries at the end."""
        top = self._layout.height
        grown = self._layout.splice(len(self._layout.entries), len(self._layout.entries), entries)
        self._changed(Change(top, grown, grown))

    def prepend(self, entries: Iterable[ChatEntry]) -> None:
        """Add entries before the first. What is on screen stays where it is."""
        grown = self._layout.splice(0, 0, entries)
        self._prepended += grown
        self._painted.clear()
        self._resized()
        self.scroll_to(y=round(self.scroll_y) + grown, animate=False, force=True)

    def replace(self, entry: ChatEntry, old: str = "") -> None:
        """Show the new state of an entry, which was called ``old`` if that is given.

        Raises ``KeyError`` where there is none of that id.
        """
        self._changed(self._layout.exchange(old or entry.id, entry))

    def set_text(self, entry_id: str, text: str) -> None:
        """Show ``text`` as the whole text of an entry, which may be streaming: only changed lines are repainted."""
        self.replace(replace(self._layout.entry(entry_id), text=text))

    def discard(self, entry_ids: Collection[str]) -> None:
        """Take entries out. Raises ``KeyError`` for one that is not there."""
        self._layout.remove(entry_ids)
        self._forget()
        self._resized()
        self._keep_up()

    def select_entry(self, entry_id: str | None, stamp: tuple[str, ...] = ()) -> None:
        """Mark this entry, and no other, as the selected one, and bring it into view. ``None`` marks none.

        ``stamp`` stands at the right of its head while it is selected.
        """
        for entry in [entry for entry in self.entries if entry.selected and entry.id != entry_id]:
            self.replace(replace(entry, selected=False, stamp=()))
        if entry_id is not None:
            self.replace(replace(self._layout.entry(entry_id), selected=True, stamp=stamp))
            self.show_entry(entry_id)

    def highlight(self, pattern: re.Pattern[str] | None) -> None:
        """Mark what ``pattern`` finds in turns; ``None`` marks nothing. Only lines on screen are searched."""
        if self._painted.search(pattern):
            self.refresh()

    def show_entry(self, entry_id: str, row: int | None = None) -> None:
        """Scroll as little as needed to see the entry; where it is taller than the log, its beginning or first match.

        With a ``row``, that line of the entry comes to the top. Raises ``KeyError`` where the entry is not there.
        """
        top, count = self._layout.rows(entry_id)
        if row is not None:
            self.scroll_to(y=top + max(0, min(row, count - 1)), animate=False, force=True)
            return
        shown, rows = round(self.scroll_y), self.scrollable_content_region.height
        target = top if top < shown or count > rows else max(shown, top + count - rows)
        if count > rows:
            found = self._painted.first_match(self._layout.entry(entry_id), self._layout.lines(entry_id))
            target += max(0, (found or 0) - 1)
        self.scroll_to(y=target, animate=False, force=True)

    def follow_end(self) -> None:
        """Go to the end and follow it from now on."""
        self.following = True
        self.scroll_to(y=self.max_scroll_y, animate=False, force=True)

    @property
    def top(self) -> tuple[str, int]:
        """The entry at the top of what is shown, and how many of its lines are above; ("", 0) in an empty log."""
        number = round(self.scroll_y)
        if not 0 <= number < self._layout.height:
            return "", 0
        entry, row, _ = self._layout.line(number)
        return entry.id, row

    @property
    def lines_below(self) -> int:
        """Lines of the log below those on screen."""
        return max(0, self._layout.height - round(self.scroll_y) - self.scrollable_content_region.height)

    def _changed(self, change: Change) -> None:
        """Repaint what a change of one entry touched, and keep up with the end."""
        if not self._layout.width:
            return
        if not change.grown:
            if change.count:
                # Not ``refresh_lines``: its region reaches over the scroll bar, which would be painted every time.
                space = self.scrollable_content_region.width
                self.refresh(Region(0, change.top - round(self.scroll_y), space, change.count))
            return
        if change.top + change.count < self._layout.height - change.grown:
            self._forget()
        self._resized()
        self._keep_up()

    def _keep_up(self) -> None:
        """Scroll on to where a log that follows its end should stand; never back, to what was read already."""
        if self.following and (target := followed_line(self)) > round(self.scroll_y):
            self.scroll_to(y=target, animate=False, force=True)

    def _resized(self) -> None:
        """Tell Textual the height of the log; where that changed, it asks for all lines on screen again.

        Set in the usual way it would lay out the whole screen, though no widget moves: the scroll bar is always there.
        """
        size = Size(self.scrollable_content_region.width, self._layout.height)
        if size == self.virtual_size:
            return
        self.set_reactive(ChatLog.virtual_size, size)
        if self.is_attached:
            self._scroll_update(size)
            self.refresh()

    def _forget(self) -> None:
        """Drop what no longer stands where it stood: painted lines, and what the reader had marked."""
        self._painted.clear()
        if self.is_attached and self.text_selection is not None:
            self.screen.clear_selection()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Follow the end from the moment that the reader is there, and no longer when the reader leaves it."""
        super().watch_scroll_y(old_value, new_value)
        self.following = round(new_value) >= followed_line(self)

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew where the measure changed; the line at the top, or the end, stays in view."""
        space = self.scrollable_content_region.width
        left, measure = reading_measure(space)
        following, top = self.following, round(self.scroll_y)
        self._frame = Frame(space, left, measure)
        if measure != self._layout.width:
            held = self._layout.line(top)[:2] if not following and top < self._layout.height else None
            self._layout.set_width(measure)
            self._forget()
            self._resized()
            if held is not None:
                first, count = self._layout.rows(held[0].id)
                self.scroll_to(y=first + min(held[1], count - 1), animate=False, force=True)
        self._painted.clear()
        if following:
            self.following = True
            self._keep_up()

    def on_click(self, event: events.Click) -> None:
        """Say which entry was clicked on."""
        number = event.y + round(self.scroll_y)
        if 0 <= number < self._layout.height and self.text_selection is None:
            entry, _, line = self._layout.line(number)
            self.post_message(self.Clicked(self, entry.id, line.part, max(0, event.x - self._frame.left)))

    def notify_style_update(self) -> None:
        """Paint everything anew when the theme changed."""
        self._painter = None
        self._painted.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """The line at row ``y`` of the screen area of the log; the last row says how many are below, if any are."""
        number = y + round(self.scroll_y)
        painter = self._painter
        if painter is None:
            painter = self._painter = LinePainter(
                self.rich_style,
                partial(component_style, self),
                self._layout.glyphs.bar,
            )
        if y == self.scrollable_content_region.height - 1 and (below := self.lines_below):
            strip = painter.label(f" {self._layout.glyphs.down} {below + 1:,} more ", self._frame.space)
        elif number < self._layout.height:
            entry, row, line = self._layout.line(number)
            place = number - self._prepended
            span = self.text_selection.get_span(place) if self.text_selection is not None else None
            mark = self.screen.get_component_rich_style("screen--selection") if span is not None else None
            marked = (*span, mark) if span is not None and mark is not None else None
            strip = self._painted.strip(painter, self._frame, entry, row, line, place, marked)
        else:
            strip = painter.blank(self._frame.space)
        return strip

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """The source text of what is marked: with its ``*`` and as it was before wrapping."""
        start, end = selection
        first = None if start is None else (start.y + self._prepended, start.x)
        last = None if end is None else (end.y + self._prepended, end.x)
        return self._layout.copy(first, last), "\n"


def scroll_screens(log: ChatLog, screens: int) -> None:
    """Go on by so many screens, less the row that says how much is below; back where negative."""
    log.scroll_relative(y=screens * max(1, log.scrollable_content_region.height - 1), animate=False)


def reading_measure(space: int) -> tuple[int, int]:
    """The column at which texts begin in ``space`` columns, and how many columns they may take."""
    measure = max(NARROWEST, min(MEASURE, space - LEFT_MARGIN - RIGHT_MARGIN))
    return max(LEFT_MARGIN, (space - measure) // 2), measure


def followed_line(log: ChatLog) -> int:
    """The line at the top of a log that follows: with its last line, or its last entry's first, in view."""
    short = log.scrollable_content_region.height < _SHORT
    start = short if log.follow is Follow.AUTO else log.follow is Follow.START
    if not start or not log.entries:
        return log.max_scroll_y
    return min(log.max_scroll_y, log.standing.rows(log.entries[-1].id)[0])
