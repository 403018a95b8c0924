"""The characters as a list shows them: who there is, which chats there are with them, and how these ended.

Read from the files each time, so call it in a thread. Of a chat only the end of its file is decoded: as much as tells
what its reader saw last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import fold
from tavern_tui.domain.display import safe_line
from tavern_tui.formats.chatlog import decode_log
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chat_store import ChatSummary
from tavern_tui.storage.device import Device

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes

LINE_CHARACTERS = 200
NO_CARD = "Its card is not in the library."
_FIRST_BYTES = 8192  # of the end of a log: two or three turns


@dataclass(frozen=True, slots=True)
class ChatRow:
    """One chat. ``name`` opens it; ``last`` is Unix seconds, ``line`` its newest turn.

    ``turns`` counts the swipes of one place once. ``title`` and ``line`` are safe to show, on one line; ``characters``
    are the names as the chat has them.
    """

    name: str
    title: str
    turns: int
    last: float
    line: str = ""
    problem: str = ""
    characters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CharacterRow:
    """One character with the chats that there are, the last written first; ``chats[0]`` has its ``line``.

    ``name`` is what chats call the character; ``card`` opens the card, ``None`` where there is none, or none was read.
    ``problem`` says why the card cannot be used; ``title`` is the name, safe to show on one line. ``words`` are what
    else a filter looks in: nickname, tags, creator and file, small and without accents.
    """

    name: str
    title: str
    card: Path | None
    chats: tuple[ChatRow, ...] = ()
    problem: str = ""
    words: str = ""
    favourite: bool = False
    tag_list: str = ""

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of the card; read from ``tag_list``, the JSON in which the index has them, when they are shown."""
        return tuple(map(safe_line, json.loads(self.tag_list))) if self.tag_list else ()

    @property
    def last(self) -> float:
        """When one of the chats was last written to, in Unix seconds; 0 without one."""
        return self.chats[0].last if self.chats else 0.0


@dataclass(frozen=True, slots=True)
class ListedCharacters:
    """The characters, as far as they are known; ``done`` of ``total`` files were read, both 0 where none had to be.

    ``others`` are the chats that are with nobody.
    """

    rows: list[CharacterRow]
    done: int = 0
    total: int = 0
    others: tuple[ChatRow, ...] = ()

    @property
    def progress(self) -> str:
        """What to say while files are still being read; empty at the end."""
        return f"Reading the library: {self.done:,} of {self.total:,}" if self.done < self.total else ""


@dataclass(frozen=True, slots=True)
class ChatChoice:
    """What was picked from the list: the chat called ``chat``, or a new one with ``character`` where that is empty."""

    character: str
    card: Path | None
    chat: str = ""


def wishes_for(choice: ChatChoice, wishes: Wishes) -> Wishes:
    """``wishes`` for opening what was picked; writer and settings stay as they were."""
    if choice.chat:
        return replace(wishes, character="", chat=choice.chat, new=False, persona="")
    return replace(wishes, character=str(choice.card or choice.character), chat="", new=True)


def character_rows(workspace: Workspace) -> Iterator[list[CharacterRow]]:
    """The characters, the one last talked to first, then favourites, then by name.

    At first come those with whom there are chats, then all: of a large library the cards take most of the time; a chat
    can be gone on with before they are read. Raises ``StorageError``.
    """
    device = Device(workspace.directories.state).known
    summaries: dict[str, list[ChatSummary]] = {}
    for summary in workspace.chats.list():
        if summary.characters:
            summaries.setdefault(summary.characters[0], []).append(summary)
    chats = {name: _chat_rows(with_them, device) for name, with_them in summaries.items()}
    if chats:
        yield _ordered(CharacterRow(name, safe_line(name), None, with_them) for name, with_them in chats.items())
    rows = [
        CharacterRow(
            entry.name,
            safe_line(entry.name),
            entry.path,
            chats.get(entry.name, ()),
            safe_line(entry.problem),
            favourite=entry.favourite,
        )
        for entry in workspace.characters()
    ]
    known = {row.name for row in rows}
    without_card = [
        CharacterRow(name, safe_line(name), None, with_them, NO_CARD)
        for name, with_them in chats.items()
        if name not in known
    ]
    yield _ordered([*rows, *without_card])


def last_line(path: Path, device: str = "") -> str:
    """The turn at which the reader of the log at ``path`` is, as one safe line ``Name: text``; "" where there is none.

    Told from the end of the file, so that a long log costs what a short one costs; undone and deleted turns and moves
    to other swipes that happened there are taken into account.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            length = _FIRST_BYTES
            while True:
                start = max(0, size - length)
                file.seek(start)
                data = file.read(size - start)
                line = _last_of(data if start == 0 else data.partition(b"\n")[2], device)
                if line or start == 0:
                    return line
                length *= 8
    except OSError:
        return ""


def _last_of(data: bytes, device: str) -> str:
    tree = fold(decode_log(data)[0], device)
    turn = tree.turns.get(tree.tip)
    if turn is None or turn.lost:
        return ""
    return safe_line(f"{turn.name}: {turn.text}", LINE_CHARACTERS)


def _ordered(rows: Iterable[CharacterRow]) -> list[CharacterRow]:
    return sorted(rows, key=lambda row: (-row.last, not row.favourite, row.title.casefold()))


def _chat_rows(summaries: Iterable[ChatSummary], device: str) -> tuple[ChatRow, ...]:
    return tuple(
        ChatRow(
            summary.name,
            safe_line(summary.title),
            summary.turns,
            summary.last,
            last_line(summary.path, device) if place == 0 else "",
            safe_line(summary.problem),
            summary.characters,
        )
        for place, summary in enumerate(summaries)
    )
