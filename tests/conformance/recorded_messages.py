"""Recorded cases of chat completion: their presets as values, and what is different in running them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat_completion import (
    EVERY_CHARACTER,
    ChatCompletionPreset,
    NamesIn,
    OrderEntry,
    Placement,
    PromptEntry,
    PromptOrder,
)
from tavern_tui.domain.request import Message, Role
from tavern_tui.prompt.inputs import GenerationKind, PromptInput
from tavern_tui.prompt.plan import PromptPlan
from tests.conformance.played import Played

_TEXTS = (
    "impersonation_prompt new_chat_prompt new_group_chat_prompt new_example_chat_prompt continue_nudge_prompt "
    "group_nudge_prompt wi_format scenario_format personality_format send_if_empty continue_postfix"
)
_SWITCHES = "continue_prefill squash_system_messages wrap_in_quotes"


def preset(recorded: Mapping[str, Any]) -> ChatCompletionPreset:
    """``case["openai"]``. SillyTavern 1.12.6 reads the order of one id alone, and has its usual one where that is not.

    The prefills are sent to services of one kind only, not to the recorded server.
    """
    texts: dict[str, Any] = {name: recorded[name] for name in _TEXTS.split()}
    switches: dict[str, Any] = {name: bool(recorded[name]) for name in _SWITCHES.split()}
    return ChatCompletionPreset(
        name="recorded",
        prompts=tuple(_prompt(one) for one in recorded["prompts"]),
        prompt_order=tuple(
            PromptOrder(
                EVERY_CHARACTER, tuple(OrderEntry(one["identifier"], one["enabled"]) for one in listed["order"])
            )
            for listed in recorded["prompt_order"]
            if str(listed["character_id"]) == str(EVERY_CHARACTER)
        ),
        names_behavior=NamesIn(recorded["names_behavior"]),
        **texts,
        **switches,
    )


def _prompt(recorded: Mapping[str, Any]) -> PromptEntry:
    return PromptEntry(
        identifier=recorded["identifier"],
        name=recorded.get("name") or "",
        content=recorded.get("content") or "",
        role=Role(recorded.get("role") or "system"),
        system_prompt=recorded.get("system_prompt", True),
        marker=bool(recorded.get("marker")),
        injection_position=Placement(recorded.get("injection_position") or 0),
        # One that names no depth stands nowhere.
        injection_depth=recorded.get("injection_depth", -1),
        forbid_overrides=bool(recorded.get("forbid_overrides")),
    )


def sent(message: Message) -> dict[str, str]:
    """A message as the recording has it."""
    return message.as_dict()


class PlayedMessages(Played):
    """One case of chat completion. ``preset`` is what its messages are made by."""

    def __init__(self, case: Mapping[str, Any]) -> None:
        super().__init__(case)
        self.preset = preset(case["openai"])

    def prompts(self, step: Mapping[str, Any]) -> Iterator[PromptInput]:
        """The inputs of a step's prompts; where nothing was typed the preset's message is stored, if it has one."""
        if step["type"] == "normal" and not step["message"]:
            step = {**step, "message": self.preset.send_if_empty.strip()}
        return super().prompts(step)

    def given(self, speaker: Character) -> PromptInput:
        """What the prompt is made of, in the sizes that the preset gives."""
        sizes = self.case["openai"]
        return replace(
            super().given(speaker),
            context_tokens=sizes["openai_max_context"],
            response_tokens=sizes["openai_max_tokens"],
        )

    def answer(self, plan: PromptPlan) -> str:
        """Store the answer; between a turn and what is added to it stands what the plan says."""
        given = self._given
        if given is not None and given.kind is GenerationKind.CONTINUE and plan.chat is not None:
            last = self.messages[-1]
            self.messages[-1] = replace(last, text=last.text + plan.chat.joint)
        return super().answer(plan)
