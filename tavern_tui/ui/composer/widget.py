"""The composer: the widget at the foot of the chat in which a message is written.

It has no keys of its own beyond those of a text area: the app's choke point calls its methods. It knows neither the
session nor files; it posts messages and takes plain values.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.content import Content
from textual.document._edit import Edit
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widgets import TextArea

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.composer.completion import Choice, Choices, Titled, choices
from tavern_tui.ui.composer.draft import DraftArea
from tavern_tui.ui.composer.folds import FOLD_MARK
from tavern_tui.ui.composer.pasting import pasted_path
from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.terminal.paste import PASTE_GAP_SECONDS, pasted_text

DRAFT_SECONDS: Final = 0.25
"""How long after the first unsaved change ``DraftChanged`` is posted. It is written half a second later: within one."""

TokenCounter = Callable[[str], Awaitable[int]]
"""Counts the tokens of a text; a ``TavernError`` means that nobody can now."""


@dataclass(frozen=True, slots=True)
class _Paste:
    at: float
    text: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class _Round:
    """Tab pressed again in ``after``, with nothing done meanwhile, takes the next of ``choices``."""

    choices: Choices
    chosen: int
    after: ComposerState


class Composer(DraftArea):
    """Grows from one row to a third of the screen, two rows where the screen is ``-short``."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 33.4vh;
        padding: 0 1;
        border: none;
        scrollbar-size-vertical: 1;
        scrollbar-background: $surface;
        scrollbar-background-hover: $surface;
        scrollbar-background-active: $surface;
        &:focus { border: none; }
        .composer--notice { color: $text-muted; text-style: italic; }
        .composer--draft { color: $text-disabled; }
        .composer--word-1 { color: $text-primary; text-style: bold; }
        .composer--word-2 { color: $text-secondary; text-style: bold; }
        .composer--word-3 { color: $text-success; text-style: bold; }
        .composer--word-4 { color: $text-warning; text-style: bold; }
        .composer--word-5 { color: $text-muted; text-style: bold; }
        &:ansi .composer--draft, &:nocolor .composer--draft { text-style: dim; }
        &:ansi .text-area--placeholder, &:nocolor .text-area--placeholder { text-style: dim; }
    }
    .-short Composer { max-height: 2; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "composer--notice",
        "composer--draft",
        *(f"composer--word-{colour}" for colour in range(1, 6)),
    }

    class DraftChanged(Message):
        """Text, cursor or folds have changed: at most twice a second, and at once when the composer was emptied."""

        def __init__(self, composer: Composer, state: ComposerState) -> None:
            super().__init__()
            self.composer = composer
            self.state = state

        @property
        def control(self) -> Composer:
            """The composer."""
            return self.composer

    class PathPasted(Message):
        """One line was pasted, and inserted, that reads as the path of a file; nobody has looked for it yet."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    class Completing(Message):
        """``complete`` took ``ways[chosen]``; pressed again, it takes the next."""

        def __init__(self, ways: tuple[Choice, ...], chosen: int) -> None:
            super().__init__()
            self.ways = ways
            self.chosen = chosen

    def __init__(
        self,
        placeholder: str = "",
        *,
        sent: Iterable[str] = (),
        commands: Sequence[tuple[str, str]] = (),
        names: Sequence[str] = (),
        fold_mark: str = FOLD_MARK,
    ) -> None:
        """``sent``: earlier messages, oldest first. ``commands``: (name without slash, title). All may be untrusted."""
        self._word, self._word_colour = "", 1  # the width depends on it from the start
        super().__init__(sent=sent, fold_mark=fold_mark)
        self.set_reactive(TextArea.cursor_blink, False)
        self.commands = commands
        self.names = names
        self.macros: Callable[[], Titled] = lambda: ()
        self.count_tokens: TokenCounter | None = None
        self._notice: str | None = None
        self._paste: _Paste | None = None
        self._round: _Round | None = None
        self._told = ComposerState()
        self._telling: Timer | None = None
        self.placeholder = placeholder

    def validate_placeholder(self, placeholder: str | Content) -> Content:
        """Keep it as it is written: names are no markup."""
        return Content(safe_line(placeholder if isinstance(placeholder, str) else placeholder.plain))

    def dim(self, text: str | None) -> None:
        """Show ``text`` and no cursor, the draft greyed out, while keys mean something else; None to write on."""
        self._notice = None if text is None else safe_line(text)
        self.set_class(text is not None, "-dim")
        self._line_cache.clear()
        self.refresh()

    def begin_with(self, word: str, colour: int = 1) -> None:
        """Show ``word`` before the text, in one of five colours; "" for none."""
        if (word, colour) != (self._word, self._word_colour):
            self._word, self._word_colour = word, colour
            self._rewrap_and_refresh_virtual_size()
            self._line_cache.clear()
            self.refresh(layout=True)

    @property
    def gutter_width(self) -> int:
        """The cells that the word before the text takes."""
        return len(self._word) + 2 if self._word else 0

    def newline(self) -> None:
        """Begin a new line; a backslash directly before the cursor is taken away for it."""
        start, end = self.selection
        if self.ends_with_backslash():
            start = (end[0], end[1] - 1)
        self._write("\n", start, end)

    def ends_with_backslash(self) -> bool:
        """Whether a backslash stands directly before the cursor, so that Enter means a new line."""
        row, column = self.cursor_location
        return self.selection.is_empty and self.document[row][:column].endswith("\\")

    def complete(self) -> bool:
        """Complete a command, macro or name before the cursor; pressed again, take the next. False if nothing fits."""
        current = self._round
        if current is not None and len(current.choices.ways) > 1 and self.state() == current.after:
            self.undo()
            found, chosen = current.choices, (current.chosen + 1) % len(current.choices.ways)
        elif not self.selection.is_empty:
            return False
        else:
            # As it is written, where a fold has no letters: what a paste ends with is not what was typed.
            before = self.document.get_text_range(self.document.start, self.cursor_location)
            if (beginning := choices(before, self.commands, self.names, self.macros)) is None:
                return False
            found, chosen = beginning, 0
        row, column = self.cursor_location
        way = found.ways[chosen]
        self._write(self.folds.written(way.text), (row, column - found.typed), (row, column))
        self._round = _Round(found, chosen, self.state())
        self.post_message(self.Completing(found.ways, chosen))
        return True

    def paste(self, text: str, at: float | None = None) -> None:
        """Insert what was pasted, as one step; ``at`` in seconds of the monotonic clock, now if None.

        What follows a paste within ``PASTE_GAP_SECONDS`` belongs to it: terminals cut long ones.
        """
        if not (text := pasted_text(text)):
            return
        at = time.monotonic() if at is None else at
        last = self._paste
        if last is not None and at - last.at <= PASTE_GAP_SECONDS and self._newest_edit() is last.edit:
            self.undo()
            text = last.text + text
        self.insert_text(text)
        edit = self._newest_edit()
        self._paste = _Paste(at, text, edit) if edit else None
        if (path := pasted_path(text)) is not None:
            self.post_message(self.PathPasted(path))

    def render_line(self, y: int) -> Strip:
        """One row: of the text, or of what stands in its place, behind the word that it begins with."""
        row = self._row_of_text(y, self.content_size.width - self.gutter_width)
        notice = self._notice is not None and y == self._notice_row
        if not self._word or notice:
            return row
        word = self._word if y + self.scroll_offset.y == 0 else ""
        style = self.get_component_rich_style(f"composer--word-{self._word_colour}")
        return Strip.join([Strip([Segment(word.ljust(self.gutter_width), style)], self.gutter_width), row])

    @property
    def _notice_row(self) -> int:
        return min(self.size.height, self.wrapped_document.height) - 1

    def _row_of_text(self, y: int, width: int) -> Strip:
        if self._notice is not None and y == self._notice_row:
            return self._short_line(
                self._notice, self.content_size.width, self.get_component_rich_style("composer--notice")
            )
        if self.is_empty and y == 0 and isinstance(self.placeholder, Content):
            shown = self._short_line(
                self.placeholder.plain, width, self.get_component_rich_style("text-area--placeholder")
            )
            return self._with_cursor(shown) if self._draw_cursor else shown
        return super().render_line(y)

    def get_line(self, line_index: int) -> Text:
        """A line as it is shown, all of it greyed out while dim."""
        line = super().get_line(line_index)
        if self._notice is not None:
            line.stylize(self.get_component_rich_style("composer--draft"))
        return line

    @property
    def _draw_cursor(self) -> bool:
        return self._notice is None and super()._draw_cursor

    def _newest_edit(self) -> Edit | None:
        stack = self.history.undo_stack
        return stack[-1][-1] if stack else None

    def _short_line(self, text: str, width: int, style: Style) -> Strip:
        line = Text(text, no_wrap=True)
        line.truncate(width, overflow="ellipsis")
        return Strip([Segment(line.plain, style)], line.cell_len).extend_cell_length(width, style)

    def _with_cursor(self, strip: Strip) -> Strip:
        style = self._theme.cursor_style or Style(reverse=True)
        first = strip.crop(0, 1)
        return Strip([*(Segment(text, style) for text, *_ in first), *strip.crop(1)])

    def _folded(self, text: str) -> str:
        counting = self.count_tokens
        fold = self.folds.folded(text, counted=counting is not None)
        if counting is not None:
            self.run_worker(self._count(counting, fold, text), group="composer-count")
        return fold

    async def _count(self, counting: TokenCounter, fold: str, text: str) -> None:
        try:
            tokens = await counting(text)
        except TavernError:
            return  # the label goes without
        self.folds.set_tokens(fold, tokens)
        self._line_cache.clear()
        self.refresh()

    def _load(self, written: str) -> None:
        self._paste = self._round = None
        super()._load(written)

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.paste(event.text)

    @on(TextArea.Changed)
    @on(TextArea.SelectionChanged)
    def _draft_changes(self) -> None:
        if self.is_empty:
            self._tell()
        elif self._telling is None:
            self._telling = self.set_timer(DRAFT_SECONDS, self._tell)

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.stop()
            self._telling = None
        state = self.state()
        if state != self._told:
            self._told = state
            self.post_message(self.DraftChanged(self, state))
