"""The rows of the action registry that make replies: stop, speak, again, continue, swipe, length, preset, thinking."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

REPLY: tuple[Action, ...] = (
    Action(
        "reply.stop",
        "Stop the reply",
        "Stops the reply at once and keeps what has come.",
        Where.REPLYING,
        ("escape",),
        slash="stop",
        fixed=("escape",),
        short="Stop",
    ),
    Action(
        "reply.speak",
        "Let the character speak",
        "Asks for a reply without saying anything.",
        Where.EMPTY,
        ("enter",),
        slash="speak",
        short="Speak",
    ),
    Action(
        "reply.regenerate",
        "Another reply",
        "Writes another reply beside the last one; the old one stays as a swipe.",
        Where.COMPOSER,
        ("ctrl+r",),
        slash="retry",
        short="Retry",
    ),
    Action(
        "reply.continue",
        "Continue the reply",
        "Lets the last reply go on where it ends.",
        Where.COMPOSER,
        ("ctrl+g",),
        slash="continue",
    ),
    Action(
        "reply.swipe_back",
        "Swipe back",
        "Shows the swipe before this one of the last turn.",
        Where.EMPTY,
        ("left",),
    ),
    Action(
        "reply.swipe",
        "Swipe",
        "Shows the next swipe of the last turn; after the last swipe it writes another.",
        Where.EMPTY,
        ("right",),
        slash="swipe",
    ),
    Action(
        "reply.swipes",
        "Several replies at once",
        "Writes several replies beside the last one, side by side where the engine can: /swipes 3.",
        Where.ANYWHERE,
        (),
        slash="swipes",
    ),
    Action(
        "reply.token",
        "Another token",
        "Shows what else was likely at each token of the last reply; /token 12 2 goes on from the second choice at"
        " token 12. Kept where the setting reply.alternatives asks for it.",
        Where.ANYWHERE,
        (),
        slash="token",
    ),
    Action(
        "reply.length",
        "Length of replies",
        "Sets how many tokens a reply of this chat may have: /length 200.",
        Where.ANYWHERE,
        (),
        slash="length",
    ),
    Action(
        "reply.preset",
        "Sampler preset",
        "Chooses how the replies of this chat are sampled: /preset creative. Without a name it lists the presets.",
        Where.ANYWHERE,
        (),
        slash="preset",
    ),
    Action(
        "reply.think",
        "Thinking before replies",
        "Says whether a model that thinks before it answers does so in this chat: /think on, /think low, /think off.",
        Where.ANYWHERE,
        (),
        slash="think",
    ),
    Action(
        "reply.answer",
        "Answer without thinking",
        "Writes a reply without thinking this once: where the model only thought, or beside the last reply.",
        Where.ANYWHERE,
        (),
        slash="answer",
    ),
)
