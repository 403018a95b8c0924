"""What moving costs: how much worse a model reads on where its cache was cut and moved than where it was read afresh.

A chat goes on in a small context; each time that it is full the oldest turns leave, and what follows them moves up.
After every cut the next turns are scored twice: on the moved cache, and on the same tokens read anew. Positions, gaps
and order of reading are those of ``engines.embedded.kv``; the texts are those of session A.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tavern_tui.engines.embedded.kv import Cache
from tavern_tui.engines.embedded.loading import Loaded
from tests.economy.sessions import Session, read_session
from tests.engines.embedded.loaded_model import cache_of, loaded_starter

CONTEXT = 1_024
HEAD = 200
"""Tokens that stay."""
STEP = 0.25
"""The share of the history that leaves at a cut."""
CUTS = 12
CHAINS = 3
AT_ONCE = 64
"""Tokens that are scored in one batch."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What was scored after the ``cut``-th cut of a chain: tokens, and the sums of their surprisals in nats."""

    cut: int
    tokens: int
    moved: float
    fresh: float


def ratio(scored: Sequence[Scored]) -> float:
    """The perplexity on the moved cache over that on the fresh one."""
    tokens = sum(one.tokens for one in scored)
    return math.exp(sum(one.moved - one.fresh for one in scored) / tokens)


def measure(model: Path, *, cuts: int = CUTS, chains: int = CHAINS) -> list[Scored]:
    """Every cut of every chain."""
    loaded = loaded_starter(model, CONTEXT)
    try:
        beside = loaded.renew(CONTEXT, 1, 1)
        moved, fresh = cache_of(loaded), Cache(loaded.lib, beside, loaded.step)
        session = read_session("A")
        turns = list(_turns(session, loaded))
        found: list[Scored] = []
        for chain in range(chains):
            start = chain * len(turns) // chains
            found += _chain(loaded, moved, fresh, _head(session, loaded), turns[start:], cuts)
        loaded.lib.llama_free(beside)
        return found
    finally:
        loaded.free()


def _head(session: Session, loaded: Loaded) -> list[int]:
    description = session.characters[0].description
    return loaded.vocabulary.tokenize(f"<|im_start|>system\n{description}")[: HEAD - 2] + loaded.vocabulary.tokenize(
        "<|im_end|>\n"
    )


def _turns(session: Session, loaded: Loaded) -> Iterator[list[int]]:
    for step in session.steps:
        for role, text in (("user", step.say), ("assistant", step.reply)):
            yield loaded.vocabulary.tokenize(f"<|im_start|>{role}\n{text}<|im_end|>\n")


def _chain(
    loaded: Loaded, moved: Cache, fresh: Cache, head: list[int], turns: list[list[int]], cuts: int
) -> list[Scored]:
    """One chat that is cut again and again; ``moved`` is never read anew, ``fresh`` after every cut."""
    moved.clear()
    upcoming = iter(turns)
    history: list[list[int]] = []
    held = next(upcoming)
    while len(head) + sum(map(len, history)) + len(held) <= CONTEXT:
        history.append(held)
        held = next(upcoming)
    if not moved.read([*head, *_flat(history)], lambda _done: True):
        raise RuntimeError("reading was aborted")
    found: list[Scored] = []
    while len(found) < cuts:
        room = (1 - STEP) * (CONTEXT - len(head))
        while sum(map(len, history)) > room:
            del history[0]
        known = [*head, *_flat(history)]
        more = [held]  # a turn that is longer than the room which was freed has to have more freed for it
        while len(known) + len(held) > CONTEXT:
            del history[0]
            known = [*head, *_flat(history)]
        held = next(upcoming)
        while len(known) + sum(map(len, more)) + len(held) <= CONTEXT:
            more.append(held)
            held = next(upcoming)
        ids = [*known, *_flat(more)]
        kept = moved.keep(ids)
        if kept.tokens < len(known) - 1:  # markup at the cut may be the same as it was
            raise RuntimeError("the cache was not moved")
        fresh.clear()
        first = kept.tokens
        scored = ids[first + 1 :]
        found.append(
            Scored(len(found) + 1, len(scored), _score(loaded, moved, ids, first), _score(loaded, fresh, ids, first))
        )
        history += more
    return found


def _flat(turns: Sequence[Sequence[int]]) -> list[int]:
    return [token for turn in turns for token in turn]


def _score(loaded: Loaded, cache: Cache, ids: Sequence[int], first: int) -> float:
    """Read on to the end of ``ids``; the sum of the surprisals of those behind the place ``first``."""
    total = 0.0
    if len(cache.ids) < first and not cache.read(ids[len(cache.ids) : first], lambda _done: True):
        raise RuntimeError("reading was aborted")
    for start in range(len(cache.ids), len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        logits = _logits(loaded, cache, part)
        logits -= logits.max(axis=1, keepdims=True)
        log_sums = np.log(np.exp(logits).sum(axis=1))
        for row, following in enumerate(ids[start + 1 : start + len(part) + 1]):
            total += float(log_sums[row] - logits[row, following])
    return total


def _logits(loaded: Loaded, cache: Cache, part: Sequence[int]) -> Any:
    """Decode ``part`` and give the logits after each of its tokens."""
    lib = loaded.lib
    batch, sequence = cache._batch, 0
    for place, token in enumerate(part):
        batch.token[place], batch.pos[place], batch.n_seq_id[place] = token, len(cache.ids) + place, 1
        batch.seq_id[place][0], batch.logits[place] = sequence, True
    if not cache._compute({sequence: part}):
        raise RuntimeError("llama.cpp could not decode")
    pointer = lib.llama_get_logits(cache._context)
    return np.ctypeslib.as_array(pointer, shape=(len(part), loaded.vocabulary.size)).astype(np.float32)


def main(model: Path) -> dict[str, float]:
    """The page's figures."""
    scored = measure(model)
    return {
        "tokens": sum(one.tokens for one in scored),
        "cuts": max(one.cut for one in scored),
        "all": ratio(scored),
        "1-5": ratio([one for one in scored if one.cut <= 5]),
        "6-10": ratio([one for one in scored if 6 <= one.cut <= 10]),
        "11-12": ratio([one for one in scored if one.cut > 10]),
        "perplexity": math.exp(sum(one.fresh for one in scored) / sum(one.tokens for one in scored)),
    }
