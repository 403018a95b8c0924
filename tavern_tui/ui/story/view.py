"""``StoryView``: the story on screen, one widget whatever its length, in which is written as in any editor.

Textual asks for one row at a time; ``editing`` knows what stands there and what a key does, this module colours it,
scrolls, and says which rows to ask for again. Keys are given to ``press`` by whoever has them: letters type here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import events
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.chatlog.paint import component_style
from tavern_tui.ui.chatlog.view import reading_measure
from tavern_tui.ui.story import moving
from tavern_tui.ui.story.editing import StoryEditor
from tavern_tui.ui.story.keys import DELETING, MOVING, TYPING, Motion
from tavern_tui.ui.story.paint import CLASSES, RowPainter, is_on, overlays
from tavern_tui.ui.story.text import Place, Run, Splice
from tavern_tui.ui.themes import SCROLL_BAR_CSS


class StoryView(ScrollView, can_focus=True):
    """The document of ``editor`` at a reading measure of at most 84 columns, centred.

    ``read_only`` while a passage is being written: then keys only move. ``typewriter``: the row with the cursor stays
    in the middle.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {*CLASSES}
    DEFAULT_CSS = (
        """
    StoryView {
        height: 1fr;
        background: $background;
        color: $foreground;
        overflow-x: hidden;
        overflow-y: scroll;
"""
        + SCROLL_BAR_CSS
        + """
        & > .story--generated { color: $text-secondary; }
        & > .story--edited { color: $text-warning; }
        & > .story--cursor { text-style: reverse; }
        & > .story--selected { background: $primary-muted; color: $foreground; }
        & > .story--match { background: $primary-muted; color: $foreground; text-style: bold; }
        & > .story--mark { color: $text-accent; text-style: bold; }
        &.-colourless > .story--generated { text-style: italic; }
        &.-colourless > .story--edited { text-style: italic underline; }
        &.-colourless > .story--selected { text-style: reverse; }
        &.-colourless > .story--match { text-style: bold underline; }
    }
    """
    )

    @dataclass
    class Moved(Message):
        """The cursor or the selection is elsewhere, or the text has changed."""

        view: StoryView
        changed: bool

        @property
        def control(self) -> StoryView:
            """The view."""
            return self.view

    def __init__(self, editor: StoryEditor | None = None, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None):
        super().__init__(id=id)
        self.editor = editor or StoryEditor()
        self.editor.on_splice = self._spliced
        self.read_only = False
        self.typewriter = False
        self._hits: Sequence[tuple[int, int]] = ()
        self._glyphs = glyphs
        self._context_from: int | None = None
        self._left, self._space, self._height = 2, 0, 0
        self._painter: RowPainter | None = None
        self._dragging = False
        self._shown_rows: tuple[int, int] = (0, 0)

    def load(self, runs: Iterable[Run]) -> None:
        """Show another document, the cursor at its end."""
        self.editor.load(runs)
        self._context_from = None
        self._resized()
        self.reveal()
        self.refresh()

    def mark_context(self, offset: int | None) -> None:
        """Mark in the margin where what the model reads begins; ``None``: nowhere."""
        if offset != self._context_from:
            self._context_from = offset
            self.refresh()

    def press(self, key: str, character: str | None, *, printable: bool) -> bool:
        """Do what a key means in a text; whether it means anything. Nothing is changed while ``read_only``.

        ctrl+x and ctrl+v are the app's own clipboard, which is there where the terminal lends none.
        """
        editor = self.editor
        select = key.startswith("shift+")
        motion = MOVING.get(key.removeprefix("shift+") if select else key)
        if motion is not None:
            self._move(motion, select=select)
            return True
        if key == "ctrl+x" and editor.selected_text and not self.read_only:
            self.app.copy_to_clipboard(editor.delete("left"))
        elif key == "ctrl+v":
            self.paste(self.app.clipboard)
        elif key in DELETING and not self.read_only:
            editor.delete(DELETING[key])
        elif (typed := TYPING.get(key) or (character if printable else None)) and not self.read_only:
            editor.type(typed)
        else:
            return False
        self.after(changed=True)
        return True

    def paste(self, text: str) -> None:
        """Put what was pasted at the cursor, as one step."""
        if text and not self.read_only:
            self.editor.insert(text.replace("\r\n", "\n").replace("\r", "\n"))
            self.after(changed=True)

    def after(self, *, changed: bool = False) -> None:
        """Show where the cursor is now, and say that it moved or that the text has ``changed``."""
        self.reveal()
        self._refresh_rows(*self._shown_rows)
        self._shown_rows = self._marked_rows()
        self._refresh_rows(*self._shown_rows)
        self.post_message(self.Moved(self, changed))

    def reveal(self) -> None:
        """Scroll as little as needed to see the cursor; in typewriter scrolling, to have it in the middle."""
        rows = self._rows
        if not rows or not self._space:
            return
        row, top = self.editor.layout.row_of(self.editor.cursor), round(self.scroll_y)
        target = min(row, max(top, row - rows + 1))
        if self.typewriter:
            target = max(0, row - rows // 2)
        if target != top:
            self.scroll_to(y=target, animate=False, force=True)
        place = Offset(self._left + self.editor.layout.cell(self.editor.cursor), row - target)
        if self.has_focus:
            self.app.cursor_position = self.content_region.offset + place

    def show_place(self, place: Place) -> None:
        """Put the cursor at ``place``, its row near the top."""
        self.editor.unselect()
        self.editor.go(place)
        self.scroll_to(y=max(0, self.editor.layout.row_of(place) - 1), animate=False, force=True)
        self.after()
        self.refresh()

    def set_typewriter(self, on: bool) -> None:
        """Keep the cursor's row in the middle, or no longer."""
        self.typewriter = on
        self._resized()
        self.reveal()

    def highlight(self, hits: Sequence[tuple[int, int]] = ()) -> None:
        """Mark what stands between these offsets, which are in their order; they hold until the text changes."""
        if hits or self._hits:
            self._hits = hits
            self.refresh()

    @property
    def sees_cursor(self) -> bool:
        """Whether the cursor is on screen."""
        top = round(self.scroll_y)
        return top <= self.editor.layout.row_of(self.editor.cursor) < top + max(1, self._rows)

    @property
    def _rows(self) -> int:
        return self.scrollable_content_region.height

    def _move(self, motion: Motion, *, select: bool) -> None:
        if motion.way is not None:
            self.editor.move(motion.way, select=select)
        else:
            self.editor.move_rows(motion.rows + motion.pages * max(1, self._rows - 1), select=select)
        self.after()

    def _marked_rows(self) -> tuple[int, int]:
        """The rows from the beginning of the selection, or of the cursor, to its end."""
        layout, (start, end) = self.editor.layout, self.editor.selection
        return layout.row_of(start), layout.row_of(end)

    def _spliced(self, splice: Splice, grown: int) -> None:
        """Ask again for the rows of the lines that changed, and for all below them where they moved."""
        first = self.editor.layout.top(splice.line)
        if grown:
            self._resized()
            self._refresh_rows(first, first + self._rows + round(self.scroll_y))
        else:
            self._refresh_rows(first, self.editor.layout.top(splice.line + splice.added) - 1)

    def _refresh_rows(self, first: int, last: int) -> None:
        top = round(self.scroll_y)
        first, last = max(first, top), min(last, top + self._rows - 1)
        if first <= last:
            self.refresh(Region(0, first - top, self._space, last - first + 1))

    def _resized(self) -> None:
        """Tell Textual the height of the document, without laying out the screen: no widget moves."""
        below = self._rows // 2 if self.typewriter else 0
        size = Size(self._space, self.editor.layout.height + below)
        if size == self.virtual_size:
            return
        self.set_reactive(StoryView.virtual_size, size)
        if self.is_attached:
            self._scroll_update(size)
            self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Wrap anew where the measure changed; the cursor stays in view, or else the line at the top."""
        layout, space = self.editor.layout, self.scrollable_content_region.width
        top = round(self.scroll_y)
        held = layout.row(top) if top < layout.height else None
        seen = self._height == 0 or top <= layout.row_of(self.editor.cursor) < top + self._height
        self._space, self._height = space, self._rows
        self._left, measure = reading_measure(space)
        layout.set_width(measure)
        self._resized()
        if held is not None and not seen:
            self.scroll_to(y=layout.row_of((held.line, held.start)), animate=False, force=True)
        else:
            self.reveal()
        self.refresh()

    def notify_style_update(self) -> None:
        """Paint everything anew when the theme changed."""
        self._painter = None
        super().notify_style_update()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Put the cursor where was clicked; from there on the selection follows the mouse."""
        self.editor.unselect()
        self.editor.go(self._under(event))
        self._dragging = True
        self.capture_mouse()
        self.after()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Select up to where the mouse is."""
        if self._dragging:
            self.editor.go(self._under(event), select=True)
            self.after()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """The selection stands."""
        self._dragging = False
        self.release_mouse()
        if self.editor.anchor == self.editor.cursor:
            self.editor.unselect()

    def on_click(self, event: events.Click) -> None:
        """A double click selects the word, a third the paragraph."""
        line = self.editor.cursor[0]
        if event.chain == 2:
            self.editor.select(*moving.word_around(self.editor.text, self.editor.cursor))
        elif event.chain == 3:
            self.editor.select((line, 0), (line, len(self.editor.text.line(line))))
        else:
            return
        self.after()

    def _under(self, event: events.MouseEvent) -> Place:
        return self.editor.layout.at(event.y + round(self.scroll_y), max(0, event.x - self._left))

    def render_line(self, y: int) -> Strip:
        """The row at ``y`` of the screen area of the document."""
        painter = self._painter
        if painter is None:
            painter = self._painter = RowPainter(self.rich_style, partial(component_style, self), self._glyphs)
        number = y + round(self.scroll_y)
        layout, text = self.editor.layout, self.editor.text
        if number >= layout.height:
            return Strip.blank(self._space, self.rich_style)
        row = layout.row(number)
        return painter.row(
            text.line(row.line),
            text.marks(row.line),
            row,
            overlays(self.editor, row, self._hits),
            frame=(self._left, layout.width, self._space),
            mark=self._context_from is not None and is_on(row, text.place(self._context_from)),
        )
