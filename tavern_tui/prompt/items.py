"""``Item``: one thing that is said in a prompt's chat section, before a template is put round it.

Turns, example lines, injections and separators are all items; ``prompt.instruct`` writes them down.
"""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.request import Role
from tavern_tui.prompt.plan import PartKind

SPEAKER_OF = {
    InjectionRole.SYSTEM: Speaker.NARRATOR,
    InjectionRole.USER: Speaker.USER,
    InjectionRole.ASSISTANT: Speaker.CHARACTER,
}
ROLE_OF = {Speaker.USER: Role.USER, Speaker.CHARACTER: Role.ASSISTANT, Speaker.NARRATOR: Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Item:
    """What is said, by whom. ``bare`` items stand outside of the template's markup, on lines of their own.

    ``continued`` marks the turn that the reply goes on from: nothing is written after its text. ``named`` asks for the
    name where a template shows only unusual ones. ``token_ids`` are the ids of ``text``. ``example`` marks what belongs
    to example dialogue. ``reason`` is said of it in a plan. ``quiet`` marks a reply line that shows no name: the answer
    is no turn of a character's. ``thoughts`` is the thinking that a reply of the past is written with. ``key`` says
    what a text is that stands between the turns for good; turns have none.
    """

    speaker: Speaker
    name: str
    text: str
    kind: PartKind
    source: str
    turn_id: str = ""
    bare: bool = False
    continued: bool = False
    example: bool = False
    named: bool = False
    token_ids: tuple[int, ...] | None = None
    reason: str = ""
    quiet: bool = False
    thoughts: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """An item as it stands in the prompt: its body (a name included where one is shown) and the markup round it."""

    item: Item
    opening: str
    body: str
    closing: str

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.opening + self.body + self.closing
