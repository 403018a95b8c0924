"""Recorded cases as inputs of the prompt room: what a case's JSON means in the domain's types."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import InjectionRole, Lorebook
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.template import ContextTemplate, InstructTemplate, NamesBehavior
from tavern_tui.formats.lorebook import read_lorebook
from tavern_tui.prompt.inputs import (
    Examples,
    GenerationKind,
    Injection,
    LoreSettings,
    LoreStrategy,
    Policy,
    PromptInput,
)
from tavern_tui.prompt.macros import MacroContext, expand
from tavern_tui.prompt.plan import NO_LORE_STATE, LoreState

CASES = Path(__file__).parent / "cases"
_KINDS = {
    "normal": GenerationKind.NORMAL,
    "regenerate": GenerationKind.SWIPE,
    "swipe": GenerationKind.SWIPE,
    "continue": GenerationKind.CONTINUE,
    "impersonate": GenerationKind.IMPERSONATE,
}
_MOMENT = datetime(2024, 9, 4, 14, 30)
_INSTRUCT_FIELDS = (
    "input_sequence input_suffix output_sequence output_suffix system_sequence system_suffix first_input_sequence "
    "last_input_sequence first_output_sequence last_output_sequence last_system_sequence system_sequence_prefix "
    "system_sequence_suffix stop_sequence user_alignment_message wrap macro system_same_as_user skip_examples"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a case: what is asked for, and what SillyTavern sent."""

    given: PromptInput
    prompt: str
    stop: tuple[str, ...]
    fired: tuple[tuple[str, int], ...]


