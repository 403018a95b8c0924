"""The persona: who the user is in a story, and where the model reads about it.

Files of personas are ``formats.personas``'. Fields: ``docs/spec/sillytavern-prompts.md`` §10.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tavern_tui.domain.lorebook import InjectionRole, Lorebook


class PersonaPosition(Enum):
    """Where the persona's description goes. At the note it is there whenever the note is, even an empty one.

    The numbers are SillyTavern's.
    """

    IN_PROMPT = 0
    NOTE_TOP = 2
    NOTE_BOTTOM = 3
    AT_DEPTH = 4
    NONE = 9


@dataclass(frozen=True, slots=True)
class Persona:
    """``name`` is what ``{{user}}`` becomes; ``description`` is prompt text and may hold macros.

    ``depth`` (turns above the newest) and ``role`` count for ``AT_DEPTH``. ``lorebook`` names a book that is read
    wherever the persona is; ``books`` are what the library has under that name. ``title`` tells personas of one name
    apart and is never sent; ``avatar`` is the name of a picture's file, which SillyTavern knows a persona by.
    ``characters`` are those in whose new chats it is the usual one.
    """

    name: str = "Alex"
    description: str = ""
    position: PersonaPosition = PersonaPosition.IN_PROMPT
    depth: int = 2
    role: InjectionRole = InjectionRole.SYSTEM
    lorebook: str = ""
    title: str = ""
    avatar: str = ""
    books: tuple[Lorebook, ...] = ()
    characters: tuple[str, ...] = ()
