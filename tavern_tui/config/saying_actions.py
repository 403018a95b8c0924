"""The rows of the action registry that say something in the chat without being a message to be answered."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

SAYING: tuple[Action, ...] = (
    Action(
        "chat.impersonate",
        "Write my turn",
        "Lets the model write your next turn into the composer, where you change it and send it or not.",
        Where.ANYWHERE,
        (),
        slash="impersonate",
        aliases=("imp",),
    ),
    Action(
        "chat.narrate",
        "Narrate",
        "Says something as the narrator: /narrate and the text. The model reads it; nobody answers.",
        Where.ANYWHERE,
        (),
        slash="narrate",
        aliases=("sys", "nar"),
    ),
    Action(
        "chat.comment",
        "Comment",
        "Writes something into the chat that no model reads: /comment and the text.",
        Where.ANYWHERE,
        (),
        slash="comment",
    ),
    Action(
        "chat.send_as",
        "Speak as somebody",
        "Says something in another name, and nobody answers: /sendas Tom: and what Tom says.",
        Where.ANYWHERE,
        (),
        slash="sendas",
    ),
    Action(
        "chat.put",
        "Say without a reply",
        "Says something in your name, and nobody answers until they are asked: /put and the text.",
        Where.ANYWHERE,
        (),
        slash="put",
        aliases=("send",),
    ),
)
"""What is said beside messages."""