def read(path: Path) -> dict[str, Any]:
    """A case file."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def steps(recorded: Mapping[str, Any]) -> Generator[Step, LoreState, None]:
    """The steps of a case in order; the replies that SillyTavern stored are the history of later steps.

    Is sent the ``lore_state`` of the plan that was made of the step before.
    """
    case, expected = recorded["case"], recorded["expected"]
    chat = [dict(message) for message in case["chat"]]
    card = _character(case["characters"][0]["data"])
    if case["new_chat"]:
        chat = [{"name": card.name, "is_user": False, "is_system": False, "mes": card.greeting}]
    state = NO_LORE_STATE
    for at, step in enumerate(case["steps"]):
        kind = _KINDS[step["type"]]
        if kind is GenerationKind.SWIPE and chat and not chat[-1]["is_user"]:
            chat.pop()
        if kind is GenerationKind.NORMAL and step["message"]:
            chat.append(_said(step["message"], case, card))
        request = expected["requests"][at]
        fired = tuple((one["world"], one["uid"]) for one in request["activated_world_info"])
        state = yield Step(
            _input(case, card, chat, kind, step["math_random"], state), request["prompt"], tuple(request["stop"]), fired
        )
        stored = {**expected["after"][at]["last_message"], "is_system": False} if expected["after"] else None
        if stored and kind is GenerationKind.CONTINUE:
            chat[-1] = stored
        elif stored and kind is not GenerationKind.IMPERSONATE:
            chat.append(stored)


def _input(
    case: Mapping[str, Any],
    card: Character,
    chat: list[dict[str, Any]],
    kind: GenerationKind,
    rolled: float | None,
    state: LoreState,
) -> PromptInput:
    settings, context, persona = case["settings"], case["context"], case["persona"]
    card_book = case["characters"][0]["data"]["extensions"].get("world")
    in_prompt = persona["position"] == "in_prompt"
    world = case["world_info"]
    always, never = settings["pin_examples"], settings["strip_examples"]
    return PromptInput(
        character=card,
        persona=Persona(persona["name"], persona["description"] if in_prompt else ""),
        turns=[_turn(at, message) for at, message in enumerate(chat)][::-1],
        context=ContextTemplate(
            name=context["preset"],
            story_string=context["story_string"],
            example_separator=context["example_separator"],
            chat_start=context["chat_start"],
            use_stop_strings=context["use_stop_strings"],
            names_as_stop_strings=context["names_as_stop_strings"],
        ),
        instruct=_instruct(case["instruct"]),
        context_tokens=settings["max_context"],
        response_tokens=settings["response_length"],
        now=_MOMENT,
        random=lambda: 0.5 if rolled is None else rolled,
        kind=kind,
        policy=Policy.CLASSIC,
        system_text=case["sysprompt"]["content"],
        use_system_prompt=case["sysprompt"]["enabled"],
        prefill=settings["user_prompt_bias"],
        injections=tuple(_injections(case)),
        global_lorebooks=tuple(_book(world, name) for name in world["global"]),
        chat_lorebooks=tuple(_book(world, name) for name in [world["chat_book"]] if name),
        lorebooks=tuple(_book(world, name) for name in [card_book, *world["character_extra_books"]] if name),
        lore=_lore(world["settings"], case["authors_note"]),
        lore_state=state,
        examples=Examples.ALWAYS if always else Examples.NEVER if never else Examples.PUSHED_OUT,
        stop_strings=_custom_stop(settings["custom_stopping_strings"]),
        prefer_card_prompts=settings["prefer_character_prompt"],
        use_post_history=context["allow_jailbreak"],
        always_add_name=settings["always_force_name2"],
        collapse_newlines=settings["collapse_newlines"],
        single_line=settings["single_line"],
    )


def _character(data: Mapping[str, Any]) -> Character:
    note = data["extensions"].get("depth_prompt") or {}
    return Character(
        name=data["name"],
        description=data["description"],
        personality=data["personality"],
        scenario=data["scenario"],
        greeting=data["first_mes"],
        example_dialogue=data["mes_example"],
        system_prompt=data["system_prompt"],
        post_history_instructions=data["post_history_instructions"],
        note=CharacterNote(note.get("prompt", ""), note.get("depth", 4), InjectionRole(note.get("role", "system"))),
    )


def _instruct(fields: Mapping[str, Any]) -> InstructTemplate | None:
    if not fields["enabled"]:
        return None
    return InstructTemplate(
        name=fields["preset"],
        names_behavior=NamesBehavior(fields["names_behavior"]),
        sequences_as_stop_strings=True,
        **{name: fields[name] for name in _INSTRUCT_FIELDS.split()},
    )


def _turn(at: int, message: Mapping[str, Any]) -> Turn:
    narrates = (message.get("extra") or {}).get("type") == "narrator"
    speaker = Speaker.NARRATOR if narrates else Speaker.USER if message["is_user"] else Speaker.CHARACTER
    parent = str(at - 1) if at else ""
    return Turn(str(at), parent, speaker, message["name"], message["mes"], hidden=message["is_system"])


def _said(message: str, case: Mapping[str, Any], card: Character) -> dict[str, Any]:
    name = case["persona"]["name"]
    text = expand(message, MacroContext(user=name, char=card.name, now=_MOMENT, random=lambda: 0.5))
    return {"name": name, "is_user": True, "is_system": False, "mes": text}


def _injections(case: Mapping[str, Any]) -> Iterator[Injection]:
    persona, note = case["persona"], case["authors_note"]
    if persona["position"] == "at_depth":
        role = InjectionRole(persona["role"])
        yield Injection(persona["description"], persona["depth"], role, key="PERSONA_DESCRIPTION", scan=True)
    if note["position"] == "in_chat" and note["interval"] == 1:
        scan = note["allow_wi_scan"]
        yield Injection(note["text"], note["depth"], InjectionRole(note["role"]), scan=scan)


def _book(world: Mapping[str, Any], name: str) -> Lorebook:
    """A book of a case; SillyTavern takes a depth that was set to nothing as 0."""
    book = read_lorebook(json.dumps(world["books"][name]).encode(), name=name)
    raw = world["books"][name]["entries"]
    return replace(
        book, entries=tuple(replace(e, depth=0) if raw[str(e.uid)]["depth"] is None else e for e in book.entries)
    )


def _lore(settings: Mapping[str, Any], note: Mapping[str, Any]) -> LoreSettings:
    return LoreSettings(
        scan_depth=settings["world_info_depth"],
        budget_percent=settings["world_info_budget"],
        budget_cap=settings["world_info_budget_cap"],
        include_names=settings["world_info_include_names"],
        recursive=settings["world_info_recursive"],
        case_sensitive=settings["world_info_case_sensitive"],
        match_whole_words=settings["world_info_match_whole_words"],
        min_activations=settings["world_info_min_activations"],
        min_activations_depth=settings["world_info_min_activations_depth_max"],
        max_recursion_steps=settings["world_info_max_recursion_steps"],
        use_group_scoring=settings["world_info_use_group_scoring"],
        strategy=LoreStrategy(settings["world_info_character_strategy"]),
        scan_character_note=note["allow_wi_scan"],
        book_settings=False,
    )


def _custom_stop(text: str) -> tuple[str, ...]:
    try:
        value = json.loads(text or "[]")
    except json.JSONDecodeError:
        return ()
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()
