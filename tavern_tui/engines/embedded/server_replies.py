"""What a ``llama-server`` streams of one reply, or of several side by side, and how they ended.

Several are asked for by ``n_cmpl``: the server reads the prompt once, gives its cache to as many slots, and marks each
event with its ``index``. One that is ended here goes on there, and what comes of it is passed over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tavern_tui.engines.base import Finished, PrefillProgress, ReplyFinished, StopReason, TextArrived, Usage
from tavern_tui.engines.embedded.server_answers import finished_of
from tavern_tui.engines.embedded.worker import Emit


class ServerReplies:
    """``count`` replies to one prompt of ``prompt_tokens``; what they say and how each ends goes to ``emit``."""

    def __init__(self, count: int, prompt_tokens: int, emit: Emit) -> None:
        self._count = count
        self._prompt_tokens = prompt_tokens
        self._emit = emit
        self._finished: dict[int, Finished] = {}

    @property
    def missing(self) -> list[int]:
        """The numbers of the replies that have not ended."""
        return [number for number in range(self._count) if number not in self._finished]

    def take(self, event: dict[str, Any], first: int) -> bool:
        """One event of the request whose first reply has the number ``first``; whether that reply has ended."""
        progress = event.get("prompt_progress")
        if isinstance(progress, dict) and first == 0:
            self._emit(PrefillProgress(int(progress.get("processed", 0)), self._prompt_tokens))
        index = event.get("index")
        number = first + (index if isinstance(index, int) and index >= 0 else 0)
        if number >= self._count or number in self._finished:
            return False
        if event.get("content"):
            self._emit(TextArrived(str(event["content"]), reply=number))
        if not event.get("stop"):
            return False
        self._end(number, finished_of(event, self._prompt_tokens))
        return True

    def end(self, number: int) -> None:
        """Somebody has ended that reply."""
        if number in self.missing:
            self._end(number, Finished(StopReason.ABORTED))

    def abort(self) -> Finished:
        """All have been ended; how it ended."""
        for number in self.missing:
            self.end(number)
        return self.whole()

    def _end(self, number: int, finished: Finished) -> None:
        self._finished[number] = finished
        if self._count > 1:
            self._emit(ReplyFinished(number, finished.reason, finished.usage))

    def whole(self) -> Finished:
        """How the first ended, and what all took together."""
        first = self._finished[0]
        usages = [finished.usage for finished in self._finished.values()]
        if len(usages) == 1:
            return first
        usage: Usage = replace(
            first.usage,
            evaluated=sum(usage.evaluated or 0 for usage in usages),
            generated=sum(usage.generated or 0 for usage in usages),
            generation_ms=max(usage.generation_ms or 0.0 for usage in usages),
        )
        return Finished(first.reason, usage)
