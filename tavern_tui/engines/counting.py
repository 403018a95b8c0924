"""Counting tokens without an engine: by a model file's vocabulary, by a published encoding, else by estimate.

The vocabularies live in a child process (``counting_child``), which is started when it is first asked and again when
it has left. ``CountingEngine`` keeps the engine contract with nothing but counting, so that a prompt can be planned for
a model that does not run.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.base import EngineInfo, Event, Request
from tavern_tui.engines.python_child import child_command, child_environment

CHARS_PER_TOKEN = 3.35  # English prose, as estimated where nothing counts
MARGIN = 1.2
"""What a count by another model's encoding is taken times.

Measured with a vocabulary of 49,000 tokens that was made for English: it takes 1.1 times the tokens of ``cl100k_base``
for English prose, 1.2 times for German, 1.3 for Russian, 1.5 for Japanese. An estimate by characters is 2 to 6 times
too low for the last two.
"""

_MODULE = "tavern_tui.engines.counting_child"
_START_SECONDS = 60.0
_COUNT_SECONDS = 60.0
_LONGEST_ANSWER = 1 << 24  # bytes

_OTHER_MODELS = "cl100k_base"  # nearer to what local models have than the larger one, and half its size
# OpenAI's own models by the beginning of their names. Source: tiktoken's table of models.
_ENCODINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(gpt-4o|chatgpt-4o|gpt-4\.[15]|gpt-5|gpt-oss|o[1-9](-|\Z))"), "o200k_base"),
    (re.compile(r"(gpt-4|gpt-3\.5|gpt-35)"), "cl100k_base"),
)


def estimate(text: str) -> int:
    """Tokens of a text where nobody counts: characters by ``CHARS_PER_TOKEN``, rounded up."""
    return math.ceil(len(text) / CHARS_PER_TOKEN)


def encoding_of(model: str) -> tuple[str, bool]:
    """The published encoding to count with for a model of that name, and whether it is the model's own."""
    name = model.rpartition("/")[2].casefold().removeprefix("ft:")
    for pattern, encoding in _ENCODINGS:
        if pattern.match(name):
            return encoding, True
    return _OTHER_MODELS, False


@dataclass(frozen=True, slots=True)
class VocabularyFacts:
    """What a child says about what it loaded. ``by`` names the library that counts."""

    by: str
    fingerprint: str
    chat_template: str = ""
    add_bos: bool = False


