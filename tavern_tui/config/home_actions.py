"""The rows of the action registry that are about the library as a whole, and about who may see it."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

HOME: tuple[Action, ...] = (
    Action(
        "app.home",
        "Home",
        "Lists the chats written last, then the characters; type to find, Enter opens, ctrl+n begins something new.",
        Where.ANYWHERE,
        (),
        slash="home",
    ),
    Action(
        "chat.rename",
        "Rename this chat",
        "Gives this chat another title: /rename and the title.",
        Where.ANYWHERE,
        (),
        slash="rename",
        aliases=("renamechat",),
    ),
    Action(
        "chat.copy",
        "Go on in a copy",
        "Opens a copy of this chat to write in, called as what follows /duplicate; this one stays as it is.",
        Where.ANYWHERE,
        (),
        slash="duplicate",
    ),
    Action(
        "chat.delete",
        "Delete this chat",
        "Leaves this chat and moves it to the trash, with what was typed and not sent; /undelete brings it back.",
        Where.ANYWHERE,
        (),
        slash="deletechat",
        aliases=("delchat",),
    ),
    Action(
        "chat.undelete",
        "Bring back a chat",
        "Lists the deleted chats, the last one first; Enter brings one back and opens it.",
        Where.ANYWHERE,
        (),
        slash="undelete",
    ),
    Action(
        "app.restore",
        "Restore from a backup",
        "Lists the backups; a chat of one can be looked at, and put back as a copy beside the present one.",
        Where.ANYWHERE,
        (),
        slash="restore",
    ),
    Action(
        "app.regex",
        "Regex scripts",
        "Lists your own regex scripts and switches each on or off; imported ones arrive switched off.",
        Where.ANYWHERE,
        (),
        slash="regex",
    ),
    Action(
        "app.hide",
        "Hide everything",
        "Covers the screen at once; any key and then Enter returns.",
        Where.ANYWHERE,
        (),
        slash="cover",
    ),
    Action(
        "app.incognito",
        "New incognito chat",
        "Begins a chat with this character of which nothing is written to the disk; it is gone when it is left.",
        Where.ANYWHERE,
        (),
        slash="incognito",
    ),
    Action(
        "app.private",
        "Show what is private",
        "Shows what is marked private in lists and search until the program ends, or hides it again. /private chat and"
        " /private character mark what is open.",
        Where.ANYWHERE,
        (),
        slash="private",
    ),
)
"""Every action of that kind."""
