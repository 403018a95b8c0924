"""Backups by date, the chats of one, how a chat of one ends, and putting a chat or everything back.

Nothing present is ever overwritten: what differs comes as a copy beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.backups import KeptChat, Restoring, all_backups, kept_chats, moment, preview, put_back
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.inspection import wrapped
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.storage.backup import Backup
    from tavern_tui.ui.app import TavernApp

PREVIEWED = 12
"""Turns of a chat's end that are shown before it is put back."""

_EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class RestoreTools:
    """What the screen works with; all of it blocks and raises ``TavernError``."""

    backups: Callable[[], Sequence[Backup]]
    chats: Callable[[Backup], Sequence[KeptChat]]
    preview: Callable[[Backup, str], Sequence[str]]
    put_back: Callable[[Backup, Sequence[str]], Restoring]


class RestoreScreen(ListPage[None]):
    """The backups; Enter looks into one, Enter on a chat there shows its end, ``r`` puts it back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "restore", show=False),
        Binding("right", "choose", show=False),
        Binding("left", "leave", show=False),
    ]

    def __init__(self, tools: RestoreTools, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Restore from a backup", glyphs=glyphs)
        self._tools = tools
        self._backups: dict[str, Backup] = {}
        self._opened: Backup | None = None

    def on_mount(self) -> None:
        """Read which backups there are."""
        self.say("What differs from what you have comes as a copy beside it; nothing is overwritten.")
        self._list()

    def keys(self) -> Keys:
        """The keys that hold now."""
        if self._opened is None:
            return (("Enter", "look into it"), ("Esc", "close"))
        return (("r", "put back"), ("Enter", "look at it"), ("Esc", "back"))

    async def chosen(self, row: ListRow) -> None:
        """Look into a backup, or at a chat of one."""
        if self._opened is None:
            self._look_into(self._backups[row.id])
        elif row.id == _EVERYTHING:
            self.say("r puts all of it back; nothing is overwritten.")
        else:
            self._look_at(self._opened, row)

    def action_restore(self) -> None:
        """Put back what is selected."""
        row = self.rows.selected
        if self._opened is not None and row is not None:
            self._put_back(self._opened, [] if row.id == _EVERYTHING else [row.id])

    def action_leave(self) -> None:
        """Back to the backups, else close."""
        if self._opened is None:
            self.dismiss(None)
            return
        opened, self._opened = self._opened, None
        self.retitle("Restore from a backup")
        self._show_backups(select=opened.path.name)

    @work(exclusive=True, group="read")
    async def _list(self) -> None:
        try:
            found = await asyncio.to_thread(self._tools.backups)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self._backups = {one.path.name: one for one in found}
        self._show_backups()

    def _show_backups(self, select: str = "") -> None:
        listed = [_backup_row(one) for one in self._backups.values()]
        self.show([_shown(row, self._signs) for row in listed], select, "There is no backup yet: one is made each day.")

    @work(exclusive=True, group="read")
    async def _look_into(self, backup: Backup) -> None:
        if backup.problem:
            self.say(backup.problem, problem=True)
            return
        self.retitle(f"Reading the backup of {moment(backup.at)}…")
        try:
            chats = await asyncio.to_thread(self._tools.chats, backup)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self._opened = backup
        self.retitle(f"Backup of {moment(backup.at)}")
        files = f"{backup.files:,} files: chats, characters, lorebooks, presets, settings"
        rows = [ListRow(_EVERYTHING, "Everything in it", _counted(backup), files), *map(_chat_row, chats)]
        self.show([_shown(row, self._signs) for row in rows])

    @work(exclusive=True, group="read")
    async def _look_at(self, backup: Backup, row: ListRow) -> None:
        """Show how the chat ends in the backup."""
        try:
            lines = await asyncio.to_thread(self._tools.preview, backup, row.id)
        except TavernError as error:
            self.say(str(error), problem=True)
            return

        def shown(width: int) -> list[Content]:
            return [piece for line in lines for piece in (wrapped(line, width) if line else [Content("")])]

        await self.app.push_screen_wait(TextPage(f"{row.title}: its last turns", shown, glyphs=self._signs))
        self.say("r puts it back.")

    @work(exclusive=True, group="put back")
    async def _put_back(self, backup: Backup, names: Sequence[str]) -> None:
        self.say("Putting it back…")
        try:
            done = await asyncio.to_thread(self._tools.put_back, backup, names)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self.say(done.told)


def _backup_row(backup: Backup) -> ListRow:
    name = backup.path.name
    if backup.problem:
        return ListRow(name, safe_line(name), "", safe_line(backup.problem), muted=True)
    kind = "daily" if backup.daily else "asked for"
    size = f"{backup.size / 1e6:,.1f} MB" if backup.size >= 100_000 else f"{max(1, backup.size // 1000):,} kB"
    return ListRow(name, moment(backup.at), _counted(backup), f"{kind} · {size} · {safe_line(name)}")


def _chat_row(chat: KeptChat) -> ListRow:
    turns = f"{chat.turns:,} turns" if chat.turns != 1 else "1 turn"
    when = moment(chat.last)[:16] if chat.last else ""
    return ListRow(chat.name, chat.title, turns, chat.problem or when, muted=bool(chat.problem))


def _counted(backup: Backup) -> str:
    chats = f"{backup.chats:,} chats" if backup.chats != 1 else "1 chat"
    turns = f"{backup.turns:,} turns" if backup.turns != 1 else "1 turn"
    return f"{chats} · {turns}"


def _shown(row: ListRow, glyphs: Glyphs) -> ListRow:
    title, right, detail = (plain(text, glyphs) for text in (row.title, row.right, row.detail))
    return replace(row, title=title, right=right, detail=detail)


async def show_restore(app: TavernApp) -> None:
    """Look at the backups, and put something back."""
    workspace = app.workspace
    tools = RestoreTools(
        backups=partial(all_backups, workspace),
        chats=lambda backup: kept_chats(workspace, backup, shows_private=app.shows_private),
        preview=partial(preview, last=PREVIEWED),
        put_back=partial(put_back, workspace),
    )
    await app.push_screen_wait(RestoreScreen(tools, glyphs=app.glyphs))
