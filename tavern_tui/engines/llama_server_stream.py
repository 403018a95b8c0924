"""Reading a streamed native completion of llama-server: progress, text, alternatives, numbers.

Source: the server's README and ``docs/spec/backends.md`` §5. Builds before 2025 name some fields otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tavern_tui.domain import messages
from tavern_tui.engines.base import Event, Finished, Notice, PrefillProgress, StopReason, Usage
from tavern_tui.engines.faults import complaint, refusal_in_stream
from tavern_tui.engines.json_shape import at, float_at, int_at, list_at, parse, text_at
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.streamed_reply import StreamedReply
from tavern_tui.engines.told_tokens import read_choices


class NativeReply(StreamedReply):
    """One streamed native completion. Its last event carries the numbers; an end mark without it is a broken link."""

    def __init__(self, engine: str, server: str, key: str, stop: Iterable[str], alternatives: int = 0) -> None:
        super().__init__(server, stop, alternatives)
        self._engine = engine
        self._key = key
        self._last: object = None

    @property
    def over(self) -> bool:
        """Whether the last event came."""
        return self._last is not None

    @property
    def nothing_follows(self) -> bool:
        """Whether the last event came."""
        return self.over

    def take(self, event: SseEvent) -> Iterator[Event]:
        """Progress and text of an event. Raises ``EngineError`` for an error event."""
        value = parse(event.data)
        said = complaint(value) or (complaint({"error": value}) if event.event == "error" else None)
        if said:
            raise refusal_in_stream(self.server, said, key=self._key)
        total, done = int_at(value, "prompt_progress", "total"), int_at(value, "prompt_progress", "processed")
        if total is not None and done is not None:
            yield PrefillProgress(done, total)
        choices = read_choices(list_at(value, "completion_probabilities"), self.alternatives)
        yield from self.text(text_at(value, "content"), choices)
        if at(value, "stop") is True:
            self._last = value

    def end(self) -> Iterator[Event]:
        """Why the reply ended, and its numbers."""
        if at(self._last, "truncated") is True:
            yield Notice(messages.context_shifted(self._engine).plain)
        yield Finished(self._reason(), read_timings(self._last))

    def _reason(self) -> StopReason:
        kind = text_at(self._last, "stop_type")
        if self.scan.matched is not None or kind == "word" or at(self._last, "stopped_word") is True:
            return StopReason.STOP_STRING
        if kind == "limit" or at(self._last, "stopped_limit") is True:
            return StopReason.LENGTH
        return StopReason.END


def read_timings(last: object) -> Usage:
    """Token numbers and milliseconds of a native completion's last event.

    Builds without ``cache_n`` tell the whole prompt in ``tokens_evaluated``: the reused part is the difference.
    """
    evaluated, reused = int_at(last, "timings", "prompt_n"), int_at(last, "timings", "cache_n")
    whole = int_at(last, "tokens_evaluated")
    if reused is None and evaluated is not None and whole is not None:
        reused = max(0, whole - evaluated)
    return Usage(
        evaluated=evaluated,
        reused=reused,
        generated=int_at(last, "timings", "predicted_n"),
        prompt_ms=float_at(last, "timings", "prompt_ms"),
        generation_ms=float_at(last, "timings", "predicted_ms"),
    )
