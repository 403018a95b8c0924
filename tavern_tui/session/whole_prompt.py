"""Planning a prompt, whichever of the pipelines makes it, and rendering it where a model's chat template does that.

With a template of the prompt room the plan is the prompt. With one that has no such form the plan's messages go through
the chat template itself (``own_template``): its markup is not in the plan, so that what the whole prompt has too much
is taken off the room and the plan is made again. A text with a gap needs no template.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.domain.request import Segment, joined
from tavern_tui.session.chat_completion import assembly, sends_messages
from tavern_tui.session.counting import drive

if TYPE_CHECKING:
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.session.connection import Connection, Ready
    from tavern_tui.session.options import ReplyOptions
    from tavern_tui.session.session import ChatSession

LATER = "later"
"""The chat's property that holds old texts which are read on (``session.later``)."""
_TRIES = 4
_SPARE_TOKENS = 8  # for what a shorter chat is cut less evenly


async def planned_in(
    session: ChatSession, given: PromptInput, ready: Ready, options: ReplyOptions
) -> tuple[PromptInput, PromptPlan, tuple[Segment, ...]]:
    """``planned`` for a chat, with the input that was planned: old texts stand in it where they are to be read on."""
    if given.prose is not None and given.prose.after:
        from tavern_tui.session.story.filling import filled_in

        given = await filled_in(given, ready, options, session.connection)
    if LATER not in session.tree.properties:
        return given, *await planned(given, ready, options, session.connection)
    from tavern_tui.session.later import planned_with_old_texts

    return await planned_with_old_texts(session, given, ready, options)


async def planned(
    given: PromptInput, ready: Ready, options: ReplyOptions, connection: Connection
) -> tuple[PromptPlan, tuple[Segment, ...]]:
    """The plan, and the rendered prompt where it is another than the plan's own; empty otherwise.

    Raises ``PromptError`` where nothing sensible can be sent, ``EngineError``.
    """
    whole = ready.template.whole
    filled = given.prose is not None and given.prose.fill_in is not None
    if whole is None or filled or sends_messages(ready.info, options):
        return await drive(assembly(given, ready.info, options), connection.engine, ready.info, connection.counts), ()
    from tavern_tui.prompt.lore_text import Recalled

    room = replace(given, turns=Recalled(given.turns))  # they are walked anew with each try
    for _ in range(_TRIES):
        steps = assembly(room, ready.info, options, as_messages=True)
        plan = await drive(steps, connection.engine, ready.info, connection.counts)
        prefill = plan.chat.prefill if plan.chat else plan.prefill
        prompt = await whole.prompt(plan.messages(), given.now, prefill=prefill, think=given.think)
        tokens = await connection.count(joined(prompt))
        if tokens + given.response_tokens <= given.context_tokens:
            break
        markup = tokens - plan.tokens
        room = replace(room, context_tokens=min(room.context_tokens, given.context_tokens - markup) - _SPARE_TOKENS)
    return replace(plan, stop=_stops(given, plan), template=ready.template.name), prompt


def _stops(given: PromptInput, plan: PromptPlan) -> tuple[str, ...]:
    """The plan's stop strings and those of the nearest family."""
    family = given.instruct
    own = (family.stop_sequence, *family.stop_strings) if family is not None else ()
    return tuple(dict.fromkeys((*plan.stop, *(text for text in own if text))))
