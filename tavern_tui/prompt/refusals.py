"""What is said where no sensible prompt can be made: what is too long, by how much, and what to shorten."""

from __future__ import annotations

from tavern_tui.domain.errors import CardTooLongError, PromptError
from tavern_tui.domain.messages import card_does_not_fit, number
from tavern_tui.prompt.inputs import PromptInput
from tavern_tui.prompt.items import Item


def nothing_to_continue() -> PromptError:
    """There is no turn that could be gone on with."""
    return PromptError("There is no turn to continue.", hint="Write the first message, or let the character.")


def card_too_long(given: PromptInput, tokens: int, longest: str = "") -> CardTooLongError:
    """What must be in is longer than the prompt may be. ``longest`` says what most of it is."""
    wording = card_does_not_fit(given.character.name, tokens, given.response_tokens, given.context_tokens)
    most = f" The longest is {longest}." if longest else ""
    return CardTooLongError(wording.title, hint=f"Raise the context size, or shorten the card or the reply.{most}")


def turn_too_long(item: Item | None, tokens: int, room: int) -> PromptError:
    """The newest turn alone is longer than what is left beside the card and the reply."""
    source = item.source if item else "The newest turn"
    return PromptError(
        f"{source} ({number(tokens)} tokens) does not fit: beside the card and the reply there is room for "
        f"{number(room)}.",
        hint="Raise the context size, or shorten that turn.",
    )
