"""``ServerWorker``: a ``llama-server`` child of the host that computes in place of the binding.

For machines where llama_cpp is not built (Termux) or where a llama.cpp for the GPU is installed already. The child
listens on loopback with a random port and key and dies with the host. Wire names: llama-server's own ``/completion``,
``/tokenize``, ``/props``, ``/health``; its key travels in the environment, where other users cannot read it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import sys
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import (
    Finished,
    LoadProgress,
    Notice,
    PrefillProgress,
    Request,
)
from tavern_tui.engines.embedded.cores import best_threads, default_threads, physical_cores
from tavern_tui.engines.embedded.protocol import Generate, ModelFacts, ModelSpec, Speed, Tuned
from tavern_tui.engines.embedded.reuse import WORTH_MOVING
from tavern_tui.engines.embedded.server_answers import facts_of, read_json, refusal
from tavern_tui.engines.embedded.server_flags import attempts, context_of, server_flags
from tavern_tui.engines.embedded.server_program import check_adapter, list_devices
from tavern_tui.engines.embedded.server_replies import ServerReplies
from tavern_tui.engines.embedded.server_states import ServerStates, states_of, usable
from tavern_tui.engines.embedded.worker import Emit, model_file
from tavern_tui.engines.lean_httpx import httpx
from tavern_tui.engines.wire_samplers import WireRequest, to_wire
from tavern_tui.engines.wire_tables import LLAMA_SERVER

_POLL_SECONDS = 0.1
_END_SECONDS = 5.0

# Runs before llama-server in its process: die with the host (Linux: PR_SET_PDEATHSIG is 1), then become llama-server.
_LAUNCH = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


def asked_of(work: Generate) -> WireRequest:
    """How the server is told to sample, and what the user is told of what it lacks. Raises ``EngineError``."""
    seed = None if work.seed is None else work.seed % (2**32 - 1)
    request = Request(
        response_tokens=work.response_tokens,
        sampling=work.sampling,
        stop=work.stop,
        seed=seed,
        banned=work.banned,
        logit_bias=work.logit_bias,
        grammar=work.grammar,
        json_schema=work.json_schema,
    )
    return to_wire(request, LLAMA_SERVER, engine="llama-server")


class ServerWorker:
    """The worker of ``worker.Worker`` that owns a llama-server. ``states`` is the folder for what outlives it, where it
    writes one reply at a time; ``None``: nothing does.
    """

    name = "llama-server"

    def __init__(self, program: Path, states: Path | None = None) -> None:
        self._program = program
        self._folder = states if usable(states) else None
        self._states: ServerStates | None = None
        self._devices: tuple[str, ...] | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[None] | None = None
        self._said: deque[str] = deque(maxlen=40)
        self._http: httpx.AsyncClient | None = None
        self._facts: ModelFacts | None = None
        self._spec: ModelSpec | None = None
        self._aborted = asyncio.Event()
        self._told: set[str] = set()
        self._replies: ServerReplies | None = None

    async def load(self, spec: ModelSpec, emit: Emit) -> ModelFacts:
        """See ``Worker``. llama-server does not say how far it is, so progress is only its beginning and its end."""
        await self.unload()
        self._aborted.clear()
        path = model_file(spec)
        spec.options.check()
        check_adapter(spec)
        emit(LoadProgress(0.0))
        if self._devices is None:
            self._devices = await list_devices(self._program)
        threads = spec.threads or default_threads()
        first, *lower = attempts(spec, self._devices)
        # One that knows nothing of slots with one cache gets a single slot; one that finds no room, fewer layers.
        ways = list(dict.fromkeys([(first, spec.options.replies), (first, 1), *((n, 1) for n in lower[:1])]))
        for layers, slots in ways:
            try:
                facts = await self._started(spec, path, layers, threads, slots)
                break
            except EngineError:
                if (layers, slots) == ways[-1] or self._aborted.is_set():
                    raise
        emit(LoadProgress(1.0))
        self._facts, self._spec = facts, spec
        for note in facts.notes:
            emit(Notice(note))
        return facts

    async def _started(self, spec: ModelSpec, path: Path, layers: int, threads: int, slots: int) -> ModelFacts:
        """llama-server with the model in it. Raises ``EngineError``; none is left running then."""
        try:
            await self._start(spec, layers, threads, slots)
            await self._healthy(path)
            if spec.options.lora and spec.options.lora_strength != 1:
                await self._post("/lora-adapters", [{"id": 0, "scale": spec.options.lora_strength}])
            props = await self._get("/props")
            models = await self._get("/v1/models")
        except BaseException:
            await self.unload()
            raise
        facts = facts_of(spec, layers, threads, props, models, self._devices or ())
        if self._folder is not None and slots == 1:
            flags = " ".join(server_flags(spec, layers, 0, slots))
            self._states = states_of(self._folder, path, flags, facts.worker_version, self._post)
        context = min(facts.context_tokens, context_of(spec)) if slots > 1 else facts.context_tokens
        return replace(facts, parallel=slots, context_tokens=context)

    async def _start(self, spec: ModelSpec, layers: int, threads: int, slots: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        key = secrets.token_urlsafe(24)
        arguments = [*server_flags(spec, layers, threads, slots), "--host", "127.0.0.1", "--port", str(port)]
        arguments += ["--slot-save-path", str(self._folder)] if self._folder is not None and slots == 1 else []
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _LAUNCH, str(os.getpid()), str(self._program), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, "LLAMA_API_KEY": key},
            )
        except OSError as error:
            raise self._broken(f"llama-server cannot be started: {error.strerror}.") from error
        self._said.clear()
        self._log = asyncio.ensure_future(self._read_log(self._process))
        # trust_env off: a proxy of the environment has no business between the host and its child.
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx.Timeout(10.0, read=None),
            trust_env=False,
        )

    async def _read_log(self, process: asyncio.subprocess.Process) -> None:
        """llama-server's words while it loads go to the host's log; later ones, which may quote prompts, nowhere."""
        assert process.stderr is not None
        while block := await process.stderr.read(4096):
            if self._facts is None:
                text = block.decode("utf-8", "replace")
                self._said.append(text)
                sys.stderr.write(text)

    async def _healthy(self, path: Path) -> None:
        """Wait until the model is loaded."""
        while True:
            if self._aborted.is_set():
                raise EngineError(f"Loading {path.name} was stopped.", fault=EngineFault.NO_MODEL, where=str(path))
            if self._process is None or self._process.returncode is not None:
                if self._log is not None:
                    await self._log
                reason = "".join(self._said).strip().rpartition("\n")[2][:200]
                raise EngineError(
                    f"llama-server cannot load {path.name}.",
                    fault=EngineFault.NO_MODEL,
                    where=str(path),
                    hint=f"It said: {reason}" if reason else "Its reason is in the engine's log.",
                )
            try:
                if (await self._client().get("/health")).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            await asyncio.sleep(_POLL_SECONDS)

    async def unload(self) -> None:
        """See ``Worker``."""
        if self._states is not None:
            states, self._states = self._states, None
            await states.leave(_END_SECONDS)
        process, self._process, self._facts = self._process, None, None
        if self._http is not None:
            await self._http.aclose()
            self._http = None
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._log is not None:
            await self._log

    async def close(self) -> None:
        """See ``Worker``."""
        self.abort()
        await self.unload()

    def end_reply(self, reply: int) -> None:
        """See ``Worker``. The server goes on with it, unheard, until the others have ended."""
        if self._replies is not None:
            self._replies.end(reply)

    async def keep(self) -> None:
        """See ``Worker``."""
        if self._states is not None:
            await self._states.keep()

    def abort(self) -> None:
        """See ``Worker``: the connection is closed, on which llama-server stops."""
        self._aborted.set()

    def devices(self) -> tuple[str, ...]:
        """See ``Worker``: as the program lists them."""
        return self._devices or ("CPU",)

    async def count(self, texts: Sequence[str]) -> tuple[int, ...]:
        """See ``Worker``."""
        return tuple([len(await self.tokenize(text)) for text in texts])

    async def tokenize(self, text: str) -> tuple[int, ...]:
        """See ``Worker``."""
        return await self._tokens(text, add_special=False)

    async def _tokens(self, text: str, *, add_special: bool) -> tuple[int, ...]:
        body = {"content": text, "add_special": add_special, "parse_special": True}
        answer = await self._post("/tokenize", body)
        return tuple(int(token) for token in answer.get("tokens", ()))

    async def generate(self, work: Generate, emit: Emit) -> Finished:
        """See ``Worker``. Known ids of segments are not used: llama-server tokenises the whole text."""
        self._aborted.clear()
        ids = await self._tokens(joined(work.prompt), add_special=True)
        context = self._facts.context_tokens if self._facts else 0
        if len(ids) >= context:
            raise EngineError(
                f"The prompt is {len(ids)} tokens; the context holds {context}.",
                fault=EngineFault.OVERFLOW,
                prompt_tokens=len(ids),
                context_tokens=context,
                hint="Raise the context, or shorten the prompt.",
            )
        asked = asked_of(work)
        for text in [text for text in asked.notices if text not in self._told]:
            self._told.add(text)
            emit(Notice(text))
        body = asked.fields | {
            "prompt": list(ids),
            "n_predict": min(work.response_tokens, context - len(ids)),
            "stop": list(work.stop),
            "stream": True,
            "cache_prompt": True,
            "n_cache_reuse": WORTH_MOVING if work.shift else 0,
            "return_progress": True,
        }
        emit(PrefillProgress(0, len(ids)))
        if self._states is not None:
            await self._states.turn_to(work.chat)
            self._states.read(len(ids))
        replies = self._replies = ServerReplies(work.replies, len(ids), emit)
        reading = asyncio.ensure_future(self._read_replies(body, replies))
        stopping = asyncio.ensure_future(self._aborted.wait())
        await asyncio.wait((reading, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not reading.done():
            reading.cancel()
            await asyncio.wait((reading,))
        self._replies = None
        if not reading.cancelled():
            reading.result()
        return replies.abort()

    async def _read_replies(self, body: dict[str, Any], replies: ServerReplies) -> None:
        """Ask for the replies, as many at once as there are slots, until all have ended."""
        slots, seed = self._facts.parallel if self._facts else 1, body.get("seed")
        while missing := replies.missing:
            first = missing[0]
            together = next((n for n in range(1, slots) if first + n not in missing), slots)
            asked = body | ({"n_cmpl": together} if together > 1 else {})
            asked |= {"seed": seed + first} if isinstance(seed, int) and seed >= 0 else {}
            if not await self._read_some(asked, replies, first):
                raise self._broken("llama-server ended the reply in the middle.")
            if together > 1 and first + 1 in replies.missing:
                slots = 1  # it knows nothing of several

    async def _read_some(self, body: dict[str, Any], replies: ServerReplies, first: int) -> bool:
        """One request; whether a reply of it has ended. Leaves it where nobody waits for what still comes."""
        ended = False
        last = first + body.get("n_cmpl", 1)
        async with self._talking(), self._client().stream("POST", "/completion", json=body) as response:
            if response.status_code != 200:
                raise refusal(response.status_code, await response.aread())
            async for line in response.aiter_lines():
                if not line.startswith("data:"):
                    continue
                ended = replies.take(read_json(line[5:]), first) or ended
                if not any(first <= number < last for number in replies.missing):
                    return True
        return ended

    async def tune(self, seconds: float, emit: Emit) -> Tuned:
        """See ``Worker``. llama-server takes its threads at its start, so it is started anew for each number."""
        if self._facts is None or self._spec is None:
            raise EngineError("No model is loaded.", fault=EngineFault.NO_MODEL)
        facts, most, speeds = self._facts, physical_cores(), list[Speed]()
        spec = self._spec
        for threads in range(1, most + 1):
            await self.load(replace(spec, threads=threads), lambda _: None)
            body = {"prompt": "The", "n_predict": 512, "ignore_eos": True, "t_max_predict_ms": seconds * 1000 / most}
            timings = (await self._post("/completion", body)).get("timings", {})
            speeds.append(Speed(threads, round(float(timings.get("predicted_per_second", 0.0)), 2)))
            emit(speeds[-1])
        best = best_threads(speeds) or facts.threads
        await self.load(replace(spec, threads=best), lambda _: None)
        return Tuned(tuple(speeds), best)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            raise EngineError("No model is loaded.", fault=EngineFault.NO_MODEL)
        return self._http

    @asynccontextmanager
    async def _talking(self) -> AsyncIterator[None]:
        try:
            yield
        except httpx.HTTPError as error:
            raise self._broken("llama-server does not answer any more.") from error

    def _broken(self, title: str) -> EngineError:
        return EngineError(
            title, fault=EngineFault.CRASHED, where=str(self._program), hint="The next reply starts it anew."
        )

    async def _get(self, path: str) -> dict[str, Any]:
        async with self._talking():
            return read_json((await self._client().get(path)).text)

    async def _post(self, path: str, body: Any) -> dict[str, Any]:
        async with self._talking():
            response = await self._client().post(path, json=body)
        if response.status_code != 200:
            raise refusal(response.status_code, response.content)
        return read_json(response.text)
