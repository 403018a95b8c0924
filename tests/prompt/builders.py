"""Small stories and an additive token counter for the tests of the prompt room."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.inputs import PromptInput
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.templates import CHATML, context_for

_TOKEN = re.compile(r"[A-Za-z0-9_]+|[^A-Za-z0-9_ \t\n\r\f\v]")

MIRA = Character(
    name="Mira",
    description="Mira keeps the lamp at Cold Point.",
    personality="patient and dry",
    scenario="A storm keeps both indoors.",
    example_dialogue='<START>\n{{user}}: Is it always so loud?\n{{char}}: *She shrugs.* "When it likes."',
)
TOM = Persona("Tom", "Tom carries letters.")
SIX_TURNS = ("Come in.", "Thank you.", "Sit down.", "Is that a chart?", "Half of it is.", "Which half?")


def count(texts: Sequence[str]) -> list[int]:
    """Words and marks; the count of two texts joined at a blank or a mark is the sum of their counts."""
    return [len(_TOKEN.findall(text)) for text in texts]


def chat(*texts: str, start: Speaker = Speaker.CHARACTER) -> list[Turn]:
    """Turns in order, oldest first, the speakers in alternation."""
    turns: list[Turn] = []
    for at, text in enumerate(texts):
        user = (at % 2 == 1) is (start is Speaker.CHARACTER)
        turns.append(
            Turn(
                id=f"t{at}",
                parent=f"t{at - 1}" if at else "",
                speaker=Speaker.USER if user else Speaker.CHARACTER,
                name="Tom" if user else "Mira",
                text=text,
            )
        )
    return turns


def given(turns: Iterable[Turn] = (), instruct: InstructTemplate | None = CHATML, **changes: Any) -> PromptInput:
    """An input for Mira and Tom; ``turns`` oldest first."""
    usual = PromptInput(
        character=MIRA,
        persona=TOM,
        turns=list(turns)[::-1],
        context=context_for(instruct),
        instruct=instruct,
        context_tokens=4096,
        response_tokens=300,
        now=datetime(2024, 9, 4, 14, 30),
        random=lambda: 0.5,
        system_text="Write {{char}}'s side.",
        reserve_tokens=0,
    )
    return replace(usual, **changes)


def plan(one: PromptInput) -> PromptPlan:
    """The plan under the additive counter."""
    return drive(assemble(one), count)


class Visited:
    """Turns newest first that remember how many of them were looked at."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = turns
        self.visited = 0

    def __iter__(self) -> Iterator[Turn]:
        for turn in reversed(self._turns):
            self.visited += 1
            yield turn
