"""Reading the native stream of KoboldCpp: chunks in, our events out.

A chunk is ``{"token", "finish_reason"}``; builds of 2024 send the word ``"null"`` as long as there is none, older ones
no reason at all. A stop string is told as ``length``: what ended the reply is in the numbers that come last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tavern_tui.domain import job_messages
from tavern_tui.engines.base import Event, Finished, StopReason, TextArrived, Usage, Waiting
from tavern_tui.engines.faults import complaint, refusal_in_stream
from tavern_tui.engines.json_shape import at, float_at, int_at, parse, text_at
from tavern_tui.engines.koboldcpp_job import ASKING, NUMBERS
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.streamed_reply import StreamedReply

NAME = "KoboldCpp"
_REASONS = {0: StopReason.LENGTH, 1: StopReason.END, 2: StopReason.STOP_STRING}


class KoboldReader(StreamedReply):
    """One reply, read from the events of a ``Job``. ``key`` is struck out of what the server says."""

    def __init__(self, server: str, stop: Iterable[str], key: str = "") -> None:
        super().__init__(server, stop)
        self._key = key
        self._finish = ""
        self._numbers: object = None
        self._last = False

    @property
    def over(self) -> bool:
        """Whether a chunk gave a reason to finish."""
        return bool(self._finish)

    @property
    def nothing_follows(self) -> bool:
        """Whether the numbers came, which are last."""
        return self._last

    def take(self, event: SseEvent) -> Iterator[Event]:
        """The text of a chunk. Raises ``EngineError`` for an error object."""
        if event.event == ASKING:
            yield Waiting(job_messages.asking_for_the_rest(NAME).plain)
            return
        value = parse(event.data)
        if event.event == NUMBERS:
            self._numbers, self._last = value, True
            return
        if said := complaint(value):
            raise refusal_in_stream(self.server, said, key=self._key)
        if shown := self.scan.feed(text_at(value, "token")):
            yield TextArrived(shown)
        finish = text_at(value, "finish_reason")
        if finish != "null":
            self._finish = finish

    def end(self) -> Iterator[Event]:
        """Why the reply ended, and its numbers."""
        reason = _REASONS.get(_number(self._numbers, "stop_reason"))
        if self.scan.matched is not None:
            reason = StopReason.STOP_STRING
        elif reason is None:
            reason = StopReason.LENGTH if self._finish == "length" else StopReason.END
        yield Finished(reason, read_perf(self._numbers))


def read_perf(perf: object) -> Usage:
    """Tokens and times of the reply that ``/api/extra/perf`` is about.

    ``last_eval`` is milliseconds per token up to the builds that tell ``last_eval_speed``, in tokens per second.
    """
    generated = int_at(perf, "last_token_count")
    speed, each = float_at(perf, "last_eval_speed"), float_at(perf, "last_eval")
    spent = None
    if generated is not None and at(perf, "last_eval_speed") is not None:
        spent = 1000.0 * generated / speed if speed else None
    elif generated is not None and each is not None:
        spent = each * generated
    return Usage(generated=generated, generation_ms=spent)


def _number(value: object, key: str) -> int:
    found = int_at(value, key)
    return -1 if found is None else found
