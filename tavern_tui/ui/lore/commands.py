"""What can be done with a lorebook's entries: one table, from which the keys and the menu are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.widgets import Input

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.session.lore_fields import BY_NAME, Field, Kind
from tavern_tui.session.lore_listing import EntryRow, Only, Sort
from tavern_tui.session.lore_text import entries_text, read_entries
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.screens.commands import Command, asking, chosen, edited, from_menu, written
from tavern_tui.ui.screens.lore_entry import EntryText
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.ui.screens.lorebook import LorebookScreen

COMMANDS = (
    Command("switch", "space", "Space", "On or off"),
    Command("mark", "v", "v", "Mark"),
    Command("mark_all", "V", "V", "Mark all that are shown"),
    Command("bulk", "b", "b", "Change the marked ones…"),
    Command("new", "n", "n", "A new entry"),
    Command("copy", "c", "c", "Duplicate"),
    Command("delete", "d,delete", "d", "Delete"),
    Command("find", "slash", "/", "Find in titles, keys and texts"),
    Command("only", "f", "f", "Show only…"),
    Command("sort", "s", "s", "Sort otherwise"),
    Command("attempt", "t", "t", "Try it: who fires, and why"),
    Command("editor", "E", "E", "Edit the marked ones as one text"),
    Command("undo", "u", "u", "Take the last change back"),
    Command("menu", "m", "m", "All of this"),
)
"""Every command, in the order of the menu."""

_OF_LIST = ("mark", "mark_all", "find", "only", "sort")
_BULK: Mapping[str, str] = {
    "enabled": "On or off",
    "position": "Place",
    "depth": "Depth",
    "order": "Order",
    "probability": "Chance in percent",
    "group": "Groups",
    "move": "Move to another book…",
    "carry": "Copy to another book…",
    "duplicate": "Duplicate here",
    "delete": "Delete",
}


def run(screen: LorebookScreen, command: str, *, by_key: bool = True) -> None:
    """Do it. One about the list goes back to that first; the key that switches turns a choice of a form."""
    if screen.editing and by_key and command == "switch":
        screen.action_choose()
        return
    if screen.editing and command in _OF_LIST:
        screen.editing = False
        screen.show()
    _RUN[command](screen)


def _targets(screen: LorebookScreen) -> list[LoreEntry]:
    return screen.desk.targets(screen.table.selected)


def _switch(screen: LorebookScreen) -> None:
    if entries := _targets(screen):
        screen.act(partial(screen.desk.switch, entries))


def _mark(screen: LorebookScreen) -> None:
    if screen.table.selected is not None:
        screen.desk.mark({screen.table.selected.entry.uid})
        screen.show()
        screen.action_move(1)


def _mark_all(screen: LorebookScreen) -> None:
    screen.desk.mark({row.entry.uid for row in screen.table.rows})
    screen.show()


def _new(screen: LorebookScreen) -> None:
    async def made() -> str:
        desk = screen.desk
        uid = await desk.add()
        desk.words, desk.only, desk.sort = "", Only.ALL, Sort.BOOK
        screen.editing = True
        screen.show()
        screen.table.select([row.entry.uid for row in screen.table.rows].index(uid))
        return "A new entry: give it keys and a text. u takes it back."

    screen.act(made)


def _copy(screen: LorebookScreen) -> None:
    if entries := _targets(screen):
        screen.act(partial(screen.desk.duplicate, entries))


def _delete(screen: LorebookScreen) -> None:
    if entries := _targets(screen):
        screen.act(partial(screen.desk.delete, entries))


def _sort(screen: LorebookScreen) -> None:
    kinds = list(Sort)
    screen.desk.sort = kinds[(kinds.index(screen.desk.sort) + 1) % len(kinds)]
    screen.show()
    screen.tell(f"Sorted by {screen.desk.sort.value}." if screen.desk.sort is not Sort.BOOK else "As in the book.")


def _undo(screen: LorebookScreen) -> None:
    screen.act(screen.desk.undo)


async def edit_field(screen: LorebookScreen, *, name: str) -> None:
    """Ask for another value of a field of the selected entry; one that turns is turned."""
    row, field = screen.table.selected, BY_NAME[name]
    if row is None or field.kind is Kind.SEEN:
        return
    entry, desk = row.entry, screen.desk
    typed: str | None
    if field.kind is Kind.CHOICE:
        typed = field.shown(field.turned(entry, 1))
    elif field.kind is Kind.TEXT:
        await _text(screen, row, field)
        return
    else:
        typed = await _typed(screen, field, field.title, entry)
    if typed is not None and (changed := field.read(entry, typed)) != entry:
        screen.act(partial(desk.put, changed, field.title))


def _took(screen: LorebookScreen, told: str) -> None:
    screen.tell(told)
    screen.show()
    screen.learn()


async def _text(screen: LorebookScreen, row: EntryRow, field: Field) -> None:
    desk = screen.desk

    def page(text: str) -> EntryText:
        return EntryText(row.title, text, count=desk.tokens, editor=desk.tools.editor, glyphs=screen.glyphs)

    async def take(text: str) -> None:
        if text != row.entry.content:
            _took(screen, await desk.put(field.read(row.entry, text), field.title))

    await written(screen.app, page, row.entry.content, take, screen.glyphs)


def _find(screen: LorebookScreen) -> None:
    entry = screen.query_one("#entry", Input)
    entry.add_class("-open")
    screen.set_focus(entry)  # at once: the next key is a letter to find, and no command


async def _typed(screen: LorebookScreen, field: Field, title: str, entry: LoreEntry) -> str | None:
    ask = AskLine(
        title,
        field.typed(entry),
        help=field.help,
        check=lambda typed: field.read(entry, typed),
        glyphs=screen.glyphs,
    )
    return await screen.app.push_screen_wait(ask)


async def _only(screen: LorebookScreen) -> None:
    desk = screen.desk
    rows = [ListRow(one.value, one.value.capitalize(), f"{len(desk.list.shown(desk.words, one)):,}") for one in Only]
    picked = await chosen(screen, "Show only", rows, desk.only.value)
    if picked is not None:
        desk.only = Only(picked)
        screen.show()


async def _menu(screen: LorebookScreen) -> None:
    picked = await from_menu(screen, COMMANDS)
    if picked is not None:
        run(screen, picked, by_key=False)


async def _bulk(screen: LorebookScreen) -> None:
    entries = _targets(screen)
    if not entries:
        return
    many = f"{len(entries):,} entries" if len(entries) > 1 else "one entry"
    picked = await chosen(screen, f"Change {many}", [ListRow(key, title) for key, title in _BULK.items()])
    match picked:
        case None:
            return
        case "delete":
            _delete(screen)
        case "duplicate":
            _copy(screen)
        case "move" | "carry":
            await _carry(screen, entries, move=picked == "move")
        case _:
            await _set(screen, entries, picked)


async def _set(screen: LorebookScreen, entries: Sequence[LoreEntry], name: str) -> None:
    field = BY_NAME[name]
    if field.kind is Kind.CHOICE and field.choices:
        words = [str(word) for word in field.choices.values()]
        typed = await chosen(screen, field.title, [ListRow(word, word) for word in words])
    else:
        typed = await _typed(screen, field, f"{field.title} of {len(entries):,} entries", entries[0])
    if typed is not None:
        screen.act(partial(screen.desk.set_field, entries, name, field.title, typed))


async def _carry(screen: LorebookScreen, entries: Sequence[LoreEntry], *, move: bool) -> None:
    tools = screen.desk.tools
    books = await asyncio.to_thread(tools.books)
    own = str(screen.desk.open_book.path)
    others = {one.id: one for one in books if not one.problem and str(one.path) != own}
    if not others or tools.open is None:
        screen.tell("There is no other book: make one in the list of lorebooks.")
        return
    rows = [ListRow(key, safe_line(one.name), f"{one.entries:,}") for key, one in others.items()]
    picked = await chosen(screen, f"{'Move' if move else 'Copy'} to which book?", rows)
    if picked is not None:
        other = await asyncio.to_thread(tools.open, others[picked])
        screen.act(partial(screen.desk.carry, entries, other, move=move))


async def _editor(screen: LorebookScreen) -> None:
    """The text comes back until it can be read, or is left as it was."""
    entries = _targets(screen)
    if not entries:
        return

    async def take(text: str) -> None:
        edit = read_entries(text)
        _took(screen, await screen.desk.change(f"{len(entries):,} entries edited as a text", edit))

    await edited(screen, entries_text(entries, screen.desk.open_book.name), screen.desk.tools.editor, take)


async def _attempt(screen: LorebookScreen) -> None:
    from tavern_tui.ui.screens.lore_trial import LoreTrialScreen

    attempt = screen.desk.tools.attempt
    if attempt is None:
        screen.tell("Open a chat first: lore is tried with its character and settings.")
        return
    await screen.app.push_screen_wait(LoreTrialScreen(screen.desk.open_book.book, attempt, glyphs=screen.glyphs))


_RUN: Mapping[str, Callable[[LorebookScreen], None]] = {
    "switch": _switch,
    "mark": _mark,
    "mark_all": _mark_all,
    "bulk": asking(_bulk),
    "new": _new,
    "copy": _copy,
    "delete": _delete,
    "find": _find,
    "only": asking(_only),
    "sort": _sort,
    "attempt": asking(_attempt),
    "editor": asking(_editor),
    "undo": _undo,
    "menu": asking(_menu),
}
