"""Actions that say something which is no message: the narrator, a comment, another name, the model for its user."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import Speaker
from tavern_tui.ui.chat.refusing import ask_otherwise, refuse, refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

NARRATOR: Final = "Narrator"
COMMENT: Final = "Comment"
_SEND_AS: Final = "/sendas Tom: and what Tom says"
_AS: Final = (
    re.compile(r'(?:name=)?"(?P<name>[^"\n]{1,80})"\s*:?\s*(?P<text>\S.*)', re.DOTALL),
    re.compile(r"name=(?P<name>\S{1,80})\s+(?P<text>\S.*)", re.DOTALL),
    re.compile(r"(?P<name>[^:\n]{1,80}):\s*(?P<text>\S.*)", re.DOTALL),
)
"""Ways to say who speaks: as SillyTavern has it, with quotation marks and without, and as it is written in a play."""


async def narrate(screen: ChatScreen, argument: str = "") -> None:
    """Say something as the narrator."""
    await _put(screen, argument, Speaker.NARRATOR, NARRATOR, how="/narrate and what happens")


async def comment(screen: ChatScreen, argument: str = "") -> None:
    """Write what no model reads."""
    await _put(screen, argument, Speaker.NARRATOR, COMMENT, how="/comment and a note to yourself", hidden=True)


async def put(screen: ChatScreen, argument: str = "") -> None:
    """Say something that nobody answers yet."""
    name = screen.open_session.persona.name
    await _put(screen, argument, Speaker.USER, name, how="/put and what you say; Enter then lets the character speak")


async def send_as(screen: ChatScreen, argument: str = "") -> None:
    """Say something in another name."""
    name, text = name_and_text(argument)
    own = screen.open_session.persona.name
    speaker = Speaker.USER if name.casefold() == own.casefold() else Speaker.CHARACTER
    if name:
        await _put(screen, text, speaker, name, how=_SEND_AS)
    else:
        ask_otherwise(screen, argument, _SEND_AS)


def name_and_text(argument: str) -> tuple[str, str]:
    """Who speaks and what: ``Tom: Hello``, ``name=Tom Hello``, ``name="Old Tom" Hello``; empty for anything else."""
    found = next((match for way in _AS if (match := way.fullmatch(argument.strip()))), None)
    return (found["name"].strip(), found["text"]) if found else ("", "")


async def impersonate(screen: ChatScreen, _argument: str = "") -> None:
    """Let the model write the user's turn into the composer."""
    if refused_while_busy(screen):
        return
    screen.open_session  # noqa: B018 - says what is missing where no chat is open
    screen.run_worker(_write_for_me(screen), group="impersonating", exclusive=True)


async def _write_for_me(screen: ChatScreen) -> None:
    """Fill the composer as the text grows; what stood in it comes back where nothing was written.

    Whoever types meanwhile writes on alone: nothing is put over it.
    """
    from tavern_tui.session.impersonating import impersonate as written

    session, before, text = screen.open_session, screen.composer.state(), ""
    shown = before.text
    screen.replying = True
    screen.progress.waiting("Your turn is being written", None)
    screen.show_state()
    try:
        async with aclosing(written(session)) as texts:
            async for text in texts:
                if screen.composer.full_text != shown:
                    break
                screen.composer.put(text)
                shown = screen.composer.full_text
    except TavernError as error:
        refuse(screen, error)
    else:
        screen.hint("Enter sends it · Ctrl+Z takes it back" if text else "The model wrote nothing for you")
    finally:
        screen.replying = False
        screen.progress.idle()
        if not text and screen.composer.full_text == shown:
            screen.composer.restore(before)
        screen.show_state()
    if screen.tavern.leaving:
        await screen.tavern.leave()


async def _put(screen: ChatScreen, text: str, speaker: Speaker, name: str, *, how: str, hidden: bool = False) -> None:
    if not text.strip():
        screen.hint(how)
    elif not refused_while_busy(screen):
        session = screen.open_session
        await session.speech.put(text, speaker, name, hidden=hidden)
        screen.mirror.keep_up(session.tree)
        screen.mirror.log.follow_end()
        screen.cost_ahead.look(anew=True)


SAYING_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "chat.impersonate": impersonate,
    "chat.narrate": narrate,
    "chat.comment": comment,
    "chat.send_as": send_as,
    "chat.put": put,
}
