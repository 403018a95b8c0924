"""An empty reply of a server that says nothing where a prompt is too long: was it that, or did the model stop at once?

text-generation-webui logs the refusal of its inner llama-server and answers with nothing. The same request is made
once more with the end token forbidden: a model then has to write something, a prompt that does not fit still gives
nothing. Both answers come at once: a refusal costs nothing, and what was read is in the server's cache.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import Event, Finished, ReasoningArrived, TextArrived
from tavern_tui.engines.dialects import Asking
from tavern_tui.engines.faults import complaint, raised
from tavern_tui.engines.json_shape import at, list_at, text_at
from tavern_tui.engines.openai_body import Body

_TOKENS = 4
"""That the model has to write: one alone may be a blank, or part of a character."""
_LEFT_AWAY = frozenset({"stream", "stream_options", "stop", "n", "logprobs", "top_logprobs", "logit_bias"})
_CONSTRAINTS = frozenset({"grammar_string", "response_format", "json_schema"})


@dataclass(frozen=True, slots=True)
class Doubts:
    """How an empty reply of the server ``where`` is looked into.

    ``forced`` are the fields that keep a model from ending, ``length`` is the field of a reply's tokens, ``count``
    counts texts.
    """

    asking: Asking
    where: str
    forced: Mapping[str, object]
    length: str
    count: Callable[[Sequence[str]], Awaitable[list[int]]]


async def told_when_silent(events: AsyncIterator[Event], body: Body, doubts: Doubts) -> AsyncIterator[Event]:
    """``events``, but ``EngineError`` (``OVERFLOW``) in the place of the end of a reply that is empty for that reason.

    The server does not tell its context: half of the prompt is named as the room that there is, so that one further
    try suffices where it has half of the context that was believed.
    """
    empty = True
    async for event in events:
        if isinstance(event, TextArrived | ReasoningArrived):
            empty = empty and not event.text
        if isinstance(event, Finished) and empty and await _is_refused(body, doubts):
            size = await _size(body, doubts)
            raise raised(
                messages.overflow(doubts.where, size, None),
                EngineFault.OVERFLOW,
                doubts.where,
                prompt_tokens=size,
                context_tokens=size // 2 if size else None,
            )
        yield event


async def _size(body: Body, doubts: Doubts) -> int | None:
    """Tokens of the prompt, as far as the server counts them."""
    turns = [text_at(turn, "content") for turn in list_at(body.value.get("messages"))]
    try:
        return sum(await doubts.count([text_at(body.value, "prompt"), *turns]))
    except EngineError:
        return None


async def _is_refused(body: Body, doubts: Doubts) -> bool:
    kept = {name: value for name, value in body.value.items() if name not in _LEFT_AWAY | _CONSTRAINTS}
    try:
        answer = await doubts.asking.post(
            body.path, kept | {doubts.length: _TOKENS, "stream": False} | dict(doubts.forced)
        )
    except EngineError:
        return False
    if answer.status >= 300 or answer.is_page or complaint(answer.json):
        return False
    choice = at(answer.json, "choices", 0)
    said = text_at(choice, "text") or text_at(choice, "message", "content")
    return isinstance(choice, dict) and not said and not text_at(choice, "message", "reasoning_content")
