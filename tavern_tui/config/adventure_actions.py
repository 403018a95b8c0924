"""The rows of the action registry that are about adventures: beginning one, kinds of input, dice, suggestions."""

from __future__ import annotations

from tavern_tui.config.action import Action, Where

ADVENTURE: tuple[Action, ...] = (
    Action(
        "app.adventure",
        "New adventure",
        "Begins an adventure: choose a scenario and answer its questions. /adventure and a title begins with that one.",
        Where.ANYWHERE,
        (),
        slash="adventure",
    ),
    Action(
        "chat.mode",
        "Mode of play",
        "Says how this chat is played from now on: /mode chat, /mode adventure.",
        Where.ANYWHERE,
        (),
        slash="mode",
    ),
    Action(
        "adventure.suggest",
        "Three things to do",
        "In an adventure: asks the model for three actions; 1, 2 or 3 then puts one into the composer.",
        Where.ADVENTURE,
        ("ctrl+j",),
        slash="suggest",
        short="Suggest",
    ),
    Action(
        "adventure.do",
        "Kind: Do",
        "In an adventure: /do and what you do, this once; alone it is the kind from now on. Tab takes the next kind.",
        Where.ANYWHERE,
        (),
        slash="do",
    ),
    Action(
        "adventure.say",
        "Kind: Say",
        "In an adventure: /say and what you say. /story and a text tells it as it stands.",
        Where.ANYWHERE,
        (),
        slash="say",
    ),
    Action(
        "adventure.roll",
        "Kind: Do with a roll",
        "In an adventure: /roll and what you try throws the dice for it; /roll 17 and what you try takes your own"
        " dice.",
        Where.ANYWHERE,
        (),
        slash="roll",
    ),
    Action(
        "adventure.ooc",
        "Kind: Out of character",
        "Says a word out of character, /ooc and the word: to the narrator, or to who plays the character.",
        Where.ANYWHERE,
        (),
        slash="ooc",
    ),
    Action(
        "adventure.dice",
        "Dice of this chat",
        "Says what is thrown in this chat: /dice 2d6, /dice modifier +2, /dice difficulty 3. Alone it tells.",
        Where.ANYWHERE,
        (),
        slash="dice",
    ),
    Action(
        "adventure.memory",
        "Plot of the adventure",
        "In an adventure: writes the plot's essentials, which the narrator always reads; /plot and a text sets them.",
        Where.ANYWHERE,
        (),
        slash="plot",
    ),
    Action(
        "turn.roll_again",
        "Roll again",
        "Throws the dice of the turn again and tells on from there; the other roll stays as a swipe.",
        Where.TURN,
        ("R",),
        slash="again",
    ),
)
"""Every action of adventures."""
