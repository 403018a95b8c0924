"""``Story``: the chat is one text that both write on: its turns, one after the other, are the story."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.prompt.defaults import STORY
from tavern_tui.prompt.inputs import Policy, Prose
from tavern_tui.session.modes.mode import Mode

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.prompt.cleanup import ReplyRules
    from tavern_tui.prompt.inputs import PromptInput

GO_ON = "Go on with the story from its very end. Write nothing but its text."
"""What stands above the story where it is one open turn of a model that answers."""


class Story(Mode):
    """A story: no names, no joints, no blanks taken off."""

    name = "story"
    title = "Story"
    response_tokens = 300
    system_text = STORY

    def shaped(self, given: PromptInput, tree: ChatTree) -> PromptInput:
        """One open text."""
        return replace(given, policy=Policy.ECONOMY, prose=Prose(joint="", open=True, asks=GO_ON))

    def cleaned(self, rules: ReplyRules, given: PromptInput) -> ReplyRules:
        """Nobody in particular writes or must not be written for; the borders of a reply stay as they came."""
        return replace(rules, own="", other="", others=(), classic=None, keep_start=True, keep_end=True)
