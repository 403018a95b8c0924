"""``Mirror``: the text of a story as a plain Markdown file, for git and other tools, and what was edited there.

The file is written whole, some seconds after the last change. Beside it, in the state folder of this machine, stands
what was written last and which events of the chat it told; so an edit from outside is told from a file that is only
old, and is merged into the story even where that went on meanwhile. Where both changed the same place the file's text
is taken; what stood in the story is one undo away.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import NotFoundError, StorageError
from tavern_tui.session.story.difference import Edit, applied, edits
from tavern_tui.session.story.named import NamedVersion, seen_by, text_of
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.reading import read_bytes

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession

MIRROR_SECONDS: Final = 2.0
"""How long a story rests before its file is written."""

FOLDER: Final = "stories"
"""Where the files lie, beside the folder of chats (``Directories.stories``)."""

_MOST_BYTES = 64 * 1024 * 1024
_SUFFIX = ".story.json"


class Mirror:
    """The file of one story. What reads or writes raises ``StorageError``."""

    def __init__(self, story: StorySession) -> None:
        self._story = story
        log = story.chat.log
        self.path: Path = log.path.parent.parent / FOLDER / f"{log.path.stem}.md"
        self._record = log.state / f"{log.key}{_SUFFIX}"
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[bool] | None = None
        self.trouble = ""
        """Why the file could not be written or read the last time; "" where it could."""

    def touch(self) -> None:
        """The story has changed: write the file once it rests."""
        self.rest()
        self._timer = asyncio.get_running_loop().call_later(MIRROR_SECONDS, self._begin)

    def rest(self) -> None:
        """Write nothing more unasked."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def write(self) -> bool:
        """Write the file now, with what was edited there taken in before; whether it was written."""
        self.rest()
        await self.take_in()
        return await asyncio.to_thread(self._write_down)

    async def look(self) -> None:
        """Take in what was edited in the file, and write it where it is old; trouble is told by ``trouble``."""
        try:
            if not await self.take_in():
                await asyncio.to_thread(self._write_down)
        except StorageError as error:
            self.trouble = str(error)

    async def take_in(self) -> Sequence[Edit]:
        """Merge what was edited in the file since it was written; what became other in the story for it."""
        found = await asyncio.to_thread(self._outside)
        if found is None:
            return ()
        base, outside = found
        await self._story.save()
        text = self._story.document.text()
        return await self._story.replace_all(merged(base, outside, text))

    def _begin(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self._write_quietly())

    async def _write_quietly(self) -> bool:
        """Write unasked: a disk that refuses is no reason to stop anybody who writes; it is told where one looks."""
        try:
            written = await self.write()
        except StorageError as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        return written

    def _outside(self) -> tuple[str, str] | None:
        """The text that was written last and the text of the file, where somebody else wrote that. Blocks."""
        record = self._read_record()
        if record is None or not self.path.is_file():
            return None
        data = read_bytes(self.path, _MOST_BYTES)
        if _checksum(data) == record["checksum"]:
            return None
        try:
            outside = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise StorageError(f"{self.path.name} is no UTF-8.", hint="Save it so.", where=str(self.path)) from error
        log = self._story.chat.log
        base = text_of(NamedVersion("", 0.0, 0, record["tip"], record["seen"]), log.events, log.device)
        return base, outside

    def _write_down(self) -> bool:
        log = self._story.chat.log
        if not log.kept or log.read_only is not None:
            return False
        data = "".join(turn.text for turn in log.tree.path() if not turn.hidden).encode("utf-8", "replace")
        record = self._read_record()
        if record is not None and record["checksum"] == _checksum(data) and self.path.is_file():
            return False
        if not data and record is None:
            return False
        if record is None:
            self._put_aside(data)
        told = {"chat": log.chat_id, "checksum": _checksum(data), "tip": log.tree.tip, "seen": seen_by(log.events)}
        write_atomic(self.path, data)
        write_atomic(self._record, json.dumps(told).encode(), mode=0o600)
        return True

    def _read_record(self) -> dict[str, Any] | None:
        try:
            value = json.loads(self._record.read_bytes())
        except (OSError, ValueError):
            return None
        match value:
            case {"chat": str(chat), "checksum": str(), "tip": str(), "seen": dict()}:
                return dict(value) if chat == self._story.chat.log.chat_id else None
        return None

    def _put_aside(self, data: bytes) -> None:
        """Give a file that is there and is not this story's another name: somebody may want it."""
        try:
            if read_bytes(self.path, _MOST_BYTES) == data:
                return
            names = (self.path.with_stem(stem) for stem in stems(f"{self.path.stem} (before)", "before"))
            self.path.rename(next(name for name in names if not name.exists()))
        except NotFoundError:
            return
        except OSError as error:
            raise storage_error(error, self.path) from error


def merged(base: str, outside: str, ours: str) -> str:
    """``ours`` with what ``outside`` changed of ``base``; where both changed a place, as ``outside`` has it."""
    if ours in (base, outside):
        return outside
    mine = edits(base, ours)
    made: list[Edit] = []
    for edit in edits(base, outside):
        start, end = _place(edit.start, mine, at_end=False), _place(edit.end, mine, at_end=True)
        if made and start < made[-1].end:  # both lie in one stretch that the story rewrote
            made[-1] = Edit(made[-1].start, max(end, made[-1].end), made[-1].text + edit.text)
        else:
            made.append(Edit(start, max(start, end), edit.text))
    return applied(ours, made)


def _place(character: int, mine: Sequence[Edit], *, at_end: bool) -> int:
    """Where a character of the base stands after the edits ``mine``; of one that they took, where they begin or end."""
    moved = 0
    for one in mine:
        if one.end <= character and not (one.start == one.end == character and not at_end):
            moved += len(one.text) - (one.end - one.start)
        elif one.start < character:
            return one.start + moved + (len(one.text) if at_end else 0)
        else:
            break
    return character + moved


def _checksum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
