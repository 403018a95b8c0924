"""One writer in full: what answers, its model, context and template, its key's state, who uses it; and for a saved
connection what is kept of it, to be changed here.

What is chosen here (to use it, to test it) is the screen's result: what follows is the caller's business.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from textual import work
from textual.binding import Binding, BindingType

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session import connections
from tavern_tui.session.connection_page import Fact, facts_now, more_facts, saved_of
from tavern_tui.session.engine_choices import keep_key
from tavern_tui.session.secret_list import one_origin
from tavern_tui.session.workspace import Workspace
from tavern_tui.session.writers import Writer, WriterKind
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.key_entry import KeyEntry
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.widgets.rows import ListRow, plain

USE, USE_HERE, TEST, CHANGED = "use", "here", "test", "changed"
"""What the screen ends with: use the writer everywhere or in this chat, test it, or list the connections anew."""

_FIELD = "/field "
_FIELDS: Final = {
    "address": "where it is: rig:5001, https://host/v1, or a GGUF file",
    "model": "the model to ask a server for; empty: the one that is loaded",
    "template": "the instruct template; empty: chosen from the model",
    "preset": "the sampler preset; empty: as the settings say",
    "context_tokens": "the context in tokens; empty: the server's own",
    "key": "the name of a key, never the key itself; empty: one that is for the address",
}


class ConnectionScreen(ListPage[str | None]):
    """The writer ``writer``; its result is ``USE``, ``USE_HERE``, ``TEST`` or ``CHANGED``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)", show=False),
        Binding("u", "end('use')", show=False),
        Binding("h", "end('here')", show=False),
        Binding("t", "end('test')", show=False),
        Binding("s", "save", show=False),
        Binding("k", "key", show=False),
        Binding("r,d", "remove", show=False),
    ]

    def __init__(self, workspace: Workspace, writer: Writer, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__(writer.saved or writer.title, glyphs=glyphs)
        self._workspace = workspace
        self._writer = writer
        self._kept: dict[str, Any] = {}
        self._facts: list[Fact] = [Fact("state", "looking…")]
        self._changed = False
        self._sure = False

    def keys(self) -> Keys:
        """Those that hold for this writer."""
        saved = bool(self._writer.saved)
        keyed = (("k", "key"),) if self._writer.server else ()
        stored = (("Enter", "change"),) if saved else ()
        last = (("r", "remove"),) if saved else (("s", "save"),)
        return (("u", "use"), ("t", "test"), *stored, *keyed, *last, ("h", "use in this chat alone"), ("Esc", "back"))

    def on_mount(self) -> None:
        """Look at it."""
        self._look()

    def selected(self, row: ListRow | None) -> None:
        """Say what a field is."""
        self._sure = False
        name = row.id.removeprefix(_FIELD) if row is not None and row.id.startswith(_FIELD) else ""
        self.say(f"{_FIELDS[name][:1].upper()}{_FIELDS[name][1:]}." if name else "")

    async def chosen(self, row: ListRow) -> None:
        """Change a field, or use the writer."""
        if not row.id.startswith(_FIELD):
            return
        name = row.id.removeprefix(_FIELD)

        async def take(typed: str) -> None:
            changes = {name: typed.strip() or None if name == "context_tokens" else typed.strip()}
            await asyncio.to_thread(connections.edit, self._workspace, self._writer.saved, changes)
            self._changed = True
            self._look()

        kept = self._kept.get(name)
        self.ask(take, "" if kept is None else str(kept), hint=_FIELDS[name], replaced=name != "address")

    def action_end(self, what: str) -> None:
        """Close it, with what is wanted."""
        if not self.entering:
            self.dismiss(what)

    def action_leave(self) -> None:
        """Leave the line, else the screen."""
        if self.entering:
            super().action_leave()
        else:
            self.dismiss(CHANGED if self._changed else None)

    def action_save(self) -> None:
        """Save it under a name."""
        if self._writer.saved or self.entering:
            return
        if self._writer.kind is WriterKind.STARTER:
            self.say("The starter model needs no connection: it is always in the list.", problem=True)
            return

        async def take(name: str) -> None:
            address = self._writer.server or self._writer.model
            await asyncio.to_thread(connections.add, self._workspace, name.strip(), address)
            self.dismiss(CHANGED)

        self.ask(take, hint="a name for it, like rig")

    def action_key(self) -> None:
        """Ask for its key, without showing it."""
        if self._writer.server and not self.entering:
            self._enter_key()

    def action_remove(self) -> None:
        """Save it no longer; on the second press."""
        if not self._writer.saved or self.entering:
            return
        if self._sure:
            self.do(self._remove())
        else:
            self._sure = True
            self.say(f"r again removes {self._writer.saved}. Chats that name it go on with the usual writer.")

    async def _remove(self) -> None:
        told = await asyncio.to_thread(connections.remove, self._workspace, self._writer.saved)
        for sentence in told:
            self.notify(safe_line(sentence, 300), markup=False)
        self.dismiss(CHANGED)

    @work(exclusive=True, group="key")
    async def _enter_key(self) -> None:
        try:
            origin = await asyncio.to_thread(one_origin, self._workspace, self._writer.saved or self._writer.server)
            typed = await self.app.push_screen_wait(KeyEntry(origin, glyphs=self._signs))
            if not typed.strip():
                return
            told = await keep_key(self._workspace, origin, typed)
        except TavernError as error:
            self.say(str(error), problem=True)
            return
        self._changed = True
        self._look()
        self.say(str(told))

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        saved = await asyncio.to_thread(saved_of, self._workspace, self._writer)
        self._kept = connections.described(saved) if saved is not None else {}
        by_hand = f"written by hand: {saved.where}" if saved is not None and saved.by_hand else ""
        more = await more_facts(self._workspace, self._writer)
        if by_hand:
            more.append(Fact("kept", safe_line(by_hand, 200)))
        self._show([*self._facts, *more])
        self._facts = await facts_now(self._workspace, self._writer)
        self._show([*self._facts, *more])

    def _show(self, facts: list[Fact]) -> None:
        rows = [_fact_row(place, fact, self._signs) for place, fact in enumerate(facts)]
        if self._kept:
            rows.append(heading("What is saved"))
            for name in _FIELDS:
                value = self._kept[name]
                shown = "—" if value in (None, "") else safe_line(f"{value:,}" if isinstance(value, int) else value, 80)
                rows.append(ListRow(_FIELD + name, name.replace("_", " "), plain(shown, self._signs)))
        before = self.rows.selected
        self.show(rows, before.id if before is not None else "")


def _fact_row(place: int, fact: Fact, glyphs: Glyphs) -> ListRow:
    """A fact on as many lines as it needs; what it is about stands before it, where the text does not say it."""
    text = fact.text if fact.text.startswith("Template:") or not fact.what else f"{fact.what}: {fact.text}"
    return ListRow(f"/fact {place}", plain(text if fact.what else f"  {text}", glyphs), wraps=True, muted=fact.problem)
