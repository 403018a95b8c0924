"""Recorded cases as values: what a case's JSON means in the domain's types. How a case is run is ``played``'s."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
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
    AuthorsNote,
    CharacterNotePosition,
    Examples,
    Group,
    GroupCards,
    InjectionPosition,
    LoreSettings,
    LoreStrategy,
    Member,
    PersonaPosition,
    ReplyCleaning,
)

CASES = Path(__file__).parent / "cases"
FURTHER = Path(__file__).parent / "further"
"""Cases that were recorded when a comparison of random chats with SillyTavern found a difference."""
MOMENT = datetime(2024, 9, 4, 14, 30)
MODEL = "oracle-model"
"""What the recorded server called its model."""

NOTICE = "SillyTavern System"
"""Who says what is no part of a story, such as the first line of a new group chat."""

_INSTRUCT_FIELDS = (
    "input_sequence input_suffix output_sequence output_suffix system_sequence system_suffix first_input_sequence "
    "last_input_sequence first_output_sequence last_output_sequence last_system_sequence system_sequence_prefix "
    "system_sequence_suffix stop_sequence user_alignment_message wrap macro system_same_as_user skip_examples"
)
_NOTE_POSITIONS = {
    "after_scenario": InjectionPosition.AFTER_SCENARIO,
    "in_chat": InjectionPosition.IN_CHAT,
    "before_scenario": InjectionPosition.BEFORE_SCENARIO,
}
_PERSONA_POSITIONS = {
    "in_prompt": PersonaPosition.IN_PROMPT,
    "top_an": PersonaPosition.NOTE_TOP,
    "bottom_an": PersonaPosition.NOTE_BOTTOM,
    "at_depth": PersonaPosition.AT_DEPTH,
    "none": PersonaPosition.NONE,
}
_OWN_NOTES = {
    "replace": CharacterNotePosition.REPLACE,
    "before": CharacterNotePosition.BEFORE,
    "after": CharacterNotePosition.AFTER,
}


def read(path: Path) -> dict[str, Any]:
    """A case file."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


def files(folder: Path, api: str) -> list[Path]:
    """The case files of a folder for ``text`` or ``chat`` completion, sorted by name."""
    return sorted(path for path in folder.glob("*.json") if read(path)["case"]["api"] == api)


@dataclass(frozen=True, slots=True)
class Message:
    """A stored message of the recorded chat. ``swipes`` are all its versions, ``swipe`` the place of the shown one."""

    name: str
    is_user: bool
    text: str
    hidden: bool = False
    narrates: bool = False
    swipes: tuple[str, ...] = ()
    swipe: int = 0

    def saying(self, text: str) -> Message:
        """The message gone on with: its text is another, and so is the version of it that is shown, or the only one."""
        swipes = (*self.swipes[: self.swipe], text, *self.swipes[self.swipe + 1 :])
        return replace(self, text=text, swipes=swipes)

    def turn(self, at: int) -> Turn:
        """The message as turn number ``at`` of its chat, counted from 0."""
        speaker = Speaker.NARRATOR if self.narrates else Speaker.USER if self.is_user else Speaker.CHARACTER
        return Turn(str(at), str(at - 1) if at else "", speaker, self.name, self.text, hidden=self.hidden)


def message(recorded: Mapping[str, Any]) -> Message:
    """A message as a chat file has it; what its turn says the reply begins with is written into its text."""
    extra = recorded.get("extra") or {}
    bias = str(extra.get("bias") or "").strip()
    swipes = tuple(recorded.get("swipes") or ())
    return Message(
        name=recorded["name"],
        is_user=bool(recorded.get("is_user")),
        text=recorded["mes"] + (f'{{{{bias "{bias}"}}}}' if bias else ""),
        hidden=bool(recorded.get("is_system")) or recorded["name"] == NOTICE,
        narrates=extra.get("type") == "narrator",
        swipes=swipes,
        swipe=int(recorded.get("swipe_id") or 0),
    )


def character(recorded: Mapping[str, Any]) -> Character:
    """A member of ``case["characters"]``."""
    data = recorded["data"]
    note = data["extensions"].get("depth_prompt") or {}
    return Character(
        name=data["name"],
        description=data["description"],
        personality=data["personality"],
        scenario=data["scenario"],
        greeting=data["first_mes"],
        alternate_greetings=tuple(data.get("alternate_greetings") or ()),
        example_dialogue=data["mes_example"],
        system_prompt=data["system_prompt"],
        post_history_instructions=data["post_history_instructions"],
        creator_notes=data.get("creator_notes") or "",
        version=data.get("character_version") or "",
        note=CharacterNote(note.get("prompt", ""), note.get("depth", 4), InjectionRole(note.get("role", "system"))),
        source=recorded,
    )


