"""A template of one's own, field by field, with the end of this chat's prompt as it would be with it.

Every change is written at once; ``u`` takes the last one back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Static

from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.session import template_editing as editing
from tavern_tui.session.template_choice import TemplateDesk
from tavern_tui.session.template_editing import TemplateField
from tavern_tui.session.template_files import ListedTemplate
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import editor_for
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.inspection import wrapped
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.long_text import LongText
from tavern_tui.ui.widgets.rows import ListRow, cut, plain

PREVIEW_CSS = """
    & #about-preview { height: 1; padding: 0 2; margin: 1 0 0 0; color: $text-muted; }
    & #preview { height: 45%; min-height: 3; max-height: 12; padding: 0 1 0 2; background: $surface; }
    &.-short #about-preview { display: none; }
    &.-short #preview { height: 4; }
    &.-entering.-short #preview { height: 2; }
"""
"""The stylesheet of a page with a preview below its list."""


def preview_widgets(about: str, glyphs: Glyphs) -> Iterable[Widget]:
    """What stands below the list: what is previewed, and the text."""
    yield Static(plain(about, glyphs), id="about-preview", markup=False)
    yield LongText(lambda _width: [], id="preview")


def show_preview(page: ListPage[Any], text: str, *, end: bool = True) -> None:
    """Have ``text`` in the preview of ``page``, its end in sight, or its beginning."""
    page.query_one("#preview", LongText).show(lambda width: wrapped(text.rstrip("\n"), width))
    show_end(page, end=end)


def show_end(page: ListPage[Any], *, end: bool = True) -> None:
    """Have the end of the preview in sight, or its beginning."""
    page.call_after_refresh(page.query_one("#preview", LongText).go_to_end, last=end)


class TemplateEditor(ListPage[None]):
    """The fields of ``one``, a template of the user's own of ``kind``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,right,space", "turn", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("E", "outside", show=False),
        Binding("u", "undo", show=False),
        Binding("0,n", "empty", show=False),
    ]
    DEFAULT_CSS = "TemplateEditor { " + PREVIEW_CSS + " }"

    def __init__(self, desk: TemplateDesk, kind: str, one: ListedTemplate, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__(one.name, glyphs=glyphs)
        self._desk = desk
        self._kind = kind
        self._one = one
        self._before: list[Any] = []
        self._fields: dict[str, TemplateField] = {}

    def above(self) -> Iterable[Widget]:
        """Nothing but the title."""
        return ()

    def below(self) -> Iterable[Widget]:
        """The preview."""
        about = "The system prompt:" if self._kind == "sysprompt" else "The prompt of this chat, with it:"
        return preview_widgets(about, self._signs)

    def keys(self) -> Keys:
        """Those of the editor."""
        return (
            ("Enter", "change"),
            ("E", "in $EDITOR"),
            ("u", "undo"),
            ("←→", "on, off"),
            ("0", "empty"),
            ("Esc", "close"),
        )

    def widened(self) -> None:
        """Keep the end of the prompt in sight."""
        show_end(self, end=self._kind == "instruct")

    def on_mount(self) -> None:
        """Show the fields."""
        self._fill("")

    @property
    def _template(self) -> Any:
        return self._one.held.template

    async def chosen(self, row: ListRow) -> None:
        """Type a value, or take the next of a few."""
        if self._fields[row.id].words:
            await self._turn(row.id)
            return

        async def take(typed: str) -> None:
            await self._change(row.id, lambda template: editing.with_typed(template, row.id, typed))

        self.ask(take, editing.typed_as(self._template, row.id), hint="\\n is a line end", replaced=False)

    def action_turn(self) -> None:
        """Take the next value of a few."""
        row = self.rows.selected
        if row is not None and not self.entering and self._fields[row.id].words:
            self.do(self._turn(row.id))

    def action_empty(self) -> None:
        """Take the text away."""
        row = self.rows.selected
        if row is not None and not self.entering and not self._fields[row.id].words:
            self.do(self._change(row.id, lambda template: editing.with_typed(template, row.id, "")))

    def action_outside(self) -> None:
        """Change the text in $EDITOR."""
        row = self.rows.selected
        if row is not None and not self.entering and not self._fields[row.id].words:
            self.do(self._outside(row.id))

    def action_undo(self) -> None:
        """Take the last change back."""
        if not self.entering:
            self.do(self._undo())

    async def _outside(self, name: str) -> None:
        async with editor_for(self.app, "template")(getattr(self._template, name)) as edited:
            if edited.changed:
                typed = editing.escaped(edited.text)
                await self._change(name, lambda template: editing.with_typed(template, name, typed))
        if edited.notice:
            self.say(edited.notice)

    async def _turn(self, name: str) -> None:
        field = self._fields[name]
        after = field.words[(field.words.index(field.value) + 1) % len(field.words)]
        await self._change(name, lambda template: editing.with_typed(template, name, after))

    async def _change(self, name: str, make: Callable[[Any], Any]) -> None:
        before, after = self._template, make(self._template)
        if after == before:
            return
        self._one = await asyncio.to_thread(editing.write, self._desk.workspace, self._one, after)
        self._before.append(before)
        self._fill(name)

    async def _undo(self) -> None:
        if not self._before:
            raise NotFoundError("There is nothing to undo here.")
        template = self._before.pop()
        self._one = await asyncio.to_thread(editing.write, self._desk.workspace, self._one, template)
        self._fill(self.rows.selected.id if self.rows.selected else "")
        self.say("Taken back")

    def _fill(self, select: str) -> None:
        fields = editing.template_fields(self._template)
        self._fields = {field.name: field for field in fields}
        rows = [self._row(field) for field in fields]
        self.show(rows, select)
        self.say("")
        self._preview()

    def _row(self, field: TemplateField) -> ListRow:
        value = cut(field.value, max(10, self.room - len(field.name) - 6), self._signs.dots)
        return ListRow(field.name, field.name.replace("_", " "), value or plain("—", self._signs))

    @work(exclusive=True, group="preview")
    async def _preview(self) -> None:
        if self._kind == "sysprompt":
            show_preview(self, self._template.content, end=False)
            return
        try:
            if self._kind == "context":
                text = await self._desk.begins_with_context(self._template)
            else:
                text = await self._desk.ends_with_template(self._kind, self._template)
        except TavernError as error:
            text = str(error)
        show_preview(self, text, end=self._kind == "instruct")
