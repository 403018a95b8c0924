"""A story of half a million words: opening it, typing in it, letting the model go on, as processor time.

The engine is the fake: what it costs to write is measured elsewhere. Keys are edits of the document with the lines of a
screen looked up after each, as a screen does; wrapping and painting are the app's.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

from tavern_tui.config.paths import Directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.formats.story_files import read_story
from tavern_tui.session.connection import Connection
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession, load_reply_making
from tavern_tui.session.story.manuscripts import import_story
from tavern_tui.session.story.story import StorySession
from tavern_tui.session.workspace import Workspace
from tests.bench.figures import Figure
from tests.bench.searching import vocabulary

WORDS_OF_A_PARAGRAPH = 80
PARAGRAPHS_OF_A_CHAPTER = 156
KEYS = 200
LINES_OF_A_SCREEN = 40


def manuscript(words: int) -> str:
    """A novel of about so many words, with chapters."""
    dice = Random(7)
    known = vocabulary(dice)
    parts = []
    for number in range(words // WORDS_OF_A_PARAGRAPH):
        if number % PARAGRAPHS_OF_A_CHAPTER == 0:
            parts.append(f"# Chapter {number // PARAGRAPHS_OF_A_CHAPTER + 1}\n\n")
        parts.append(" ".join(dice.choices(known, k=WORDS_OF_A_PARAGRAPH)).capitalize() + ".\n\n")
    return "".join(parts)


def figures(words: int) -> list[Figure]:
    """Import a story of so many words and write in it."""
    with tempfile.TemporaryDirectory(prefix="tavern-bench-") as folder:
        home = Path(folder)
        load_reply_making()
        return asyncio.run(_figures(Workspace.open(dirs=Directories(*[home / one for one in "dcsx"])), words))


async def _figures(workspace: Workspace, words: int) -> list[Figure]:
    text = manuscript(words)
    found: list[Figure] = []

    def took(what: str, began: float, times: int = 1) -> None:
        found.append(Figure(what, (time.process_time() - began) * 1000 / times, "CPU-ms", 2))

    began = time.process_time()
    path = import_story(workspace, read_story(text.encode(), "novel.md")).path
    took(f"a story of {words:,} words: importing", began)
    began = time.process_time()
    log = workspace.chats.open(path.stem)
    chat = ChatSession(
        log=log,
        character=Character(name="Narrator"),
        persona=Persona("Alex"),
        connection=Connection(FakeEngine((" Once more the bell rang.",)), clock=time.monotonic),
        options=ReplyOptions(template="ChatML"),
    )
    await chat.open()
    story = StorySession(chat)
    await story.open()
    took("opening it", began)
    await _written(story, took, found)
    return found


async def _written(story: StorySession, took: Callable[..., None], found: list[Figure]) -> None:
    document = story.document
    for where, place in (("end", document.length), ("middle", document.length // 2)):
        began = time.process_time()
        for key in range(KEYS):
            story.edit(place + key, place + key, "x")
            line, _ = document.line_of(place + key)
            document.lines(max(0, line - LINES_OF_A_SCREEN), line + 1)
        took(f"a key at the {where}", began, KEYS)
        size = story.chat.log.path.stat().st_size
        await _timed(story.save, f"saving what was typed at the {where}", took)
        found.append(Figure("  what that wrote", story.chat.log.path.stat().st_size - size, "bytes"))
    await _on(story, None)  # the first prompt reads what no later one does
    for told, offset in (("end", None), ("middle", document.length // 2)):
        await _timed(lambda offset=offset: _on(story, offset), f"writing on at the {told}, engine aside", took)  # type: ignore[misc]
    await _timed(story.undo, "taking a passage back", took)
    text = story.document.text()
    changed = text.replace(text[1_000:1_010], "other words", 1)
    await _timed(lambda: story.replace_all(changed), "taking in a text from outside", took)
    await _timed(story.mirror.write, "writing its file", took)


async def _on(story: StorySession, offset: int | None) -> None:
    async for _ in story.passages.write_on(offset):
        pass


async def _timed(done: Callable[[], Awaitable[object]], what: str, took: Callable[..., None]) -> None:
    began = time.process_time()
    await done()
    took(what, began)
