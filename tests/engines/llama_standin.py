"""A stand-in for llama-server: its native API in the shapes that its README documents.

Not recorded from a real server: the contract suite runs over it so that the adapter's side of the protocol is
exercised over a real socket. Its tokenizer: a run of letters and digits is a token, so is every other character;
``<s>`` is put in front of prompts. Its prose is a fixed tale that goes on from the prompt's length and the seed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from tests.engines.standin import Act, Asked, Reply, Standin, event, said

PROPS = {
    "default_generation_settings": {"n_ctx": 1024, "params": {"temperature": 0.8}},
    "total_slots": 1,
    "model_path": "/models/tale-1B.Q4_K_M.gguf",
    "chat_template": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}",
    "modalities": {"vision": False, "audio": False},
    "build_info": "b6500-0123abc",
}
MODELS = {
    "object": "list",
    "data": [
        {
            "id": "/models/tale-1B.Q4_K_M.gguf",
            "object": "model",
            "owned_by": "llamacpp",
            "meta": {"vocab_type": 2, "n_vocab": 49152, "n_ctx_train": 8192},
        }
    ],
}
LOADING = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
_TALE = """the lantern swung once, and the harbour answered with a bell; a gull cried over the wet roofs, the innkeeper
set down her cup and counted the steps on the stair, one and two and three and four and five, while the rain"""


def split(text: str) -> list[str]:
    """The stand-in's tokens: a run of letters and digits, or one other character."""
    return re.findall(r"\w+|\W", text)


TALE = split(_TALE)
BOS = 1


def native(content: str, *, stop: bool = False, **more: object) -> bytes:
    """One event of a streamed native completion."""
    return event({"content": content, "tokens": [], "stop": stop, **more})


class LlamaStandin(Standin):
    """The server. ``loading`` is the number of answers that still say that the model is being loaded."""

    def __init__(self, *, loading: int = 0, pause: float = 0.0) -> None:
        super().__init__(
            {
                "/health": lambda _: self._unless_loading({"status": "ok"}),
                "/props": lambda _: self._unless_loading(PROPS),
                "/v1/models": lambda _: self._unless_loading(MODELS),
                "/tokenize": self._tokenize,
                "/apply-template": self._template,
                "/completion": self._complete,
            }
        )
        self.loading = loading
        self._pause = pause
        self._words: dict[str, int] = {}
        self._cached: list[int] = []

    def ids(self, text: str) -> list[int]:
        """The ids of a text."""
        return [self._words.setdefault(word, len(self._words) + 2) for word in split(text)]

    def _unless_loading(self, value: object) -> Reply:
        if self.loading:
            self.loading -= 1
            return said(LOADING, 503)
        return said(value)

    def _tokenize(self, asked: Asked) -> Reply:
        head = [BOS] if asked.json.get("add_special") else []
        return said({"tokens": head + self.ids(str(asked.json["content"]))})

    def _template(self, asked: Asked) -> Reply:
        messages = asked.json["messages"]
        assert isinstance(messages, list)
        turns = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
        return said({"prompt": turns + "<|im_start|>assistant\n"})

    def _complete(self, asked: Asked) -> Reply:
        prompt = asked.json["prompt"]
        ids = list(prompt) if isinstance(prompt, list) else [BOS, *self.ids(str(prompt))]
        if len(ids) >= 1024:
            message = "the request exceeds the available context size. try increasing the context size or the model"
            problem = {"code": 400, "message": message, "type": "exceed_context_size_error"}
            return said({"error": problem | {"n_prompt_tokens": len(ids), "n_ctx": 1024}}, 400)
        return Reply(kind="text/event-stream", stream=self._tell(ids, asked.json))

    async def _tell(self, ids: list[int], body: dict[str, object]) -> AsyncIterator[bytes | Act]:
        same = next((i for i, (a, b) in enumerate(zip(ids, self._cached, strict=False)) if a != b), None)
        cached = min(len(ids) - 1, min(len(ids), len(self._cached)) if same is None else same)
        self._cached = ids
        progress = {"total": len(ids), "cache": cached, "processed": len(ids), "time_ms": 12}
        yield native("", prompt_progress=progress)
        limit, stops, seed = body["n_predict"], body.get("stop", []), body["seed"]
        assert isinstance(limit, int)
        assert isinstance(stops, list)
        start = seed if isinstance(seed, int) and seed >= 0 else len(self.asked)
        said_words = [TALE[(start + place) % len(TALE)] for place in range(limit)]
        text, kind, word = "".join(said_words), "limit", ""
        ends = [(text.find(stop), stop) for stop in stops if stop in text]
        if ends:
            cut, word = min(ends)
            text, kind = text[:cut], "word"
        spoken = split(text)
        for piece in spoken:
            yield native(piece)
            await asyncio.sleep(self._pause)
        timings = {"cache_n": cached, "prompt_n": len(ids) - cached, "prompt_ms": 12.5, "predicted_n": len(spoken)}
        timings |= {"predicted_ms": 20.0, "predicted_per_second": 50.0}
        yield native(
            "",
            stop=True,
            stop_type=kind,
            stopping_word=word,
            timings=timings,
            tokens_cached=len(ids) + len(spoken),
            tokens_evaluated=len(ids),
            truncated=False,
        )
