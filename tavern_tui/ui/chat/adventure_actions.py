"""What the actions of adventures do: beginning one, kinds of input, dice, suggestions, memory, rolling again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.modes.choosing import name_of, names, set_mode
from tavern_tui.ui.chat.refusing import ask_otherwise, refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.chat import ChatScreen


async def adventure(screen: ChatScreen, argument: str = "") -> None:
    """Begin an adventure, with the scenario that follows the command."""
    from tavern_tui.ui.screens.new_adventure import show_new_adventure

    if not refused_while_busy(screen):
        screen.tavern.show(partial(show_new_adventure, title=argument))


async def mode(screen: ChatScreen, argument: str = "") -> None:
    """Play this chat in another mode; without a name, say which it has."""
    session = screen.open_session
    if not argument:
        others = " · ".join(f"/mode {name}" for name in names())
        screen.hint(f"The mode is {name_of(session.tree.properties)} · {others}")
        return
    if refused_while_busy(screen):
        return
    before = name_of(session.tree.properties)
    said = await set_mode(session, argument.lower())
    if not opened_anew(screen, before):
        screen.hint(said)


def opened_anew(screen: ChatScreen, before: str) -> bool:
    """Show the chat as its mode has it, where that was ``before`` until now; whether it is opened anew for that."""
    session = screen.open_session
    now = name_of(session.tree.properties)
    if (before == "story") is not (now == "story"):
        here = replace(screen.tavern.wishes, character="", chat=session.log.path.stem, new=False, persona="")
        screen.tavern.open_chat(here)
        return True
    if now != before:
        screen.mirror.load(session.tree)
    return False


async def suggest(screen: ChatScreen, _argument: str = "") -> None:
    """Ask for three things to do."""
    screen.adventuring.ask()


async def _kind(screen: ChatScreen, argument: str = "", *, name: str) -> None:
    from tavern_tui.session.modes.kinds import Kind

    if not screen.adventuring.on:
        raise NotFoundError("This chat is no adventure.", hint=f"/adventure begins one; //{name} says it.")
    if argument:
        await screen.outbox.say(f"/{name} {argument}")
    else:
        screen.adventuring.choose(Kind(name))


async def ooc(screen: ChatScreen, argument: str = "") -> None:
    """Say a word out of character, to the narrator or to who plays the character."""
    from tavern_tui.session.modes.kinds import Kind, written

    if screen.adventuring.on:
        await _kind(screen, argument, name="ooc")
    elif not argument:
        ask_otherwise(screen, argument, "/ooc and a word out of character; /comment is read by nobody")
    elif not refused_while_busy(screen):
        screen.outbox.send(written(Kind.OOC, argument, screen.open_session.options.adventure))


async def dice(screen: ChatScreen, argument: str = "") -> None:
    """Say what is thrown in this chat, or change it."""
    from tavern_tui.session.modes.rolls import Thrown

    session = screen.open_session
    if argument:
        settings = session.options.adventure
        await session.changes.write(Thrown(session.tree.properties, settings).changed(argument))
    thrown = Thrown(session.tree.properties, session.options.adventure)
    screen.hint(f"Thrown in this chat: {thrown.told()}")


async def plot(screen: ChatScreen, argument: str = "") -> None:
    """Write what the narrator must never forget, or take what follows the command for it."""
    from tavern_tui.domain.events import PropertySet
    from tavern_tui.session.modes.adventure import MEMORY, memory_of

    session = screen.open_session

    async def keep(text: str) -> None:
        if text == memory_of(session.tree.properties):
            return
        await session.changes.write(PropertySet(MEMORY, text.strip() or None))
        screen.cost_ahead.look(anew=True)
        screen.hint("The plot is kept · {undo} takes it back" if text.strip() else "The plot is gone · {undo}")

    if argument:
        await keep(argument)
        return
    from tavern_tui.ui.screens.commands import written
    from tavern_tui.ui.screens.notebook import NotebookScreen

    async def write(app: TavernApp) -> None:
        title = "The plot · the narrator always reads this"
        page = partial(NotebookScreen, title=title, glyphs=app.glyphs)
        await written(app, page, memory_of(session.tree.properties), keep, app.glyphs)

    screen.tavern.show(write)


async def roll_again(screen: ChatScreen, _argument: str = "") -> None:
    """Throw the dice of a turn again, and let the narrator tell on from there."""
    from tavern_tui.session.modes.rolling import roll_again as thrown_again

    session = screen.open_session
    if refused_while_busy(screen):
        return
    turn = await thrown_again(session, screen.selection.turn or session.tree.tip)
    screen.selection.leave()
    screen.renew()
    screen.start(session.swipe(turn), beside=turn)


ADVENTURE_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "app.adventure": adventure,
    "chat.mode": mode,
    "adventure.suggest": suggest,
    "adventure.do": partial(_kind, name="do"),
    "adventure.say": partial(_kind, name="say"),
    "adventure.roll": partial(_kind, name="roll"),
    "adventure.ooc": ooc,
    "adventure.dice": dice,
    "adventure.memory": plot,
    "turn.roll_again": roll_again,
}
