"""The rows of the action registry about what a chat remembers: summaries, the notebook."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

MEMORY: tuple[Action, ...] = (
    Action(
        "app.summary",
        "Summary",
        "Shows what is told of turns that are no longer read, to be changed. /summary every 20 has one"
        " written every 20 turns; write, always and never are known, too.",
        Where.ANYWHERE,
        (),
        slash="summary",
    ),
    Action(
        "memory.write",
        "Write a summary",
        "Lets the model sum up the turns that are no longer read; they stay as they are.",
        Where.ANYWHERE,
        (),
        slash="sumup",
    ),
    Action(
        "memory.always",
        "Always write summaries",
        "Lets the turns of this chat be summed up by themselves, behind a reply, before they leave the prompts."
        " With a number, also every so many turns.",
        Where.ANYWHERE,
        (),
        slash="sumupalways",
    ),
    Action(
        "memory.never",
        "Never offer summaries",
        "Offers no summaries in this chat any more; /summary still writes one.",
        Where.ANYWHERE,
        (),
        slash="sumupnever",
    ),
    Action(
        "chat.later",
        "Read edits later",
        "Reads what you edited as it was until turns leave the prompt, so that nothing is read again for it now; /later"
        " off ends that.",
        Where.ANYWHERE,
        (),
        slash="later",
    ),
    Action(
        "app.notebook",
        "Notebook",
        "Shows your own notes on this chat, which no model ever reads; /notebook and a text adds a line.",
        Where.ANYWHERE,
        (),
        slash="notebook",
    ),
)
"""Summaries and the notebook."""
