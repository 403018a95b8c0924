"""Asking a chat's model something whose answer is no turn: a question below the very prompt that it has read.

The engine reads the question and nothing else. Whoever wants a reply meanwhile comes first.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines import base
from tavern_tui.prompt.inputs import GenerationKind, Quiet
from tavern_tui.prompt.reasoning import splitter_for, tags_of
from tavern_tui.session.thinking import switched
from tavern_tui.session.whole_prompt import planned

if TYPE_CHECKING:
    from tavern_tui.domain.request import Segment
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.session.prepared import Prepared
    from tavern_tui.session.session import ChatSession


_CALM = 0.6


class AskingInterruptedError(Exception):
    """Somebody wanted a reply meanwhile: nothing is kept of the answer."""


async def ask(
    session: ChatSession,
    question: str,
    *,
    tokens: int,
    stop: tuple[str, ...] = (),
    begins: str = "",
    calmly: bool = False,
) -> str:
    """What the model answers in at most ``tokens``, as it wrote it, thinking left out; "" for nothing.

    ``begins`` is the given beginning of the answer, where the engine takes one, and not part of what comes back.
    ``calmly``: not hot, and free to repeat itself, as a list does.
    Raises ``EngineError`` while a reply is made and where the engine fails, ``PromptError`` and ``SettingsError`` as a
    reply does, and ``AskingInterruptedError``.
    """
    if session.busy:
        raise EngineError("A reply is already being written.", fault=EngineFault.BUSY, hint="Ask when it is there.")
    prepared = await session.prepared()
    given = replace(
        prepared.given,
        turns=session.tree.walk_back(),
        kind=GenerationKind.QUIET,
        quiet=Quiet(text=question, loud=bool(begins)),
        response_tokens=tokens,
        prefill=begins,
        thoughts="",
        think=False,
    )
    plan, prompt = await planned(given, prepared.ready, prepared.options, session.connection)
    splitter = splitter_for(plan.reasoning_open, plan.reasoning_close)
    said = ""
    request = request_for(session, prepared, plan, prompt, tokens, stop)
    if calmly:
        hot = request.sampling
        calm = replace(hot, temperature=min(hot.temperature, _CALM), repetition_penalty=1.0, dry_multiplier=0.0)
        request = replace(request, sampling=calm)
    async with session.connection.engine.generate(request) as source, aclosing(source) as events:  # type: ignore[type-var]
        async for event in events:
            if session.busy:
                raise AskingInterruptedError
            if isinstance(event, base.TextArrived):
                said += splitter.feed(event.text).reply
    return said + splitter.finish().reply


def request_for(
    session: ChatSession,
    prepared: Prepared,
    plan: PromptPlan,
    prompt: tuple[Segment, ...],
    tokens: int,
    stop: tuple[str, ...] = (),
) -> base.Request:
    """The request for up to ``tokens`` of an answer to ``plan``, whose rendered ``prompt`` is another, if any."""
    as_chat = plan.chat is not None and not prompt
    messages, think, _ = switched(plan.messages(), prepared.options, prepared.ready) if as_chat else ((), None, "")
    return base.Request(
        prompt=() if as_chat else prompt or plan.segments(),
        messages=messages,
        think=think,
        tags=() if as_chat else tags_of(plan.reasoning_open, plan.reasoning_close),
        response_tokens=tokens,
        sampling=prepared.options.preset,
        stop=tuple(dict.fromkeys((*plan.stop, *stop))),
        seed=prepared.options.seed,
        chat=session.log.key,
        prefill=plan.chat.prefill if plan.chat is not None and as_chat else "",
        head=0 if as_chat or prompt else plan.head,
    )
