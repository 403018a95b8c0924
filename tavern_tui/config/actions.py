"""The action registry: everything that a key, the palette, the footer or a slash command can do, one row each.

Bindings, the command palette, the footer, the help screen, ``/commands`` and ``docs/keys.md`` are made from these rows
(those of making replies stand in ``reply_actions``) and from nothing else. Ids are what people write into their
``keys.yaml``: they are never renamed. Keys are named as in ``keys.py``; which keys are in force is decided in
``keymap.py``. Source: ``docs/ux.md`` §1 and §6.
"""

from __future__ import annotations

from tavern_tui.config.action import Action, Where
from tavern_tui.config.reply_actions import REPLY

_APP = (
    Action(
        "app.palette",
        "Command palette",
        "Lists everything that can be done here, with its keys; type to find.",
        Where.ANYWHERE,
        ("ctrl+p",),
        fixed=("ctrl+p",),
        short="Palette",
    ),
    Action(
        "app.help",
        "Help",
        "Shows the keys that hold here and what they do.",
        Where.ANYWHERE,
        ("f1", "question_mark"),
        phone=("question_mark",),
        slash="help",
    ),
    Action(
        "app.repaint",
        "Repaint",
        "Draws the screen from nothing, and looks again at the size and kind of the terminal.",
        Where.ANYWHERE,
        ("ctrl+l",),
        slash="repaint",
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
    ),
    Action(
        "app.characters",
        "Characters",
        "Lists the characters and the chats with them; type to find, Enter opens.",
        Where.ANYWHERE,
        (),
        slash="characters",
    ),
    Action(
        "app.connect",
        "Who writes",
        "Chooses the engine: a server that answers, a model of this machine, or another address.",
        Where.ANYWHERE,
        (),
        slash="connect",
    ),
    Action(
        "app.theme",
        "Theme",
        "Chooses the colours; each theme is shown as it is walked over.",
        Where.ANYWHERE,
        (),
        slash="theme",
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
        "Writes the author's note of this chat, which the model reads near the end of the prompt.",
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

_TURN = (
    Action(
        "turn.select",
        "Select a turn",
        "Selects the last turn; letters are then commands for it.",
        Where.EMPTY,
        ("up", "escape"),
        phone=("escape",),
        short="Select",
    ),
    Action(
        "turn.leave",
        "Back to typing",
        "Leaves the selection.",
        Where.TURN,
        ("enter", "escape", "a"),
        vim=("enter", "escape", "a", "i"),
        fixed=("escape",),
        short="Type",
    ),
    Action("turn.previous", "Turn before", "Selects the turn before.", Where.TURN, ("k", "up")),
    Action("turn.next", "Next turn", "Selects the turn after.", Where.TURN, ("j", "down")),
    Action(
        "turn.mine_previous",
        "My turn before",
        "Selects your own turn before this one.",
        Where.TURN,
        ("left_square_bracket",),
    ),
    Action(
        "turn.mine_next", "My next turn", "Selects your own turn after this one.", Where.TURN, ("right_square_bracket",)
    ),
    Action("turn.first", "First turn", "Selects the first turn of the chat.", Where.TURN, ("g", "home")),
    Action("turn.last", "Last turn", "Selects the last turn of the chat.", Where.TURN, ("G", "end")),
    Action("turn.swipe_back", "Swipe back", "Shows the swipe before this one of the turn.", Where.TURN, ("h", "left")),
    Action("turn.swipe", "Swipe", "Shows the next swipe of the turn.", Where.TURN, ("l", "right")),
    Action("turn.edit", "Edit", "Changes the text of the turn; undo brings it back.", Where.TURN, ("e",), slash="edit"),
    Action("turn.editor", "Edit in your editor", "Opens the turn's text in $EDITOR.", Where.TURN, ("E",)),
    Action(
        "turn.regenerate",
        "Regenerate from here",
        "Writes another reply in place of this turn; what followed stays on its own branch. Asks by a second press.",
        Where.TURN,
        ("r",),
        short="Regenerate",
    ),
    Action("turn.continue", "Continue", "Lets the turn go on where its text ends.", Where.TURN, ("c",)),
    Action(
        "turn.branch",
        "Branch here",
        "Goes on from this turn; what follows it stays and can be gone back to.",
        Where.TURN,
        ("b",),
        slash="branch",
        short="Branch",
    ),
    Action(
        "turn.delete",
        "Delete",
        "Deletes the turn and all after it. Asks by a second press; undo brings them back.",
        Where.TURN,
        ("d",),
        slash="delete",
    ),
    Action(
        "turn.hide",
        "Hide from the model",
        "Keeps the turn in the chat but out of the prompt, or takes it in again.",
        Where.TURN,
        ("x",),
        slash="hide",
    ),
    Action("turn.copy", "Copy", "Copies the text of the turn.", Where.TURN, ("y",), slash="copy"),
    Action(
        "turn.copy_all",
        "Copy the chat",
        "Copies all turns that lead here, as Markdown.",
        Where.TURN,
        ("Y",),
    ),
    Action(
        "turn.receipt",
        "Receipt",
        "Shows how the turn was made: model, settings, tokens, lore, time.",
        Where.TURN,
        ("i",),
        vim=("K",),
    ),
    Action(
        "turn.unfold",
        "Thinking",
        "Shows what the model thought before it wrote, or folds it.",
        Where.TURN,
        ("t",),
    ),
    Action("turn.bookmark", "Bookmark", "Sets a bookmark at the turn, or takes it away.", Where.TURN, ("m",)),
    Action(
        "turn.quick_reply",
        "Quick reply",
        "Sends one of the quick replies: the first key the first, the second key the second.",
        Where.TURN,
        tuple("123456789"),
    ),
)

ACTIONS: tuple[Action, ...] = (*_APP, *_CHAT, *REPLY, *_COMPOSER, *_TURN)
"""Every action, in the order of the guide."""

BY_ID: dict[str, Action] = {action.id: action for action in ACTIONS}
