"""The fields of a card as rows, and one of them as a text: read, or written with its tokens and macros in colour.

``FieldText`` shows and lets write; saving is the character screen's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static, TextArea

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.session.card_fields import CardField, Kind, macro_spans
from tavern_tui.ui.characters.desk import CardDesk
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.widgets.long_text import Lines, LongText
from tavern_tui.ui.widgets.portrait import PortraitView
from tavern_tui.ui.widgets.rows import ListRow, plain

_PREVIEW = 120
_MOST_MACROS = 200  # of a text or a line that are coloured: each costs
_NOTHING = "nothing yet"


def field_rows(desk: CardDesk, glyphs: Glyphs) -> list[ListRow]:
    """A row for each field, the first of a group below its heading; a text with its tokens and its beginning."""
    rows, before = [], ""
    for field in desk.fields():
        head = field.group if field.group != before else ""
        before = field.group
        said = field.said(desk.character)
        shown = safe_line(said[: 4 * _PREVIEW], _PREVIEW)
        right, detail = shown or "-", ""
        if field.kind is Kind.TEXT:
            tokens, exact = desk.tokens(said)
            right, detail = f"{'' if exact else '~'}{tokens:,}" if said else "-", plain(shown, glyphs)
        elif field.kind is Kind.CHOICE:
            right = f"{glyphs.back} {shown} {glyphs.on}"
        title = safe_line(field.title) + (" (?)" if field.kind is Kind.SEEN else "")
        rows.append(ListRow(field.id, title, right, detail, muted=field.kind is Kind.SEEN, head=head))
    return rows


def text_lines(text: str, glyphs: Glyphs) -> Lines:
    """The lines of a text to be read, its macros in colour; unknown ones are underlined."""
    shown = safe(text.replace("\r\n", "\n")) or plain(_NOTHING, glyphs)
    macros = macro_spans(shown)[:_MOST_MACROS]

    def lines(width: int) -> list[Content]:
        found = []
        for start, end in wrap.lines(shown, max(1, width)):
            line = Content(shown[start:end])
            for begin, close, known in macros:
                if begin < end and close > start:
                    line = line.stylize(_STYLES[known], max(0, begin - start), min(close, end) - start)
            found.append(line)
        return found

    return lines


_STYLES = {True: "$text-accent", False: "$text-warning underline"}


class MacroArea(FoldedArea):
    """A text area in which macros have a colour, and those that there are not are underlined."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"macro-area--known", "macro-area--unknown"}
    DEFAULT_CSS = """
    MacroArea {
        .macro-area--known { color: $text-accent; }
        .macro-area--unknown { color: $text-warning; text-style: underline; }
    }
    """

    def get_line(self, line_index: int) -> Text:
        """A line as it is shown."""
        line = super().get_line(line_index)
        for start, end, known in macro_spans(line.plain)[:_MOST_MACROS]:
            name = "macro-area--known" if known else "macro-area--unknown"
            line.stylize(self.get_component_rich_style(name, partial=True), start, end)
        return line


class FieldText(Vertical):
    """One field: the portrait and the card's facts above it where there is room, its text, and what it does."""

    DEFAULT_CSS = """
    FieldText {
        & #top { height: auto; display: none; margin: 0 0 1 0; }
        & PortraitView { margin: 0 2 0 2; }
        & #facts { width: 1fr; height: auto; color: $text-muted; }
        & #title { height: 1; padding: 0 2; text-style: bold; text-wrap: nowrap; text-overflow: ellipsis; }
        & #text { padding: 0 1 0 2; }
        & MacroArea { height: 1fr; min-height: 2; border: none; padding: 0 1 0 2; display: none; }
        & MacroArea:focus { border: none; }
        & #about { height: auto; max-height: 3; padding: 0 2; margin: 1 0 0 0; color: $text-muted; }
        &.-writing MacroArea { display: block; }
        &.-writing #text { display: none; }
    }
    """

    @dataclass
    class Typed(Message):
        """What is being written is another text now."""

        text: str

    def __init__(self, *, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._shown: tuple[str, str] = ("", "")
        self.field: CardField | None = None

    def compose(self) -> ComposeResult:
        """The portrait and the facts, the title, the text, what is said of it."""
        with Horizontal(id="top"):
            yield PortraitView(id="portrait")
            yield Static(id="facts")
        yield Static(id="title")
        yield LongText(lambda _width: [], id="text")
        yield MacroArea(fold_mark="+")
        yield Static(id="about")

    @property
    def writing(self) -> bool:
        """Whether a text is being written."""
        return self.has_class("-writing")

    @property
    def written(self) -> str:
        """What stands in the text area."""
        return self._area.full_text

    @property
    def _area(self) -> MacroArea:
        return self.query_one(MacroArea)

    def show(self, field: CardField | None, said: str) -> None:
        """Show a field; what is being written stays."""
        if self.writing:
            return
        self.field = field
        self.query_one("#title", Static).update(Content(safe_line(field.title) if field is not None else ""))
        if self._shown != (field.id if field is not None else "", said):
            self._shown = (field.id if field is not None else "", said)
            self.query_one(LongText).show(text_lines(said, self._glyphs))
        self.tell(field.help if field is not None else "")

    def write(self, text: str) -> None:
        """Let the text of the field be written, from its end on."""
        self.add_class("-writing")
        area = self._area
        area.cursor_blink = False
        area.text = text
        area.move_cursor(area.document.end)
        area.focus()

    def rest(self) -> None:
        """Show the text to be read again."""
        self.remove_class("-writing")

    def tell(self, text: str) -> None:
        """Say something below the text."""
        self.query_one("#about", Static).update(Content(plain(text, self._glyphs)))

    def put(self, text: str) -> None:
        """Have another text in the area."""
        self._area.text = text

    @on(TextArea.Changed)
    def _typed(self, message: TextArea.Changed) -> None:
        message.stop()
        if self.writing:
            self.post_message(self.Typed(self.written))
