"""The settings: every one of the schema with its value, where it comes from, its default and a line about it.

← and → change what has neighbours, Enter asks for a value or shows what there is to choose from, letters search. What
follows from a change in the running program is ``taken``'s business, which the app gives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import BindingType
from textual.events import Key

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session import settings_view
from tavern_tui.session.opening import take_settings
from tavern_tui.session.settings_view import Holds, SettingRow
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.chatlog.view import Follow
from tavern_tui.ui.editor import editor_for
from tavern_tui.ui.popups import connect_anew, wishes_here
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.themes import use_theme
from tavern_tui.ui.widgets.rows import ListRow, cut, plain

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

Taken = Callable[[SettingRow], Awaitable[str]]
"""Takes up a setting that was changed; what is to be said of it, empty for nothing."""

DEFAULT = "/default"  # no value is called so
_TYPED = "/typed"


def list_rows(settings: list[SettingRow], width: int, glyphs: Glyphs) -> list[ListRow]:
    """The settings below their groups; a value that was chosen has a mark, one of ``config.yaml`` is dimmed."""
    rows: list[ListRow] = []
    group = ""
    for one in settings:
        if one.group != group:
            group = one.group
            rows.append(heading(settings_view.group_title(group)))
        mark = "* " if one.chosen else ""
        value = cut(one.value, max(10, width // 2 - 4), glyphs.dots)
        name = one.name.partition(".")[2].replace("_", " ")
        rows.append(ListRow(one.name, name, plain(f"{mark}{value}", glyphs), muted=one.by_hand))
    return rows


def about(setting: SettingRow) -> str:
    """What is to be said of a setting: what it is, its default, where it comes from, from when a change holds."""
    told = f"From {setting.source}: change it there. {setting.title}" if setting.by_hand else setting.title
    if setting.chosen and setting.default not in (settings_view.EMPTY, setting.value):
        told += f" Default: {setting.default}."
    late = setting.holds_from is not Holds.REPLY and not setting.by_hand
    return f"{told} Holds {setting.holds_from}." if late else told


class SettingsScreen(ListPage[None]):
    """The settings of ``workspace``, the one called ``at`` selected. ``typed`` is searched for to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("left", "step(-1)", "Back"),
        ("right", "step(1)", "On"),
        ("backspace", "erase", "Erase"),
        ("ctrl+r", "reset", "Default"),
    ]

    def __init__(
        self,
        workspace: Workspace,
        taken: Taken,
        *,
        typed: str = "",
        at: str = "",
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__("Settings", glyphs=glyphs)
        self._at = at
        self._workspace = workspace
        self._taken_up = taken
        self._words = typed
        self._settings: dict[str, SettingRow] = {}

    def keys(self) -> Keys:
        """Those of the list."""
        return (("Enter", "set"), ("←→", "next"), ("letters", "search"), ("ctrl+r", "default"), ("Esc", "close"))

    def on_mount(self) -> None:
        """Show them."""
        self._fill(self._at)

    def on_key(self, event: Key) -> None:
        """What is typed is searched for."""
        if not self.entering and event.is_printable and event.character and event.key not in ("question_mark", "slash"):
            event.stop()
            self._search(self._words + event.character)

    def action_find(self) -> None:
        """Nothing: what is typed is searched for."""

    def action_erase(self) -> None:
        """Search for less."""
        self._search(self._words[:-1])

    def action_leave(self) -> None:
        """Leave the line, the search, and at last the screen."""
        if not self.entering and self._words:
            self._search("")
        else:
            super().action_leave()

    def widened(self) -> None:
        """Values have other room."""
        self._fill(self.rows.selected.id if self.rows.selected else "")

    def selected(self, row: ListRow | None) -> None:
        """Say what the setting is about."""
        setting = self._settings.get(row.id) if row else None
        self.say(about(setting) if setting else "")

    async def chosen(self, row: ListRow) -> None:
        """Change the setting: from a list where it is known what there is, else by typing."""
        setting = self._settings.get(row.id)
        if setting is None:
            return
        if setting.by_hand:
            await self._change(setting.name, setting.value)  # which is refused, and says where it stands
            return
        known = setting.words or await asyncio.to_thread(settings_view.suggestions, self._workspace, setting.name)
        if known:
            self._choose(setting, known)
        else:
            await self._type(setting)

    def action_step(self, step: int) -> None:
        """Take the value beside this one."""
        row = self.rows.selected
        setting = self._settings.get(row.id) if row else None
        if setting is None or self.entering:
            return
        typed = settings_view.neighbour(setting, step)
        if typed is not None:
            self.do(self._change(setting.name, typed))

    def action_reset(self) -> None:
        """Let the default hold again."""
        row = self.rows.selected
        if row is not None and row.id in self._settings and not self.entering:
            self.do(self._reset(row.id))

    @work(exclusive=True, group="choose")
    async def _choose(self, setting: SettingRow, known: tuple[str, ...]) -> None:
        rows = [ListRow(one, safe_line(one), "in use" if one == setting.value else "") for one in known]
        if not setting.words:
            rows.append(ListRow(_TYPED, "Another one: type it"))
        rows.append(ListRow(DEFAULT, f"Default: {setting.default}"))
        picked = await self.app.push_screen_wait(RowChoice(setting.title, rows, near=setting.value, glyphs=self._signs))
        if picked == _TYPED:
            self.do(self._type(setting))
        elif picked is not None:
            self.do(self._reset(setting.name) if picked == DEFAULT else self._change(setting.name, picked))

    async def _type(self, setting: SettingRow) -> None:
        """Ask for a value; for a text of several lines in $EDITOR."""
        if "\n" in setting.typed:
            async with editor_for(self.app, "setting")(setting.typed) as edited:
                if edited.changed:
                    await self._change(setting.name, edited.text)
            if edited.notice:
                self.say(edited.notice)
            return

        async def take(typed: str) -> None:
            await self._change(setting.name, typed)

        self.ask(take, setting.typed, hint=setting.name)

    async def _change(self, name: str, typed: str) -> None:
        doubt = await asyncio.to_thread(settings_view.change, self._workspace, name, typed)
        await self._take_up(name, doubt)

    async def _reset(self, name: str) -> None:
        await asyncio.to_thread(settings_view.reset, self._workspace, name)
        await self._take_up(name, "")

    async def _take_up(self, name: str, doubt: str) -> None:
        """Let a change hold, and show it."""
        self._fill(name)
        setting = self._settings.get(name)
        told = await self._taken_up(setting) if setting else ""
        if doubt or told:
            self.say(doubt or told, problem=bool(doubt))

    def _search(self, words: str) -> None:
        self._words = words
        self._fill("")

    def _fill(self, select: str) -> None:
        """Read the files anew: they are small, and a change has just been written to them."""
        try:
            found = settings_view.setting_rows(self._workspace.directories, self._words)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self._settings = {one.name: one for one in found}
        self.retitle(f"Settings · {self._words}" if self._words else "Settings")
        self.show(list_rows(found, self.room, self._signs), select, f"No setting has “{self._words}” in it.")


async def show_settings(app: TavernApp, *, typed: str = "", at: str = "") -> None:
    """Show the settings, those that have ``typed`` in them or the one called ``at``, and let what is changed hold."""
    loading: set[str] = set()

    async def taken(setting: SettingRow) -> str:
        app.reload()
        if setting.name == "ui.theme":
            app.theme_name = app.workspace.settings.ui.theme
            problems = use_theme(app, app.workspace.directories, app.theme_name, app.depth)
            return " ".join(map(str, problems))
        if setting.name == "ui.confirm":
            app.chat.asks = app.workspace.settings.ui.confirm != "never"
        elif setting.name == "ui.follow":
            app.chat.mirror.log.follow = Follow(app.workspace.settings.ui.follow)
        elif setting.holds_from is Holds.LOADING:
            loading.add(setting.name)
        elif setting.holds_from is Holds.REPLY and app.chat.session is not None:
            take_settings(app.chat.session, app.workspace, wishes_here(app), watch=app.chat.engine_event)
        return ""

    await app.push_screen_wait(SettingsScreen(app.workspace, taken, typed=typed, at=at, glyphs=app.glyphs))
    if loading and not app.chat.busy:
        await connect_anew(app)
