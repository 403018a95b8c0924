"""Actions for groups: who is in one, who speaks, who is muted or away, who knows of a turn, auto, cut lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.groups import together
from tavern_tui.ui.chat.refusing import ask_otherwise, refused_while_busy

if TYPE_CHECKING:
    from tavern_tui.ui.chat.group_view import GroupView
    from tavern_tui.ui.screens.chat import ChatScreen

_AT_MOST_DIGITS = 3


def meet_group(screen: ChatScreen) -> None:
    """Show that the chat that is open has several characters, where it has."""
    group = screen.open_session.group
    if group is not None and screen.group_view is None:
        from tavern_tui.ui.chat.group_view import GroupView

        screen.group_view = GroupView(screen, group)


async def open_group(screen: ChatScreen, _argument: str = "") -> None:
    """Show who is in the chat."""
    from tavern_tui.ui.screens.group import show_group

    if not refused_while_busy(screen):
        screen.tavern.show(show_group)


async def new_group(screen: ChatScreen, _argument: str = "") -> None:
    """Begin a chat with several characters."""
    from tavern_tui.ui.screens.new_group import show_new_group

    if not refused_while_busy(screen):
        screen.tavern.show(show_new_group)


async def speak_next(screen: ChatScreen, argument: str) -> None:
    """Let a member speak; without a name, whoever is next."""
    view = _view(screen)
    if argument:
        view.speak(_member(screen, argument))
    elif not refused_while_busy(screen):
        screen.start(screen.open_session.reply())


async def auto(screen: ChatScreen, argument: str) -> None:
    """Let the members talk among themselves."""
    from tavern_tui.session.groups.auto import MOST

    view = _view(screen)
    if argument and not (argument.isdecimal() and len(argument) <= _AT_MOST_DIGITS and 1 <= int(argument) <= MOST):
        ask_otherwise(screen, argument, f"Any key ends it · /auto 5 writes five replies, up to {MOST}")
    else:
        view.begin_auto(int(argument or MOST))


async def mute(screen: ChatScreen, argument: str) -> None:
    """Mute a member, or let it speak again."""
    view = _view(screen)
    await view.mute(_member(screen, argument))


async def away(screen: ChatScreen, argument: str) -> None:
    """Let a member leave the scene, or come back to it."""
    from tavern_tui.session.groups import changing
    from tavern_tui.session.groups.presence import Presence

    view, session, name = _view(screen), screen.open_session, _member(screen, argument)
    gone = name not in Presence(session.tree).away()
    await session.changes.write(*changing.away(session.tree, name, gone))
    screen.hint(f"{safe_line(name)} is {'away' if gone else 'back'} · {{undo}} takes it back")
    view.show()


async def heard(screen: ChatScreen, argument: str) -> None:
    """Limit a turn to some members, tell to whom it is limited, or let everybody know of it again."""
    from tavern_tui.session.groups import changing
    from tavern_tui.session.groups.presence import Presence

    _view(screen)
    session = screen.open_session
    turn = screen.selection.turn or session.changes.newest().id
    if not argument:
        limit = Presence(session.tree).limit(turn)
        known = "all who were there" if limit is None else safe_line(together(sorted(limit)))
        screen.hint(f"Known to {known} · /heard NAME limits it")
        return
    names = [] if argument.casefold() == "all" else [name for name in argument.replace(",", " ").split() if name]
    await session.changes.write(*changing.limited(session.tree, turn, names))
    limit = Presence(session.tree).limit(turn)
    known = "all who were there" if limit is None else safe_line(together(sorted(limit)))
    screen.hint(f"Known to {known} · {{undo}} takes it back")


async def keep_line(screen: ChatScreen, _argument: str = "") -> None:
    """Keep what was cut off the last reply as the turn of the member whose line it is."""
    if not refused_while_busy(screen):
        await _view(screen).keep()


def _view(screen: ChatScreen) -> GroupView:
    if screen.group_view is None:
        raise NotFoundError("This chat has one character.", hint="/group adds others; /newgroup begins a group.")
    return screen.group_view


def _member(screen: ChatScreen, typed: str) -> str:
    from tavern_tui.session.groups.changing import member_called

    return member_called(screen.open_session.tree, typed)


GROUP_ACTIONS: dict[str, Callable[[ChatScreen, str], Awaitable[None]]] = {
    "group.open": open_group,
    "group.new": new_group,
    "group.next": speak_next,
    "group.auto": auto,
    "group.mute": mute,
    "group.away": away,
    "group.heard": heard,
    "group.keep": keep_line,
}
