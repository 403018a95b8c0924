"""``Mode``: a way to play: how what is typed becomes a turn, how turns become a prompt, how a reply is cleaned.

A mode is an object without state: everything that it knows of a chat stands in the chat's properties and turns, so that
a chat can change its mode at any time, and an undo or another terminal changes it as well. ``Mode`` itself is the usual
one, which changes nothing; others override what they do otherwise. Which one a chat has is ``choosing``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from tavern_tui.domain.events import Roll

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree, Turn
    from tavern_tui.prompt.cleanup import ReplyRules
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.session.options import ReplyOptions


@dataclass(frozen=True, slots=True)
class Said:
    """A turn of the user's as it is stored, but for its macros and scripts: ``text``, and what was rolled for it."""

    text: str
    roll: Roll | None = None


class Mode:
    """A way to play. ``name`` is the value of the chat's property, ``title`` what a person reads.

    ``response_tokens`` is the length of replies where nobody chose one, ``system_text`` says who writes what where
    nobody chose that; ``None``: what a chat has.
    """

    name: ClassVar[str] = "chat"
    title: ClassVar[str] = "Chat"
    response_tokens: ClassVar[int | None] = None
    system_text: ClassVar[str | None] = None

    def for_starter(self, options: ReplyOptions) -> ReplyOptions:
        """The options for the 135M starter model, wherever the user has not chosen otherwise."""
        from tavern_tui.session.options import for_starter

        return for_starter(replace(options, system_text=options.system_text or self.system_text), sample=False)

    def said(self, typed: str, tree: ChatTree, options: ReplyOptions, dice: Callable[[], float]) -> Said:
        """The turn that ``typed`` is in a chat; ``dice`` gives numbers from 0 up to 1.

        Raises ``TavernError`` for what cannot be said; nothing is stored then.
        """
        return Said(typed)

    def shaped(self, given: PromptInput, tree: ChatTree) -> PromptInput:
        """The prompt's input as this mode wants it: how turns are written, more texts, more stop strings.

        Called for every prompt of the chat, questions (``QUIET``) among them.
        """
        return given

    def read(self, turns: Iterable[Turn], tree: ChatTree) -> Iterable[Turn]:
        """``turns``, newest first, as prompts have them; ``shaped`` does the same."""
        return turns

    def sent(self, turns: Sequence[Turn]) -> Sequence[Turn]:
        """``turns``, newest first, without what no model is ever sent."""
        return turns

    def cleaned(self, rules: ReplyRules, given: PromptInput, options: ReplyOptions) -> ReplyRules:
        """How the reply to ``given`` is cleaned, from how it is cleaned in a chat."""
        return rules
