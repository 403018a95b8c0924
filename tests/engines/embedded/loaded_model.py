"""A loaded starter model without a host, for tests that ask llama.cpp itself; and bindings that count or refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import Finished, ReplyFinished, TextArrived
from tavern_tui.engines.embedded.answering import Answering, prompt_of
from tavern_tui.engines.embedded.batch import Hooks
from tavern_tui.engines.embedded.binding import Flag
from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.loading import Loaded, load
from tavern_tui.engines.embedded.parking import Parking
from tavern_tui.engines.embedded.protocol import Answer, Generate, ModelSpec

GREEDY = SamplerPreset(temperature=0.0)
STORY = (
    "The dragon sleeps under the mountain while the village waits for the thaw. The miller counts his sacks of grain, "
    "and his daughter walks to the well with two buckets. An old soldier tells the children of the war in the north. "
)


class Lib:
    """The binding, with some of its functions replaced by ``instead``; ``calls`` counts those named in ``counted``."""

    def __init__(self, lib: Any, counted: tuple[str, ...] = (), **instead: Callable[..., Any]) -> None:
        self._lib = lib
        self._instead = instead
        self._counted = counted
        self.calls: dict[str, int] = dict.fromkeys(counted, 0)

    def __getattr__(self, name: str) -> Any:
        if name in self._counted:
            self.calls[name] += 1
        return self._instead.get(name) or getattr(self._lib, name)


def loaded_starter(path: Path, context: int, flag: Flag | None = None) -> Loaded:
    """The starter model on one thread of the CPU."""
    return load(ModelSpec(str(path), context, 1, 0), flag or Flag(), lambda _fraction: None)


def probabilities(cache: Cache, loaded: Loaded) -> list[float]:
    """Natural logarithms of what the model expects after the last token that was decoded."""
    pointer = loaded.lib.llama_get_logits_ith(loaded.context, -1)
    logits = [float(pointer[token]) for token in range(loaded.vocabulary.size)]
    assert cache.ids, "nothing was decoded"
    greatest = max(logits)
    total = greatest + math.log(math.fsum(math.exp(logit - greatest) for logit in logits))
    return [logit - total for logit in logits]


def divergence(true: list[float], found: list[float]) -> float:
    """Kullback-Leibler divergence of two lists of logarithms, in nats."""
    return math.fsum(math.exp(one) * (one - other) for one, other in zip(true, found, strict=True))


def request(prompt: str, **fields: Any) -> Generate:
    """A request for one short, always equal reply, unless ``fields`` say otherwise."""
    plain = Generate(ModelSpec("/model"), (Segment(prompt),), response_tokens=8, sampling=GREEDY)
    return replace(plain, **fields)


class Answered:
    """What came of one request: its events, by reply too."""

    def __init__(self, events: list[Answer], finished: Finished) -> None:
        self.events = events
        self.finished = finished

    def text(self, reply: int = 0) -> str:
        """The whole text of a reply."""
        return "".join(event.text for event in self.events if isinstance(event, TextArrived) and event.reply == reply)

    @property
    def ended(self) -> dict[int, ReplyFinished]:
        """How each of several replies ended."""
        return {event.reply: event for event in self.events if isinstance(event, ReplyFinished)}


def answer(
    loaded: Loaded,
    cache: Cache,
    work: Generate,
    *,
    ended: set[int] | None = None,
    hear: Callable[[Answer], None] = lambda _event: None,
    flag: Flag | None = None,
) -> Answered:
    """Answer a request on a cache of the model, as ``LlamaModel`` does."""
    events: list[Answer] = []

    def emit(event: Answer) -> None:
        events.append(event)
        hear(event)

    raised = flag or Flag()
    hooks = Hooks(emit, lambda: None, lambda: raised.raised, ended if ended is not None else set())
    prompt = prompt_of(work, loaded.vocabulary, loaded.facts.context_tokens)
    return Answered(events, Answering(loaded, cache, work, prompt, hooks).run())


def cache_of(loaded: Loaded, parking: Parking | None = None, flag: Flag | None = None) -> Cache:
    """An empty cache over the model's context."""
    cache = Cache(loaded.lib, loaded.context, loaded.step, parking, *([flag.held] if flag else []))
    cache.clear()
    return cache
