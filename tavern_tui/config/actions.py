"""The action registry: everything that a key, the palette, the footer or a slash command can do, one row each.

Bindings, the command palette, the footer, the help screen, ``/commands`` and ``docs/keys.md`` are made from these rows
(screens stand in ``page_actions``, replies in ``reply_actions`` and so on) and from nothing else. Ids are what people
write into their ``keys.yaml``: they are never renamed. Keys are named as in ``keys.py``; which keys are in force is
decided in ``keymap.py``. Source: ``docs/ux.md`` §1 and §6.
"""

from __future__ import annotations

from tavern_tui.config.action import Action, Where
from tavern_tui.config.adventure_actions import ADVENTURE
from tavern_tui.config.group_actions import GROUP
from tavern_tui.config.page_actions import PAGES
from tavern_tui.config.reply_actions import REPLY
from tavern_tui.config.saying_actions import SAYING
from tavern_tui.config.story_actions import STORY
from tavern_tui.config.turn_actions import TURN
from tavern_tui.config.writer_actions import WRITER

_APP = (
    Action(
        "app.palette",
        "Command palette",
        "Lists what can be done here, with its keys; typing finds chats, characters, lorebooks and settings, too.",
        Where.ANYWHERE,
        ("ctrl+p",),
        fixed=("ctrl+p",),
        short="Palette",
        in_story=True,
    ),
    Action(
        "app.help",
        "Help",
        "Shows the keys that hold here and what they do.",
        Where.ANYWHERE,
        ("f1", "question_mark"),
        phone=("question_mark",),
        slash="help",
        in_story=True,
    ),
    Action(
        "app.repaint",
        "Repaint",
        "Draws the screen from nothing, and looks again at the size and kind of the terminal.",
        Where.ANYWHERE,
        ("ctrl+l",),
        slash="repaint",
        in_story=True,
    ),
    Action(
        "app.profile",
        "Profile of the terminal",
        "Chooses how often the screen is painted until the program ends: /profile local, ssh, phone or auto.",
        Where.ANYWHERE,
        (),
        slash="profile",
    ),
    Action(
        "app.quit",
        "Quit",
        "Ends the program; nothing is lost. ctrl+c copies selected text first, else stops a reply, else quits when"
        " pressed again within two seconds.",
        Where.ANYWHERE,
        ("ctrl+c",),
        slash="quit",
        fixed=("ctrl+c",),
        in_story=True,
    ),
    Action(
        "app.mouse",
        "Mouse",
        "Gives the mouse back to the terminal, or takes it again: /mouse on, /mouse off.",
        Where.ANYWHERE,
        (),
        slash="mouse",
    ),
    Action(
        "popup.close",
        "Close",
        "Closes what lies over the chat.",
        Where.POPUP,
        ("escape",),
        fixed=("escape",),
    ),
)

_CHAT = (
    Action(
        "chat.scroll_up",
        "Scroll up",
        "Scrolls the chat up by a screen; the composer keeps its text.",
        Where.ANYWHERE,
        ("pageup",),
    ),
    Action(
        "chat.scroll_down",
        "Scroll down",
        "Scrolls the chat down by a screen; at the end it follows the reply again.",
        Where.ANYWHERE,
        ("pagedown", "space"),
    ),
    Action(
        "chat.find",
        "Find in this chat",
        "Finds words in the turns of this chat and shows how many there are.",
        Where.ANYWHERE,
        ("ctrl+f", "slash"),
        slash="find",
    ),
    Action("chat.find_next", "Next match", "Goes to the next turn with the words searched for.", Where.TURN, ("n",)),
    Action(
        "chat.find_previous",
        "Previous match",
        "Goes to the turn before with the words searched for.",
        Where.TURN,
        ("N",),
    ),
    Action(
        "chat.bookmarks",
        "Bookmarks",
        "Lists the turns with a bookmark; Enter goes there.",
        Where.ANYWHERE,
        ("apostrophe",),
        slash="bookmarks",
    ),
    Action(
        "chat.undo",
        "Undo",
        "Takes back the last thing done to the chat: an edit, a deletion, a branch.",
        Where.TURN,
        ("u",),
        slash="undo",
    ),
    Action(
        "chat.redo",
        "Redo",
        "Brings back what was undone.",
        Where.TURN,
        ("U",),
        vim=("U", "ctrl+r"),
        slash="redo",
    ),
    Action(
        "chat.new",
        "New chat",
        "Begins another chat with this character; this one stays as it is.",
        Where.ANYWHERE,
        (),
        slash="new",
        aliases=("newchat",),
    ),
    Action(
        "chat.inspect",
        "Prompt inspector",
        "Shows what the model reads, part by part, with the tokens of each and why it is in.",
        Where.ANYWHERE,
        ("ctrl+t",),
        slash="inspect",
    ),
    Action(
        "chat.note",
        "Author's note",
        "Writes the author's note of this chat, or yours on its character, which the model reads near the end.",
        Where.ANYWHERE,
        ("ctrl+n",),
        slash="note",
    ),
)

_COMPOSER = (
    Action("composer.send", "Send", "Sends what is written and asks for a reply.", Where.COMPOSER, ("enter",)),
    Action(
        "composer.newline",
        "New line",
        "Begins a new line; a backslash and then Enter does so too.",
        Where.COMPOSER,
        ("ctrl+j", "shift+enter"),
        phone=("ctrl+j",),
    ),
    Action(
        "composer.editor",
        "Write in your editor",
        "Opens what is written in $EDITOR; a running reply goes on meanwhile.",
        Where.COMPOSER,
        ("ctrl+o",),
        slash="editor",
        short="Editor",
    ),
    Action(
        "composer.complete",
        "Complete",
        "Completes a name or command; in an adventure it takes the next kind of input.",
        Where.COMPOSER,
        ("tab",),
    ),
    Action(
        "composer.history",
        "Earlier messages",
        "Puts a message sent before into the composer; there, ↑ on the first line and ↓ on the last walk through them.",
        Where.COMPOSER,
        (),
        slash="history",
    ),
    Action(
        "composer.undo",
        "Undo typing",
        "Takes back the last change to what is being written.",
        Where.COMPOSER,
        ("ctrl+z",),
    ),
    Action(
        "composer.redo",
        "Redo typing",
        "Brings back the change to what is being written.",
        Where.COMPOSER,
        ("ctrl+y",),
    ),
)

ACTIONS: tuple[Action, ...] = (
    *_APP,
    *PAGES,
    *WRITER,
    *_CHAT,
    *REPLY,
    *SAYING,
    *_COMPOSER,
    *TURN,
    *GROUP,
    *ADVENTURE,
    *STORY,
)
"""Every action, in the order of the guide."""

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
