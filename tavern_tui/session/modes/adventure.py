"""``Adventure``: the user plays one person, the model tells what comes of it and plays everyone else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.prompt.defaults import ADVENTURE
from tavern_tui.prompt.inputs import Policy, Prose
from tavern_tui.session.modes.mode import Mode

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.prompt.inputs import PromptInput

STOPS = ("\n>", "\nYou:")
"""Where the narrator would begin to decide for the player. Source: ``docs/spec/kobold-lite.md`` §2.2."""


class Adventure(Mode):
    """An adventure: what the player does stands behind an angle bracket, and nobody is named."""

    name = "adventure"
    title = "Adventure"
    response_tokens = 200
    system_text = ADVENTURE

    def shaped(self, given: PromptInput, tree: ChatTree) -> PromptInput:
        """Turns without names, in a template as turns of user and assistant."""
        stops = (*given.stop_strings, *STOPS)
        return replace(given, policy=Policy.ECONOMY, prose=Prose(), stop_strings=stops)
