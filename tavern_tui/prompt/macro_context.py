"""``MacroContext``: what macros can say in one place.

Everything that a macro tells is in here as a value, or as something that is looked up only when a macro asks for it:
the clock, the randomness, the newest turns (``NewestTurns``) and the variables (``Variables``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt.macro_turns import NewestTurns
from tavern_tui.prompt.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroContext:
    """What macros can say. A field of ``None`` leaves its macro as it stands.

    ``random`` gives numbers from 0 up to 1. ``frozen`` makes ``{{random}}`` and ``{{roll}}`` come out the same each
    time for one text of one chat, as ``{{pick}}`` always does. ``exact``: the macros of SillyTavern 1.12.6 alone, with
    its oversights. ``context`` of ``None`` says that nothing is known of templates; then an ``instruct`` of ``None``
    says that there is none. ``system_text`` is the user's own; ``use_card_prompt`` and ``use_card_post_history`` say
    that the card's take the place of the user's.
    """

    user: str
    char: str
    now: datetime
    random: Callable[[], float] = field(repr=False)
    group: str = ""
    description: str | None = None
    personality: str | None = None
    scenario: str | None = None
    persona: str | None = None
    mes_examples: str | None = None
    char_version: str | None = None
    char_prompt: str | None = None
    char_post_history: str | None = None
    original: str | None = None
    model: str = ""
    max_prompt: int = 0
    chat_id: str = ""
    frozen: bool = False
    exact: bool = False
    variables: Variables | None = field(default=None, repr=False, compare=False)
    turns: NewestTurns | None = field(default=None, repr=False, compare=False)
    instruct: InstructTemplate | None = None
    context: ContextTemplate | None = None
    system_text: str = ""
    use_system_prompt: bool = True
    use_card_prompt: bool = True
    use_card_post_history: bool = True
    input: str = ""
    summary: str = ""
    response_tokens: int = 0
    creator_notes: str | None = None
    char_note: str | None = None
    greetings: tuple[str, ...] | None = None
    note: str | None = None
    note_of_character: str | None = None
    outlets: Mapping[str, str] | None = None
    not_muted: str = ""
    not_char: str = ""
    kind: str | None = None
