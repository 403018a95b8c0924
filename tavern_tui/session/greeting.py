"""How a chat begins: the card's greetings with their macros filled in, and the same for what a user sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tavern_tui.domain.character import Character
from tavern_tui.domain.persona import Persona


def expanded(text: str, character: Character, persona: Persona, now: datetime, random: Callable[[], float]) -> str:
    """``text`` with its macros replaced, as it is stored (``docs/spec/sillytavern-prompts.md`` §3.5)."""
    from tavern_tui.prompt.macros import MacroContext, expand

    names = MacroContext(user=persona.name, char=character.nickname or character.name, now=now, random=random)
    return expand(text, names)


def greetings(character: Character, persona: Persona, now: datetime, random: Callable[[], float]) -> tuple[str, ...]:
    """The card's greetings, the first one first, as a new chat shows them: swipes of one turn."""
    return tuple(expanded(text, character, persona, now, random) for text in character.greetings)
