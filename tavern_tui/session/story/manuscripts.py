"""Stories as things of the library: which there are, a new one, one that came as a manuscript, one written as a file.

A story is a chat whose mode is ``story``. What manuscripts look like is ``formats.story_files``'.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import tavern_tui
from tavern_tui.domain.chat import ROOT, ChatTree
from tavern_tui.domain.comments import stripped
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import ContradictionError, NotFoundError, StorageError
from tavern_tui.domain.events import Body, ChatEvent, ChatStarted, PropertySet, Speaker, TurnAdded
from tavern_tui.formats.story_files import SUFFIXES, StoryFormat, ToldStory, as_text, format_named, joined, read_story
from tavern_tui.session.chat_merge import WRITER
from tavern_tui.session.modes.choosing import mode_set
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.story.document import in_turns
from tavern_tui.session.story.outline import Section, chapters, outline, words_in
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage import imported_chats
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.device import new_event_id
from tavern_tui.storage.file_names import stems
from tavern_tui.storage.reading import read_bytes

STORY: Final = "story"
FILE: Final = "story file"
"""The property that says what a manuscript's file had beside its text."""

_MOST_BYTES = 64 * 1024 * 1024
_MOST_FILES = 2_000
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class StoryRow:
    """One story in a list. ``last`` is when it was last written to, in Unix seconds."""

    name: str
    title: str
    path: Path
    last: float


@dataclass(frozen=True, slots=True)
class ChapterRow:
    """One row of an outline: a chapter or a scene, its level from 1, its words."""

    kind: str
    level: int
    title: str
    words: int


def stories(workspace: Workspace) -> list[StoryRow]:
    """Every story, the last written first. Raises ``StorageError``."""
    rows = (chat for chat in workspace.chats.list() if chat.mode == STORY)
    return [StoryRow(chat.name, chat.title, chat.path, chat.last) for chat in rows]


def find_story(workspace: Workspace, name: str) -> ChatLog:
    """The story that ``name`` means: its file's name, its title, how one begins, or a part of it.

    Raises ``NotFoundError`` where none is meant, or several, and ``ContradictionError`` for a chat that is none.
    """
    rows, wanted = stories(workspace), name.strip().casefold()
    for fits in (str.__eq__, str.startswith, str.__contains__):
        meant = [row for row in rows if wanted and any(fits(one.casefold(), wanted) for one in (row.name, row.title))]
        if len(meant) == 1:
            return workspace.chats.open(meant[0].name)
        if meant:
            several = ", ".join(row.name for row in meant[:5])
            raise NotFoundError(f"{name} could be {len(meant)} stories.", hint=f"Say one of: {several}")
    hint = f"There are: {', '.join(row.title for row in rows[:5])}" if rows else "To begin one: tavern-tui story new"
    try:
        log = find_chat(workspace, name)
    except NotFoundError:
        raise NotFoundError(f"No story is called {name}.", hint=hint) from None
    raise ContradictionError(f"{log.tree.title} is a chat, not a story.", hint=hint)


def text_of_story(tree: ChatTree) -> str:
    """The whole text of a story."""
    return "".join(turn.text for turn in tree.path() if not turn.hidden)


def outline_rows(text: str) -> list[ChapterRow]:
    """The outline of a text, in its order."""
    return [ChapterRow(one.kind, one.level, one.title, words_in(text, one)) for one in outline(text)]


def new_story(workspace: Workspace, title: str, text: str = "") -> ChatLog:
    """A new story, with a text to begin with where there is one. Raises ``StorageError``."""
    return _created(workspace, ToldStory(title or "A story", text, "text"))


def look_at(path: Path) -> ToldStory:
    """What a manuscript would become: a file, or a folder of files in the order of their names.

    Raises ``NotFoundError``, ``FormatError``, ``StorageError``.
    """
    if not path.is_dir():
        return read_story(read_bytes(path, _MOST_BYTES), path.name)
    names = (one.name for one in _files(path) if one.name.lower().endswith(SUFFIXES))
    found = sorted((name for name in names if not name.startswith((".", "~$"))), key=_in_order)
    if not found:
        raise NotFoundError(f"There is no manuscript in {path}.", hint=f"Taken are: {', '.join(SUFFIXES)}")
    if len(found) > _MOST_FILES:
        raise StorageError(f"{path} has {len(found):,} manuscripts; {_MOST_FILES:,} are taken at most.")
    return joined([read_story(read_bytes(path / name, _MOST_BYTES), name) for name in found], path.resolve().name)


def import_story(workspace: Workspace, told: ToldStory, title: str = "") -> ChatLog:
    """A new story of a manuscript. Raises ``StorageError``."""
    return _created(workspace, told, title)


