"""Whole prompts under ``classic`` that SillyTavern's own functions gave for one small story (spec, appendix A)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.template import ContextTemplate, InstructTemplate, NamesBehavior
from tavern_tui.prompt.inputs import (
    AuthorsNote,
    GenerationKind,
    Injection,
    InjectionPosition,
    Policy,
    PromptInput,
    Quiet,
)
from tavern_tui.prompt.plan import PartKind
from tests.prompt.builders import given, plan

S = "SYS\nWIB\nDESC\nSera's personality: PERS\nScenario: SCEN\nWIA\nPERSONA\n"
CHAT = "Sera: g\nUser: u1\nSera: a1\nUser: u2"

CONTEXT = ContextTemplate(
    name="Default",
    story_string=(
        "{{#if system}}{{system}}\n{{/if}}{{#if wiBefore}}{{wiBefore}}\n{{/if}}{{#if description}}{{description}}\n"
        "{{/if}}{{#if personality}}{{char}}'s personality: {{personality}}\n{{/if}}{{#if scenario}}Scenario: "
        "{{scenario}}\n{{/if}}{{#if wiAfter}}{{wiAfter}}\n{{/if}}{{#if persona}}{{persona}}\n{{/if}}"
    ),
    example_separator="***",
    chat_start="***",
)
IN_CHATML = replace(
    CONTEXT,
    story_string=f"<|im_start|>system\n{CONTEXT.story_string}{{{{trim}}}}<|im_end|>",
    example_separator="",
    chat_start="",
)
CHATML = InstructTemplate(
    name="ChatML",
    input_sequence="<|im_start|>user",
    input_suffix="<|im_end|>\n",
    output_sequence="<|im_start|>assistant",
    output_suffix="<|im_end|>\n",
    system_sequence="<|im_start|>system",
    system_suffix="<|im_end|>\n",
    stop_sequence="<|im_end|>",
)
ALPACA = InstructTemplate(
    name="Alpaca",
    input_sequence="### Instruction:",
    input_suffix="\n\n",
    output_sequence="### Response:",
    output_suffix="\n\n",
    system_sequence="### Input:",
    system_suffix="\n\n",
    names_behavior=NamesBehavior.FORCE,
    first_output_sequence="FO:",
    last_output_sequence="LO:",
    last_input_sequence="LI:",
)
SERA = Character(name="Sera", description="DESC", personality="PERS", scenario="SCEN")
EXAMPLE = "<START>\nUser: q\nSera: r"


def said(*texts: str) -> list[Turn]:
    """The chat, newest first."""
    turns = [
        Turn(str(at), str(at - 1) if at else "", Speaker.USER if at % 2 else Speaker.CHARACTER, who, text)
        for at, (who, text) in enumerate(zip(("Sera", "User") * len(texts), texts, strict=False))
    ]
    return turns[::-1]


def story(**changes: Any) -> PromptInput:
    usual = given(
        character=SERA,
        persona=Persona("User", "PERSONA"),
        context=CONTEXT,
        instruct=None,
        system_text="SYS",
        lore_before="WIB",
        lore_after="WIA",
        policy=Policy.CLASSIC,
    )
    return replace(replace(usual, turns=said("g", "u1", "a1", "u2")), **changes)


def chatml(**changes: Any) -> PromptInput:
    return story(instruct=CHATML, context=IN_CHATML, **changes)


SUMMARY = Injection(
    "SUM", kind=PartKind.NOTE, source="memory", key="1_memory", position=InjectionPosition.BEFORE_SCENARIO
)
FOUR = {
    "character": replace(SERA, note=CharacterNote("DP", 1)),
    "note": AuthorsNote(text="AN", position=InjectionPosition.AFTER_SCENARIO),
    "injections": (SUMMARY, Injection("A0", 0, InjectionRole.ASSISTANT, key="script_inject_a")),
}
LONE = said("g")
TO_CONTINUE = said("g", "u1", "a1")


@pytest.mark.parametrize(
    ("one", "prompt"),
    [
        (
            story(character=replace(SERA, example_dialogue=EXAMPLE)),
            f"{S}***\nUser: q\nSera: r\n***\n{CHAT}\nSera:",
        ),
        (story(always_add_name=False), f"{S}***\n{CHAT}"),
        (
            story(**FOUR),
            f"SUM\n{S}\nAN\n***\nSera: g\nUser: u1\nSera: a1\nDP\nUser: u2\nSera: A0\nSera:",
        ),
        (story(kind=GenerationKind.CONTINUE, turns=TO_CONTINUE), f"{S}***\nSera: g\nUser: u1\nSera: a1"),
        (
            story(kind=GenerationKind.CONTINUE, turns=TO_CONTINUE, always_add_name=False),
            f"{S}***\nSera: g\nUser: u1\n a1",
        ),
        (story(kind=GenerationKind.CONTINUE, turns=LONE), f"{S}***\nSera: g"),
        (story(kind=GenerationKind.IMPERSONATE, turns=TO_CONTINUE), f"{S}***\nSera: g\nUser: u1\nSera: a1\nUser:"),
        (story(kind=GenerationKind.QUIET, quiet=Quiet(text="Q")), f"{S}***\n{CHAT}\nQ"),
        (story(prefill=" Yes"), f"{S}***\n{CHAT}\nSera: Yes"),
    ],
    ids=["usual", "no-name", "injections", "continue", "continue-no-name", "lone", "impersonate", "quiet", "bias"],
)
def test_plain_text(one: PromptInput, prompt: str) -> None:
    assert plan(one).text == prompt


HEAD = f"<|im_start|>system\n{S.rstrip()}<|im_end|>\n"
END = "<|im_start|>assistant\nSera:"


def turn(role: str, text: str) -> str:
    return f"<|im_start|>{role}\n{text}<|im_end|>\n"


G, U1, A1 = turn("assistant", "Sera: g"), turn("user", "User: u1"), turn("assistant", "Sera: a1")
U2 = turn("user", "User: u2")


@pytest.mark.parametrize(
    ("one", "prompt"),
    [
        (
            chatml(character=replace(SERA, example_dialogue=EXAMPLE)),
            HEAD + turn("user", "User: q") + turn("assistant", "Sera: r") + G + U1 + A1 + U2 + END,
        ),
        (
            chatml(**FOUR),
            f"SUM\n{HEAD}\nAN\n{G}{U1}{A1}{turn('system', 'DP')}{U2}{turn('assistant', 'Sera: A0')}{END}",
        ),
        (
            chatml(kind=GenerationKind.CONTINUE, turns=TO_CONTINUE, injections=(Injection("Z", 0),)),
            HEAD + G + U1 + turn("system", "Z") + "<|im_start|>assistant\nSera: a1",
        ),
        (
            chatml(kind=GenerationKind.QUIET, quiet=Quiet(text="Q")),
            HEAD + G + U1 + A1 + U2 + turn("system", "Q") + "<|im_start|>assistant\n",
        ),
        (
            chatml(kind=GenerationKind.QUIET, quiet=Quiet(text="Q", loud=True)),
            HEAD + G + U1 + A1 + U2 + turn("system", "Q") + END,
        ),
        (
            chatml(character=replace(SERA, post_history_instructions="PHI")),
            HEAD + G + U1 + A1 + U2 + turn("user", "PHI") + END,
        ),
        (
            story(instruct=ALPACA, context=replace(CONTEXT, chat_start="", example_separator="")),
            f"{S}FO:\ng\n\n### Instruction:\nu1\n\n### Response:\na1\n\nLI:\nu2\n\nLO:\n",
        ),
    ],
    ids=["usual", "injections", "continue", "quiet", "quiet-to-loud", "post-history", "alpaca-first-last"],
)
def test_templates(one: PromptInput, prompt: str) -> None:
    assert plan(one).text == prompt
