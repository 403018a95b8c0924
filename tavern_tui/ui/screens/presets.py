"""The sampler presets: which holds in this chat, and what is done with them. Changing one is ``sampler``'s.

On the first look of all, our own system texts are shown in full before the list (``docs/ux.md`` §4).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.session import preset_editing as editing
from tavern_tui.session.preset_draft import PresetDraft, unwritten
from tavern_tui.session.presets import NOTHING, YOURS, ListedPreset, choose_in_chat, listed_presets
from tavern_tui.session.session import ChatSession
from tavern_tui.session.system_texts import INTRODUCTION, first_look, system_texts
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.inspection import wrapped
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.screens.sampler import SamplerScreen
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

TEMPLATES = "templates"
"""What the screen ends with where the templates are wanted next."""

_SUMMARY = 200  # characters


def preset_row(one: ListedPreset, *, here: bool, usual: bool, changed: bool, glyphs: Glyphs) -> ListRow:
    """A preset: its name, whose it is and where it holds, and what it changes."""
    marks = ["here"] if here else []
    marks += ["usual"] if usual else []
    marks += ["changed"] if changed else []
    marks.append("yours" if one.source == YOURS else "ours")
    summary = one.summary if one.summary != NOTHING or not one.preset.note else ""
    detail = one.unreadable or " ".join(part for part in (one.preset.note, summary) if part)
    title = safe_line(one.name, 60)
    return ListRow(
        one.name,
        title,
        plain(" · ".join(marks), glyphs),
        plain(safe_line(detail, _SUMMARY), glyphs),
        muted=bool(one.unreadable),
    )


def text_lines(width: int) -> list[Content]:
    """Our system texts in full."""
    lines = [*wrapped(INTRODUCTION, width, "$text-muted")]
    for title, text in system_texts():
        lines += [Content(""), Content.styled(title, "bold"), *wrapped(text, width)]
    return lines


class PresetsScreen(ListPage[str | None]):
    """The presets of ``workspace`` for the chat of ``session``. Its result is ``TEMPLATES`` or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("e,right", "edit", show=False),
        Binding("c", "copy", show=False),
        Binding("g", "usual", show=False),
        Binding("R", "rename", show=False),
        Binding("d", "delete", show=False),
        Binding("u", "undo", show=False),
        Binding("t", "templates", show=False),
        Binding("y", "texts", show=False),
    ]

    def __init__(self, workspace: Workspace, session: ChatSession, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Sampler presets", glyphs=glyphs)
        self._workspace = workspace
        self._session = session
        self._presets: dict[str, ListedPreset] = {}
        self._undo: tuple[Callable[[], Awaitable[str]], ...] = ()

    def keys(self) -> Keys:
        """Those of the list."""
        return (
            ("Enter", "use here"),
            ("e", "edit"),
            ("t", "templates"),
            ("c", "copy"),
            ("d", "delete"),
            ("u", "undo"),
            ("R", "rename"),
            ("g", "use in all chats"),
            ("y", "our system texts"),
            ("Esc", "close"),
        )

    def on_mount(self) -> None:
        """Show them; what the program tells every model first, where nobody has seen that here."""
        self._begin()

    def selected(self, row: ListRow | None) -> None:
        """Say what of a file was not taken."""
        one = self._presets.get(row.id) if row else None
        problems = one.problems if one is not None else ()
        self.say(" ".join(problems[:2]), problem=True)

    async def chosen(self, row: ListRow) -> None:
        """Let it hold in this chat."""
        chosen = await choose_in_chat(self._session, self._workspace, row.id)
        await self._fill(chosen.name)
        changed = unwritten(self._session, self._presets[chosen.name]) is not None
        told = ", as it was changed here: e, then s saves that" if changed else ""
        self.say(f"{chosen.name} holds in this chat from the next reply on{told}.")

    def action_edit(self) -> None:
        """Change it; it holds in this chat with the first change."""
        if (one := self._selected) is not None and not self.entering:
            self.do(self._edit(one))

    def action_copy(self) -> None:
        """Make another one of the same values."""
        if (one := self._selected) is not None and not self.entering:
            self.do(self._copy(one))

    def action_usual(self) -> None:
        """Let it hold in every chat that has none of its own."""
        if (one := self._selected) is not None and not self.entering:
            self.do(self._use_everywhere(one))

    def action_rename(self) -> None:
        """Call it something else."""
        one = self._selected
        if one is None or self.entering:
            return
        if one.source != YOURS:
            self.say(f"{one.name} is one of ours and keeps its name. c makes a copy that is yours.", problem=True)
            return

        async def take(name: str) -> None:
            await self._rename(one.name, name.strip())

        self.ask(take, one.name)

    def action_delete(self) -> None:
        """Move it to the trash."""
        if (one := self._selected) is not None and not self.entering:
            self.do(self._delete(one))

    def action_undo(self) -> None:
        """Take back the last deletion or renaming."""
        if not self.entering:
            self.do(self._take_back())

    def action_templates(self) -> None:
        """Go on to the templates."""
        if not self.entering:
            self.dismiss(TEMPLATES)

    def action_texts(self) -> None:
        """Show our system texts in full."""
        if not self.entering:
            self.app.push_screen(TextPage("What we tell every model", text_lines, glyphs=self._signs))

    @property
    def _selected(self) -> ListedPreset | None:
        return self._presets.get(self.rows.selected.id) if self.rows.selected else None

    @work(exclusive=True, group="begin")
    async def _begin(self) -> None:
        if await asyncio.to_thread(first_look, self._workspace.directories):
            self.action_texts()
        self.do(self._fill(""))

    async def _edit(self, one: ListedPreset) -> None:
        if one.unreadable:
            self.say(one.unreadable, problem=True)
            return
        draft = PresetDraft(self._workspace, self._session, one)
        await self.app.push_screen_wait(SamplerScreen(draft, glyphs=self._signs))
        await self._fill(draft.name)
        if not draft.written:
            self.say(f"{draft.name} is changed and not saved: so it holds in this chat alone. e, then s saves.")

    async def _copy(self, one: ListedPreset) -> None:
        made = await asyncio.to_thread(editing.own_copy, self._workspace, one)
        await self._fill(made.name)
        self._undo = (partial(self._deleted, made.name),)
        self.say(f"{made.name} is a copy of {one.name} and yours. u takes it away")

    async def _deleted(self, name: str) -> str:
        await asyncio.to_thread(editing.to_trash, self._workspace, name)
        return f"{name} is in the trash"

    async def _use_everywhere(self, one: ListedPreset) -> None:
        await asyncio.to_thread(editing.use_everywhere, self._workspace, one.name)
        self._workspace = await asyncio.to_thread(self._reopened)
        await self._fill(one.name)
        above = self._workspace.settings.reply.preset.casefold() != one.name.casefold()
        if above:
            raise SettingsError("config.yaml sets reply.preset: it stands above this choice.")
        self.say(f"{one.name} holds in every chat without a preset of its own.")

    async def _rename(self, name: str, to: str) -> None:
        made = await asyncio.to_thread(editing.rename, self._workspace, name, to)
        if self._session.options.preset.name.casefold() == name.casefold():
            await choose_in_chat(self._session, self._workspace, made.name)
        self._workspace = await asyncio.to_thread(self._reopened)
        await self._fill(made.name)

        async def back() -> str:
            await self._rename(made.name, name)
            return f"It is called {name} again"

        self._undo = (back,)
        self.say(f"{name} is {made.name} now, also for chats that name it · u undoes")

    async def _delete(self, one: ListedPreset) -> None:
        if one.source != YOURS:
            raise SettingsError(f"{one.name} is one of ours and stays.")
        await asyncio.to_thread(editing.to_trash, self._workspace, one.name)

        async def back() -> str:
            await asyncio.to_thread(editing.out_of_trash, self._workspace, one.name)
            return f"{one.name} is back"

        self._undo = (back,)
        await self._fill("")
        self.say(f"{one.name} is in the trash · u brings it back")

    async def _take_back(self) -> None:
        if not self._undo:
            raise NotFoundError("There is nothing to undo here.")
        (back,), self._undo = self._undo, ()
        told = await back()
        await self._fill(self.rows.selected.id if self.rows.selected else "")
        self.say(told)

    def _reopened(self) -> Workspace:
        return Workspace.open(safe=self._workspace.safe, dirs=self._workspace.directories)

    async def _fill(self, select: str) -> None:
        listed = await asyncio.to_thread(listed_presets, self._workspace)
        held = (await editing.in_force(self._session)).sampling.name.casefold()
        usual = self._workspace.settings.reply.preset.casefold()
        self._presets = {one.name: one for one in listed}
        rows = [
            preset_row(
                one,
                here=one.name.casefold() == held,
                usual=one.name.casefold() == usual,
                changed=unwritten(self._session, one) is not None,
                glyphs=self._signs,
            )
            for one in listed
        ]
        here = next((one.name for one in listed if one.name.casefold() == held), "")
        self.show(rows, select or here)


async def show_presets(app: TavernApp) -> None:
    """Show the presets, and the templates where they are wanted next."""
    screen = PresetsScreen(app.workspace, app.chat.open_session, glyphs=app.glyphs)
    wanted = await app.push_screen_wait(screen)
    app.reload()
    if wanted == TEMPLATES:
        from tavern_tui.ui.screens.templates import show_templates

        await show_templates(app)
