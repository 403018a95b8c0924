"""What can be done with a card: one table, from which the keys and the menu are made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual.content import Content

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.session.card_fields import CardField, Kind, with_language, world_of
from tavern_tui.session.character_editing import CardPreview, picture_kinds
from tavern_tui.ui.characters import library
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.screens.commands import Command, asking, chosen, edited, from_menu
from tavern_tui.ui.screens.inspection import wrapped
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.long_text import Lines
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.ui.screens.character import CharacterScreen

COMMANDS = (
    Command("editor", "o,ctrl+o", "o", "Write this field in $EDITOR"),
    Command("whole", "O", "O", "The whole card in $EDITOR, as Markdown"),
    Command("preview", "p", "p", "Preview: what the prompt has of it"),
    Command("undo", "u", "u", "Take the last change back"),
    Command("greeting", "n", "n", "Another greeting"),
    Command("group_greeting", "g", "g", "A greeting for groups alone"),
    Command("up", "K,shift+up", "K", "This greeting further up"),
    Command("down", "J,shift+down", "J", "This greeting further down"),
    Command("remove", "x,delete", "x", "Remove this greeting"),
    Command("favourite", "asterisk", "*", "Favourite, or no longer"),
    Command("picture", "P", "P", "Another picture"),
    Command("language", "L", "L", "Creator's notes in another language"),
    Command("new", "N", "N", "A new character"),
    Command("copy", "y", "y", "Duplicate this character"),
    Command("export", "e", "e", "Export as PNG, CHARX or JSON"),
    Command("delete", "D", "D", "Delete this character, to the trash"),
    Command("restore", "B", "B", "Bring back a deleted character"),
    Command("menu", "m", "m", "All of this"),
)
"""Every command, in the order of the menu."""


def run(screen: CharacterScreen, command: str) -> None:
    """Do it."""
    if not screen.pane.writing:
        _RUN[command](screen)
    elif command == "editor":
        screen.asking(_editor_on_area)


async def edit(screen: CharacterScreen) -> None:
    """Edit the selected field: a text beside the list, a lorebook where it lies, anything else in a line."""
    field = screen.field
    if field is None:
        return
    if field.kind is Kind.TEXT:
        screen.write(field)
    elif field.kind is Kind.CHOICE:
        screen.action_turn(1)
    elif field.id == "lorebook":
        await _book(screen)
    elif field.kind is Kind.BOOK:
        await _world(screen, field)
    elif field.kind is Kind.SEEN:
        said = field.said(screen.desk.character)
        page = TextPage(safe_line(field.title), _plain_lines(said), glyphs=screen.glyphs)
        await screen.app.push_screen_wait(page)
    else:
        typed = await _line(
            screen, field.title, field.said(screen.desk.character), field.help, partial(_tried, screen, field)
        )
        if typed is not None:
            screen.act(partial(screen.desk.put, field, typed))


def _tried(screen: CharacterScreen, field: CardField, typed: str) -> object:
    return field.made(screen.desk.character, typed)


async def _line(
    screen: CharacterScreen,
    title: str,
    value: str = "",
    help: str = "",
    check: Callable[[str], object] = lambda _typed: None,
) -> str | None:
    ask = AskLine(title, value, help=help, check=check, glyphs=screen.glyphs)
    return await screen.app.push_screen_wait(ask)


def _plain_lines(text: str) -> Lines:
    shown = safe(text)
    return lambda width: [Content(shown[start:end]) for start, end in wrap.lines(shown, max(1, width))]


async def _book(screen: CharacterScreen) -> None:
    if screen.desk.tools.lore is None:
        return
    if screen.desk.character.lorebook is None:
        rows = [ListRow("make", "Make one"), ListRow("no", "Leave it")]
        if await chosen(screen, "The card has no lorebook of its own", rows) != "make":
            return
        name = screen.desk.character.name
        screen.tell(
            await screen.desk.change("a lorebook in the card", lambda one: replace(one, lorebook=Lorebook(name)))
        )
    await screen.desk.tools.lore("")
    await asyncio.to_thread(screen.desk.card.reload)
    await screen.refreshed()


async def _world(screen: CharacterScreen, field: CardField) -> None:
    desk = screen.desk
    linked = world_of(desk.character)
    books = await asyncio.to_thread(desk.tools.books)
    there = linked in books and desk.tools.lore is not None
    rows = [ListRow("open", f"Open {safe_line(linked, 60)}")] if there else []
    rows += [ListRow("none", "None", "" if linked else "linked")]
    rows += [ListRow(f"book {name}", safe_line(name), "linked" if name == linked else "") for name in books]
    picked = await chosen(screen, "Which lorebook is read with it?", rows)
    if picked == "open" and desk.tools.lore is not None:
        await desk.tools.lore(linked)
    elif picked is not None:
        screen.act(partial(desk.put, field, picked.removeprefix("book ") if picked != "none" else ""))


async def _editor(screen: CharacterScreen) -> None:
    """The field in $EDITOR; what cannot be taken is offered again."""
    field = screen.field
    if field is None or field.kind in (Kind.SEEN, Kind.BOOK):
        screen.tell("This field is not edited as a text.")
        return

    async def take(text: str) -> None:
        screen.tell(await screen.desk.put(field, text))

    await edited(screen, field.said(screen.desk.character), screen.desk.tools.editor, take)
    await screen.refreshed()


async def _editor_on_area(screen: CharacterScreen) -> None:
    async with screen.desk.tools.editor(screen.pane.written) as given:
        screen.pane.put(given.text)
    if given.notice:
        screen.tell(given.notice)


async def _whole(screen: CharacterScreen) -> None:
    """The whole card in $EDITOR."""

    async def take(text: str) -> None:
        screen.tell(await screen.desk.take_whole(text))

    await edited(screen, screen.desk.whole(), screen.desk.tools.editor, take)
    await screen.refreshed()


async def _preview(screen: CharacterScreen) -> None:
    if screen.desk.tools.preview is None:
        return
    found = await screen.desk.tools.preview()
    page = TextPage(f"The prompt of {safe_line(screen.desk.character.name, 60)}", preview_lines(found))
    await screen.app.push_screen_wait(page)


def preview_lines(found: CardPreview) -> Lines:
    """A preview as lines: the sum, then each part with its tokens and its text."""
    about = "" if found.exact else "~"
    sums = f"{about}{found.tokens:,} of {found.context:,} tokens, before the chat itself"

    def lines(width: int) -> list[Content]:
        made = [Content(sums).stylize("$text-muted")]
        for part in found.parts:
            kind = safe_line(part.kind[:1].upper() + part.kind[1:], 40)
            named = safe_line(part.source.removeprefix("lore: "), 40)
            source = f" · {named}" if part.source.casefold() != part.kind else ""
            reason = f" · {safe_line(part.reason, 60)}" if part.reason else ""
            head = f"{kind}{source} · {about}{part.tokens:,} tokens{reason}"
            made += [Content(""), *wrapped(head, width, "bold $text-accent")]
            made += _plain_lines(part.text)(width)
        return made

    return lines


def _greeting(name: str) -> Callable[[CharacterScreen], None]:
    return lambda screen: screen.write(screen.desk.new_greeting(name))


def _move(steps: int) -> Callable[[CharacterScreen], None]:
    async def moved(screen: CharacterScreen) -> None:
        field = screen.field
        if field is None or not field.list:
            screen.tell("Greetings are moved: select one.")
            return
        before = screen.desk.character
        screen.tell(await screen.desk.move(field, steps))
        there = screen.desk.character is not before
        await screen.refreshed(f"{field.list} {field.place + steps}" if there else field.id)

    return asking(moved)


def _remove(screen: CharacterScreen) -> None:
    field = screen.field
    if field is None or not field.list:
        screen.tell("Greetings are removed: select one. Any other field is emptied by writing nothing.")
    else:
        screen.act(partial(screen.desk.remove, field))


def _favourite(screen: CharacterScreen) -> None:
    field = screen.desk.field("favourite")
    if field is not None:
        screen.act(partial(screen.desk.put, field, field.turned(screen.desk.character, 1)))


async def _picture(screen: CharacterScreen) -> None:
    async def taken(typed: str) -> None:
        screen.tell(await screen.desk.picture(typed))
        await screen.refreshed()
        screen.draw_portrait()

    await library.asked(screen, "The path of a picture", picture_kinds(), taken)


async def _language(screen: CharacterScreen) -> None:
    code = await _line(screen, "Which language?", help="Two letters: en, de, ja.", check=with_language)
    if code:
        screen.tell(await screen.desk.change(f"notes in {code}", with_language(code)))
        await screen.refreshed(f"notes {code.strip().lower()}")


def _undo(screen: CharacterScreen) -> None:
    screen.act(screen.desk.undo)


async def _menu(screen: CharacterScreen) -> None:
    picked = await from_menu(screen, COMMANDS)
    if picked is not None:
        run(screen, picked)


_RUN: Mapping[str, Callable[[CharacterScreen], None]] = {
    "editor": asking(_editor),
    "whole": asking(_whole),
    "preview": asking(_preview),
    "undo": _undo,
    "greeting": _greeting("greetings"),
    "group_greeting": _greeting("group"),
    "up": _move(-1),
    "down": _move(1),
    "remove": _remove,
    "favourite": _favourite,
    "picture": asking(_picture),
    "language": asking(_language),
    "new": asking(library.new),
    "copy": asking(library.copy),
    "export": asking(library.export),
    "delete": asking(library.delete),
    "restore": asking(library.restore),
    "menu": asking(_menu),
}