def exported(log: ChatLog, format_name: str = "", *, comments: bool = True) -> tuple[bytes, StoryFormat]:
    """A story as a file, and which format that is. Raises ``NotFoundError`` for a format that there is not."""
    form = format_named(format_name or "markdown")
    text = text_of_story(log.tree)
    text = text if comments else stripped(text)
    if form.suffix == ".html":
        return form.write(log.tree.title, text), form
    file = log.tree.properties.get(FILE)
    beside = file if isinstance(file, dict) else {}
    return as_text(text, bom=beside.get("bom") is True, crlf=beside.get("crlf") is True), form


def exported_chapters(log: ChatLog, format_name: str = "", *, comments: bool = True) -> list[tuple[str, bytes]]:
    """Each chapter of a story as a file of its own, by a name that sorts."""
    form = format_named(format_name or "markdown")
    text = text_of_story(log.tree)
    found = chapters(outline(text))
    width = len(str(len(found)))
    files = []
    for number, one in enumerate(found, 1):
        part = text[one.start : one.end]
        stem = next(stems(f"{number:0{width}d} {one.title}", f"{number:0{width}d}"))
        files.append((stem + form.suffix, form.write(one.title, part if comments else stripped(part))))
    return files


def write_export(log: ChatLog, typed: str, *, replace: bool = False) -> Path:
    """Write a story to the file that ``typed`` names, or by its own name into that folder; the path. Blocks.

    Its ending says what it is written as; without one it is Markdown. Raises ``NotFoundError`` for an ending that there
    is not, ``ContradictionError`` for a file that is there unless ``replace``, ``StorageError``.
    """
    from tavern_tui.session.moving_places import typed_path

    path = typed_path(typed)
    path = path / f"{log.path.stem}.md" if path.is_dir() else path
    content, form = exported(log, path.suffix)
    path = path if path.suffix else path.with_name(path.name + form.suffix)
    if path.exists() and not replace:
        raise ContradictionError(f"{safe_line(path.name)} is there already.", hint="Enter once more writes over it.")
    write_files([(path.name, content)], path.parent, replace=True)
    return path


def write_files(files: Sequence[tuple[str, bytes]], folder: Path, *, replace: bool = False) -> None:
    """Put files into ``folder``; without ``replace`` none where one of them is there. Raises ``StorageError``."""
    taken = next((name for name, _ in files if (folder / name).exists()), "")
    if taken and not replace:
        raise StorageError(f"{taken} is there already.", hint="--force writes over it.", where=str(folder / taken))
    for name, data in files:
        write_atomic(folder / name, data)


def chapter_named(sections: Sequence[Section], typed: str) -> Section:
    """The chapter that ``typed`` means: its number from 1, its title, or how that begins. Raises ``NotFoundError``."""
    wanted = typed.strip().casefold()
    if wanted.isdigit() and 0 < int(wanted) <= len(sections):
        return sections[int(wanted) - 1]
    for fits in (str.__eq__, str.startswith):
        found = [one for one in sections if wanted and fits(one.title.casefold(), wanted)]
        if found:
            return found[0]
    hint = f"It has {len(sections)} chapters; say a number or a title." if sections else "It has no chapter yet."
    raise NotFoundError(f"There is no chapter {typed}.", hint=hint)


def _created(workspace: Workspace, told: ToldStory, title: str = "") -> ChatLog:
    """A story's log, whole: every turn a page, a new one at every chapter."""
    title = " ".join((title or told.title).split()) or "A story"
    store, at = workspace.chats, time.time()
    blank = store.create(title, (), workspace.persona.name) if not told.text else None
    if blank is not None:
        blank.append(mode_set(STORY))
        return blank
    bodies: list[Body] = [ChatStarted(title, (), workspace.persona.name), mode_set(STORY)]
    if told.bom or told.crlf:
        bodies.append(PropertySet(FILE, {"bom": told.bom, "crlf": told.crlf}))
    events = [_event(lamport, body, at) for lamport, body in enumerate(bodies, 1)]
    parent = ROOT
    for text in pages(told.text):
        turn = TurnAdded(parent, Speaker.USER, workspace.persona.name, text)
        events.append(_event(len(events) + 1, turn, at))
        parent = events[-1].id
    return imported_chats.create(store, title, events)


def pages(text: str) -> list[str]:
    """``text`` as the turns of a new story: cut where chapters begin, and where paragraphs end."""
    borders = [one.start for one in chapters(outline(text))]
    borders = sorted({0, *borders, len(text)})
    parts = [text[start:end] for start, end in pairwise(borders)]
    return [page for part in parts if part for page in in_turns(part)]


def _files(folder: Path) -> list[Path]:
    try:
        return [one for one in folder.iterdir() if one.is_file()]
    except OSError as error:
        raise storage_error(error, folder, reading=True) from error


def _event(lamport: int, body: Body, at: float) -> ChatEvent:
    program = tavern_tui.__version__ if isinstance(body, ChatStarted) else ""
    return ChatEvent(new_event_id(), WRITER, lamport, body, at=at, program=program)


def _in_order(name: str) -> list[tuple[int, int, str]]:
    """Names as people order them: 2 before 10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.casefold()) for part in _DIGITS.split(name)]
