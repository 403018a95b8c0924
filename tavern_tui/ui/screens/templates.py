"""Templates: which holds and why, what there is, and how this chat's prompt would end with each, as it is walked over.

Tab goes from instruct templates to context templates and system prompts. What a choice does is
``session.template_choice``'s; a copy is changed in ``template_editor``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.errors import NotFoundError, SettingsError, TavernError
from tavern_tui.session.engine_choices import route_of
from tavern_tui.session.opening import take_settings
from tavern_tui.session.template_choice import AUTOMATIC, KINDS, Offered, TemplateDesk, template_behind
from tavern_tui.session.template_editing import our_prompt, own_copy, plain_template
from tavern_tui.session.template_files import ListedTemplate, delete_template, restore_template
from tavern_tui.session.trying import Trial, try_connection
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.popups import wishes_here
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.screens.template_editor import PREVIEW_CSS, TemplateEditor, preview_widgets, show_end, show_preview
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.screens.trial import trial_lines
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

_TITLES: Final = {"instruct": "Instruct templates", "context": "Context templates", "sysprompt": "System prompts"}
_ABOUT: Final = {
    "instruct": "How the prompt of this chat ends with it:",
    "context": "How the prompt of this chat begins with it:",
    "sysprompt": "In full:",
}
Test = Callable[[str], Awaitable[Trial]]
"""Asks who writes for one short reply with an instruct template; with "" as it would be."""


class TemplatesScreen(ListPage[None]):
    """The templates of ``desk``. ``renew`` takes up the settings once one of them was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "turn(1)", show=False),
        Binding("shift+tab", "turn(-1)", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("e", "edit", show=False),
        Binding("t", "test", show=False),
        Binding("d", "delete", show=False),
        Binding("u", "undo", show=False),
    ]
    DEFAULT_CSS = "TemplatesScreen { & #head { height: auto; max-height: 2; text-wrap: wrap; }" + PREVIEW_CSS + " }"

    def __init__(
        self, desk: TemplateDesk, test: Test, renew: Callable[[], Workspace], *, glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__(_TITLES["instruct"], glyphs=glyphs)
        self._desk = desk
        self._test = test
        self._renew = renew
        self._kind = "instruct"
        self._offered: dict[str, Offered] = {}
        self._gone = ""

    def above(self) -> Iterable[Widget]:
        """Which template holds."""
        yield Static(Content(plain("Looking at the next prompt…", self._signs)), id="head")

    def below(self) -> Iterable[Widget]:
        """The preview."""
        return preview_widgets(_ABOUT["instruct"], self._signs)

    def keys(self) -> Keys:
        """Those of the list."""
        tested = (("t", "test"),) if self._kind == "instruct" else ()
        return (
            ("Enter", "use"),
            ("Tab", "next kind"),
            *tested,
            ("e", "edit a copy"),
            ("d", "delete"),
            ("u", "undo"),
            ("Esc", "close"),
        )

    def on_mount(self) -> None:
        """Look at the next prompt, and show what there is."""
        self._begin()

    def widened(self) -> None:
        """Keep the end of the prompt in sight."""
        show_end(self, end=self._kind == "instruct")

    def selected(self, row: ListRow | None) -> None:
        """Show the prompt with it."""
        self.say("")
        if row is not None:
            self._preview(row.id)

    async def chosen(self, row: ListRow) -> None:
        """Let it hold."""
        one = self._offered[row.id]
        if self._kind != "instruct" and one.ours and one.name != AUTOMATIC:
            raise SettingsError(f"{one.title} is used where it fits.", hint="e makes a copy that can hold everywhere.")
        told = await self._desk.choose(self._kind, one.name)
        await self._look_again(row.id)
        self.say(told)

    def action_turn(self, kinds: int) -> None:
        """Go to the next kind."""
        if not self.entering and self._offered:
            self._kind = KINDS[(KINDS.index(self._kind) + kinds) % len(KINDS)]
            self.retitle(_TITLES[self._kind])
            self.query_one("#about-preview", Static).update(Content(plain(_ABOUT[self._kind], self._signs)))
            self.do(self._fill())

    def action_edit(self) -> None:
        """Change it; one of ours, and one that is in use elsewhere, as a copy."""
        if (one := self._selected) is not None and not self.entering:
            self._edit(one)

    def action_test(self) -> None:
        """Ask for one short reply with it."""
        if (one := self._selected) is not None and not self.entering and self._kind == "instruct":
            self._try(one.name)

    def action_delete(self) -> None:
        """Move it to the trash."""
        if (one := self._selected) is not None and not self.entering:
            self.do(self._delete(one))

    def action_undo(self) -> None:
        """Bring back what was deleted last."""
        if not self.entering:
            self.do(self._bring_back())

    @property
    def _selected(self) -> Offered | None:
        return self._offered.get(self.rows.selected.id) if self.rows.selected else None

    @work(exclusive=True, group="begin")
    async def _begin(self) -> None:
        try:
            await self._look_again("")
        except TavernError as error:
            self.rows.show((), empty="")
            self.say(str(error), problem=True)

    @work(exclusive=True, group="preview")
    async def _preview(self, row: str) -> None:
        one = self._offered.get(row)
        if one is None:
            return
        try:
            text = await self._desk.preview(self._kind, one)
        except TavernError as error:
            text = str(error)
        show_preview(self, text, end=self._kind == "instruct")

    @work(exclusive=True, group="edit")
    async def _edit(self, one: Offered) -> None:
        try:
            mine, told = await self._own(one)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        await self.app.push_screen_wait(TemplateEditor(self._desk, self._kind, mine, glyphs=self._signs))
        self.do(self._edited(mine.name, told))

    async def _own(self, one: Offered) -> tuple[ListedTemplate, str]:
        """The template to be changed, a copy where it is not the user's, and what is to be said then."""
        if one.listed is not None and not one.ours:
            if one.listed.problem or not hasattr(one.listed.held, "template"):
                raise SettingsError(f"{one.title} cannot be changed field by field.", hint=str(one.listed.path or ""))
            return one.listed, ""
        desk = self._desk
        if self._kind == "sysprompt":
            template: object = our_prompt(desk.text_of(one.name))
        elif self._kind == "context" and one.name == AUTOMATIC:
            template = desk.seen.ready.template.context
        else:
            template = template_behind(one, desk) or plain_template(one.title)
        called = getattr(template, "name", "") or one.title
        made = await asyncio.to_thread(own_copy, desk.workspace, self._kind, called, template)
        return made, f"{made.name} is a copy of {called}, which stays as it is. Enter uses the copy."

    async def _edited(self, name: str, told: str) -> None:
        await self._look_again(name)
        if told:
            self.say(told)

    @work(exclusive=True, group="test")
    async def _try(self, name: str) -> None:
        self.say("Asking for one short reply…")
        try:
            found = await self._test(name)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self.say("")
        title = safe_line(f"Test with {name}", 80) if name else "Test of the connection"
        self.app.push_screen(TextPage(title, partial(trial_lines, found), glyphs=self._signs))

    async def _delete(self, one: Offered) -> None:
        if one.ours:
            raise SettingsError(f"{one.title} comes with the program and stays.")
        await asyncio.to_thread(delete_template, self._desk.workspace, self._kind, one.name)
        self._gone = one.name
        await self._look_again("")
        self.say(f"{one.name} is in the trash · u brings it back")

    async def _bring_back(self) -> None:
        if not self._gone:
            raise NotFoundError("There is nothing to undo here.")
        name, self._gone = self._gone, ""
        await asyncio.to_thread(restore_template, self._desk.workspace, self._kind, name)
        await self._look_again(name)
        self.say(f"{name} is back")

    async def _look_again(self, select: str) -> None:
        self._desk.workspace = self._renew()
        await self._desk.look()
        told = self._desk.in_force
        if self._desk.as_messages:
            told = f"This server takes messages and writes the template itself. As text: {told}"
        self.query_one("#head", Static).update(Content(plain(safe(told), self._signs)))
        await self._fill(select)

    async def _fill(self, select: str = "") -> None:
        listed = await asyncio.to_thread(self._desk.offered, self._kind)
        self._offered = {one.name or "/automatic": one for one in listed}
        here = next((key for key, one in self._offered.items() if one.here), "")
        self.show([self._row(key, one) for key, one in self._offered.items()], select or here)

    def _row(self, key: str, one: Offered) -> ListRow:
        about = "in use" if one.here else "" if one.about == "built in" else safe_line(one.about, 60)
        broken = one.listed is not None and bool(one.listed.problem)
        return ListRow(key, safe_line(one.title, 60), plain(about, self._signs), muted=broken)


async def show_templates(app: TavernApp) -> None:
    """Show the templates of the chat that is open."""
    session = app.chat.open_session

    async def test(name: str) -> Trial:
        route = route_of(app.workspace, wishes_here(app), session)
        return await try_connection(app.workspace, "", route=replace(route, template=name) if name else route)

    def renew() -> Workspace:
        app.reload()
        take_settings(session, app.workspace, wishes_here(app), watch=app.chat.engine_event)
        return app.workspace

    desk = TemplateDesk(app.workspace, session, wishes_here(app))
    await app.push_screen_wait(TemplatesScreen(desk, test, renew, glyphs=app.glyphs))
