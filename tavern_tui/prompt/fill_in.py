"""Prompts with a gap: the text before it and the text behind it, for models that fill in (``domain.fill_in``).

Up to the gap the prompt is ``assemble``'s, in plain text and within what the text behind the gap leaves of the budget:
its beginning stays, its history is cut in steps. The text behind stands after all that, so that nothing that was read
before it moves when it changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tavern_tui.domain.request import FillIn
from tavern_tui.prompt.assemble import assemble
from tavern_tui.prompt.counting import Counting
from tavern_tui.prompt.inputs import AFTER, PromptInput
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tavern_tui.prompt.story import untrusted
from tavern_tui.prompt.templates import context_for

SHARE: Final = 0.25
"""How much of what the prompt may have the text behind the gap gets at most."""

MOST_TOKENS: Final = 512
"""And in tokens: it is read anew with every gap."""

_CHARACTERS = 4  # of a token: what is tried first


def assemble_round(given: PromptInput, how: FillIn, after: str) -> Counting[PromptPlan]:
    """Plan a prompt with ``after`` behind the gap. Yields and raises as ``assemble`` does."""
    if given.instruct is not None:
        given = replace(given, instruct=None, context=context_for(None))
    limit = given.context_tokens - given.response_tokens - given.reserve_tokens
    room = max(0, min(MOST_TOKENS, int(limit * SHARE)))
    after, tokens = yield from _fitting(untrusted(after, given), how, room)
    begins = (yield (how.before,))[0] if how.before else 0
    plan = yield from assemble(replace(given, reserve_tokens=given.reserve_tokens + begins + tokens))
    mark = Part(PartKind.MARKUP, "the token for the text before the gap", "", how.before, tokens=begins)
    behind = Part(PartKind.AFTER, AFTER, after, how.after, how.middle, tokens, reason="the reply goes before it")
    left_out = tuple(part for part in plan.parts if part.state is not PartState.IN)
    return replace(
        plan,
        parts=(*((mark,) if how.before else ()), *plan.included, behind, *left_out),
        control_tokens=(*plan.control_tokens, *how.marks),
        padding=plan.padding - begins - tokens,
        suffix="" if how.marks else after,
    )


def _fitting(after: str, how: FillIn, room: int) -> Counting[tuple[str, int]]:
    """As much of ``after`` as has ``room`` with its marks, up to the end of a word, and its tokens."""
    length = room * _CHARACTERS
    while True:
        shown = _words(after, length)
        (tokens,) = yield (how.after + shown + how.middle,)
        if tokens <= room or not shown:
            return shown, tokens
        length = min(length, len(shown)) * room // (tokens + 1)


def _words(text: str, length: int) -> str:
    """The first words of ``text`` that have at most ``length`` characters."""
    if len(text) <= length:
        return text
    end = max(text.rfind(" ", 0, length + 1), text.rfind("\n", 0, length + 1))
    return text[: end if end > 0 else length].rstrip()
