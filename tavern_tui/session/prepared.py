"""``Prepared``: everything that stands before an engine writes a reply, and what it is made of on the way there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.request import Segment
from tavern_tui.session.connection import Ready
from tavern_tui.session.modes.choosing import CHAT, in_mode, mode_of
from tavern_tui.session.options import ReplyOptions, for_starter

if TYPE_CHECKING:
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.prompt.plan import PromptPlan

_AS_IT_WAS = ("variables", "global_variables", "lore_state", "first_turn", "cuts", "heads")
"""Fields of a prompt's input that an earlier try of the same reply has changed in the chat."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that stands before the engine writes. ``prompt`` is what it reads, where that is not the plan's.

    ``told`` is what a person should know of it.
    """

    ready: Ready
    options: ReplyOptions
    given: PromptInput
    plan: PromptPlan
    prompt: tuple[Segment, ...] = ()
    told: str = ""


def as_it_was(given: PromptInput, before: Prepared) -> PromptInput:
    """``given`` with what an earlier try of the same reply found in the chat, which it may have changed."""
    return replace(given, **{name: getattr(before.given, name) for name in _AS_IT_WAS})


def of_model(options: ReplyOptions, ready: Ready, tree: ChatTree, *, sample: bool) -> ReplyOptions:
    """``options`` with what is remembered for the model, what the chat's mode wants, and what the starter needs."""
    if ready.habit is not None:
        from tavern_tui.session.model_habits import with_habit

        options = with_habit(options, ready.habit, tree.properties)
    if not ready.starter:
        return in_mode(options, tree.properties)
    mode = mode_of(tree.properties)
    return for_starter(options, sample=sample) if mode is CHAT else mode.for_starter(options)
