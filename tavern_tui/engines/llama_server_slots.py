"""``Slots``: the slots of a llama-server. Which one a chat has, and what of chats is saved to files and brought back.

A chat stays in its slot for as long as nobody else uses it; a chat without one gets the slot that did nothing for
longest. Where the server was started with ``--slot-save-path``, what it has read of a chat is saved when the chat is
left, or another one needs its slot, and brought back when the chat goes on. Nothing here keeps a reply from being
written: what is refused is read again. Source: the server's README and ``tools/server/server-context.cpp`` of llama.cpp
(build 10605); what is known of a server is a ``slot_record``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from tavern_tui.domain.errors import EngineError
from tavern_tui.engines.faults import Answer
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, int_at
from tavern_tui.engines.slot_record import WORTH_SAVING, KeptChat, SlotNotes, SlotRecord

ANY = -1
"""The slot that means: whichever the server likes."""
_NEVER = -1  # the task of a slot that did none
_LOOKING_SECONDS = 3.0
_STOPPING_SECONDS = 0.1
_NO_SUCH_THING = (401, 403, 404, 405, 501)


@dataclass(frozen=True, slots=True)
class Slot:
    """A slot as the server tells it: the number of its last task, tokens it holds (0 unknown), and whether it works."""

    id: int
    task: int
    tokens: int
    busy: bool


@dataclass(slots=True)
class _Running:
    """A reply that was begun in a slot, and not looked at since. ``newest`` was the latest task before it."""

    chat: str
    slot: int
    newest: int
    tokens: int = 0


class Slots:
    """The slots of the server behind ``link``. ``clock`` gives Unix time in seconds. No method raises."""

    def __init__(self, link: Link, *, clock: Callable[[], float] = time.time) -> None:
        self._link = link
        self._clock = clock
        self._notes = SlotNotes()
        self._record = SlotRecord()
        self._slots: list[Slot] = []
        self._model = self._routed = ""
        self._told = True
        self._used: set[str] = set()
        self._running: _Running | None = None
        self._restored = 0

    def keep_in(self, notes: SlotNotes) -> None:
        """See ``slot_record.KeepsSlots``."""
        self._notes = notes

    async def connected(self, model: str, routed: str = "") -> None:
        """Look at the server's slots. ``model`` names all that what they hold depends on, ``routed`` the model to name
        in every request.
        """
        self._model, self._routed = model, routed
        self._record = await self._notes.read(self._link.base)
        await self._look()
        if self._may_save and any(one.saved for one in self._record.chats.values()):
            await self._act("ask", 0)  # no action at all: a server without a folder says so before it looks at it

    def lost(self, chat: str) -> bool:
        """Whether the server was started anew since it wrote for ``chat``, and nothing can be brought back.

        As it was when the slots were last looked at; ``False`` also where nobody knows.
        """
        kept = self._record.chats.get(chat)
        if kept is None or not self._slots or kept.model != self._model:
            return False
        return self._newest < kept.task and not self._can_restore(kept)

    async def place(self, chat: str) -> int | None:
        """The slot for a reply in ``chat``, with what was read of it brought back into it where that is possible.

        ``ANY`` where slots are not told, or ``chat`` is empty; ``None`` where all are at work.
        """
        await self._look()
        if not self._slots:
            return ANY
        await self._settled()
        if self._running is not None and self._running.chat == chat:
            return self._running.slot  # our last reply is being stopped there
        idle = [slot for slot in self._slots if not slot.busy]
        if not idle:
            return None
        if not chat:
            return ANY
        own = self._record.chats.get(chat)
        slot = next((one for one in idle if own is not None and self._holds(one, own)), None)
        if slot is None:
            slot = min(idle, key=lambda one: one.task)  # numbers of tasks only grow
            await self._save_what_is_in(slot)
            own = self._record.chats.get(chat)
            self._restored = await self._restore(slot, own) if own is not None and self._can_restore(own) else 0
        self._running = _Running(chat, slot.id, self._newest)
        return slot.id

    def reading(self, tokens: int) -> None:
        """The prompt of the reply that was begun has so many tokens."""
        if self._running is not None:
            self._running.tokens = tokens

    async def ended(self, reused: int | None) -> None:
        """A reply was written to its end; of its prompt ``reused`` tokens had been there before.

        A slot that was brought back and is of no use at all is how models behave whose memory cannot be cut: their
        chats are saved no more.
        """
        useless = self._restored >= WORTH_SAVING and reused == 0
        self._restored = 0
        if self._running is not None:
            await self._look()
            await self._settled(ended=True, useless=useless)

    async def leave(self) -> None:
        """Save what was read for the chats that were written in here, and empty files that nobody needs.

        It may be left half done at any time: what is not saved is read again.
        """
        if self._running is None and not self._used:
            return
        await self._look()
        await self._settled()
        while self._running is not None:  # it was stopped a moment ago
            await asyncio.sleep(_STOPPING_SECONDS)
            await self._look()
            await self._settled()
        used, self._used = self._used, set()
        for chat in used:
            for slot in self._slots:
                await self._save(slot, self._record.chats.get(chat))
        self._record.tidy(self._clock())
        if not self._notes.on_disk:
            self._record.keep_no_files()
        await self._empty_unneeded()
        await self._note()

    @property
    def _newest(self) -> int:
        """The latest task that any slot did."""
        return max((slot.task for slot in self._slots), default=_NEVER)

    @property
    def _may_save(self) -> bool:
        known = self._link.base not in self._notes.refusing and self._model not in self._record.useless
        return known and self._notes.on_disk and self._told

    def _can_restore(self, kept: KeptChat) -> bool:
        return self._may_save and kept.saved and kept.model == self._model

    def _holds(self, slot: Slot, kept: KeptChat) -> bool:
        same = (slot.id, slot.task, self._model) == (kept.slot, kept.task, kept.model)
        return same and slot.tokens in (0, kept.tokens)

    async def _look(self) -> None:
        """Ask for the slots; not again where they are not told. While it reads, a server may be silent for long."""
        self._slots = []
        if not self._told:
            return
        routed = f"?model={quote(self._routed, safe='')}" if self._routed else ""
        try:
            async with asyncio.timeout(_LOOKING_SECONDS):
                answer = await self._link.get(f"/slots{routed}")
        except (EngineError, TimeoutError):
            return
        self._told = answer.status not in _NO_SUCH_THING  # 501: switched off with --no-slots
        told = answer.json if answer.status == 200 else None
        self._slots = _read_slots(told) if isinstance(told, list) else []

    async def _settled(self, *, ended: bool = False, useless: bool = False) -> None:
        """Know anew what is known of the server, and which task our last reply was, from the slots as they were told.

        Until it has ``ended``, or was stopped, its slot is at work and is looked at later. Somebody else who used the
        slot before that is taken for us: the chat then finds another text there, and the server reads it again.
        ``useless``: see ``ended``.
        """
        self._record = await self._notes.read(self._link.base)
        running = self._running
        slot = next((one for one in self._slots if running is not None and one.id == running.slot), None)
        if slot is not None and running is not None and slot.task > running.newest:
            if slot.busy and not ended:
                return
            tokens, before = slot.tokens or running.tokens, self._record.chats.get(running.chat)
            kept = KeptChat(running.chat, self._model, slot.id, slot.task, tokens, self._clock())
            kept = replace(kept, file=before.file, size=before.size) if before is not None else kept
            self._record.note(kept)
            self._used.add(running.chat)
            if useless:
                self._record.found_useless(self._model)
            await self._note()
        self._running = None

    async def _note(self) -> None:
        await self._notes.keep(self._link.base, self._record)

    async def _save_what_is_in(self, slot: Slot) -> None:
        """Save the chat of ours that is in a slot which is about to be used for another."""
        for kept in list(self._record.chats.values()):
            await self._save(slot, kept)

    async def _save(self, slot: Slot, kept: KeptChat | None) -> None:
        """Save what a slot holds of a chat, where it does and its file does not."""
        if kept is None or not self._may_save or slot.busy or slot.task == _NEVER or not self._holds(slot, kept):
            return
        if kept.saved or kept.tokens < WORTH_SAVING:
            return
        number = self._record.take_number(kept.chat)
        # Noted before it is done: who does not wait for the end may still find it whole.
        self._record.note(replace(kept, file=number, saved=True))
        await self._note()
        answer = await self._act("save", slot.id, self._record.file_name(number))
        if answer is not None and answer.status == 200 and int_at(answer.json, "n_saved") != 0:
            size = int_at(answer.json, "n_written") or 0
            self._record.note(replace(kept, file=number, saved=True, size=size))
        else:
            self._record.without_file(kept.chat)
        await self._note()

    async def _restore(self, slot: Slot, kept: KeptChat) -> int:
        """Bring a chat's file back into a slot; how many tokens it has now."""
        answer = await self._act("restore", slot.id, self._record.file_name(kept.file))
        if answer is not None and answer.status == 200:
            return int_at(answer.json, "n_restored") or 0
        if answer is not None and self._may_save:  # the file is gone, damaged, or of another build
            self._record.without_file(kept.chat)
            await self._note()
        return 0

    async def _empty_unneeded(self) -> None:
        """Write an empty slot over files that nobody needs: the server removes none.

        Where no slot is empty, one of ours is emptied that lies in a file.
        """
        if not self._record.unneeded or not self._told or self._link.base in self._notes.refusing:
            return
        slot = next((one for one in self._slots if one.task == _NEVER and not one.busy), None)
        if slot is None:
            saved = [one for one in self._record.chats.values() if one.saved]
            slot = next((one for one in self._slots if not one.busy and any(self._holds(one, k) for k in saved)), None)
            if slot is None or await self._act("erase", slot.id) is None:
                return
        for number in sorted(self._record.unneeded):
            answer = await self._act("save", slot.id, self._record.file_name(number))
            if answer is not None and answer.status == 200 and int_at(answer.json, "n_saved") == 0:
                self._record.unneeded.discard(number)

    async def _act(self, action: str, slot: int, file: str = "") -> Answer | None:
        """Have the server do something with a slot; ``None`` where it does not answer. A no is not asked for twice."""
        routed = f"&model={quote(self._routed, safe='')}" if self._routed else ""
        body = {**({"filename": file} if file else {}), **({"model": self._routed} if self._routed else {})}
        try:
            answer = await self._link.post(f"/slots/{slot}?action={action}{routed}", body)
        except EngineError:
            return None
        if answer.status in _NO_SUCH_THING:
            self._notes.refusing.add(self._link.base)
        return answer


def _read_slots(told: Sequence[object]) -> list[Slot]:
    """What ``/slots`` tells. Older builds have a ``state`` (1: at work), and tell a task of −1 where there was none."""
    return [
        Slot(
            number,
            found if (found := int_at(one, "id_task")) is not None else _NEVER,
            int_at(one, "n_prompt_tokens") or 0,
            at(one, "is_processing") is True or at(one, "state") == 1,
        )
        for one in told
        if (number := int_at(one, "id")) is not None
    ]
