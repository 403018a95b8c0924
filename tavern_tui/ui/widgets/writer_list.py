"""``WriterList``: the list *Who writes?*, filled while it is looked at; of the first start and of ``/connect``.

It begins on the best find and moves on to a better one as long as nobody has moved in it. What is found, and in which
order it stands, is ``session.writers``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from textual.message import Message

from tavern_tui.session.writers import Writer, WriterKind, best_of, rank
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

Search = Callable[[], AsyncIterator[Writer]]
"""Looks for writers, the starter coming last."""


class WriterList(RowList):
    """Writers in the order of their rank. ``prefer_current``: begin on the one in use, where it is found."""

    @dataclass
    class Changed(Message):
        """Other writers are shown."""

        writers: WriterList

    def __init__(self, *, prefer_current: bool = False, glyphs: Glyphs = UNICODE_GLYPHS, id: str | None = None) -> None:
        super().__init__(empty=plain("Looking who can write…", glyphs), glyphs=glyphs, id=id)
        self._signs = glyphs
        self._prefer_current = prefer_current
        self._writers: dict[str, Writer] = {}
        self._added: dict[str, Writer] = {}
        self._moved = False

    @property
    def writer(self) -> Writer | None:
        """The selected one."""
        return self._writers.get(self.selected.id) if self.selected else None

    @property
    def likeliest(self) -> Writer | None:
        """The selected one if it can write, else the best that can; ``None`` where nobody can."""
        selected = self.writer
        best = selected if selected is not None and selected.usable else best_of(self._writers.values())
        return best if best is not None and best.usable else None

    @property
    def settled(self) -> bool:
        """Whether everything was looked at."""
        return any(writer.kind is WriterKind.STARTER for writer in self._writers.values())

    @property
    def certain(self) -> bool:
        """Whether nothing that is still to be found would be chosen before the selected one."""
        if self.settled or self._moved:
            return True
        pending = any(writer.pending for writer in self._writers.values())
        first = (WriterKind.SAVED, WriterKind.SERVER)
        return not pending and self.writer is not None and self.writer.kind in first and self.writer.usable

    @property
    def found(self) -> int:
        """How many can write, as far as is known."""
        return sum(writer.usable and writer.kind is not WriterKind.STARTER for writer in self._writers.values())

    def add(self, writer: Writer) -> None:
        """Show one more, in its place; one with the key of another takes its place.

        What is added in one go is shown in one go, and ``Changed`` is posted then.
        """
        self._added[writer.key] = writer
        if len(self._added) == 1:
            self.call_next(self._arrange)

    def take(self, writer: Writer) -> None:
        """Show ``writer`` and select it."""
        self._added[writer.key] = writer
        self._moved = True
        self._arrange(writer.key)

    def select(self, place: int) -> None:
        """Select the row at ``place``; from now on new finds do not move the selection."""
        self._moved = self._moved or bool(self.rows)
        super().select(place)

    def _arrange(self, select: str = "") -> None:
        self._writers |= self._added
        self._added.clear()
        ordered = sorted(self._writers.values(), key=rank)
        if not select and self._moved and self.selected is not None:
            select = self.selected.id
        if not select:
            current = [writer for writer in ordered if writer.current and self._prefer_current]
            best = current[0] if current else best_of(ordered)
            select = best.key if best else ""
        self.show([_row(writer, self._signs, self._prefer_current) for writer in ordered], select)
        self.post_message(self.Changed(self))


def _row(writer: Writer, glyphs: Glyphs, tell_current: bool) -> ListRow:
    title = f"{writer.title} · in use" if writer.current and tell_current else writer.title
    below = writer.kind is WriterKind.STARTER
    return ListRow(
        writer.key,
        plain(title, glyphs),
        right="" if below else plain(writer.about, glyphs),
        detail=plain(writer.about, glyphs) if below else "",
        wraps=True,
        muted=bool(writer.problem) or writer.pending,
    )
