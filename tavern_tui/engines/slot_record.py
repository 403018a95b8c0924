"""``SlotRecord``: which slot of a llama-server wrote last for which chat, and which chats lie in files of that server.

A small text of JSON for each server, kept by a ``learning.Memory`` beyond the program's life, so that a chat finds its
slot again, or the file with what was read of it. Slots are known by the number of the task that they did last
(``id_task``), which only grows while a server runs, and the tokens that this left there: others mean that somebody else
was there, smaller tasks in all slots that the server was started anew. Asking the server is ``llama_server_slots``.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Protocol, runtime_checkable

from tavern_tui.engines.json_shape import list_at, parse, text_at
from tavern_tui.engines.learning import Memory

MOST_FILES = 16
"""Files that a server keeps for us: names are used again, as it removes none."""
MOST_BYTES = 4 * 2**30
"""Bytes that they may have together; one more than that has room."""
KEPT_DAYS = 30
"""Days after which a file that nobody came back to is emptied."""
WORTH_SAVING = 256
"""Tokens of a chat below which reading it again is no wait."""
_MOST_CHATS = 64
_MOST_USELESS = 16
_DAY = 86_400
_ABOUT = "slots"


@dataclass(frozen=True, slots=True)
class KeptChat:
    """What a server has of a chat: ``slot`` did ``task`` for it last, which left ``tokens`` there, of ``model``.

    ``model`` names all that the numbers in a slot depend on; ``slot`` is −1 once another chat of ours is in there.
    ``file`` is the number of the file for the chat, −1 for none, with ``size`` bytes; ``saved``: it holds what the slot
    held last. ``used`` is Unix time in seconds.
    """

    chat: str
    model: str
    slot: int
    task: int
    tokens: int
    used: float
    file: int = -1
    saved: bool = False
    size: int = 0


@dataclass(slots=True)
class SlotRecord:
    """What is known of one server. ``tag`` begins the names of our files there, ``unneeded`` are numbers of files that
    nobody wants any more, ``useless`` the models for which a file turned out to save no reading.
    """

    tag: str = field(default_factory=lambda: secrets.token_hex(6))
    chats: dict[str, KeptChat] = field(default_factory=dict)
    unneeded: set[int] = field(default_factory=set)
    useless: list[str] = field(default_factory=list)

    def file_name(self, number: int) -> str:
        """The name of a file in the server's folder, which does not tell which chat it is."""
        return f"tavern-{self.tag}-{number}.bin"

    def note(self, kept: KeptChat) -> None:
        """Know ``kept`` of its chat from now on, and that no other chat is in its slot."""
        for other in self.chats.values():
            if other.slot == kept.slot:
                self.chats[other.chat] = replace(other, slot=-1)
        self.chats[kept.chat] = kept
        while len(self.chats) > _MOST_CHATS:
            self.drop(min(self.chats.values(), key=lambda one: one.used).chat)

    def drop(self, chat: str) -> None:
        """Know nothing of a chat any more; its file is needed no longer."""
        gone = self.chats.pop(chat, None)
        if gone is not None and gone.file >= 0:
            self.unneeded.add(gone.file)

    def without_file(self, chat: str) -> None:
        """Know that no file holds what the slot held; its number is free again."""
        kept = self.chats[chat]
        if kept.file >= 0:
            self.unneeded.add(kept.file)
        self.chats[chat] = replace(kept, file=-1, saved=False, size=0)

    def take_number(self, chat: str) -> int:
        """The number of the file for ``chat``: its own, a free one, else that of the chat that was left first."""
        if (own := self.chats[chat].file) >= 0:
            return own
        taken = {one.file: one for one in self.chats.values() if one.file >= 0}
        free = [number for number in range(MOST_FILES) if number not in taken]
        if not free:
            oldest = min(taken.values(), key=lambda one: one.used)
            self.without_file(oldest.chat)
            free = [oldest.file]
        number = min(free, key=lambda one: (one not in self.unneeded, one))
        self.unneeded.discard(number)
        return number

    def tidy(self, now: float, most_bytes: int = MOST_BYTES) -> None:
        """Let go of files that nobody came back to for a month, and of the oldest where they take too much room."""
        files = sorted((one for one in self.chats.values() if one.file >= 0), key=lambda one: one.used)
        room = sum(one.size for one in files)
        for one in files[:-1]:
            if room > most_bytes or now - one.used > KEPT_DAYS * _DAY:
                room -= one.size
                self.without_file(one.chat)

    def keep_no_files(self) -> None:
        """No file is wanted any more."""
        for chat in list(self.chats):
            self.without_file(chat)

    def found_useless(self, model: str) -> None:
        """A file of ``model`` was brought back and the prompt was read all the same."""
        self.useless = [*(one for one in self.useless if one != model), model][-_MOST_USELESS:]
        for one in [one.chat for one in self.chats.values() if one.model == model]:
            self.without_file(one)

    def as_text(self) -> str:
        """The record as JSON, which ``read_record`` reads."""
        chats = [asdict(one) for one in self.chats.values()]
        whole = {"tag": self.tag, "chats": chats, "unneeded": sorted(self.unneeded), "useless": self.useless}
        return json.dumps(whole, separators=(",", ":"))


