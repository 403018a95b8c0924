"""What is done with a card as a file: made, duplicated, exported, deleted. The card's fields are ``commands``'."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.cards import (
    DeletedCard,
    delete_card,
    deleted_cards,
    duplicate_card,
    export_card,
    new_card,
    restore_deleted,
)
from tavern_tui.session.moving_places import typed_path
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.ui.screens.character import CharacterScreen

_TOLD = 300


class CardShelf:
    """The cards of ``workspace`` as files. All methods block, and raise ``TavernError``."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def new(self, name: str) -> Path:
        """A card from nothing; its file."""
        return new_card(self._workspace, name, {}).path

    def copy(self, path: Path) -> Path:
        """A second card like that at ``path``; its file."""
        return duplicate_card(self._workspace, str(path)).path

    def delete(self, path: Path) -> str:
        """Move a card to the trash; what to say."""
        item = delete_card(self._workspace, str(path))
        return f"{item.files[0].stem} is in the trash: B on any card brings it back."

    def deleted(self) -> list[DeletedCard]:
        """The cards in the trash, the last first."""
        return deleted_cards(self._workspace)

    def restore(self, deleted: DeletedCard) -> Path:
        """Bring a card back from the trash; its file."""
        files = restore_deleted(self._workspace, deleted)
        return self._workspace.character(files[0].stem)[1]  # of a card and its portrait, the card

    def export(self, path: Path, typed: str) -> str:
        """Write a card to the file or folder that was typed; what to say."""
        target, remarks = export_card(self._workspace, str(path), typed_path(typed))
        told = [f"{one.place}: {one.text}" if one.place else one.text for one in remarks]
        return " ".join([f"Written: {target}.", *told])


async def asked(
    screen: CharacterScreen, title: str, help: str, do: Callable[[str], Awaitable[None]], value: str = ""
) -> None:
    """Ask for a line until ``do`` takes it; what is wrong with it is said above it."""
    said = help
    while True:
        typed = await screen.app.push_screen_wait(AskLine(title, value, help=said, glyphs=screen.glyphs))
        if not typed:
            return
        try:
            await do(typed)
        except TavernError as error:
            said, value = safe_line(str(error), _TOLD), typed
            continue
        return


async def new(screen: CharacterScreen) -> None:
    """Make a character from nothing, and go on with that one."""
    shelf = screen.desk.tools.shelf
    if shelf is None:
        return

    async def made(typed: str) -> None:
        screen.dismiss(await asyncio.to_thread(shelf.new, typed))

    await asked(screen, "A new character", "Its name; everything else is written then.", made)


async def copy(screen: CharacterScreen) -> None:
    """Duplicate the character, and go on with the copy."""
    shelf = screen.desk.tools.shelf
    if shelf is not None:
        screen.dismiss(await asyncio.to_thread(shelf.copy, screen.desk.card.path))


async def export(screen: CharacterScreen) -> None:
    """Write the card somewhere else."""
    shelf = screen.desk.tools.shelf
    if shelf is None:
        return

    async def made(typed: str) -> None:
        screen.tell(await asyncio.to_thread(shelf.export, screen.desk.card.path, typed))

    await asked(screen, "Export to", "A file that ends in .png, .charx or .json, or a folder.", made)


async def delete(screen: CharacterScreen) -> None:
    """Move the character to the trash, once that was said again."""
    desk = screen.desk
    if desk.tools.shelf is None:
        return
    detail = f"It is {desk.card.used}; chats stay." if desk.card.used else "No chat uses it."
    rows = [ListRow("no", "Keep it"), ListRow("yes", "Delete it, to the trash", detail=safe_line(detail, _TOLD))]
    question = f"Delete {safe_line(desk.character.name, 60)}?"
    if await screen.app.push_screen_wait(RowChoice(question, rows, glyphs=screen.glyphs)) == "yes":
        told = await asyncio.to_thread(desk.tools.shelf.delete, desk.card.path)
        screen.app.notify(safe_line(told, _TOLD), markup=False)
        screen.dismiss(None)


async def restore(screen: CharacterScreen) -> None:
    """Bring back a character that was deleted, and go on with that one."""
    shelf = screen.desk.tools.shelf
    if shelf is None:
        return
    there = await asyncio.to_thread(shelf.deleted)
    if not there:
        screen.tell("No character is in the trash.")
        return
    rows = [ListRow(str(at), safe_line(one.name, 60), one.item.when) for at, one in enumerate(there)]
    picked = await screen.app.push_screen_wait(RowChoice("Who is to come back?", rows, glyphs=screen.glyphs))
    if picked is not None:
        screen.dismiss(await asyncio.to_thread(shelf.restore, there[int(picked)]))
