"""The rows of the action registry that open a screen over the chat: lists, editors, the settings.

Keys are scarce: a screen is reached by its command or through the palette, unless it is needed in every evening.
"""

from __future__ import annotations

from tavern_tui.config.action import Action, Where
from tavern_tui.config.home_actions import HOME
from tavern_tui.config.memory_actions import MEMORY

PAGES: tuple[Action, ...] = (
    *HOME,
    *MEMORY,
    Action(
        "app.characters",
        "Characters",
        "Lists the characters and the chats with them; type to find, Enter opens.",
        Where.ANYWHERE,
        (),
        slash="characters",
        aliases=("go", "char"),
    ),
    Action(
        "app.search",
        "Search all chats",
        "Finds words in every turn of every chat, the newest first; Enter goes to the turn.",
        Where.ANYWHERE,
        (),
        slash="search",
    ),
    Action(
        "app.import",
        "Bring in what you have",
        "Takes SillyTavern's folder, its backup, or any card, chat, lorebook or preset into the library: /import and"
        " its path.",
        Where.ANYWHERE,
        (),
        slash="import",
    ),
    Action(
        "app.connect",
        "Who writes",
        "Chooses the engine: a server that answers, a model of this machine, or another address.",
        Where.ANYWHERE,
        (),
        slash="connect",
        aliases=("api",),
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
        "app.settings",
        "Settings",
        "Lists every setting with its value and where that comes from, and changes it: /settings and a word finds one.",
        Where.ANYWHERE,
        (),
        slash="settings",
    ),
    Action(
        "app.presets",
        "Sampler presets",
        "Lists the presets and changes them with sliders, saves, copies and deletes them; /preset and a name chooses"
        " one at once.",
        Where.ANYWHERE,
        (),
        slash="presets",
    ),
    Action(
        "app.templates",
        "Templates",
        "Shows which template holds and why, how this prompt ends with each, and tests or changes them; system prompts"
        " too.",
        Where.ANYWHERE,
        (),
        slash="templates",
    ),
    Action(
        "app.lore",
        "Lorebook",
        "Shows the entries of the lorebook that fired last, to be changed and tried: /lore and a name shows another.",
        Where.ANYWHERE,
        (),
        slash="lore",
    ),
    Action(
        "app.lorebooks",
        "Lorebooks",
        "Lists the lorebooks with who reads each: switched, made, copied, renamed, deleted, brought in.",
        Where.ANYWHERE,
        (),
        slash="lorebooks",
    ),
    Action(
        "app.character",
        "Character card",
        "Shows every field of the character's card with its tokens, to be changed and previewed: /character and a name"
        " shows another.",
        Where.ANYWHERE,
        (),
        slash="character",
        aliases=("card",),
    ),
    Action(
        "app.personas",
        "Personas",
        "Lists who you are in stories: chosen for this chat or for all, bound to a character, made, changed, deleted.",
        Where.ANYWHERE,
        (),
        slash="personas",
    ),
    Action(
        "app.connections",
        "Connections and models",
        "Shows who can write, each with its model, context, template and key, to be tested and changed, and which"
        " models fit this machine.",
        Where.ANYWHERE,
        (),
        slash="connections",
    ),
    Action(
        "chat.branches",
        "Branches",
        "Lists the ways in which this chat goes on, each by its name or its first words; Enter goes there, c compares.",
        Where.ANYWHERE,
        (),
        slash="branches",
    ),
    Action(
        "app.screenshot",
        "Screenshot",
        "Writes what the screen shows into a picture (SVG) in your home folder: /screenshot FILE names it.",
        Where.ANYWHERE,
        (),
        slash="screenshot",
    ),
)
"""Every screen that an action opens."""
