"""How a chat begins: the card's greetings with their macros filled in, and the same for what a user sends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.persona import Persona
from tavern_tui.session.chat_variables import swipes_of
from tavern_tui.session.turn_numbers import TurnNumbers

if TYPE_CHECKING:
    from tavern_tui.prompt.macros import NewestTurns, Variables

_TURNS_BACK = 1_000


def expanded(
    text: str,
    character: Character,
    persona: Persona,
    now: datetime,
    random: Callable[[], float],
    *,
    variables: Variables | None = None,
    turns: NewestTurns | None = None,
    exact: bool = False,
) -> str:
    """``text`` with its macros replaced, as it is stored (``docs/spec/sillytavern-prompts.md`` §3.5).

    ``variables`` are changed by it. ``exact``: by the macros of SillyTavern 1.12.6 alone.
    """
    from tavern_tui.prompt.macros import MacroContext, expand

    names = MacroContext(
        user=persona.name,
        char=character.nickname or character.name,
        now=now,
        random=random,
        variables=variables,
        turns=turns,
        exact=exact,
    )
    return expand(text, names)


def greetings(
    character: Character,
    persona: Persona,
    now: datetime,
    random: Callable[[], float],
    variables: Variables | None = None,
) -> tuple[str, ...]:
    """The card's greetings, the first one first, as a new chat shows them: swipes of one turn.

    ``variables`` are those that the first greeting, which is shown, leaves; no other greeting changes them.
    """
    texts = []
    for at, text in enumerate(character.greetings):
        own = variables if at == 0 or variables is None else variables.copied()
        texts.append(expanded(text, character, persona, now, random, variables=own))
    return tuple(texts)


def said_in(
    tree: ChatTree,
    text: str,
    character: Character,
    persona: Persona,
    now: datetime,
    random: Callable[[], float],
    variables: Variables,
) -> str:
    """What the user says, as it is stored: its macros replaced, which may ask for the newest turns of the chat."""
    if "{{" not in text and "<" not in text:
        return text
    from tavern_tui.prompt.macros import NewestTurns

    newest = list(islice(tree.walk_back(), _TURNS_BACK))
    turns = NewestTurns(newest, number=TurnNumbers(lambda: tree), swipes=swipes_of(tree, tree.tip, another=False))
    return expanded(text, character, persona, now, random, variables=variables, turns=turns)
