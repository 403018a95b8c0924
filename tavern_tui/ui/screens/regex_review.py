"""The user's own regex scripts: what each does, and switching it on or off. Imported ones arrive switched off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from tavern_tui.domain.errors import TavernError
from tavern_tui.session.regex_review import Reviewed, scripts_to_review, switch_script
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.ui.app import TavernApp

EMPTY = "There is no regex script yet: /import brings some."


class RegexReview(ListPage[None]):
    """The scripts that ``read`` gives; Enter or Space hands one to ``switch``. Both block."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "choose", show=False)]

    def __init__(
        self,
        read: Callable[[], Sequence[Reviewed]],
        switch: Callable[[Reviewed, bool], None],
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__("Regex scripts", glyphs=glyphs)
        self._read = read
        self._switch = switch
        self._scripts: dict[str, Reviewed] = {}

    def on_mount(self) -> None:
        """Read them."""
        self.say("")
        self._fill()

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (("Enter", "switches on or off"), ("Esc", "close"))

    def selected(self, row: ListRow | None) -> None:
        """Say of the selected script where it applies, and what is doubtful about it."""
        script = self._scripts.get(row.id) if row is not None else None
        if script is not None:
            self.say(script.problem or script.about, problem=bool(script.problem))

    async def chosen(self, row: ListRow) -> None:
        """Switch it."""
        script = self._scripts[row.id]
        if script.problem and not script.on:
            self.say(script.problem, problem=True)
            return
        await asyncio.to_thread(self._switch, script, not script.on)
        self._scripts[row.id] = replace(script, on=not script.on)
        self._show(row.id)

    @work(exclusive=True, group="read")
    async def _fill(self) -> None:
        try:
            found = await asyncio.to_thread(self._read)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self._scripts = {f"{one.path}:{one.place}": one for one in found}
        self._show()

    def _show(self, select: str = "") -> None:
        rows = [_row(key, one, self._signs) for key, one in self._scripts.items()]
        self.show(rows, select, plain(EMPTY, self._signs))


def _row(key: str, script: Reviewed, glyphs: Glyphs) -> ListRow:
    state = "broken" if script.problem else "on" if script.on else "off"
    what = plain(script.what.replace("→", "->") if glyphs is not UNICODE_GLYPHS else script.what, glyphs)
    return ListRow(key, script.name, state, what, muted=bool(script.problem))


def review_of(workspace: Workspace, glyphs: Glyphs) -> RegexReview:
    """The screen for the scripts of ``workspace``."""
    return RegexReview(
        partial(scripts_to_review, workspace),
        lambda script, on: switch_script(script.path, script.place, on),
        glyphs=glyphs,
    )


async def show_regex(app: TavernApp) -> None:
    """Look over the scripts; the open chat takes up what was changed with its next reply."""
    from tavern_tui.session.regex_scripts import chat_scripts

    await app.push_screen_wait(review_of(app.workspace, app.glyphs))
    session = app.chat.session
    if session is not None:
        told = await asyncio.to_thread(chat_scripts, app.workspace, session.character)
        if told.scripts != session.scripts.scripts:
            session.scripts.scripts = told.scripts
            app.chat.hint("The scripts hold from the next reply on; earlier ones when the chat is opened again")
