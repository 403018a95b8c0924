"""``ListPage``: what the screens have in common on which things are listed and changed in place.

From top to bottom: what it is, the list, a line to type into where something is asked for, what is to be said of the
selected row, and the keys. A value that is refused is told below the line where it was typed, which stays open.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import ClassVar, TypeVar

from rich.cells import cell_len
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.css.query import NoMatches
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.errors import NotFoundError, SettingsError, TavernError
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

Result = TypeVar("Result")
Take = Callable[[str], Awaitable[None]]
"""What is done with what was typed. A ``TavernError`` that it raises is told, and the line stays open."""

Keys = Sequence[tuple[str, str]]
"""The keys of a screen, those needed most first, and what each does."""

_ENTRY_KEYS: Keys = (("Enter", "keeps it"), ("Esc", "leaves it as it was"))
_ALL_KEYS = ("?", "more")


_HEADING = "/heading "


def heading(text: str) -> ListRow:
    """A row that stands above others and cannot be chosen."""
    return ListRow(_HEADING + text, text.upper(), muted=True)


def key_line(keys: Keys, width: int) -> str:
    """The keys that fit ``width`` cells; ``?`` stands for those that do not, and the last one is always there."""
    pieces = [f"{key} {what}" for key, what in keys]
    line = " · ".join(pieces)
    if cell_len(line) <= width or len(pieces) < 2:
        return line
    last = f"{' '.join(_ALL_KEYS)} · {keys[-1][0]}"
    shown: list[str] = []
    for piece in pieces[:-1]:
        if cell_len(" · ".join([*shown, piece, last])) > width:
            break
        shown.append(piece)
    return " · ".join([*shown, last])


class ListPage(ModalScreen[Result]):
    """A list below ``title``. What its keys are is told by ``keys``; ``selected`` says another row is selected."""

    AUTO_FOCUS = ""
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        ("escape", "leave", "Close"),
        ("question_mark", "all_keys", "Keys"),
        ("slash", "find", "Find"),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "ListPage")
        + """
    ListPage {
        & RowList { padding: 0 1 0 0; }
        & #entry { display: none; margin: 1 0 0 0; }
        & #note { max-height: 4; }
        & #note.-problem { color: $text-warning; }
        &.-entering #entry { display: block; }
        &.-short #question { margin: 0; }
        &.-short #note, &.-short #entry { margin: 0; max-height: 2; }
    }
    """
    )

    def __init__(self, title: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._title = title
        self._signs = glyphs
        self._take: Take | None = None
        self._texts = {"#question": title}

    def compose(self) -> ComposeResult:
        """The title, what a screen has above its list, the list, the line to type into, what is said, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(safe_line(self._title), self._signs)), id="question")
            yield from self.above()
            yield RowList(empty=plain("Reading…", self._signs), glyphs=self._signs)
            yield from self.below()
            yield Input(id="entry", compact=True)
            yield Static(id="note")
            yield Static(id="keys")

    keys_search = False
    """Whether letters that are typed search by themselves."""

    def above(self) -> Iterable[Widget]:
        """What stands between the title and the list."""
        return ()

    def below(self) -> Iterable[Widget]:
        """What stands below the list."""
        return ()

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (("Esc", "close"),)

    def selected(self, row: ListRow | None) -> None:
        """Another row is selected, or the rows are others."""

    async def chosen(self, row: ListRow) -> None:
        """A row was chosen."""

    def widened(self) -> None:
        """The page has another size."""

    @property
    def rows(self) -> RowList:
        """The list."""
        return self.query_one(RowList)

    @property
    def entering(self) -> bool:
        """Whether something is being typed into the line."""
        return self._take is not None

    @property
    def room(self) -> int:
        """The cells of a line of text on the page."""
        return max(20, min(self.size.width or 80, 84) - 4)

    def show(self, rows: Sequence[ListRow], select: str = "", empty: str | None = None) -> None:
        """Have these rows, the one with the id ``select`` selected."""
        self.rows.show(rows, select, empty)
        self._leave_heading(1)
        self.selected(self.rows.selected)
        self.say_keys()

    def retitle(self, text: str) -> None:
        """Have another title."""
        self._put("#question", text)

    def say(self, text: str, *, problem: bool = False) -> None:
        """Have ``text`` below the list."""
        note = self.query_one("#note", Static)
        note.set_class(problem, "-problem")
        note.display = bool(text)
        self._put("#note", text)

    def say_keys(self) -> None:
        """Tell the keys that hold now, as far as there is room."""
        keys = [(plain(key, self._signs), what) for key, what in (_ENTRY_KEYS if self.entering else self.keys())]
        self._put("#keys", key_line(keys, self.room))

    def ask(self, take: Take, value: str = "", *, hint: str = "", replaced: bool = True) -> None:
        """Let something be typed, beginning with ``value``, and ``take`` it.

        ``replaced``: what is typed first takes the place of the whole value, as is handy for numbers and names. Raises
        ``SettingsError`` for a value that a line cannot show as it is.
        """
        if safe(value) != value or "\n" in value or "\t" in value:
            raise SettingsError("This text has signs that a line cannot show.", hint="Change it in its file.")
        self._take = take
        self.add_class("-entering")
        entry = self.query_one("#entry", Input)
        entry.select_on_focus = replaced
        entry.placeholder = plain(hint, self._signs)
        entry.value = value
        entry.cursor_position = len(value)
        entry.focus()
        self.say_keys()

    def stop_asking(self) -> None:
        """Back to the list."""
        self._take = None
        self.remove_class("-entering")
        self.query_one("#entry", Input).value = ""
        self.set_focus(None)
        self.say_keys()

    @work(exclusive=True, group="done")
    async def do(self, what: Awaitable[None]) -> None:
        """Wait for something that was asked for; where it is refused, say so."""
        try:
            await what
        except TavernError as error:
            self.say(str(error), problem=True)

    def on_resize(self, event: Resize) -> None:
        """The keys that fit are others, and so may be what the rows have room for."""
        try:
            self.say_keys()
        except NoMatches:  # before the first painting
            return
        self.widened()

    def action_move(self, rows: int) -> None:
        """Select another row."""
        if self.entering:
            return
        self.rows.move(rows)
        self._leave_heading(rows)

    def action_page(self, pages: int) -> None:
        """Select a row a window further."""
        if not self.entering:
            self.rows.page(pages)
            self._leave_heading(pages)

    def action_choose(self) -> None:
        """Choose the selected row."""
        if not self.entering:
            self.rows.choose()

    def action_leave(self) -> None:
        """Leave the line, else the screen."""
        if self.entering:
            self.stop_asking()
            self.selected(self.rows.selected)
        else:
            self.dismiss(None)

    def action_find(self) -> None:
        """Ask for a word, and select the next row that has it."""
        if not self.entering:
            self.ask(self._find, hint="find")

    async def _find(self, typed: str) -> None:
        wanted = typed.strip().casefold()
        rows = self.rows.rows
        here = next((place for place, row in enumerate(rows) if row is self.rows.selected), 0)
        for place in [*range(here + 1, len(rows)), *range(here + 1)]:
            row = rows[place]
            if wanted in f"{row.title} {row.detail}".casefold() and not row.id.startswith(_HEADING):
                self.rows.select(place)
                return
        raise NotFoundError(f"No row has “{typed.strip()}” in it.")

    def action_all_keys(self) -> None:
        """Show every key of the screen."""
        from tavern_tui.ui.screens.text_page import TextPage

        wide = max(len(key) for key, _ in self.keys()) + 2
        keys = [*self.keys()[:-1], *([] if self.keys_search else [("/", "find a row")]), self.keys()[-1]]
        lines = [Content(plain(f"{key:<{wide}}{what}", self._signs)) for key, what in keys]
        self.app.push_screen(TextPage(self._title, lambda _width: lines, glyphs=self._signs))

    def _put(self, part: str, text: str) -> None:
        """Have ``text`` in a part of the page; where it is there already, nothing is laid out anew."""
        if self._texts.get(part) != text:
            self._texts[part] = text
            self.query_one(part, Static).update(Content(plain(safe(text), self._signs)), layout=part != "#keys")

    def _leave_heading(self, direction: int) -> None:
        """Go on from a heading, and back where nothing follows."""
        for step in (direction, -direction):
            if self.rows.selected is not None and self.rows.selected.id.startswith(_HEADING):
                self.rows.move(1 if step > 0 else -1)

    @on(Input.Submitted, "#entry")
    def _entered(self, message: Input.Submitted) -> None:
        message.stop()
        if self._take is not None:
            self._taken(self._take, message.value)

    @work(exclusive=True, group="take")
    async def _taken(self, take: Take, typed: str) -> None:
        try:
            await take(typed)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        if self._take is take:
            self.stop_asking()

    @on(RowList.Selected)
    def _moved(self, message: RowList.Selected) -> None:
        message.stop()
        self.selected(message.row)

    @on(RowList.Chosen)
    def _picked(self, message: RowList.Chosen) -> None:
        message.stop()
        self.do(self.chosen(message.row))
