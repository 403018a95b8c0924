"""A lorebook: its entries in columns, and the selected one as a form: beside them in a wide window, else after them.

Every change is saved at once and can be taken back. What can be done is one table, from which the keys and the menu
are made; what is done is the desk's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click, Resize
from textual.widgets import Input, Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.keyed import ASKING
from tavern_tui.ui.lore import commands
from tavern_tui.ui.lore.desk import LoreDesk
from tavern_tui.ui.lore.table import ColumnHeads, EntryTable
from tavern_tui.ui.screens.lore_entry import EntryForm
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.widgets.rows import filled, plain

HORIZONTAL: list[tuple[int, str]] = [(0, "-phone"), (60, "-narrow"), (100, "-wide")]
_TOLD = 300
_TITLE = 120  # characters of a name that stands above everything
_WIDEST = 140
_LIST_KEYS = "Space on/off · Enter edit · / find · f only · t try · m more · Esc"
_LIST_KEYS_NARROW = "Enter edit · / find · m more · Esc"
_FORM_KEYS = "↑↓ field · ←→ turn · Enter edit · [ ] other entry · u undo · Esc"
_FORM_KEYS_NARROW = "←→ turn · Enter edit · Esc entries"


class LorebookScreen(Page[None]):
    """The book on ``desk``. ``editing``: the keys are the form's, not the list's."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = HORIZONTAL
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("home,g", "move(-1000000)", show=False),
        Binding("end,G", "move(1000000)", show=False),
        Binding("left,h", "turn(-1)", show=False),
        Binding("right,l", "turn(1)", show=False),
        Binding("left_square_bracket", "other(-1)", show=False),
        Binding("right_square_bracket", "other(1)", show=False),
        *(Binding(one.keys, f"run('{one.id}')", show=False) for one in commands.COMMANDS),
        Binding("escape", "leave", "Close", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "LorebookScreen")
        + """
    LorebookScreen {
        & #page { max-width: WIDEST; }
        & #question, & #sums, & #state, & #told { height: auto; padding: 0 2; margin: 0; }
        & #sums { color: $text-muted; }
        & #state { color: $text-accent; display: none; }
        & #state.-said { display: block; }
        & #columns { margin: 1 0 0 0; }
        & #told { min-height: 1; }
        & #entry { display: none; }
        & #entry.-open { display: block; }
        & #panes { height: 1fr; }
        & EntryTable { padding: 0 1 0 0; }
        & #list { width: 1fr; }
        & EntryForm { width: 1fr; max-width: 64; display: none; }
        & EntryForm.-resting RowList > .row-list--selected { background: $background; }
        &.-wide EntryForm { display: block; width: 46; margin: 1 0 0 1; }
        &.-editing EntryForm { display: block; }
        &.-editing #list { display: none; }
        &.-editing.-wide #list { display: block; }
        &.-editing EntryForm { margin: 1 0 0 0; }
        &.-editing.-wide EntryForm { margin: 1 0 0 1; }
        &.-short.-editing EntryForm { margin: 0; }
        &.-short #question, &.-short #state.-said { display: none; }
        &.-short #columns { margin: 0; }
        &.-short #about { height: 1; margin: 0; }
    }
    """.replace("WIDEST", str(_WIDEST))
    )

    def __init__(self, desk: LoreDesk, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self.desk = desk
        self.glyphs = glyphs
        self.editing = False
        self._said: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """The book's name, the sums, the entries and the form, what happened, the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(id="question")
            yield Static(id="sums")
            yield Static(id="state")
            yield Input(placeholder=plain("Title, keys, text…", self.glyphs), id="entry", compact=True)
            with Horizontal(id="panes"):
                with Vertical(id="list"):
                    yield ColumnHeads(id="columns")
                    yield EntryTable(glyphs=self.glyphs)
                yield EntryForm(glyphs=self.glyphs)
            yield Static(id="told")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Show the entries, and find out what the chat says of them."""
        self.query_one("#entry", Input).cursor_blink = False
        self.show()
        self.learn()

    def on_resize(self, event: Resize) -> None:
        """What stands round the panes is as wide as the page."""
        self.call_after_refresh(self.show_around)

    @property
    def table(self) -> EntryTable:
        """The entries."""
        return self.query_one(EntryTable)

    @property
    def form(self) -> EntryForm:
        """The selected entry."""
        return self.query_one(EntryForm)

    def show(self) -> None:
        """Show the book as it is now."""
        desk = self.desk
        empty = "No entry is like that." if desk.list.rows else "No entry yet: n makes one."
        self.table.show(desk.shown(), desk.marked, empty=empty)
        self.form.show(self.table.selected)
        self.editing = self.editing and self.table.selected is not None
        self.set_class(self.editing, "-editing")
        self.form.set_class(not self.editing, "-resting")
        self.show_around()

    def show_around(self) -> None:
        """Show what stands round the panes."""
        desk = self.desk
        width = max(20, min(self.size.width, _WIDEST) - 4)
        where = "in the card of " if desk.open_book.in_card else ""
        self._put("question", f"Lorebook {where}{safe_line(desk.open_book.name, _TITLE)}")
        about = [desk.about] if desk.about else []
        self._put("sums", "\n".join(filled(" · ".join([*desk.list.header(), *about]), width, self.glyphs)))
        self._put("state", safe_line(desk.state()))
        self.query_one("#state").set_class(bool(desk.state()), "-said")
        roomy = self.size.width >= HORIZONTAL[1][0]
        if self.editing:
            self._put("keys", _FORM_KEYS if roomy else _FORM_KEYS_NARROW)
        else:
            self._put("keys", _LIST_KEYS if roomy else _LIST_KEYS_NARROW)

    def tell(self, text: str) -> None:
        """Say what happened."""
        self._put("told", safe_line(text, _TOLD))

    @work(group="edit")
    async def act(self, make: Callable[[], Awaitable[str]]) -> None:
        """Do something with the book, say how it went, and show what is there then."""
        try:
            self.tell(await make())
        except TavernError as error:
            self.tell(str(error))
        self.show()
        self.learn()

    @work(group=ASKING, exclusive=True)
    async def asking(self, ask: Callable[[LorebookScreen], Awaitable[None]]) -> None:
        """Do something that asks for more first."""
        try:
            await ask(self)
        except TavernError as error:
            self.tell(str(error))

    @work(group="learn", exclusive=True)
    async def learn(self) -> None:
        """Find out what the chat says of the book as it is now; who has not moved yet stays at the first entry."""
        first = self.desk.list.now is None and self.table.at_first
        try:
            await self.desk.learn(changed=self.desk.open_book.changed)
        except TavernError as error:
            self.tell(str(error))
        stay = first and self.table.at_first
        self.show()
        if stay:
            self.table.select(0)

    def action_move(self, rows: int) -> None:
        """Select another field, or entry."""
        (self.form if self.editing else self.table).move(rows)

    def action_page(self, pages: int) -> None:
        """Go on by a window."""
        (self.form if self.editing else self.table).page(pages)

    def action_other(self, rows: int) -> None:
        """Go to another entry, the form staying open."""
        self.table.move(rows)

    def action_turn(self, steps: int) -> None:
        """Turn a choice or a number of the form; from the list, into the form."""
        row, field = self.table.selected, self.form.field
        if not self.editing or row is None or field is None:
            if steps > 0:
                self.action_choose()
            return
        changed = field.turned(row.entry, steps)
        if changed != row.entry:
            self.act(lambda: self.desk.put(changed, field.title))

    def action_choose(self) -> None:
        """Open the form, or edit its field."""
        if self.table.selected is None:
            return
        if not self.editing:
            self.editing = True
            self.show()
        elif self.form.field is not None:
            self.asking(partial(commands.edit_field, name=self.form.field.name))

    def action_run(self, command: str) -> None:
        """Do what a key of the table of commands stands for."""
        commands.run(self, command)

    def action_leave(self) -> None:
        """Back to the entries; then what is looked for goes, then the marks, then the screen."""
        entry = self.query_one("#entry", Input)
        if self.editing:
            self.editing = False
        elif entry.has_class("-open"):
            entry.value = self.desk.words = ""
            entry.remove_class("-open")
            self.set_focus(None)
        elif self.desk.marked:
            self.desk.marked.clear()
        else:
            self.dismiss(None)
            return
        self.show()

    @on(Input.Changed, "#entry")
    @on(Input.Submitted, "#entry")
    def _looked_for(self, message: Input.Changed | Input.Submitted) -> None:
        self.desk.words = message.value
        if isinstance(message, Input.Submitted):
            self.set_focus(None)
        self.show()

    @on(EntryTable.Selected)
    def _selected(self, message: EntryTable.Selected) -> None:
        self.form.show(message.row)
        self.tell(self.desk.list.why(message.row))

    @on(EntryTable.Chosen)
    def _chosen(self) -> None:
        if not self.editing:
            self.action_choose()

    @on(EntryForm.Wanted)
    def _wanted(self, message: EntryForm.Wanted) -> None:
        self.editing = True
        self.asking(partial(commands.edit_field, name=message.name))

    @on(Click, "#keys")
    def _keys_clicked(self) -> None:
        commands.run(self, "menu")

    def _put(self, name: str, text: str) -> None:
        if self._said.get(name) != text:  # laying out anew is what costs
            self._said[name] = text
            self.query_one(f"#{name}", Static).update(Content(plain(text, self.glyphs)))
