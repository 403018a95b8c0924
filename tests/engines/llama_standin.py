"""A stand-in for llama-server: its native API in the shapes that its README documents.

Not recorded from a real server: the contract suite runs over it so that the adapter's side of the protocol is
exercised over a real socket. Its tokenizer: a run of letters and digits is a token, so is every other character;
``<s>`` is put in front of prompts. Its prose is a fixed tale that goes on from the prompt's length and the seed.
Slots are chosen, told, saved and brought back as llama.cpp's ``server-context.cpp`` (build 10605) does it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from functools import partial

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


NO_SAVING = "This server does not support slots action. Start it with `--slot-save-path`"
_ALIKE = 0.1  # the share of a prompt that a slot has to hold to be chosen for it: --slot-prompt-similarity


@dataclass
class Slot:
    """A slot: its last task (``None``: none yet), what it holds, and whether it works."""

    id: int
    task: int | None = None
    holds: list[int] = field(default_factory=list)
    busy: bool = False

    def told(self) -> dict[str, object]:
        """As ``/slots`` tells it: of one that never worked only little."""
        known: dict[str, object] = {"id": self.id, "n_ctx": 1024, "speculative": False, "is_processing": self.busy}
        return known if self.task is None else known | {"id_task": self.task, "n_prompt_tokens": len(self.holds)}


class LlamaStandin(Standin):
    """The server. ``loading`` is the number of answers that still say that the model is being loaded.

    ``files`` is the folder of ``--slot-save-path``, ``None`` where the server was started without it.
    """

    def __init__(
        self, *, loading: int = 0, pause: float = 0.0, slots: int = 1, files: dict[str, list[int]] | None = None
    ) -> None:
        super().__init__(
            {
                "/health": lambda _: self._unless_loading({"status": "ok"}),
                "/props": lambda _: self._unless_loading(PROPS | {"total_slots": slots}),
                "/slots": lambda _: said([one.told() for one in self.slots]),
                "/v1/models": lambda _: self._unless_loading(MODELS),
                "/tokenize": self._tokenize,
                "/apply-template": self._template,
                "/completion": self._complete,
            }
        )
        for number in range(slots):
            for action in ("save", "restore", "erase", "ask"):
                self.routes[f"/slots/{number}?action={action}"] = partial(self._act, number, action)
        self.loading = loading
        self.files = files
        self.slots = [Slot(number) for number in range(slots)]
        self._pause = pause
        self._words: dict[str, int] = {}
        self._tasks = 0

    def start_anew(self) -> None:
        """As after a new start: nothing in memory, tasks counted from the beginning."""
        self.slots = [Slot(one.id) for one in self.slots]
        self._tasks = 0

    def actions(self) -> list[str]:
        """What slots had to do, in order."""
        return [asked.path for asked in self.asked if "?action=" in asked.path and not asked.path.endswith("=ask")]

    def _act(self, number: int, action: str, asked: Asked) -> Reply:
        if self.files is None:
            return said({"error": {"code": 501, "message": NO_SAVING, "type": "not_supported_error"}}, 501)
        if action == "ask":
            return said({"error": {"code": 400, "message": "Invalid action", "type": "invalid_request_error"}}, 400)
        slot = self.slots[number]
        told: dict[str, object] = {"id_slot": number}
        if action == "erase":
            erased, slot.holds = len(slot.holds), []
            return said(told | {"n_erased": erased})
        name = str(asked.json["filename"])
        told |= {"filename": name, "timings": {f"{action}_ms": 1.5}}
        if action == "save":
            self.files[name] = list(slot.holds)
            return said(told | {"n_saved": len(slot.holds), "n_written": 100 + 1000 * len(slot.holds)})
        if name not in self.files:
            slot.holds = []
            message = "Unable to restore slot: No available space in KV cache or invalid slot save file"
            return said({"error": {"code": 400, "message": message, "type": "invalid_request_error"}}, 400)
        slot.holds = list(self.files[name])
        return said(told | {"n_restored": len(slot.holds), "n_read": 100 + 1000 * len(slot.holds)})

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

    def _slot_for(self, ids: list[int], body: dict[str, object]) -> Slot:
        """The slot that was asked for, else the one that holds most of the prompt, else the one unused for longest."""
        wanted = body.get("id_slot", -1)
        if isinstance(wanted, int) and wanted >= 0:
            return self.slots[wanted % len(self.slots)]
        alike = max(self.slots, key=lambda slot: _common(slot.holds, ids))
        if _common(alike.holds, ids) > _ALIKE * len(ids):
            return alike
        return min(self.slots, key=lambda slot: -1 if slot.task is None else slot.task)

    async def _tell(self, ids: list[int], body: dict[str, object]) -> AsyncGenerator[bytes | Act, None]:
        slot = self._slot_for(ids, body)
        self._tasks += 1
        slot.task, slot.busy = self._tasks, True
        try:
            async for piece in self._told_by(slot, ids, body):
                yield piece
        finally:
            slot.busy = False

    async def _told_by(self, slot: Slot, ids: list[int], body: dict[str, object]) -> AsyncIterator[bytes | Act]:
        cached = min(len(ids) - 1, _common(slot.holds, ids))
        slot.holds = ids
        progress = {"total": len(ids), "cache": cached, "processed": len(ids), "time_ms": 12}
        yield native("", prompt_progress=progress, id_slot=slot.id)
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
            yield native(piece, id_slot=slot.id)
            slot.holds = [*slot.holds, *self.ids(piece)]
            await asyncio.sleep(self._pause)
        slot.holds = slot.holds[: max(len(ids), len(slot.holds) - 1)]  # the last token was never read
        timings = {"cache_n": cached, "prompt_n": len(ids) - cached, "prompt_ms": 12.5, "predicted_n": len(spoken)}
        timings |= {"predicted_ms": 20.0, "predicted_per_second": 50.0}
        yield native(
            "",
            stop=True,
            stop_type=kind,
            stopping_word=word,
            timings=timings,
            id_slot=slot.id,
            tokens_cached=len(ids) + len(spoken),
            tokens_evaluated=len(ids),
            truncated=False,
        )


def _common(one: list[int], other: list[int]) -> int:
    """How many tokens two texts begin with alike."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
