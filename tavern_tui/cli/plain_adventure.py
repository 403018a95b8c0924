"""Commands of the line mode for adventures: the kinds of input, dice, suggestions, the plot, the mode of play."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.cli.output import note
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.modes.choosing import ADVENTURE, name_of, names, set_mode

if TYPE_CHECKING:
    from tavern_tui.cli.plain import PlainChat


async def kind(chat: PlainChat, argument: str, *, name: str) -> None:
    """Play a line of this kind; alone, take the kind from now on."""
    from tavern_tui.session.modes.kinds import Kind, kind_set

    _adventure(chat)
    if argument:
        await chat.say(f"/{name} {argument}")
        return
    await chat.session.changes.write(kind_set(Kind(name)))
    note(f"What you type is of the kind {Kind(name).label} from now on.")


async def ooc(chat: PlainChat, argument: str) -> None:
    """Say a word out of character, to the narrator or to who plays the character."""
    from tavern_tui.session.modes.kinds import Kind, written

    if name_of(chat.session.tree.properties) == ADVENTURE:
        await kind(chat, argument, name="ooc")
    elif argument:
        await chat.say(written(Kind.OOC, argument, chat.session.options.adventure))
    else:
        note("/ooc and a word out of character.")


async def suggest(chat: PlainChat, _argument: str) -> None:
    """Ask for three things to do."""
    from tavern_tui.session.modes.suggestions import suggestions

    _adventure(chat)
    for at, one in enumerate(await suggestions(chat.session), 1):
        note(f"{at}  {one}")


async def dice(chat: PlainChat, argument: str) -> None:
    """Say what is thrown, or change it."""
    from tavern_tui.session.modes.rolls import Thrown

    session = chat.session
    if argument:
        await session.changes.write(Thrown(session.tree.properties, session.options.adventure).changed(argument))
    note(f"Thrown in this chat: {Thrown(session.tree.properties, session.options.adventure).told()}.")


async def again(chat: PlainChat, _argument: str) -> None:
    """Throw the dice of the last action again."""
    from tavern_tui.session.modes.rolling import roll_again

    turn = await roll_again(chat.session, chat.session.tree.tip)
    tell_roll(chat, turn)
    await chat.print_reply(chat.session.swipe(turn))


async def plot(chat: PlainChat, argument: str) -> None:
    """Say what the narrator always reads, or set it."""
    from tavern_tui.domain.events import PropertySet
    from tavern_tui.session.modes.adventure import MEMORY, memory_of

    if argument:
        await chat.session.changes.write(PropertySet(MEMORY, argument))
    note(memory_of(chat.session.tree.properties) or "There is no plot yet. /plot and a text sets it.")


async def mode(chat: PlainChat, argument: str) -> None:
    """Say how this chat is played, or play it otherwise."""
    if argument:
        said, _, _ = (await set_mode(chat.session, argument.lower())).partition(" · ")
        note(f"{said}. /undo takes it back.")
    else:
        note(f"The mode is {name_of(chat.session.tree.properties)}. /mode NAME takes another: {', '.join(names())}.")


def tell_roll(chat: PlainChat, turn: str) -> None:
    """Print what was rolled for a turn of the user's, if anything was."""
    found = chat.session.tree.turns.get(turn)
    if found is not None and found.roll is not None:
        from tavern_tui.domain.dice import told

        chat.printer.write(f"⚂ {told(found.roll)}\n")


def _adventure(chat: PlainChat) -> None:
    if name_of(chat.session.tree.properties) != ADVENTURE:
        raise NotFoundError("This chat is no adventure.", hint="/mode adventure plays it as one.")


COMMANDS: dict[str, tuple[str, str, Callable[[PlainChat, str], Awaitable[None]]]] = {
    "mode": ("/mode [NAME]", "how this chat is played: chat, adventure, story", mode),
    "do": ("/do [TEXT]", "adventure: what you do", partial(kind, name="do")),
    "say": ("/say [TEXT]", "adventure: what you say", partial(kind, name="say")),
    "story": ("/story [TEXT]", "adventure: what happens, told by you", partial(kind, name="story")),
    "roll": ("/roll [N] [TEXT]", "adventure: what you try, with a throw or your own N", partial(kind, name="roll")),
    "ooc": ("/ooc [TEXT]", "a word out of character", ooc),
    "again": ("/again", "adventure: throw the dice again", again),
    "dice": ("/dice [2d6]", "adventure: what is thrown, modifier N, difficulty N", dice),
    "suggest": ("/suggest", "adventure: three things to do", suggest),
    "plot": ("/plot [TEXT]", "adventure: what the narrator always reads", plot),
}
