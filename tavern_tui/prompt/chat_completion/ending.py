"""What a reply begins with, and how an engine is told of it beside the messages.

Source: SillyTavern 1.12.6, ``public/script.js`` (``getBiasStrings``), ``public/scripts/openai.js``
(``assistant_prefill``, ``continue_postfix``).
"""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.domain.chat_completion import ChatCompletionPreset
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.prompt.bias import newest_bias
from tavern_tui.prompt.chat_completion.entries import Entry, entry
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput
from tavern_tui.prompt.items import ROLE_OF, Item
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.story import Story, untrusted


@dataclass(frozen=True, slots=True)
class Ending:
    """``begun`` is the beginning of the reply that is stored: of one that is gone on with, all of it.

    ``prefill`` is told to the engine beside the messages; where it is the user's it is the last message instead.
    ``joint`` stands between a turn that is gone on with and what the model adds to it.
    """

    begun: str = ""
    prefill: Entry | None = None
    joint: str = ""

    @property
    def sent(self) -> str:
        """The text that an engine is told beside the messages."""
        beside = self.prefill is not None and self.prefill.parts[0].kind is PartKind.PREFILL
        return self.prefill.content if self.prefill is not None and beside else ""


def ending(
    given: PromptInput, story: Story, preset: ChatCompletionPreset, *, continued: Item | None, newest: Item | None
) -> Ending:
    """The ending of one prompt. ``continued`` is the turn that the engine itself goes on with, ``newest`` the newest.

    ``classic`` sends no given beginning: there it is a message (``slots.BIAS``).
    """
    exact = given.policy is Policy.CLASSIC
    if continued is not None:
        kind = PartKind.TURN if continued.speaker is Speaker.USER else PartKind.PREFILL
        role, turn = ROLE_OF[continued.speaker], continued.turn_id
        last = entry("continuePrefill", continued.text, kind, continued.source, role=role, turn_id=turn)
        return Ending(continued.text, last)
    if given.kind is GenerationKind.CONTINUE:
        said = newest.text if newest is not None else ""
        ended = said.endswith(" ") if exact else not said or said[-1].isspace()
        return Ending(said, joint="" if ended else preset.continue_postfix)
    begun = _begun(given, story)
    impersonates = given.kind is GenerationKind.IMPERSONATE
    own = "" if given.quiet is not None else preset.assistant_prefill
    text = story.expand(preset.assistant_impersonation if impersonates else own)
    text = text.rstrip() if exact else untrusted(text, given) + begun
    source = "the reply's given beginning"
    return Ending(begun, entry("prefill", text, PartKind.PREFILL, source, role=Role.ASSISTANT) if text else None)


def _begun(given: PromptInput, story: Story) -> str:
    """What a new reply begins with; SillyTavern stores its general beginning with it, and never that of a turn."""
    exact = given.policy is Policy.CLASSIC
    asked = given.quiet is not None and not given.quiet.loud
    if given.kind is GenerationKind.IMPERSONATE or (asked and not exact):
        return ""
    text = given.prefill if exact else newest_bias(given.turns) or given.prefill
    return untrusted(story.expand(text), given)
