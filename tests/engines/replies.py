"""Short words for the tests: collect a reply, keep what came before an error, make requests and chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tavern_tui.domain.errors import EngineError
from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.engines.base import Engine, Event, Finished, Notice, ReasoningArrived, Request, TextArrived
from tests.engines.standin import Act, Reply, event, streamed

DONE = b"data: [DONE]\n\n"
MODELS = {"object": "list", "data": [{"id": "mistral-nemo", "object": "model", "owned_by": "me"}]}


@dataclass
class Heard:
    """What a stream gave: its events, and the error that ended it, if one did."""

    events: list[Event] = field(default_factory=list)
    error: EngineError | None = None

    @property
    def text(self) -> str:
        """The reply's text."""
        return "".join(e.text for e in self.events if isinstance(e, TextArrived))

    @property
    def reasoning(self) -> str:
        """The reply's thinking."""
        return "".join(e.text for e in self.events if isinstance(e, ReasoningArrived))

    @property
    def notices(self) -> list[str]:
        """What the user was told."""
        return [e.text for e in self.events if isinstance(e, Notice)]

    @property
    def finished(self) -> Finished:
        """The last event, which must be the end of a whole reply."""
        assert self.error is None, self.error
        last = self.events[-1]
        assert isinstance(last, Finished)
        return last


async def listen(engine: Engine, request: Request) -> Heard:
    """The whole reply, with the error that broke it."""
    heard = Heard()
    try:
        async with engine.generate(request) as events:
            async for found in events:
                heard.events.append(found)
    except EngineError as error:
        heard.error = error
    return heard


def text_request(prompt: str = "Once upon a time", **changes: Any) -> Request:
    """A text completion."""
    return Request(prompt=(Segment(prompt),), **changes)


def chat_request(text: str = "Say hi.", **changes: Any) -> Request:
    """A chat completion with one message."""
    return Request(messages=(Message(Role.USER, text),), **changes)


def delta(text: str = "", finish: str | None = None, **more: object) -> bytes:
    """A chunk of a streamed chat completion."""
    return event({"choices": [{"index": 0, "delta": {"content": text, **more}, "finish_reason": finish}]})


def chunk(text: str = "", finish: str | None = None, **more: object) -> bytes:
    """A chunk of a streamed text completion."""
    return event({"choices": [{"index": 0, "text": text, "finish_reason": finish, **more}]})


def replying(*texts: str, finish: str = "stop") -> Reply:
    """A whole streamed text completion."""
    pieces: Sequence[bytes | Act] = [*(chunk(text) for text in texts), chunk("", finish), DONE]
    return streamed(*pieces)
