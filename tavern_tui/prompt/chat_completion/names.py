"""Where a turn's speaker is said: before its text, in the message's own field, or nowhere.

Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``setOpenAIMessages``) and
``public/scripts/PromptManager.js`` (``sanitizeName``).
"""

from __future__ import annotations

import re

from tavern_tui.domain.chat_completion import NamesIn
from tavern_tui.domain.events import Speaker
from tavern_tui.prompt.items import Item

LONGEST_NAME = 64
"""Characters that OpenAI's API takes in the name of a message."""

_REFUSED = re.compile(r"[^a-zA-Z0-9_]")


def sent_name(item: Item, names: NamesIn) -> str:
    """The name that a message is sent with: ASCII letters, digits and underscores; empty for none."""
    if names is not NamesIn.COMPLETION or item.bare:
        return ""
    return _REFUSED.sub("_", item.name)[:LONGEST_NAME]


def text_with_name(item: Item, names: NamesIn, *, user: str, group: bool, exact: bool) -> str:
    """The turn's text, its speaker's name before it where it is to be said. ``user`` is the persona's name.

    ``exact``: in a group a narrator is named as well, as in SillyTavern.
    """
    narrates = item.speaker is Speaker.NARRATOR
    if names is NamesIn.CONTENT:
        wanted = not narrates
    elif names is NamesIn.DEFAULT:
        foreign = item.name != user
        wanted = foreign and ((group and (exact or not narrates)) or (item.named and not narrates))
    else:
        wanted = False
    return f"{item.name}: {item.text}" if wanted and item.name and not item.bare else item.text
