"""A text area that can hold folded pastes and any character, and gives back to the letter what was put in.

Everything is written to Textual's document through ``Folds``; a fold is one character to the cursor and to every edit.
What is kept and recalled is ``draft``'s; growing, pasting and completion are the composer's (``widget``).
"""

from __future__ import annotations

from itertools import islice
from typing import ClassVar, Final

from rich.text import Text
from textual.document._document import EditResult, Location, Selection
from textual.document._edit import Edit
from textual.widgets import TextArea

from tavern_tui.ui.composer.folds import FOLD_MARK, Folds

FOLD_ABOVE: Final = 2_000
"""A text of more characters than this that is inserted at once is folded."""

COLOURED: Final = 100
"""At most so many runs of odd characters in a line have a colour of their own: each costs as much as a line."""


class WrittenEdit(Edit):
    """An edit whose text is in the writing of ``Folds`` already."""


class FoldedArea(TextArea):
    """See the module. Locations are Textual's, in the written text."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"folded-area--fold", "folded-area--odd"}
    DEFAULT_CSS = """
    FoldedArea {
        .folded-area--fold { color: $text-accent; }
        .folded-area--odd { color: $text-warning; }
    }
    """

    def __init__(self, *, fold_mark: str = FOLD_MARK) -> None:
        self.folds = Folds(fold_mark)
        self._full: str | None = None
        super().__init__(highlight_cursor_line=False)

    @property
    def full_text(self) -> str:
        """All text, folds expanded."""
        if self._full is None:
            self._full = self.folds.full(self.document.text)
        return self._full

    @property
    def text(self) -> str:
        """The same as ``full_text``; setting it forgets what could be undone."""
        return self.full_text

    @text.setter
    def text(self, value: str) -> None:
        """Hold ``value`` unfolded, with nothing to undo."""
        self.load_text(value)

    @property
    def is_empty(self) -> bool:
        """Whether there is not one character."""
        return self.document.end == (0, 0)

    def load_text(self, text: str) -> None:
        """Hold ``text`` unfolded, with nothing to undo."""
        self.folds.clear()
        self._load(self.folds.written(text))

    def insert_text(self, text: str) -> None:
        """Put ``text`` in the place of the selection, folded above ``FOLD_ABOVE`` characters, as one undo step."""
        written = self._folded(text) if len(text) > FOLD_ABOVE else self.folds.written(text)
        self._write(written, *self.selection)

    def expand_fold(self) -> bool:
        """Show the text of the fold that the cursor is on, which undo folds again; False if it is on none."""
        row, column = self.cursor_location
        fold = self.folds.starting(self.document[row], column)
        if fold is None or not self.selection.is_empty:
            return False
        self._write(self.folds.written(fold.text), (row, fold.start), (row, fold.end))
        return True

    def edit(self, edit: Edit) -> EditResult:
        """Do what ``edit`` says; a fold that it would cut is taken whole."""
        edit.from_location, edit.to_location = self._whole(edit.top, edit.bottom)
        if not isinstance(edit, WrittenEdit):
            edit.text = self.folds.written(edit.text)
        return super().edit(edit)

    def get_text_range(self, start: Location, end: Location) -> str:
        """What stands between two locations, folds expanded."""
        return self.folds.full(super().get_text_range(start, end))

    def get_line(self, line_index: int) -> Text:
        """A line as it is shown, character for character as long as it is written."""
        written = self.document.get_line(line_index)
        line = super().get_line(line_index)
        if (shown := self.folds.shown(written)) == written:
            return line
        line.plain = shown
        odd = self.get_component_rich_style("folded-area--odd", partial=True)
        for start, end in islice(self.folds.odd(written), COLOURED):
            line.stylize(odd, start, end)
        cursor = self.selection.end if self._draw_cursor and self.selection.is_empty else None
        for fold in self.folds.folds(written):
            line.stylize(self.get_component_rich_style("folded-area--fold", partial=True), fold.start, fold.end)
            if cursor == (line_index, fold.start) and self._theme.cursor_style:
                line.stylize(self._theme.cursor_style, fold.start, fold.end)
        return line

    def get_cursor_right_location(self) -> Location:
        """Where → and Delete lead: over a fold in one step."""
        row, column = self.cursor_location
        fold = self.folds.starting(self.document[row], column)
        return (row, fold.end) if fold else super().get_cursor_right_location()

    def get_cursor_down_location(self) -> Location:
        """Where ↓ leads: past a fold that is wider than the screen and goes on in the row below."""
        row, column = target = super().get_cursor_down_location()
        fold = self.folds.around(self.document[row], column)
        return (row, fold.end) if fold and self.cursor_location == (row, fold.start) else target

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        """None: prose has no use for it, and the search reads the whole text at each step of the cursor."""
        return None

    def action_cut(self) -> None:
        """Take the selection, or the line, to the clipboard, folds expanded."""
        start, end = self.selection
        deleted = self._delete_cursor_line() if start == end else self._delete_via_keyboard(start, end)
        if deleted is not None:
            self.app.copy_to_clipboard(self.folds.full(deleted.replaced_text))

    def action_paste(self) -> None:
        """Insert what was copied or cut here."""
        self.insert_text(self.app.clipboard)

    def _folded(self, text: str) -> str:
        return self.folds.folded(text)

    def _write(self, written: str, start: Location, end: Location) -> EditResult:
        """An edit that is a step of its own to undo."""
        self.history.checkpoint()
        result = self.edit(WrittenEdit(written, start, end, False))
        self.history.checkpoint()
        return result

    def _load(self, written: str) -> None:
        super().load_text(written)

    def _recompute_cursor_offset(self) -> None:
        # While Textual undoes, and a scroll bar comes or goes with that, the cursor may still be behind the text's end.
        self._cursor_offset = self.wrapped_document.location_to_offset(self.clamp_visitable(self.cursor_location))

    def _build_highlight_map(self) -> None:
        # Textual calls this after every change of the document, and after nothing else.
        self._full = None
        super()._build_highlight_map()

    def _validate_selection(self, selection: Selection) -> Selection:
        start, end = super()._validate_selection(selection)
        return Selection(self._outside(start), self._outside(end))

    def _outside(self, location: Location) -> Location:
        row, column = location
        fold = self.folds.around(self.document[row], column)
        return (row, fold.start) if fold else location

    def _whole(self, top: Location, bottom: Location) -> tuple[Location, Location]:
        if top == bottom:
            return (at := self._outside(self.clamp_visitable(top))), at
        last = self.document.line_count - 1
        if bottom[0] <= last and (fold := self.folds.around(self.document[bottom[0]], bottom[1])):
            bottom = (bottom[0], fold.end)
        return self._outside(self.clamp_visitable(top)), bottom
