"""The character card as the program uses it: the V2/V3 fields that reach a prompt or a screen.

The card's file (PNG, JSON, …) and every field it has beyond these stay with the codec in ``formats``; ``source``
carries them so that writing a card back loses nothing. Fields: character card V2 and V3 specifications.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.lorebook import EMPTY, InjectionRole, Lorebook


@dataclass(frozen=True, slots=True)
class CharacterNote:
    """The character note (depth prompt): text injected ``depth`` turns above the newest one."""

    text: str = ""
    depth: int = 4
    role: InjectionRole = InjectionRole.SYSTEM


@dataclass(frozen=True, slots=True)
class Asset:
    """A picture, sound or other thing that a card names (V3). ``kind`` is V3's ``type``: icon, background, emotion, …

    ``uri`` says where it is: ``embeded://path`` (V3's spelling), ``__asset:name``, ``ccdefault:``, ``data:`` or the
    net. ``ext`` is its file's ending without a dot, in lower case.
    """

    kind: str
    uri: str
    name: str = ""
    ext: str = ""


@dataclass(frozen=True, slots=True)
class Character:
    """A character card. All texts are raw: macros are expanded by ``prompt``, display passes ``display.safe``.

    ``source`` is the whole card object as read (V1 top-level keys, ``data``, unknown fields), untouched.
    ``group_only_greetings`` open group chats alone. ``notes_by_language`` are the creator's notes by two-letter
    language. ``origins`` are V3's ``source``: ids and addresses of where the card has been. ``created`` and
    ``modified`` are Unix seconds, ``None`` where the card does not say. ``favourite`` is the user's own mark, kept
    where SillyTavern keeps it.
    """

    name: str
    description: str = ""
    personality: str = ""
    scenario: str = ""
    greeting: str = ""
    alternate_greetings: tuple[str, ...] = ()
    example_dialogue: str = ""
    system_prompt: str = ""
    post_history_instructions: str = ""
    creator_notes: str = ""
    creator: str = ""
    version: str = ""
    nickname: str = ""
    tags: tuple[str, ...] = ()
    note: CharacterNote = CharacterNote()
    lorebook: Lorebook | None = None
    source: Mapping[str, Any] = EMPTY
    group_only_greetings: tuple[str, ...] = ()
    notes_by_language: Mapping[str, str] = EMPTY
    assets: tuple[Asset, ...] = ()
    origins: tuple[str, ...] = ()
    created: float | None = None
    modified: float | None = None
    favourite: bool = False

    @property
    def greetings(self) -> tuple[str, ...]:
        """The first message and its alternates, in the card's order; empty ones left out."""
        return tuple(text for text in (self.greeting, *self.alternate_greetings) if text.strip())
