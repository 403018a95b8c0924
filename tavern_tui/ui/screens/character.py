"""A character card: its fields with their tokens, and the selected one as a text: beside them in a wide window, else
after them.

Every change is saved at once and can be taken back. What can be done is one table, from which the keys and the menu
are made; what is done is the desk's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Click, Resize
from textual.widgets import Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.card_fields import CardField
from tavern_tui.session.character_editing import OpenCard, books_there, is_in, preview, take_card
from tavern_tui.session.lore_trial import count_texts
from tavern_tui.session.portraits import portrait
from tavern_tui.ui.characters import commands
from tavern_tui.ui.characters.desk import CardDesk, CardTools
from tavern_tui.ui.characters.library import CardShelf
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import editor_for
from tavern_tui.ui.keyed import ASKING
from tavern_tui.ui.screens.character_field import FieldText, field_rows
from tavern_tui.ui.screens.page import LIST_KEYS, PAGE_CSS, VERTICAL, ListKeys, Page
from tavern_tui.ui.widgets.portrait import PortraitView
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import filled, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

HORIZONTAL: list[tuple[int, str]] = [(0, "-phone"), (60, "-narrow"), (100, "-wide")]
_TOLD = 300
_TITLE = 120  # characters of a name that stands above everything
_WIDEST = 140
_PORTRAIT = (16, 8)  # columns and lines at most
_PORTRAIT_FROM = 30  # rows of a window that has room for one
_KEYS = "Enter edit · o $EDITOR · O whole card · p preview · u undo · m more · Esc"
_KEYS_NARROW = "Enter edit · u undo · m more · Esc"
_WRITING_KEYS = "ctrl+o $EDITOR · Esc done, and saved"
_WRITING_KEYS_NARROW = "Esc done, and saved"


class CharacterScreen(Page[Path | None], ListKeys):
    """The card on ``desk``, the field called ``first`` selected. Its result is the card to go on with."""

    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS = HORIZONTAL
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        *LIST_KEYS,
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end,G", "move(1000000)", show=False),
        Binding("left,h", "turn(-1)", show=False),
        Binding("right,l", "turn(1)", show=False),
        *(
            Binding(key, f"run('{one.id}')", show=False, priority=key.startswith("ctrl+"))
            for one in commands.COMMANDS
            for key in one.keys.split(",")
        ),
        Binding("escape", "leave", "Close", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "CharacterScreen")
        + """
    CharacterScreen {
        & #page { max-width: WIDEST; }
        & #question, & #sums, & #told { height: auto; padding: 0 2; margin: 0; }
        & #sums { color: $text-muted; margin: 0 0 1 0; }
        & #told { min-height: 1; max-height: 3; }
        & #panes { height: 1fr; }
        & RowList { width: 1fr; padding: 0 1 0 0; }
        & FieldText { width: 1fr; display: none; }
        &.-wide RowList { max-width: 52; }
        &.-wide FieldText { display: block; }
        &.-roomy.-wide FieldText #top { display: block; }
        &.-writing FieldText { display: block; }
        &.-writing RowList { display: none; }
        &.-writing.-wide RowList { display: block; }
        &.-writing RowList > .row-list--selected { background: $background; }
        &.-short #question, &.-short #told { height: 1; }
        &.-short #sums { height: 1; margin: 0; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-short FieldText #about { margin: 0; }
        &.-short.-writing #question { display: none; }
    }
    """.replace("WIDEST", str(_WIDEST))
    )

    def __init__(self, desk: CardDesk, *, first: str = "", glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self.desk = desk
        self._first = first
        self.glyphs = glyphs
        self._said: dict[str, str] = {}
        self._saving = False

    def compose(self) -> ComposeResult:
        """The name, the sums, the fields and the text, what happened, the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(id="question")
            yield Static(id="sums")
            with Horizontal(id="panes"):
                yield RowList(empty="No field.", glyphs=self.glyphs)
                yield FieldText(glyphs=self.glyphs)
            yield Static(id="told")
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Show the card, and count its texts."""
        self.show(self._first)
        self.run_worker(self.refreshed(), group="learn")
        self.draw_portrait()

    def on_resize(self, event: Resize) -> None:
        """What stands round the panes is as wide as the page."""
        self.set_class(event.size.height >= _PORTRAIT_FROM, "-roomy")
        self.call_after_refresh(self.show_around)

    @property
    def pane(self) -> FieldText:
        """The selected field as a text."""
        return self.query_one(FieldText)

    @property
    def field(self) -> CardField | None:
        """The selected field."""
        selected = self.query_one(RowList).selected
        return self.desk.field(selected.id) if selected is not None else None

    def show(self, select: str = "") -> None:
        """Show the card as it is now."""
        before = self.query_one(RowList).selected
        self.query_one(RowList).show(
            field_rows(self.desk, self.glyphs), select or (before.id if before is not None else "")
        )
        self._show_field()
        self.show_around()

    def show_around(self) -> None:
        """Show what stands round the panes."""
        width = max(20, min(self.size.width, _WIDEST) - 4)
        desk, card = self.desk, self.desk.card
        star = "* " if desk.character.favourite else ""
        self._put("question", f"{star}{safe_line(desk.character.name, _TITLE)}")
        said = [
            desk.told_total(self._written),
            safe_line(card.used, _TOLD),
            "a sample: a change makes a copy of your own" if card.shipped else "",
        ]
        self._put("sums", "\n".join(filled(" · ".join(filter(None, said)), width, self.glyphs)))
        roomy = self.size.width >= HORIZONTAL[1][0]
        if self.pane.writing:
            self._put("keys", _WRITING_KEYS if roomy else _WRITING_KEYS_NARROW)
        else:
            self._put("keys", _KEYS if self.size.width >= 80 else _KEYS_NARROW)

    def tell(self, text: str) -> None:
        """Say what happened."""
        self._put("told", safe_line(text, _TOLD))

    def write(self, field: CardField) -> None:
        """Let a text be written."""
        self.pane.show(field, field.said(self.desk.character))
        self.pane.write(field.said(self.desk.character))
        self.add_class("-writing")
        self.tell("")
        self.show_around()
        self._tell_tokens(self.pane.written)

    @work(group="edit")
    async def act(self, make: Callable[[], Awaitable[str]]) -> None:
        """Do something with the card, say how it went, and show what is there then."""
        try:
            self.tell(await make())
        except TavernError as error:
            self.tell(str(error))
        await self.refreshed()

    @work(group=ASKING, exclusive=True)
    async def asking(self, ask: Callable[[CharacterScreen], Awaitable[None]]) -> None:
        """Do something that asks for more first."""
        try:
            await ask(self)
        except TavernError as error:
            self.tell(str(error))

    async def refreshed(self, select: str = "") -> None:
        """Show the card as it is now, counted."""
        self.show(select)
        await self.desk.learn()
        self.show()

    @work(group="portrait", exclusive=True)
    async def draw_portrait(self) -> None:
        """Show the picture where it has room."""
        made = await asyncio.to_thread(self.desk.tools.portrait, *_PORTRAIT)
        self.query_one(PortraitView).show(made)

    def action_turn(self, steps: int) -> None:
        """Turn a choice; → begins to edit anything else."""
        field = self.field
        if self.pane.writing or field is None:
            return
        if field.choices:
            self.act(partial(self.desk.put, field, field.turned(self.desk.character, steps)))
        elif steps > 0:
            self.asking(commands.edit)

    def action_run(self, command: str) -> None:
        """Do what a key of the table of commands stands for."""
        commands.run(self, command)

    def action_leave(self) -> None:
        """Keep what was written; else close."""
        if not self.pane.writing:
            self.dismiss(None)
        elif not self._saving:
            self._saving = True
            self._keep_written()

    @work(group="keep")
    async def _keep_written(self) -> None:
        """Save what was written; where that cannot be, it stays in the area."""
        field, text = self.pane.field, self.pane.written
        try:
            if field is not None and text != field.said(self.desk.character):
                self.tell(await self.desk.put(field, text))
        except TavernError as error:
            self.tell(str(error))
            return
        finally:
            self._saving = False
        self.pane.rest()
        self.remove_class("-writing")
        self.set_focus(None)
        await self.refreshed(field.id if field is not None else "")

    @work(group="count", exclusive=True)
    async def _tell_tokens(self, text: str) -> None:
        """Tell the tokens of what is being written, and the total with it."""
        await self.desk.count([text])
        await self.desk.learn()
        tokens, exact = self.desk.tokens(text)
        self.pane.tell(f"{'' if exact else '~'}{tokens:,} tokens")
        self.show_around()

    @property
    def _written(self) -> tuple[str, str] | None:
        field = self.pane.field
        return (field.id, self.pane.written) if self.pane.writing and field is not None else None

    @on(RowList.Selected)
    def _show_field(self) -> None:
        field = self.field
        self.pane.show(field, field.said(self.desk.character) if field is not None else "")
        character = self.desk.character
        facts = {
            "by": character.creator,
            "version": character.version,
            "tags": ", ".join(character.tags),
            "file": self.desk.card.path.name,
        }
        shown = "\n".join(f"{what} {safe_line(said, _TOLD)}" for what, said in facts.items() if said)
        self.query_one("#facts", Static).update(Content(plain(shown, self.glyphs)))

    @on(RowList.Chosen)
    def _chosen(self) -> None:
        if not self.pane.writing:
            self.asking(commands.edit)

    @on(FieldText.Typed)
    def _typed(self, message: FieldText.Typed) -> None:
        self._tell_tokens(message.text)

    @on(Click, "#keys")
    def _keys_clicked(self) -> None:
        if self.pane.writing:
            self.action_leave()
        else:
            commands.run(self, "menu")

    def _put(self, name: str, text: str) -> None:
        if self._said.get(name) != text:  # laying out anew is what costs
            self._said[name] = text
            self.query_one(f"#{name}", Static).update(Content(plain(text, self.glyphs)))


async def show_character(app: TavernApp, name: str = "", *, field: str = "") -> None:
    """The card of that name, else of the character in the open chat, else Home; then those that are gone on with.

    ``field`` is the id of the field that is selected first.
    """
    session = app.chat.session
    if not name.strip():
        if session is None or session.no_card is not None:
            from tavern_tui.ui.screens.home import show_home

            await show_home(app, characters=True)
            return
        name = session.character.name
    _, path = await asyncio.to_thread(app.workspace.character, name.strip())
    following: Path | None = path
    while following is not None:
        card = await asyncio.to_thread(OpenCard, app.workspace, following)
        names = [card.character.name]
        desk = CardDesk(card, _tools(app, card))
        following = await app.push_screen_wait(CharacterScreen(desk, first=field, glyphs=app.glyphs))
        await _taken_up(app, card, names)


async def _taken_up(app: TavernApp, card: OpenCard, names: list[str]) -> None:
    """Let an open chat have what was changed; one with a character that is called otherwise now is opened anew."""
    session = app.chat.session
    if session is None or not card.changed or not is_in(session, [*names, card.character.name]):
        return
    if card.renamed and session.log.kept:
        app.open_chat(replace(app.wishes, character="", chat=session.log.path.stem, new=False, persona=""))
        return
    await asyncio.to_thread(take_card, session, app.workspace)
    app.chat.cost_ahead.look(anew=True)


def _tools(app: TavernApp, card: OpenCard) -> CardTools:
    """What the desk works with in this app."""
    session, workspace = app.chat.session, app.workspace

    async def lore(name: str) -> None:
        from tavern_tui.session.lore_editing import CardBook
        from tavern_tui.session.lore_editing import OpenBook as Book
        from tavern_tui.ui.screens.lorebooks import edit_book, show_lorebook

        if name:
            await show_lorebook(app, name)
            return
        await edit_book(app, await asyncio.to_thread(lambda: Book(workspace, CardBook(workspace, card.path))))

    def context() -> int:
        info = session.connection.known if session is not None else None
        loaded = info.context_tokens if info is not None else None
        wanted = workspace.settings.engine.context_tokens if session is None else session.options.context_tokens
        return min(filter(None, (loaded, wanted)), default=0)

    return CardTools(
        count=partial(count_texts, session),
        context=context,
        editor=editor_for(app, "card"),
        preview=lambda: preview(workspace, card.path),
        lore=lore,
        books=partial(books_there, workspace),
        portrait=lambda columns, lines: portrait(card.path, columns, lines),
        shelf=CardShelf(workspace),
    )
