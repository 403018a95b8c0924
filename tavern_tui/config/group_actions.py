"""The rows of the action registry that are about a chat with several characters."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

GROUP: tuple[Action, ...] = (
    Action(
        "group.open",
        "Group",
        "Shows who is in this chat: members are added, muted, moved, sent away; how they speak, whose cards are told.",
        Where.ANYWHERE,
        (),
        slash="group",
    ),
    Action(
        "group.new",
        "New group",
        "Begins a chat with several characters, picked from a list.",
        Where.ANYWHERE,
        (),
        slash="newgroup",
    ),
    Action(
        "group.next",
        "Let a member speak",
        "Lets one member of the group speak now, muted or not: /next and a name, or @ in an empty composer.",
        Where.ANYWHERE,
        (),
        slash="next",
    ),
    Action(
        "group.auto",
        "Auto",
        "Lets the members of the group talk among themselves: /auto 5 for five replies. Any key ends it, Esc at once.",
        Where.ANYWHERE,
        (),
        slash="auto",
    ),
    Action(
        "group.mute",
        "Mute a member",
        "Mutes a member of the group, or lets it speak again: /mute and a name.",
        Where.ANYWHERE,
        (),
        slash="mute",
    ),
    Action(
        "group.away",
        "Away or back",
        "Lets a member of the group leave the scene, or come back: it knows nothing of what is said meanwhile.",
        Where.ANYWHERE,
        (),
        slash="away",
    ),
    Action(
        "group.heard",
        "Who knows of a turn",
        "Limits the selected turn, or the newest, to some members: /heard and their names; /heard all for everybody.",
        Where.ANYWHERE,
        (),
        slash="heard",
    ),
    Action(
        "group.keep",
        "Keep the cut line",
        "Keeps the line of another member that was cut off the last reply, as that member's turn.",
        Where.ANYWHERE,
        (),
        slash="keepline",
    ),
)
"""Every action for groups."""
