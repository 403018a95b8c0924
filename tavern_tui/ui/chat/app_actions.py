"""Actions beyond the turns: scrolling, lists, help, the editor, the mouse, leaving."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.session.author_note import note_of, write_note
from tavern_tui.ui import popups
from tavern_tui.ui.chat.incognito import leave_app, loses_something
from tavern_tui.ui.chat.outside import edit_outside
from tavern_tui.ui.chat.refusing import ask_otherwise, refused_while_busy
from tavern_tui.ui.chatlog.view import scroll_screens
from tavern_tui.ui.clipboard import copy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def scroll_up(screen: ChatScreen, _argument: str = "") -> None:
    """Scroll the log up by a screen."""
    scroll_screens(screen.mirror.log, -1)


async def scroll_down(screen: ChatScreen, _argument: str = "") -> None:
    """Scroll the log down by a screen."""
    scroll_screens(screen.mirror.log, 1)


async def newline(screen: ChatScreen, _argument: str = "") -> None:
    """Begin a new line in the composer."""
    screen.composer.newline()


async def complete(screen: ChatScreen, _argument: str = "") -> None:
    """Complete the word in the composer; in an adventure take the next kind of input."""
    if not screen.adventuring.next_kind():
        screen.composer.complete()


async def history(screen: ChatScreen, _argument: str = "") -> None:
    """Put the last message into the composer; ↑ and ↓ walk on from there."""
    screen.composer.history_back()


async def undo_typing(screen: ChatScreen, _argument: str = "") -> None:
    """Take back the last change of what is being written."""
    screen.composer.undo()


async def redo_typing(screen: ChatScreen, _argument: str = "") -> None:
    """Bring that change back."""
    screen.composer.redo()


async def write_outside(screen: ChatScreen, _argument: str = "") -> None:
    """Write on in $EDITOR."""

    async def put(text: str) -> None:
        screen.composer.put(text)

    screen.run_worker(edit_outside(screen, screen.composer.full_text, put), group="editor", exclusive=True)


async def repaint(screen: ChatScreen, _argument: str = "") -> None:
    """Draw the screen from nothing, for the terminal that shows it now."""
    from tavern_tui.ui.terminal.following import look_again

    screen.tavern.repaint()
    await look_again(screen.tavern)


async def profile(screen: ChatScreen, argument: str = "") -> None:
    """Take the terminal for what follows the command; say what it is taken for."""
    from tavern_tui.ui.terminal.following import choose_profile

    screen.hint(await choose_profile(screen.tavern, argument))


async def copied(screen: ChatScreen, text: str, what: str) -> None:
    """Copy ``text`` and say where it went."""
    screen.hint(await copy(screen.tavern, text, what))


async def leave(screen: ChatScreen, _argument: str = "") -> None:
    """Copy what is marked, else stop the reply, else quit on the second press."""
    if marked := screen.get_selected_text() or screen.composer.selected_text:
        await copied(screen, marked, "what is marked")
        screen.clear_selection()
    elif screen.busy:
        await screen.stop_reply()
    else:
        await screen.tavern.quit_on_second_press()


async def palette(screen: ChatScreen, _argument: str = "") -> None:
    """Show everything that can be done."""
    screen.tavern.show(popups.palette)


async def show_help(screen: ChatScreen, _argument: str = "") -> None:
    """Show the keys."""
    screen.tavern.show(popups.show_help)


async def new_chat(screen: ChatScreen, _argument: str = "") -> None:
    """Begin another chat with this character."""
    if not refused_while_busy(screen):
        name = screen.open_session.character.name
        screen.tavern.open_chat(replace(screen.tavern.wishes, character=name, chat="", new=True))


async def inspect(screen: ChatScreen, _argument: str = "") -> None:
    """Show the prompt of the next reply."""
    screen.tavern.show(popups.inspector)


async def note(screen: ChatScreen, argument: str = "") -> None:
    """Write the author's note, or take what follows the command for it."""
    session = screen.open_session
    if not argument:
        from tavern_tui.ui.screens.author_note import show_author_note

        screen.tavern.show(show_author_note)
        return
    screen.hint(await write_note(session, replace(note_of(session.tree), text=argument)))


async def mouse(screen: ChatScreen, argument: str = "") -> None:
    """Give the mouse to the terminal, or take it."""
    if argument not in ("on", "off"):
        ask_otherwise(screen, argument, "/mouse off leaves the mouse to the terminal · /mouse on takes it")
        return
    from tavern_tui.session.mouse_choices import choose_mouse

    screen.tavern.use_mouse(argument == "on")
    await asyncio.to_thread(choose_mouse, screen.tavern.workspace.directories, os.environ, argument == "on")
    screen.hint("The mouse is the app's" if argument == "on" else "The mouse is the terminal's")


async def quit_app(screen: ChatScreen, _argument: str = "") -> None:
    """Quit from the palette or by command: nobody types that by accident."""
    if screen.busy:
        await screen.stop_reply()
    if loses_something(screen.tavern):
        screen.tavern.show(leave_app)
        return
    await screen.tavern.leave()


APP_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "app.palette": palette,
    "app.help": show_help,
    "app.repaint": repaint,
    "app.profile": profile,
    "app.quit": leave,
    "app.mouse": mouse,
    "chat.scroll_up": scroll_up,
    "chat.scroll_down": scroll_down,
    "chat.inspect": inspect,
    "chat.new": new_chat,
    "chat.note": note,
    "composer.newline": newline,
    "composer.editor": write_outside,
    "composer.complete": complete,
    "composer.history": history,
    "composer.undo": undo_typing,
    "composer.redo": redo_typing,
}

TYPED_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {"app.quit": quit_app}
"""What differs where an action was typed or chosen by name: no key was hit by accident."""
