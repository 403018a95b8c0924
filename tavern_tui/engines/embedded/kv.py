"""``Cache``: what a llama.cpp context has read, token for token, and how more is read.

The ids here are exactly those in the context's memory, also after an abort or a failed decode. Recurrent, hybrid and
sliding-window memories cannot always be cut; the memory's own answer decides, never a guess about the model.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.embedded.parking import WORTH_PARKING, Parked, Parking, parking_bytes

STEP = 128
"""Tokens that are computed at once on a CPU."""
BATCH = 2048
"""Tokens: the longest batch given to llama.cpp at once."""
BATCH_SECONDS = 0.5

_ABORTED = 2
_NO_ROOM = 1


def common_prefix(known: Sequence[int], wanted: Sequence[int]) -> int:
    """How many ids two sequences share from their beginning."""
    shortest = min(len(known), len(wanted))
    return next((i for i in range(shortest) if known[i] != wanted[i]), shortest)


def batch_tokens(tokens_per_second: float, step: int = STEP) -> int:
    """Tokens that take about half a second to read: whole steps, at least one, at most ``BATCH``.

    llama.cpp computes a batch in pieces of ``step``, so results do not depend on how fast the machine was.
    """
    steps = int(tokens_per_second * BATCH_SECONDS) // step
    return max(step, min(BATCH, steps * step))


class Cache:
    """The memory of one context, sequence 0. ``speed`` is tokens read per second, as last measured.

    ``refused`` says that the memory has refused to be cut, so that everything was read again.
    """

    def __init__(self, lib: Any, context: Any, step: int) -> None:
        self._lib = lib
        self._context = context
        self._step = step
        self._memory = lib.llama_get_memory(context)
        self._batch = lib.llama_batch_init(BATCH, 0, 1)
        self.ids: list[int] = []
        self.speed = 0.0
        self.refused = False
        self._chat = ""
        self._parking = Parking()

    def free(self) -> None:
        """Give the batch back; the cache is not used again."""
        self._lib.llama_batch_free(self._batch)

    def clear(self) -> None:
        """Forget everything."""
        self._lib.llama_memory_clear(self._memory, True)
        self.ids.clear()

    def turn_to(self, chat: str, wanted: Sequence[int]) -> None:
        """Another chat's turn: put aside what only the last one needs, bring back what ``chat`` had if that is more.

        ``chat`` is empty for a prompt that belongs to none, which is not put aside.
        """
        if chat == self._chat:
            return
        shared = common_prefix(self.ids, wanted)
        if self._chat and len(self.ids) - shared >= WORTH_PARKING:
            self._park()
        self._chat = chat
        parked = self._parking.take(chat)
        if parked is not None and common_prefix(parked.ids, wanted) > shared:
            self.clear()
            if self._lib.llama_state_seq_set_data(self._context, parked.state, parked.size, 0):
                self.ids = list(parked.ids)
            else:
                self.clear()

    def _park(self) -> None:
        size: int = self._lib.llama_state_seq_get_size(self._context, 0)
        if not self._parking.room_for(size, parking_bytes()):
            return
        state = (ctypes.c_uint8 * size)()
        if self._lib.llama_state_seq_get_data(self._context, state, size, 0) == size:
            self._parking.put(self._chat, Parked(tuple(self.ids), state, size))

    def cut(self, wanted: Sequence[int]) -> int:
        """Keep what ``wanted`` begins with, but never all of it: its last token must be read to be answered.

        Returns the number of tokens kept: 0 also where the memory refuses to be cut.
        """
        keep = min(common_prefix(self.ids, wanted), len(wanted) - 1)
        if keep == len(self.ids):
            return keep
        if keep > 0 and not self._lib.llama_memory_seq_rm(self._memory, 0, keep, -1):
            self.refused, keep = True, 0
        if keep <= 0:
            self.clear()
            return 0
        del self.ids[keep:]
        return keep

    def read(self, tokens: Sequence[int], progress: Callable[[int], bool]) -> bool:
        """Read ``tokens`` after what is there, in batches; the last one's logits are ready afterwards.

        ``progress`` is called after each batch with the tokens now in memory, and returns whether to go on. Returns
        ``False`` when it said no or llama.cpp's abort callback cut a batch short.
        """
        done = 0
        while done < len(tokens):
            part = tokens[done : done + batch_tokens(self.speed, self._step)]
            began = time.perf_counter()
            if not self.decode(part):
                return False
            if len(part) >= self._step:
                self.speed = len(part) / max(time.perf_counter() - began, 1e-6)
            done += len(part)
            if not progress(len(self.ids)):
                return False
        return True

    def decode(self, tokens: Sequence[int]) -> bool:
        """One batch. Returns ``False`` when it was aborted; raises ``EngineError`` when llama.cpp could not."""
        batch, start, last = self._batch, len(self.ids), len(tokens) - 1
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i == last
        batch.n_tokens = len(tokens)
        result: int = self._lib.llama_decode(self._context, batch)
        if result == 0:
            self.ids += tokens
            return True
        self._ask_memory(tokens)
        if result == _ABORTED:
            return False
        if result == _NO_ROOM:
            raise EngineError("The engine's context is full.", fault=EngineFault.OVERFLOW)
        self.clear()
        raise EngineError(
            f"llama.cpp could not read the prompt (code {result}).",
            fault=EngineFault.CRASHED,
            hint="Try again; if it stays, use a smaller context or another model.",
        )

    def _ask_memory(self, tokens: Sequence[int]) -> None:
        """After a batch that was not finished: keep exactly what the memory says it holds."""
        held: int = self._lib.llama_memory_seq_pos_max(self._memory, 0) + 1
        self.ids = [*self.ids, *tokens][: max(held, 0)]
