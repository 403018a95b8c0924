"""Stand-ins for TabbyAPI, vLLM and Ollama that answer any request, in the shapes of their documentation.

Not recorded from real servers: the contract suite runs over them, so that each profile's side of the protocol is
exercised over a real socket. What they say of themselves is ``server_answers``; tokens and prose are
``llama_standin``'s, and so is the token that begins every prompt.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.engines import server_answers as answers
from tests.engines.llama_standin import BOS, TALE, split
from tests.engines.standin import Act, Asked, Reply, Route, Standin, event, said

CONTEXT = 1024


def ids_of(text: str) -> list[int]:
    """Ids of a text, always the same."""
    return [hash_of(word) for word in split(text)]


def hash_of(word: str) -> int:
    """A number for a word that no other word of these tests has."""
    return 2 + int.from_bytes(word.encode()[:6], "big")


@dataclass(frozen=True)
class Told:
    """A reply as it is told: its pieces, why it ends, and what was read of the prompt."""

    pieces: tuple[str, ...]
    finish: str
    read: int
    cached: int


Overflow = Callable[[int], Reply]


def openai_error(message: str, **more: object) -> Reply:
    return said({"error": {"message": message, "type": "invalid_request_error", **more}}, 400)


def tabby_overflow(_: int) -> Reply:
    return openai_error("Prompt length is greater than the context length", code="context_length_exceeded")


def vllm_overflow(size: int) -> Reply:
    message = f"This model's maximum context length is {CONTEXT} tokens. However, your request has {size} input tokens."
    return openai_error(message, code=400)


class TaleStandin(Standin):
    """A server that goes on with the tale. ``pause`` is waited between two pieces, in seconds."""

    def __init__(self, routes: Mapping[str, Route], pause: float = 0.001) -> None:
        super().__init__(dict(routes))
        self._pause = pause
        self._cached: list[int] = []

    def tell(self, prompt: str, most: int, stops: list[str], seed: int | None) -> Told:
        """What is said to ``prompt``."""
        ids = [BOS, *ids_of(prompt)]
        same = next((i for i, pair in enumerate(zip(ids, self._cached, strict=False)) if pair[0] != pair[1]), None)
        cached = min(len(ids) - 1, min(len(ids), len(self._cached)) if same is None else same)
        self._cached = ids
        start = seed or 0  # requests without a seed are greedy here
        text, finish = "".join(TALE[(start + place) % len(TALE)] for place in range(most)), "length"
        ends = [text.find(stop) for stop in stops if stop in text]
        if ends:
            text, finish = text[: min(ends)], "stop"
        return Told(tuple(split(text)), finish, len(ids) - cached, cached)


class OpenAIStandin(TaleStandin):
    """One of the servers with OpenAI's routes."""

    def __init__(self, routes: Mapping[str, Route], overflow: Overflow) -> None:
        super().__init__(routes)
        self._overflow = overflow
        self.routes |= {"POST /v1/completions": self._complete, "POST /v1/chat/completions": self._complete}

    def _complete(self, asked: Asked) -> Reply:
        body: dict[str, Any] = asked.json
        as_chat = "messages" in body
        prompt = "".join(one["content"] for one in body["messages"]) if as_chat else body["prompt"]
        size = 1 + len(ids_of(prompt))
        if size >= CONTEXT:
            return self._overflow(size)
        told = self.tell(prompt, body["max_tokens"], body.get("stop", []), body.get("seed"))
        return Reply(kind="text/event-stream", stream=self._pieces(told, as_chat))

    async def _pieces(self, told: Told, as_chat: bool) -> AsyncIterator[bytes | Act]:
        yield b": ping\n\n"
        for piece in told.pieces:
            yield event({"choices": [_choice(piece, None, as_chat)]})
            await asyncio.sleep(self._pause)
        yield event({"choices": [_choice("", told.finish, as_chat)]})
        usage = {
            "prompt_tokens": told.read + told.cached,
            "completion_tokens": len(told.pieces),
            "prompt_tokens_details": {"cached_tokens": told.cached},
        }
        yield event({"choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"


def _choice(text: str, finish: str | None, as_chat: bool) -> dict[str, object]:
    said_so: dict[str, object] = {"delta": {"content": text}} if as_chat else {"text": text}
    return {"index": 0, "finish_reason": finish, **said_so}


class OllamaStandin(TaleStandin):
    """Ollama: lines of JSON, durations in nanoseconds, and no word about what it cuts."""

    def __init__(self) -> None:
        loaded = said({"models": [{"name": "mistral-nemo:12b", "context_length": CONTEXT}]})
        super().__init__({**answers.OLLAMA, "/api/ps": loaded})
        self.routes |= {"/api/generate": self._generate, "/api/chat": self._generate}

    def _generate(self, asked: Asked) -> Reply:
        body: dict[str, Any] = asked.json
        as_chat, options = "messages" in body, body["options"]
        prompt = "".join(one["content"] for one in body["messages"]) if as_chat else body["prompt"]
        told = self.tell(prompt, options["num_predict"], options.get("stop", []), options.get("seed"))
        return Reply(kind="application/x-ndjson", stream=self._lines(told, as_chat))

    async def _lines(self, told: Told, as_chat: bool) -> AsyncIterator[bytes | Act]:
        def line(text: str, **more: object) -> bytes:
            part: dict[str, object] = {"message": {"content": text}} if as_chat else {"response": text}
            return json.dumps({**part, "done": False, **more}).encode() + b"\n"

        for piece in told.pieces:
            yield line(piece)
            await asyncio.sleep(self._pause)
        numbers = {"prompt_eval_count": told.read, "eval_count": len(told.pieces), "eval_duration": 1000}
        yield line("", done=True, done_reason=told.finish, **numbers)


def _counting(field: str, key: str) -> Route:
    def count(asked: Asked) -> Reply:
        ids = ids_of(str(asked.json[field]))
        return said({key: len(ids), "tokens": ids})

    return count


def tale_standins() -> Iterator[tuple[str, Callable[[], TaleStandin]]]:
    """A name and a server for each kind."""
    tabby = {**answers.TABBY, "/v1/token/encode": _counting("text", "length")}
    vllm = {**answers.VLLM, "/tokenize": _counting("prompt", "count")}
    yield "tabby", lambda: OpenAIStandin(tabby, tabby_overflow)
    yield "vllm", lambda: OpenAIStandin(vllm, vllm_overflow)
    yield "ollama", OllamaStandin