def group(recorded: Mapping[str, Any] | None, characters: Sequence[Character], *, wrap: bool) -> Group | None:
    """``case["group"]`` with its members; ``wrap`` is the instruct template's, enabled or not."""
    if recorded is None:
        return None
    disabled = recorded.get("disabled") or ()
    return Group(
        members=tuple(Member(one, muted=one.name in disabled) for one in characters),
        cards=GroupCards(recorded.get("generation_mode") or 0),
        join_prefix=recorded.get("join_prefix") or "",
        join_suffix=recorded.get("join_suffix") or "",
        join_wrap=wrap,
    )


def persona(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a ``PromptInput`` that ``case["persona"]`` gives."""
    return {
        "persona": Persona(recorded["name"], recorded["description"]),
        "persona_position": _PERSONA_POSITIONS[recorded["position"]],
        "persona_depth": recorded["depth"],
        "persona_role": InjectionRole(recorded["role"]),
    }


def note(recorded: Mapping[str, Any]) -> AuthorsNote:
    """``case["authors_note"]``."""
    own = recorded.get("character_note") or {}
    return AuthorsNote(
        text=recorded["text"],
        position=_NOTE_POSITIONS[recorded["position"]],
        depth=recorded["depth"],
        role=InjectionRole(recorded["role"]),
        interval=recorded["interval"],
        allow_lore_scan=recorded["allow_wi_scan"],
        of_character=own.get("text", ""),
        of_character_position=_OWN_NOTES[own.get("position", "replace")],
    )


def context(recorded: Mapping[str, Any]) -> ContextTemplate:
    """``case["context"]``."""
    return ContextTemplate(
        name=recorded["preset"],
        story_string=recorded["story_string"],
        example_separator=recorded["example_separator"],
        chat_start=recorded["chat_start"],
        use_stop_strings=recorded["use_stop_strings"],
        names_as_stop_strings=recorded["names_as_stop_strings"],
    )


def instruct(recorded: Mapping[str, Any]) -> InstructTemplate | None:
    """``case["instruct"]``; ``None`` where it is switched off."""
    if not recorded["enabled"]:
        return None
    return InstructTemplate(
        name=recorded["preset"],
        names_behavior=NamesBehavior(recorded["names_behavior"]),
        sequences_as_stop_strings=True,
        **{name: recorded[name] for name in _INSTRUCT_FIELDS.split()},
    )


def examples(settings: Mapping[str, Any]) -> Examples:
    """When example dialogue is in, by ``case["settings"]``."""
    if settings["pin_examples"]:
        return Examples.ALWAYS
    return Examples.NEVER if settings["strip_examples"] else Examples.PUSHED_OUT


def cleaning(settings: Mapping[str, Any]) -> ReplyCleaning:
    """What is done to replies, by ``case["settings"]``."""
    names = ReplyCleaning.__dataclass_fields__
    return ReplyCleaning(**{name: bool(settings[name]) for name in names if name in settings})


def lorebooks(world: Mapping[str, Any], speaker: Mapping[str, Any], *, first: bool) -> dict[str, Any]:
    """The fields of a ``PromptInput`` that ``case["world_info"]`` gives for the member who speaks.

    ``first``: it is the one that was opened, whose further books are recorded.
    """
    linked = speaker["data"]["extensions"].get("world")
    extra = world["character_extra_books"] if first else ()
    return {
        "global_lorebooks": _books(world, world["global"]),
        "chat_lorebooks": _books(world, [world["chat_book"]]),
        "lorebooks": _books(world, [linked, *extra]),
        "lore": _lore(world["settings"]),
    }


def _books(world: Mapping[str, Any], names: Iterable[str | None]) -> tuple[Lorebook, ...]:
    return tuple(_book(world, name) for name in names if name and name in world["books"])


def _book(world: Mapping[str, Any], name: str) -> Lorebook:
    """A book of a case; SillyTavern takes a depth that was set to nothing as 0."""
    book = read_lorebook(json.dumps(world["books"][name]).encode(), name=name)
    raw = world["books"][name]["entries"]
    return replace(
        book, entries=tuple(replace(e, depth=0) if raw[str(e.uid)]["depth"] is None else e for e in book.entries)
    )


def _lore(settings: Mapping[str, Any]) -> LoreSettings:
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
        book_settings=False,
    )


def custom_stop_strings(text: str) -> tuple[str, ...]:
    """A person's own stop strings, a JSON list as text; what is none of them is passed over."""
    try:
        value = json.loads(text or "[]")
    except json.JSONDecodeError:
        return ()
    return tuple(one for one in value if isinstance(one, str) and one) if isinstance(value, list) else ()