def read_record(text: str) -> SlotRecord:
    """The record in a text; a new one where there is none, and without whatever is not understood."""
    value = parse(text)
    record = SlotRecord()
    tag = text_at(value, "tag")
    record.tag = tag if len(tag) <= 32 and tag.isascii() and tag.isalnum() else record.tag
    record.unneeded = set(_numbers(list_at(value, "unneeded")))
    record.useless = [one for one in list_at(value, "useless") if isinstance(one, str)]
    for one in list_at(value, "chats"):
        kept = _read_chat(one)
        if kept is not None:
            record.chats[kept.chat] = kept
    return record


def _read_chat(value: object) -> KeptChat | None:
    if not isinstance(value, dict):
        return None
    texts, numbers = ("chat", "model"), ("slot", "task", "tokens", "file", "size")
    sound = all(isinstance(value.get(name), str) for name in texts)
    sound = sound and all(type(value.get(name)) is int and value[name] >= -1 for name in numbers)
    sound = sound and isinstance(value.get("saved"), bool) and isinstance(value.get("used"), int | float)
    if not sound or not value["chat"] or value["file"] >= MOST_FILES:
        return None
    return KeptChat(**{one.name: value[one.name] for one in fields(KeptChat)})


def _numbers(values: Iterable[object]) -> list[int]:
    return [one for one in values if isinstance(one, int) and 0 <= one < MOST_FILES]


class SlotNotes:
    """Where the records of servers are kept, by all engines of this program. ``on_disk``: whether chats may lie in
    files of a server. ``refusing`` are the servers that keep none, which are not asked again while the program runs.
    """

    def __init__(self, memory: Memory | None = None, *, on_disk: bool = True) -> None:
        self._memory = memory
        self._texts: dict[str, str] = {}
        self.on_disk = on_disk
        self.refusing: set[str] = set()

    async def read(self, server: str) -> SlotRecord:
        """What is known of a server now: other windows write here, too."""
        text = await self._memory.recall(server, _ABOUT) if self._memory is not None else self._texts.get(server, "")
        return read_record(text)

    async def keep(self, server: str, record: SlotRecord) -> None:
        """Keep what is known of a server, in the place of what was."""
        if self._memory is not None:
            await self._memory.keep(server, _ABOUT, record.as_text())
        else:
            self._texts[server] = record.as_text()


@runtime_checkable
class KeepsSlots(Protocol):
    """An engine whose server keeps chats in slots."""

    def keep_slots_in(self, notes: SlotNotes) -> None:
        """Know from the next request on what ``notes`` has of the server, and keep there what becomes of it."""
        ...
