"""``Cache``: what a llama.cpp context has read, token for token, and how more is read.

The ids here are exactly those in the context's memory, also after an abort or a failed decode. Recurrent, hybrid and
sliding-window memories cannot always be cut or shifted; the memory's own answers decide, never a guess about the model.
Sequence 0 is the conversation; further sequences share its beginning while several replies are written side by side.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.embedded.parking import WORTH_PARKING, Parked, Parking
from tavern_tui.engines.embedded.reuse import Stretch, common_prefix, stretches

STEP = 128
"""Tokens that are computed at once on a CPU."""
BATCH = 2048
"""Tokens: the longest batch given to llama.cpp at once, where nobody set another."""
BATCH_SECONDS = 0.5

_ABORTED = 2
_NO_ROOM = 1


def batch_tokens(tokens_per_second: float, step: int = STEP, most: int = BATCH) -> int:
    """Tokens that take about half a second to read: whole steps, at least one, at most ``most``.

    llama.cpp computes a batch in pieces of ``step``, so results do not depend on how fast the machine was.
    """
    steps = min(int(tokens_per_second * BATCH_SECONDS) // step, most // step)
    return min(most, max(1, steps) * step)


@dataclass(frozen=True, slots=True)
class Kept:
    """Tokens of a prompt that need not be read: ``reused`` are where they were, ``shifted`` have moved up."""

    reused: int
    shifted: int = 0

    @property
    def tokens(self) -> int:
        """Both together: where reading begins."""
        return self.reused + self.shifted


class Cache:
    """The memory of one context. ``speed`` is tokens read per second, as last measured.

    ``refused`` says that the memory has refused to be cut or moved, so that everything was read again. ``window`` is
    how many tokens the model's narrow layers look back, 0 without such; ``one_state``: it keeps a state instead of
    tokens. ``undisturbed`` makes a context within which no
    abort comes through.
    """

    def __init__(
        self,
        lib: Any,
        context: Any,
        step: int,
        parking: Parking | None = None,
        undisturbed: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._lib = lib
        self._context = context
        self._step = step
        self._undisturbed = undisturbed
        self._memory = lib.llama_get_memory(context)
        model = lib.llama_get_model(context)
        self.window: int = lib.llama_model_n_swa(model)
        self.one_state = bool(lib.llama_model_is_recurrent(model) or lib.llama_model_is_hybrid(model))
        self._most: int = lib.llama_n_batch(context)
        self._batch = lib.llama_batch_init(self._most, 0, 1)
        self._others: dict[int, list[int]] = {}
        self._shift_pending = False
        self._parking = parking or Parking()
        self.ids: list[int] = []
        self.speed = 0.0
        self.refused = False
        self.chat = ""

    def free(self) -> None:
        """Give the batch back; the cache is not used again."""
        self._lib.llama_batch_free(self._batch)

    def clear(self) -> None:
        """Forget everything."""
        self._lib.llama_memory_clear(self._memory, True)
        self.ids.clear()
        self._others.clear()
        self._shift_pending = False

    def turn_to(self, chat: str, wanted: Sequence[int]) -> None:
        """Another chat's turn: put aside what only the last one needs, bring back what ``chat`` had if that is more.

        ``chat`` is empty for a prompt that belongs to none, which is not put aside.
        """
        if chat == self.chat:
            return
        shared = common_prefix(self.ids, wanted)
        parked = self._parking.take(chat, wanted, better_than=shared)  # before what is put aside takes its room
        if len(self.ids) - shared >= WORTH_PARKING:
            self.park()
        self.chat = chat
        if parked is not None:
            self._parking.settle(chat, good=self.restore(parked))

    def park(self) -> None:
        """Put the present chat's cache aside, in memory and on disk; nothing for a prompt of no chat."""
        if self.chat and len(self.ids) >= WORTH_PARKING and self._parking.wants(self.chat, self.ids, self._bytes()):
            saved = self.save()
            if saved is not None:
                self._parking.put(self.chat, saved)

    def store(self) -> None:
        """Put the present chat's cache on disk as well, where what lies there is much older."""
        if self.chat and len(self.ids) >= WORTH_PARKING and self._parking.lacks(self.chat, self.ids, self._bytes()):
            saved = self.save()
            if saved is not None:
                self._parking.store(self.chat, saved)

    def _bytes(self) -> int:
        """How large a saved state would be."""
        size: int = self._lib.llama_state_seq_get_size(self._context, 0)
        return size

    def save(self) -> Parked | None:
        """What sequence 0 holds, as a value; ``None`` where llama.cpp does not give it or memory is short.

        A shift that llama.cpp has not applied yet is applied first: saved before that, a state is rubbish.
        """
        try:
            self._apply_shift()
            size = self._bytes()
            state = (ctypes.c_uint8 * size)()
        except (EngineError, MemoryError):
            return None  # it is read again when it is needed, which is no reason to end a reply
        if not self.ids:
            return None
        if self._lib.llama_state_seq_get_data(self._context, state, size, 0) != size:
            return None
        return Parked(tuple(self.ids), state, size)

    def restore(self, parked: Parked) -> bool:
        """Take back a saved state in place of everything here; ``False`` leaves nothing."""
        self.clear()
        taken = self._lib.llama_state_seq_set_data(self._context, parked.state, parked.size, 0) == parked.size
        if not taken or not self._holds(len(parked.ids)):
            self.clear()
            return False
        self.ids = list(parked.ids)
        return True

    def keep(self, wanted: Sequence[int], *, shift: bool = True) -> Kept:
        """Keep what serves ``wanted``, but never all of it: its last token must be read to be answered.

        With ``shift``, stretches behind a gap are moved up where the memory can. Nothing is kept where the memory
        refuses what has to be done.
        """
        self._take_nearest(wanted)
        movable = shift and bool(self._lib.llama_memory_can_shift(self._memory))
        if movable:
            found = stretches(self.ids, wanted, most=len(wanted) - 1)
        else:
            found = [Stretch(0, min(common_prefix(self.ids, wanted), len(wanted) - 1))]
        head, moved = found[0], sum(stretch.length for stretch in found[1:])
        if head.length <= 0:
            self.clear()
            return Kept(0)
        if moved == 0 and head.length == len(self.ids):
            return Kept(head.length)
        if not self._close_up(found) or not self._holds(head.length + moved):
            self.refused = True
            self.clear()
            return Kept(0)
        self.ids = list(wanted[: head.length + moved])
        return Kept(head.length, moved)

    def _close_up(self, found: Sequence[Stretch]) -> bool:
        """Remove everything but ``found`` and close the gaps, from the end on; ``False`` at the first refusal."""
        lib, memory = self._lib, self._memory
        if found[-1].end < len(self.ids) and not lib.llama_memory_seq_rm(memory, 0, found[-1].end, -1):
            return False
        for before, after in zip(reversed(found[:-1]), reversed(found[1:]), strict=True):
            if not lib.llama_memory_seq_rm(memory, 0, before.end, after.start):
                return False
            lib.llama_memory_seq_add(memory, 0, after.start, -1, before.end - after.start)
            self._shift_pending = True
        return True

    def _holds(self, tokens: int, sequence: int = 0) -> bool:
        """Whether the memory really holds that many, with all that the next token looks back at.

        A sliding window may have let go of what stands before its own reach without saying so.
        """
        least: int = self._lib.llama_memory_seq_pos_min(self._memory, sequence)
        most: int = self._lib.llama_memory_seq_pos_max(self._memory, sequence)
        reach = max(0, tokens - self.window) if self.window else 0
        return most == tokens - 1 and (self.one_state or not tokens or 0 <= least <= reach)

    def _take_nearest(self, wanted: Sequence[int]) -> None:
        """Of the replies written side by side, go on with the one that ``wanted`` has most of; drop the others."""
        if not self._others:
            return
        nearest = max(self._others, key=lambda sequence: common_prefix(self._others[sequence], wanted))
        if common_prefix(self._others[nearest], wanted) > common_prefix(self.ids, wanted):
            self._lib.llama_memory_seq_rm(self._memory, 0, -1, -1)
            self._lib.llama_memory_seq_cp(self._memory, nearest, 0, -1, -1)
            self.ids = self._others[nearest]
        for sequence in list(self._others):
            self.drop(sequence)

    def fork(self, count: int) -> None:
        """Make ``count`` sequences of the one that is there: they share its tokens and their memory."""
        for sequence in range(1, count):
            self._lib.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
            self._others[sequence] = list(self.ids)

    def step_back(self, sequence: int, tokens: int) -> int | None:
        """Leave a sequence its first ``tokens`` but for the last, and give that: it has to be decoded again.

        ``None`` where the memory refuses; the ids are then those that it still holds.
        """
        ids, left = self._ids_of(sequence), tokens - 1
        last = ids[left]
        removed = self._lib.llama_memory_seq_rm(self._memory, sequence, left, -1)
        if removed and self._holds(left, sequence):
            del ids[left:]
            return last
        self.refused = True
        del ids[self._lib.llama_memory_seq_pos_max(self._memory, sequence) + 1 :]
        return None

    def drop(self, sequence: int) -> None:
        """Let go of a forked sequence."""
        self._lib.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        self._others.pop(sequence, None)

    @property
    def cells(self) -> int:
        """Tokens that the context has room for, in all sequences together."""
        count: int = self._lib.llama_n_ctx(self._context)
        return count

    @property
    def sequences(self) -> int:
        """Sequences that the context has room for."""
        count: int = self._lib.llama_n_seq_max(self._context)
        return count

    def read(self, tokens: Sequence[int], progress: Callable[[int], bool]) -> bool:
        """Read ``tokens`` after what is there, in batches; the last one's logits are ready afterwards.

        ``progress`` is called after each batch with the tokens now in memory, and returns whether to go on. Returns
        ``False`` when it said no or llama.cpp's abort callback cut a batch short.
        """
        done = 0
        while done < len(tokens):
            at_once = 1 if self._shift_pending else batch_tokens(self.speed, self._step, self._most)
            part = tokens[done : done + at_once]
            began = time.perf_counter()
            with self._undisturbed() if self._shift_pending else nullcontext():
                read = self.decode(part)
            if not read:
                return False
            if len(part) >= self._step:
                self.speed = len(part) / max(time.perf_counter() - began, 1e-6)
            done += len(part)
            if not progress(len(self.ids)):
                return False
        return True

    def _apply_shift(self) -> None:
        """Let llama.cpp apply a pending shift, which it does before it decodes: the last token is decoded again."""
        if not self._shift_pending:
            return
        last = self.ids.pop()
        if not self._lib.llama_memory_seq_rm(self._memory, 0, len(self.ids), -1):
            self.refused = True
            self.clear()
            return
        with self._undisturbed():
            self.decode((last,))

    def decode(self, tokens: Sequence[int]) -> bool:
        """One batch of sequence 0. ``False`` when it was aborted; raises ``EngineError`` when llama.cpp could not."""
        last = len(tokens) - 1
        for i, token in enumerate(tokens):
            _put(self._batch, i, token, len(self.ids) + i, 0, wanted=i == last)
        return self._compute({0: tokens})

    def decode_each(self, tokens: Mapping[int, int]) -> bool:
        """One token for each of several sequences, in one batch; logits in the order of ``tokens``. As ``decode``."""
        for i, (sequence, token) in enumerate(tokens.items()):
            _put(self._batch, i, token, len(self._ids_of(sequence)), sequence, wanted=True)
        return self._compute({sequence: (token,) for sequence, token in tokens.items()})

    def _ids_of(self, sequence: int) -> list[int]:
        return self.ids if sequence == 0 else self._others[sequence]

    def _compute(self, tokens: Mapping[int, Sequence[int]]) -> bool:
        self._batch.n_tokens = sum(map(len, tokens.values()))
        result: int = self._lib.llama_decode(self._context, self._batch)
        if result == 0:
            self._shift_pending = False
            for sequence, part in tokens.items():
                self._ids_of(sequence).extend(part)
            return True
        if self._shift_pending:
            self.clear()  # nobody knows how much of the shift was done
        else:
            for sequence, part in tokens.items():
                self._ask_memory(sequence, part)
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

    def _ask_memory(self, sequence: int, tokens: Sequence[int]) -> None:
        """After a batch that was not finished: keep exactly what the memory says it holds."""
        held: int = self._lib.llama_memory_seq_pos_max(self._memory, sequence) + 1
        ids = self._ids_of(sequence)
        ids[:] = [*ids, *tokens][: max(held, 0)]


def _put(batch: Any, i: int, token: int, position: int, sequence: int, *, wanted: bool) -> None:
    """Put a token into a batch; ``wanted``: with its logits."""
    batch.token[i] = token
    batch.pos[i] = position
    batch.n_seq_id[i] = 1
    batch.seq_id[i][0] = sequence
    batch.logits[i] = wanted
