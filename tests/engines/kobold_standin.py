"""A stand-in for KoboldCpp: its native API as version 1.76 has it, one job at a time, known by its key.

Not a recording: replies to any prompt are needed to see what happens in queues and after broken links. Its shapes are
those of ``recordings/koboldcpp-1.76.json``. Tokens and prose are those of ``llama_standin``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from typing import Any

from tests.engines.llama_standin import BOS, TALE, split
from tests.engines.standin import Act, Asked, Reply, Standin, event, said

OUT_OF_TOKENS, EOS, STOP_STRING = 0, 1, 2
BUSY = said({"detail": {"msg": "Server is busy; please try again later.", "type": "service_unavailable"}}, 503)


def native(token: str, finish: str | None = "null") -> bytes:
    """One event of the native stream; the four letters ``null`` stand for no reason to finish, on 1.76."""
    return b"event: message\n" + event({"token": token, "finish_reason": finish})


@dataclass
class Written:
    """What is written for one request."""

    key: str
    body: dict[str, Any]
    pieces: list[str] = field(default_factory=list)
    stop: int = OUT_OF_TOKENS
    aborted: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class KoboldStandin(Standin):
    """The server. ``cut_after``: the first stream ends with ``act`` after so many tokens, its job goes on.

    ``hold_after``: that job writes so many tokens and goes on when ``go_on`` is set. ``queue``: how many may wait.
    ``unanswered``: so many questions after a broken stream are torn down.
    """

    def __init__(
        self,
        *,
        version: str = "1.76",
        context: int = 1024,
        cut_after: int | None = None,
        act: Act = Act.RESET,
        hold_after: int | None = None,
        queue: int = 6,
        unanswered: int = 0,
        pause: float = 0.0,
    ) -> None:
        super().__init__(
            {
                "/api/extra/version": said({"result": "KoboldCpp", "version": version, "protected": False}),
                "/api/v1/model": lambda _: said({"result": self.model}),
                "/v1/models": lambda _: said({"object": "list", "data": [{"id": self.model, "owned_by": "koboldcpp"}]}),
                "/api/extra/true_max_context_length": said({"value": context}),
                "/api/extra/perf": lambda _: self._torn() or self._perf(),
                "/api/extra/tokencount": self._count,
                "/api/extra/generate/check": lambda asked: self._torn() or self._check(asked),
                "/api/extra/abort": self._abort,
                "/api/extra/generate/stream": self._stream,
            }
        )
        if tuple(map(int, version.split("."))) >= (1, 77):
            self.routes |= {"/api/extra/last_logprobs": self._choices, "/api/extra/json_to_grammar": self._grammar}
        self.model = "koboldcpp/tale-1B.Q4_K_M"
        self.jobs: list[Written] = []
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.aborted_keys: list[str] = []
        self._most_waiting = queue
        self._waiting = 0
        self._lock = asyncio.Lock()
        self._ids: dict[str, int] = {}
        self._deferred = ""
        self._cut = (cut_after, act)
        self._hold = hold_after
        self._unanswered = unanswered
        self._pause = pause
        self._running: set[asyncio.Task[None]] = set()

    def _torn(self) -> Reply | None:
        """A question that gets no answer, as long as some are to get none after a broken stream."""
        if self._cut[0] is not None or not self.jobs or not self._unanswered:
            return None
        self._unanswered -= 1
        return Reply(stream=[Act.RESET])

    def _perf(self) -> Reply:
        last = self.jobs[-1] if self.jobs else None
        told: dict[str, object] = {"last_process": 1.5, "last_eval": 30.0, "last_token_count": 0, "stop_reason": -1}
        if last is not None:
            told |= {"last_token_count": len(last.pieces), "stop_reason": last.stop}
        return said(told | {"queue": self._waiting, "idle": 0 if self._lock.locked() else 1})

    def _count(self, asked: Asked) -> Reply:
        words = split(str(asked.json["prompt"]))
        ids = [self._ids.setdefault(word, len(self._ids) + 2) for word in words]
        ids = [BOS, *ids] if asked.json.get("special", True) else ids
        return said({"value": len(ids), "ids": ids})

    def _check(self, asked: Asked) -> Reply:
        mine = self.jobs and self.jobs[-1].key == asked.json["genkey"]
        return said({"results": [{"text": self.jobs[-1].text if mine else ""}]})

    def _choices(self, asked: Asked) -> Reply:
        job = self.jobs[-1]
        mine = job.key == asked.json["genkey"] and job.body.get("logprobs")
        told = [
            {
                "token": piece,
                "logprob": -0.5,
                "top_logprobs": [{"token": piece, "logprob": -0.5}, {"token": " else", "logprob": -1.5}],
            }
            for piece in job.pieces
        ]
        return said({"logprobs": {"content": told}} if mine else {"logprobs": None})

    def _grammar(self, asked: Asked) -> Reply:
        kind = asked.json.get("schema")
        if not isinstance(kind, dict) or "type" not in kind:
            return said({"result": "", "success": False})
        return said({"result": f"root ::= {kind['type']}", "success": True})

    def _abort(self, asked: Asked) -> Reply:
        key = str(asked.json.get("genkey", ""))
        self.aborted_keys.append(key)
        alone = self._lock.locked() and not self._waiting
        if self.jobs and (self.jobs[-1].key == key or (not key and alone)):
            self.jobs[-1].aborted = True
            self.go_on.set()
            return said({"success": "true", "done": "true"})
        if self._waiting:
            self._deferred = key
        return said({"success": "true" if self._waiting else "false", "done": "false"})

    async def _stream(self, asked: Asked) -> Reply:
        if self._lock.locked():
            if self._waiting >= self._most_waiting:
                return BUSY
            self._waiting += 1
            try:
                await self._lock.acquire()
            finally:
                self._waiting -= 1
        else:
            await self._lock.acquire()
        job = Written(str(asked.json.get("genkey", "")), asked.json)
        self.jobs.append(job)
        job.aborted = bool(job.key) and job.key == self._deferred
        hold, self._hold = self._hold, None
        writing = asyncio.create_task(self._write(job, hold))
        self._running.add(writing)
        writing.add_done_callback(self._running.discard)
        (cut, act), self._cut = self._cut, (None, Act.RESET)
        return Reply(kind="text/event-stream", stream=self._tell(job, cut, act))

    async def _write(self, job: Written, hold: int | None) -> None:
        """The model at work: its prose goes on from the seed, to a stop string or the length."""
        seed = job.body.get("sampler_seed", -1)
        start = seed if isinstance(seed, int) and seed >= 0 else len(self.asked)
        try:
            for place in range(job.body["max_length"]):
                if len(job.pieces) == hold:
                    self.begun.set()
                    await self.go_on.wait()
                if job.aborted:
                    return
                job.pieces.append(TALE[(start + place) % len(TALE)])
                if any(stop in job.text for stop in job.body.get("stop_sequence", ())):
                    job.stop = STOP_STRING
                    return
                await asyncio.sleep(self._pause)
        finally:
            job.done.set()
            self._lock.release()

    async def _tell(self, job: Written, cut: int | None, act: Act) -> AsyncIterator[bytes | Act]:
        sent = 0
        while True:
            ended = job.done.is_set()
            while sent < len(job.pieces) and sent != cut:
                token, sent = job.pieces[sent], sent + 1
                yield native(token)
            if sent == cut:
                yield act
                return
            if ended:
                yield native("", "stop" if job.stop == EOS else "length")
                return
            await _first(job.done.wait(), asyncio.sleep(0.001))


async def _first(*waits: Awaitable[object]) -> None:
    """Wait for the first of several."""
    tasks = [asyncio.ensure_future(one) for one in waits]
    _, late = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in late:
        task.cancel()
