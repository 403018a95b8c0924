"""Actions for reading a long chat: finding words, going to one's own turns, bookmarks, and how a turn was made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.bookmarks import bookmarked, is_bookmarked
from tavern_tui.ui.chat.finding import go_to_turn
from tavern_tui.ui.chat.turn_actions import chosen

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.chat import ChatScreen


async def find(screen: ChatScreen, argument: str = "") -> None:
    """Ask for words to find, or go to the nearest turn with those that follow the command."""
    screen.open_session.changes.newest()
    if argument:
        await screen.finding.go(argument)
    else:
        await screen.finding.open()


async def close_find(screen: ChatScreen, _argument: str = "") -> None:
    """Go back to where one was before looking."""
    await screen.finding.close()


async def find_next(screen: ChatScreen, _argument: str = "") -> None:
    """The next turn with the words."""
    await screen.finding.step(1)


async def find_previous(screen: ChatScreen, _argument: str = "") -> None:
    """The turn before with the words."""
    await screen.finding.step(-1)


async def mine(screen: ChatScreen, _argument: str = "", *, step: int) -> None:
    """Select the nearest of one's own turns in that direction."""
    found = screen.mirror.mine(screen.selection.turn, step)
    if not found:
        raise NotFoundError(f"No turn of yours is {'above' if step < 0 else 'below'} this one.")
    screen.selection.select(found)


async def bookmark(screen: ChatScreen, _argument: str = "") -> None:
    """Set a bookmark at the turn, or take it away."""
    turn, tree = chosen(screen), screen.open_session.tree
    on = not is_bookmarked(tree, turn.id)
    await screen.open_session.changes.bookmark(turn.id, on)
    screen.mirror.refresh(screen.open_session.tree, turn.id)
    screen.hint("Bookmark set · ' lists them · {undo} undoes" if on else "Bookmark taken away · {undo} undoes")


async def bookmarks(screen: ChatScreen, _argument: str = "") -> None:
    """List the bookmarks of the chat, and go to the one that is chosen."""
    if not bookmarked(screen.open_session.tree):
        raise NotFoundError("There is no bookmark in this chat.", hint="m sets one at the selected turn.")
    screen.tavern.show(partial(_choose_bookmark, screen))


async def receipt(screen: ChatScreen, _argument: str = "") -> None:
    """Show how the turn was made."""
    turn = chosen(screen)
    screen.tavern.show(partial(_show_receipt, screen, turn.id))


async def _choose_bookmark(screen: ChatScreen, app: TavernApp) -> None:
    from tavern_tui.ui.screens.bookmarks import BookmarkList, bookmark_rows

    rows = bookmark_rows(screen.open_session.tree)
    turn = await app.push_screen_wait(BookmarkList(rows, near=screen.selection.turn, glyphs=app.glyphs))
    if turn is not None:
        await go_to_turn(screen, turn)


async def _show_receipt(screen: ChatScreen, turn: str, app: TavernApp) -> None:
    from tavern_tui.ui.screens.receipt import ReceiptScreen

    await app.push_screen_wait(ReceiptScreen(screen.open_session.tree, turn, glyphs=app.glyphs))


FINDING_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "chat.find": find,
    "chat.find_next": find_next,
    "chat.find_previous": find_previous,
    "chat.bookmarks": bookmarks,
    "turn.mine_previous": partial(mine, step=-1),
    "turn.mine_next": partial(mine, step=1),
    "turn.bookmark": bookmark,
    "turn.receipt": receipt,
    "popup.close": close_find,
}