class Counter(Protocol):
    """Something that counts. Raises ``EngineError`` where it cannot."""

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, special tokens parsed where the vocabulary has them, no BOS added."""
        ...

    async def close(self) -> None:
        """Let go of what was started."""
        ...


class VocabularyProcess:
    """A vocabulary in a child process: ``kind`` and ``what`` as ``counting_child`` knows them."""

    def __init__(self, kind: str, what: str) -> None:
        self._arguments = (kind, what)
        self._process: asyncio.subprocess.Process | None = None
        self._facts: VocabularyFacts | None = None
        self._turn = asyncio.Lock()

    async def facts(self) -> VocabularyFacts:
        """What was loaded. Raises ``EngineError`` where it cannot be."""
        async with self._turn:
            return await self._running()

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text. Raises ``EngineError`` where the child cannot start, dies, or takes too long."""
        if not texts:
            return []
        question = json.dumps(list(texts)).encode("ascii") + b"\n"
        async with self._turn:
            for attempt in (1, 2):  # it may have left, having nothing to do, a moment ago
                await self._running()
                answer = await self._ask(question)
                if answer is not None:
                    return self._counts(answer, len(texts))
                await self._end()
                if attempt == 2:
                    break
        raise _unusable("The process that counts tokens ended.")

    async def close(self) -> None:
        """End the child."""
        async with self._turn:
            await self._end()

    async def _running(self) -> VocabularyFacts:
        if self._process is None or self._process.returncode is not None or self._facts is None:
            await self._end()
            self._facts = await self._start()
        return self._facts

    async def _start(self) -> VocabularyFacts:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *child_command(_MODULE, *self._arguments),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env=child_environment(),
                limit=_LONGEST_ANSWER,
                start_new_session=True,  # ctrl+c in the terminal is not meant for it
            )
            async with asyncio.timeout(_START_SECONDS):
                said = await self._line()
        except (OSError, TimeoutError, ValueError) as error:
            await self._end()
            raise _unusable("The process that counts tokens did not start.") from error
        if not isinstance(said, dict) or "refused" in said:
            await self._end()
            raise _unusable(str((said or {}).get("refused", "The process that counts tokens did not start.")))
        return VocabularyFacts(**said)

    async def _ask(self, question: bytes) -> Any:
        """The answer to one line; ``None`` where the child has gone. Raises ``EngineError`` where it takes too long."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        try:
            async with asyncio.timeout(_COUNT_SECONDS):
                process.stdin.write(question)
                await process.stdin.drain()
                return await self._line()
        except TimeoutError as error:
            await self._end()
            raise _unusable("Counting tokens took too long.") from error
        except (OSError, ValueError):
            return None
        except asyncio.CancelledError:
            await self._end()  # its answer would be taken for that to the next question
            raise

    async def _line(self) -> Any:
        """The child's next line; ``None`` at its end."""
        assert self._process is not None
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def _counts(self, answer: Any, wanted: int) -> list[int]:
        if not isinstance(answer, list) or len(answer) != wanted:
            raise _unusable("The process that counts tokens gave another answer than was asked.")
        return [int(number) for number in answer]

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.wait()


def _unusable(title: str) -> EngineError:
    return EngineError(title, fault=EngineFault.UNAVAILABLE)


class EncodingCounter:
    """Counts by the published encoding for ``model``; by ``estimate`` where that cannot be had, for good then.

    ``exact`` says whether the counts are the model's own. Another model's are taken times ``MARGIN``.
    """

    def __init__(self, model: str) -> None:
        self.model = model
        name, self._own = encoding_of(model)
        self._process = VocabularyProcess("encoding", name)
        self._refused = False
        self._seen = False

    async def exact(self) -> bool:
        """Whether the counts are those of the model's own vocabulary; starts what counts to find that out, once."""
        if self._own and not self._refused and not self._seen:
            try:
                await self._process.facts()
                self._seen = True
            except EngineError:
                self._refused = True
        return self._own and not self._refused

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        if not self._refused:
            try:
                counted = await self._process.count(texts)
            except EngineError:
                self._refused = True
            else:
                return counted if self._own else [math.ceil(count * MARGIN) for count in counted]
        return [estimate(text) for text in texts]

    async def close(self) -> None:
        """End what was started."""
        await self._process.close()


class CountingEngine:
    """An ``Engine`` that describes itself as ``info`` and can only count, with ``counter``."""

    def __init__(self, info: EngineInfo, counter: Counter) -> None:
        self._info = info
        self._counter = counter

    async def connect(self) -> EngineInfo:
        """What was given as ``info``."""
        return self._info

    async def count(self, texts: Sequence[str]) -> list[int]:
        """As the counter counts."""
        return await self._counter.count(texts)

    def generate(self, request: Request) -> AbstractAsyncContextManager[AsyncIterator[Event]]:
        """Raises ``EngineError``: there is nothing here that could write."""
        raise EngineError("No engine runs: this one only counts.", fault=EngineFault.UNAVAILABLE)

    async def close(self) -> None:
        """End what counts."""
        await self._counter.close()


def facts_as_info(facts: VocabularyFacts, known: EngineInfo) -> EngineInfo:
    """``known`` with what the vocabulary itself says."""
    template = facts.chat_template or known.chat_template
    return replace(known, fingerprint=facts.fingerprint, chat_template=template, add_bos=facts.add_bos)
