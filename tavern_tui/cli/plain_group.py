"""Commands of the line mode for groups: who is here, who speaks, who is muted or away, auto, cut lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tavern_tui.cli.output import note
from tavern_tui.domain.errors import NotFoundError

if TYPE_CHECKING:
    from tavern_tui.cli.plain import PlainChat
    from tavern_tui.session.groups.part import GroupPart

_MOST_DIGITS = 3


async def members(chat: PlainChat, _argument: str) -> None:
    """Say who is here and who speaks next."""
    from tavern_tui.session.groups.describing import described

    part = _part(chat)
    for one in described(chat.workspace, chat.session.tree)["members"]:
        note(f"{one['number']}  {one['name']}{''.join(f' ({word})' for word in one['state'])}")
    coming = part.next_speakers()
    note(
        f"Next: {coming[0].name}, {coming[0].why}." if coming else "Next: nobody by itself. /next NAME lets one speak."
    )


async def speak_next(chat: PlainChat, argument: str) -> None:
    """Let a member speak, or whoever is next."""
    _part(chat)
    by = _member(chat, argument) if argument else ""
    await chat.print_reply(chat.session.reply(by=by))


async def auto(chat: PlainChat, argument: str) -> None:
    """Let the members talk among themselves."""
    from tavern_tui.session.groups.auto import MOST, AutoRound

    _part(chat)
    if argument and not (argument.isdecimal() and len(argument) <= _MOST_DIGITS and 1 <= int(argument) <= MOST):
        note(f"/auto 5 lets five replies follow one another, up to {MOST}. Ctrl+C ends it.")
        return
    await chat.print_reply(AutoRound(chat.session, int(argument or MOST)).run())


async def mute(chat: PlainChat, argument: str) -> None:
    """Mute a member, or let it speak again."""
    from tavern_tui.session.groups import changing

    part, name = _part(chat), _member(chat, argument)
    quiet = name not in part.facts.muted
    await chat.session.changes.write(*changing.muted(chat.session.tree, name, quiet))
    note(f"{name} {'is muted' if quiet else 'may speak again'}. /undo takes it back.")


async def away(chat: PlainChat, argument: str) -> None:
    """Let a member leave the scene, or come back."""
    from tavern_tui.session.groups import changing

    part, name = _part(chat), _member(chat, argument)
    gone = name not in part.away()
    await chat.session.changes.write(*changing.away(chat.session.tree, name, gone))
    note(f"{name} {'is away: what is said from now on is unknown to it' if gone else 'is back'}. /undo takes it back.")


async def keep_line(chat: PlainChat, _argument: str) -> None:
    """Keep the line that was cut off the last reply as the turn of the member whose it is."""
    await _part(chat).keep_cut_line()
    chat.show(1)


def after_reply(chat: PlainChat) -> None:
    """Offer what was cut off the last reply."""
    line = chat.session.group.cut_line if chat.session.group is not None else None
    if line is not None:
        note(f"Cut off: {line.name}: {line.text}")
        note(f"/keepline keeps it as {line.name}'s turn.")


def _part(chat: PlainChat) -> GroupPart:
    if chat.session.group is None:
        raise NotFoundError("This chat has one character.", hint="tavern-tui group new NAME NAME begins a group.")
    return chat.session.group


def _member(chat: PlainChat, typed: str) -> str:
    from tavern_tui.session.groups.changing import member_called

    return member_called(chat.session.tree, typed)


COMMANDS: dict[str, tuple[str, str, Callable[[PlainChat, str], Awaitable[None]]]] = {
    "group": ("/group", "who is here, and who speaks next", members),
    "next": ("/next [NAME]", "let a member of the group speak", speak_next),
    "auto": ("/auto [N]", "let the members talk among themselves, N replies (8)", auto),
    "mute": ("/mute NAME", "mute a member, or let it speak again", mute),
    "away": ("/away NAME", "let a member leave the scene, or come back", away),
    "keepline": ("/keepline", "keep another member's line that was cut off", keep_line),
}
"""How each is written, what it does, and the doing."""
