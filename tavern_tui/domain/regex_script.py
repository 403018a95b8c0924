"""``RegexScript``: a find-and-replace of SillyTavern's kind over what is said, and where it applies.

Facts only: reading files is ``formats.regex_scripts``', replacing is ``prompt.regex_scripts``'. Fields: SillyTavern,
``public/scripts/extensions/regex/engine.js``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tavern_tui.domain.events import Speaker


class Placement(Enum):
    """Whose text a script is for. The numbers are those of the files."""

    USER_INPUT = 1
    AI_OUTPUT = 2
    SLASH_COMMAND = 3
    WORLD_INFO = 5
    REASONING = 6


class SubstituteRegex(Enum):
    """What is done with macros in what is to be found: nothing, expanded, or expanded to texts taken literally."""

    NONE = 0
    RAW = 1
    ESCAPED = 2


class Use(Enum):
    """What a text is on its way to: the chat's log, the log after an edit, a prompt, or the screen."""

    STORED = "stored"
    EDITED = "edited"
    PROMPT = "prompt"
    DISPLAY = "display"


@dataclass(frozen=True, slots=True)
class RegexScript:
    """One script, in SillyTavern's words.

    ``find`` is ``/pattern/flags`` in JavaScript's syntax, or a bare pattern. ``replace`` may hold ``$1``, ``$<name>``,
    ``$0`` or ``{{match}}``, and macros; from what a group caught, ``trim_strings`` are taken first. ``markdown_only``
    is for the screen and ``prompt_only`` for prompts: with neither, the text is stored changed. ``min_depth`` and
    ``max_depth`` count turns above the newest, which has 0; ``None`` is no limit.
    """

    name: str
    find: str
    replace: str = ""
    id: str = ""
    trim_strings: tuple[str, ...] = ()
    placement: frozenset[Placement] = frozenset()
    disabled: bool = False
    markdown_only: bool = False
    prompt_only: bool = False
    run_on_edit: bool = False
    substitute: SubstituteRegex = SubstituteRegex.NONE
    min_depth: int | None = None
    max_depth: int | None = None

    def applies(self, use: Use, placement: Placement, depth: int | None = None, *, exact: bool = False) -> bool:
        """Whether the script is for a text of that kind on that way, ``depth`` turns above the newest.

        Lore is never stored, so a script of neither kind changes it in prompts. ``exact``: in prompts, what was changed
        when stored is changed again, as in SillyTavern 1.12.6.
        """
        if self.disabled or not self.find or placement not in self.placement:
            return False
        neither = not self.markdown_only and not self.prompt_only
        match use:
            case Use.DISPLAY:
                wanted = self.markdown_only
            case Use.PROMPT:
                wanted = self.prompt_only or (neither and (exact or placement is Placement.WORLD_INFO))
            case Use.EDITED:
                wanted = neither and (self.run_on_edit or exact)
            case Use.STORED:
                wanted = neither
        if not wanted or depth is None:
            return wanted
        return (self.min_depth is None or depth >= self.min_depth) and (
            self.max_depth is None or depth <= self.max_depth
        )


def placement_of(speaker: Speaker) -> Placement:
    """Whose text a turn of ``speaker`` is: the narrator's counts as the model's, as in SillyTavern."""
    return Placement.USER_INPUT if speaker is Speaker.USER else Placement.AI_OUTPUT
