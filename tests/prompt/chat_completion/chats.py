"""A preset with short texts, and the plans and messages that it gives for small stories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.chat_completion import (
    EVERY_CHARACTER,
    USUAL_PROMPT_ORDER,
    ChatCompletionPreset,
    Marker,
    OrderEntry,
    PromptEntry,
    PromptOrder,
)
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.request import Message, Role
from tavern_tui.prompt.chat_completion.assembly import assemble_chat
from tavern_tui.prompt.counting import drive
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.plan import PromptPlan
from tests.prompt.builders import count, given

SERA = Character("Sera", "DESC", "PERS", "SCEN", example_dialogue="<START>\nUser: q\nSera: r")
BARE = Character("Sera")
USER = Persona("User", "PERSONA")
LETTERS = {Role.SYSTEM: "s", Role.USER: "u", Role.ASSISTANT: "a"}
TEXTS = (
    PromptEntry(Marker.MAIN, "Main", "MAIN", system_prompt=True),
    PromptEntry(Marker.AUXILIARY, "Auxiliary", "AUX", system_prompt=True),
    PromptEntry(Marker.POST_HISTORY, "Post-history", "PHI", system_prompt=True),
)
PRESET = ChatCompletionPreset(
    name="Letters",
    prompts=TEXTS,
    impersonation_prompt="[AS {{user}}]",
    new_chat_prompt="[NEW]",
    new_group_chat_prompt="[NEW GROUP: {{group}}]",
    new_example_chat_prompt="[EX]",
    continue_nudge_prompt="[ON: {{lastChatMessage}}]",
    group_nudge_prompt="[ONLY {{char}}]",
)


def preset(*own: PromptEntry, order: Iterable[str | OrderEntry] | None = None, **changes: Any) -> ChatCompletionPreset:
    """``PRESET`` with a person's own prompts, which stand at the end of the usual order unless ``order`` is given."""
    places = [*USUAL_PROMPT_ORDER.order, *(OrderEntry(one.identifier) for one in own)]
    if order is not None:
        places = [one if isinstance(one, OrderEntry) else OrderEntry(one) for one in order]
    wanted = PromptOrder(EVERY_CHARACTER, tuple(places))
    return replace(PRESET, prompts=(*TEXTS, *own), prompt_order=(wanted,), **changes)


def turns(*texts: str) -> list[Turn]:
    """Sera and the user in turn, Sera first, oldest first."""
    made: list[Turn] = []
    for at, text in enumerate(texts):
        users = at % 2 == 1
        speaker, name = (Speaker.USER, "User") if users else (Speaker.CHARACTER, "Sera")
        made.append(Turn(f"t{at}", f"t{at - 1}" if at else "", speaker, name, text))
    return made


def story(history: Iterable[Turn] = (), *, classic: bool = True, **changes: Any) -> PromptInput:
    """An input for Sera and the user, without a template."""
    usual: dict[str, Any] = {"character": SERA, "persona": USER, "instruct": None, "context_tokens": 4096}
    policy = Policy.CLASSIC if classic else Policy.ECONOMY
    return given(list(history), **{**usual, "policy": policy, **changes})


def chat_plan(one: PromptInput, form: ChatCompletionPreset = PRESET) -> PromptPlan:
    """The plan under the additive counter."""
    return drive(assemble_chat(one, form), count)


def shown(messages: Iterable[Message]) -> list[str]:
    """Messages as ``s MAIN``, ``u Hello.``, with a name in brackets where one is sent."""
    return [f"{LETTERS[one.role]}{f'({one.name})' if one.name else ''} {one.content}" for one in messages]


def sent(one: PromptInput, form: ChatCompletionPreset = PRESET) -> list[str]:
    """What is sent for an input, as ``shown`` shows it."""
    return shown(chat_plan(one, form).messages())
