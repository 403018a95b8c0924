"""The user's next turn, written by the model: a text for the composer, which its user may change, and sends or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.engines import base
from tavern_tui.prompt.cleanup import reply_rules
from tavern_tui.prompt.inputs import GenerationKind
from tavern_tui.prompt.scripted_prompt import reply_edit
from tavern_tui.session.asking import request_for
from tavern_tui.session.reply_text import ReplyText
from tavern_tui.session.stream import ReplyStream, TextBatch
from tavern_tui.session.whole_prompt import planned

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession


async def impersonate(session: ChatSession) -> AsyncGenerator[str, None]:
    """The text as far as it is written, again and again; the last one is whole. ``session.stop`` ends it.

    Nothing is added to the chat. Raises ``EngineError`` while a reply is made and where the engine fails; what was
    written before that was given out.
    """
    with session.claimed() as stopping:
        prepared = await session.prepared()
        given = replace(
            prepared.given, turns=session.tree.walk_back(), kind=GenerationKind.IMPERSONATE, prefill="", thoughts=""
        )
        plan, prompt = await planned(given, prepared.ready, prepared.options, session.connection)
        text = ReplyText(
            plan=plan,
            rules=reply_rules(given, plan, reply_edit(given, session.scripts.left_out)),
            options=prepared.options,
        )
        request = request_for(session, prepared, plan, prompt, text.most_tokens)
        at_length = False
        async with session.connection.engine.generate(request) as source:
            stream = ReplyStream(source, per_second=prepared.options.updates_per_second)
            with _stopped_by(stopping, stream):
                async with aclosing(stream.events()) as events:
                    async for event in events:
                        if isinstance(event, TextBatch):
                            text.feed(event.pieces)
                            yield text.shown
                        elif isinstance(event, base.Finished):
                            at_length = event.reason is base.StopReason.LENGTH
                        if text.complete:
                            break
        text.close(stopped=stopping.is_set(), at_length=at_length)
        yield text.final


@contextmanager
def _stopped_by(wish: asyncio.Event, stream: ReplyStream) -> Iterator[None]:
    """End ``stream`` as soon as somebody wishes that."""
    waiting = asyncio.create_task(wish.wait())
    waiting.add_done_callback(lambda task: None if task.cancelled() else stream.stop())
    try:
        yield
    finally:
        waiting.cancel()
