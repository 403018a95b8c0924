"""Actions about what a chat remembers: summaries, the notebook, what is read later."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.ui.chat.refusing import refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen


async def summary(screen: ChatScreen, argument: str = "") -> None:
    """Show the summary, write one (``write``), or choose when: ``always``, ``every 20``, ``never``."""
    if argument.strip().lower().startswith("every"):
        await always(screen, argument)
        return
    act = {"write": write, "always": always, "never": never}.get(argument.strip().lower())
    if act is not None:
        await act(screen)
        return
    from tavern_tui.ui.screens.summaries import show_summaries

    if not refused_while_busy(screen):
        screen.tavern.show(show_summaries)


async def write(screen: ChatScreen, _argument: str = "") -> None:
    """Let the model write a summary of the turns that are no longer read."""
    from tavern_tui.ui.chat.memory_writing import write_now

    if not refused_while_busy(screen):
        screen.problems.clear()
        await write_now(screen)


async def always(screen: ChatScreen, argument: str = "") -> None:
    """Let summaries be written by themselves, from now on; the first one now. ``argument``: also every so many turns.

    Raises ``ContradictionError`` for what is no number of turns.
    """
    from tavern_tui.session.summaries.keeping import When, every_read
    from tavern_tui.ui.chat.memory_writing import choose

    every = every_read(argument) if argument.strip() and argument.strip().lower() != "always" else 0
    screen.problems.clear()
    await choose(screen, When.ALWAYS, every)
    if not screen.busy:
        screen.cost_ahead.look(anew=True)


async def never(screen: ChatScreen, _argument: str = "") -> None:
    """Offer no summaries in this chat any more."""
    from tavern_tui.session.summaries.keeping import When
    from tavern_tui.ui.chat.memory_writing import choose

    screen.problems.clear()
    await choose(screen, When.NEVER)


async def later(screen: ChatScreen, argument: str = "") -> None:
    """Let what was edited be read as it was until turns leave; with ``off``, as it is now."""
    from tavern_tui.session.later import hold, let_go

    if refused_while_busy(screen):
        return
    session = screen.open_session
    with session.connection.as_known():
        said = await (let_go(session) if argument.strip().lower() == "off" else hold(session))
    screen.hint(said)
    screen.cost_ahead.look(anew=True, memory=False)


async def notebook(screen: ChatScreen, argument: str = "") -> None:
    """Show the notebook; what follows the command is added to it."""
    from tavern_tui.ui.screens.notebook import add_line, show_notebook

    if argument.strip():
        await add_line(screen, argument)
    else:
        screen.tavern.show(partial(show_notebook))


MEMORY_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "app.summary": summary,
    "memory.write": write,
    "memory.always": always,
    "memory.never": never,
    "app.notebook": notebook,
    "chat.later": later,
}
