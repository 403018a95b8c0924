"""Reading a streamed OpenAI-style reply: chunks in, our events out.

Takes chat chunks (``delta``), completion chunks (``text``) and whole answers (``message``) alike. What servers do
beside the book is dealt with here: the string ``"null"`` as finish reason (KoboldCpp), thinking in
``reasoning_content``, ``reasoning`` or a list of content parts (Mistral), an error object inside a successful stream
(OpenRouter, TabbyAPI), a missing ``[DONE]``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tavern_tui.domain import messages
from tavern_tui.domain.alternatives import TokenChoice
from tavern_tui.domain.errors import EngineFault
from tavern_tui.engines.base import Event, Finished, Notice, ReasoningArrived, StopReason, Usage
from tavern_tui.engines.faults import complaint, raised, refusal_in_stream
from tavern_tui.engines.json_shape import at, int_at, list_at, parse, text_at
from tavern_tui.engines.sse import SseEvent
from tavern_tui.engines.streamed_reply import StreamedReply
from tavern_tui.engines.told_tokens import read_choices, read_text_choices

_LENGTH = frozenset({"length", "max_tokens", "max_length"})


class ReplyReader(StreamedReply):
    """One reply. ``silent`` says after a broken stream that not one chunk had come.

    ``true_usage`` of ``False``: the token numbers in answers are made up and left out.
    """

    def __init__(
        self,
        server: str,
        stop: Iterable[str],
        *,
        model: str = "",
        key: str = "",
        true_usage: bool = True,
        alternatives: int = 0,
    ) -> None:
        super().__init__(server, stop, alternatives)
        self.silent = True
        self._model = model
        self._key = key
        self._true_usage = true_usage
        self._finish = ""
        self._server_matched = False
        self._usage = Usage()

    @property
    def over(self) -> bool:
        """Whether a chunk gave a reason to finish, or the end mark came."""
        return self.marked_done or bool(self._finish)

    @property
    def nothing_follows(self) -> bool:
        """Never known: the numbers may come after the reason to finish."""
        return False

    def take(self, event: SseEvent) -> Iterator[Event]:
        """The events of a chunk. Raises ``EngineError`` for an error object."""
        yield from self.take_value(parse(event.data))

    def take_value(self, value: object) -> Iterator[Event]:
        """The events of a chunk's JSON. Raises as ``take`` does."""
        if not isinstance(value, dict):
            return
        self.silent = False
        if said := complaint(value):
            raise refusal_in_stream(self.server, said, model=self._model, key=self._key)
        if self._true_usage and (usage := at(value, "usage")):
            self._usage = read_usage(usage)
        choice = at(value, "choices", 0)
        delta = at(choice, "delta") or at(choice, "message")
        thinking, text = _pieces(delta)
        if thinking:
            yield ReasoningArrived(thinking)
        yield from self.text(text or text_at(choice, "text"), self._choices(choice))
        finish = text_at(choice, "finish_reason")
        if finish and finish != "null":
            self._finish = finish
            self._server_matched = bool(text_at(choice, "stop_reason"))
        if finish == "error":
            raise raised(messages.server_broke(self.server), EngineFault.CRASHED, self.server)

    def _choices(self, choice: object) -> tuple[TokenChoice, ...]:
        """What the model might have written instead, as chat or as text completion tells it."""
        if not self.alternatives:
            return ()
        told = list_at(choice, "logprobs", "content")
        if told:
            return read_choices(told, self.alternatives)
        return read_text_choices(at(choice, "logprobs"), self.alternatives)

    def end(self) -> Iterator[Event]:
        """Why the reply ended, and its numbers."""
        if self._finish == "content_filter":
            yield Notice(messages.content_filter(self.server).plain)
        yield Finished(self.reason, self._usage)

    @property
    def reason(self) -> StopReason:
        """Why the reply ended."""
        if self.scan.matched is not None or self._server_matched:
            return StopReason.STOP_STRING
        return StopReason.LENGTH if self._finish in _LENGTH else StopReason.END


def read_usage(usage: object) -> Usage:
    """Token numbers of an OpenAI ``usage`` object.

    ``evaluated`` is the whole prompt, with ``reused`` of ``None``, where the server does not tell its cache's share.
    """
    prompt, cached = int_at(usage, "prompt_tokens"), int_at(usage, "prompt_tokens_details", "cached_tokens")
    if cached is None:
        cached = int_at(usage, "prompt_cache_hit_tokens")  # DeepSeek
    if prompt is not None and cached is not None:
        prompt = max(0, prompt - cached)
    return Usage(evaluated=prompt, reused=cached, generated=int_at(usage, "completion_tokens"))


def _pieces(delta: object) -> tuple[str, str]:
    """Thinking and text of a delta or a message."""
    thinking = text_at(delta, "reasoning_content") or text_at(delta, "reasoning")
    text = text_at(delta, "content")
    for part in list_at(delta, "content"):
        if text_at(part, "type") == "thinking":
            inner = list_at(part, "thinking")
            thinking += text_at(part, "thinking") or "".join(text_at(piece, "text") for piece in inner)
        else:
            text += text_at(part, "text")
    return thinking, text
