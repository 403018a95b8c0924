"""What the actions of the registry do on the chat screen: one table from id to function, and the one way to run them.

An action that meets a fault says so on the screen; nothing here raises for what a user can do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from tavern_tui.config.action import Where
from tavern_tui.config.actions import ACTIONS
from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.chat.refusing import refuse

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

Act = Callable[["ChatScreen", str], Awaitable[None]]

_IDS = dict.fromkeys(action.id for action in ACTIONS if action.where is not Where.STORY)


class _Runnable(Mapping[str, Act]):
    """Which actions there are is known from the registry; what they do is loaded when the first of them is done."""

    def __getitem__(self, action: str) -> Act:
        return load_actions()[action]

    def __iter__(self) -> Iterator[str]:
        return iter(_IDS)

    def __len__(self) -> int:
        return len(_IDS)

    def __contains__(self, action: object) -> bool:
        return action in _IDS


RUNNABLE: Mapping[str, Act] = _Runnable()
"""Every action that there is, by its id in the registry. What it is given is what follows its slash command."""


@cache
def load_actions() -> dict[str, Act]:
    """What every action does, by its id."""
    from tavern_tui.ui.chat.app_actions import APP_ACTIONS
    from tavern_tui.ui.chat.finding_actions import FINDING_ACTIONS
    from tavern_tui.ui.chat.group_actions import GROUP_ACTIONS
    from tavern_tui.ui.chat.page_actions import PAGE_ACTIONS
    from tavern_tui.ui.chat.reply_actions import REPLY_ACTIONS
    from tavern_tui.ui.chat.saying_actions import SAYING_ACTIONS
    from tavern_tui.ui.chat.turn_actions import TURN_ACTIONS
    from tavern_tui.ui.chat.writer_actions import WRITER_ACTIONS

    return {
        **APP_ACTIONS,
        **PAGE_ACTIONS,
        **WRITER_ACTIONS,
        **REPLY_ACTIONS,
        **TURN_ACTIONS,
        **FINDING_ACTIONS,
        **SAYING_ACTIONS,
        **GROUP_ACTIONS,
    }


def _typed(action: str) -> Act:
    """What an action does that was typed or chosen by name, where that differs."""
    from tavern_tui.ui.chat.app_actions import TYPED_ACTIONS
    from tavern_tui.ui.chat.turn_actions import TYPED_TURN_ACTIONS

    return (TYPED_ACTIONS | TYPED_TURN_ACTIONS).get(action) or RUNNABLE[action]


BY_PLACE = "turn.quick_reply"
"""The action whose first key does the first of its things, the second key the second."""


async def run(screen: ChatScreen, action: str, argument: str = "") -> None:
    """Do what the key of ``action`` does; raises ``KeyError`` for one that is not there."""
    await _act(screen, RUNNABLE[action], argument)


async def run_typed(screen: ChatScreen, action: str, argument: str = "") -> None:
    """Do what was typed as a command or chosen by its name."""
    if screen.finding.is_open:
        await screen.finding.close()
    await _act(screen, _typed(action), argument)


async def _act(screen: ChatScreen, act: Act, argument: str) -> None:
    try:
        await act(screen, argument)
    except TavernError as error:
        refuse(screen, error)
    screen.show_state()
