"""A story told with a real model: forty passages, written on, edited, rewritten, taken back, with everything checked.

``python -m tests.bench.telling MODEL FOLDER [passages] [--server URL]`` writes the story into FOLDER and prints
figures. After every step the document must be the turns of the path. ``--server`` takes that server instead of the
embedded engine. What is done is the same each time.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path

from tavern_tui.config.paths import directories
from tavern_tui.domain.errors import TavernError
from tavern_tui.session import embedded
from tavern_tui.session import events as out
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.story.chapters import Reads
from tavern_tui.session.story.manuscripts import new_story
from tavern_tui.session.story.named import compared, name_version, restore, version_named
from tavern_tui.session.story.reading import reading
from tavern_tui.session.story.rewriting import accept, propose
from tavern_tui.session.story.story import StorySession
from tavern_tui.session.story.until import until_typed
from tavern_tui.session.workspace import Workspace
from tests.bench.figures import tokens_read

CONFIG = "engine:\n  threads: 1\n"
OPENING = """# The lighthouse

Anna climbed the stairs of the lighthouse with a lamp in her hand. [[Which year? Ask Tom.]] Nobody had lit the big lamp
for ten years, and the sea was black."""
ENDS = ("sentence", "paragraph", "40 words", "length")
DIRECTIONS = {7: "a boat comes nearer", 19: "she is afraid, but does not show it", 31: "the lamp burns at last"}


class Telling:
    """One story and what was seen of it."""

    def __init__(self, story: StorySession) -> None:
        self.story = story
        self.read: list[int] = []
        self.silent: list[str] = []

    async def told(self, passage: AsyncGenerator[out.SessionEvent, None], what: str) -> None:
        """Let a passage be written and look at the story."""
        async for event in passage:
            if isinstance(event, out.TurnSaved) and event.turn.receipt is not None:
                self.read.append(tokens_read(event.turn.receipt))
            if isinstance(event, out.TurnFailed):
                self.silent.append(f"{what}: {event.error}")
        self.check()

    def check(self) -> None:
        """The document is the turns of the path, and comments were sent to nobody."""
        path = "".join(turn.text for turn in self.story.tree.path() if not turn.hidden)
        if self.story.document.text() != path:
            raise AssertionError("the document is not the concatenation of its turns")

    async def step(self, number: int) -> None:
        """Passage ``number``, and what a writer does beside it."""
        story, passages = self.story, self.story.passages
        await passages.end_at(until_typed(ENDS[number % len(ENDS)]))
        if number in DIRECTIONS:
            await passages.direct(DIRECTIONS[number])
        middle = story.document.line_start(story.document.line_count // 2)
        at = middle if number % 6 == 5 else None
        await self.told(passages.write_on(at), f"passage {number}")
        if number % 5 == 4:
            await self.told(passages.again(), f"another version of {number}")
            await passages.take(passages.versions()[0].turn)
        if number % 7 == 6:
            before = story.document.text()
            told = await story.undo()
            await story.redo()
            assert told, "nothing was taken back"
            assert story.document.text() == before, "redo brought back something else"
        if number % 10 == 9:
            end = story.document.length
            story.edit(end, end, f"\n\nChapter {number // 10 + 2}\n\nIn the morning ")
            await story.save()
        self.check()


async def tell(workspace: Workspace, wishes: Wishes, passages: int) -> str:
    """Tell a story of so many passages; its text and figures."""
    log = new_story(workspace, "The lighthouse", OPENING)
    chat = open_session(workspace, wishes, log=log)
    await chat.open()
    story = StorySession(chat)
    await story.open()
    telling = Telling(story)
    try:
        for number in range(passages):
            if number == passages // 2:
                await name_version(story, "half")
            await telling.step(number)
        rewritten = await _rewritten(story)
        summary = await _summarised(story)
        half = version_named(story.tree, "half")
        since = sum(not change.same for change in compared(half, story))
        whole = story.document.text()
        await restore(story, half)
        telling.check()
        await story.replace_all(whole)
        telling.check()
        told = reading(await story.chat.plan(), story.document)
        await story.close()
    finally:
        await chat.connection.engine.close()
    read = sorted(telling.read)
    return "\n".join(
        [
            whole,
            "",
            f"{len(read)} passages, read {statistics.median(read):.0f} tokens (median), most {read[-1]}",
            f"{len(telling.silent)} without text: {telling.silent}",
            f"rewritten: {rewritten}",
            f"summary: {summary}",
            f"{since} changes since the half; {len(story.chapters.all())} chapters; {story.document.words()} words",
            told.strip,
            "",
        ]
    )


async def _rewritten(story: StorySession) -> str:
    start, end = 18, story.document.text().index("[[")
    try:
        proposal = [one async for one in propose(story, start, end, "shorter")][-1]
    except TavernError as error:
        return str(error)
    await accept(story, proposal)
    return proposal.new


async def _summarised(story: StorySession) -> str:
    first = story.chapters.all()[0]
    try:
        version = await story.chapters.summarise(first)
    except TavernError as error:
        return str(error)
    await story.chapters.choose(story.chapters.all()[0], Reads.SUMMARY)
    return version.text


async def main(model: Path, folder: Path, passages: int, server: str) -> None:
    """Tell the story and keep it."""
    with tempfile.TemporaryDirectory(prefix="tavern-telling-") as home:
        os.environ["TAVERN_HOME"] = home
        (Path(home) / "config").mkdir()
        (Path(home) / "config" / "config.yaml").write_text(CONFIG, encoding="utf-8")
        workspace = Workspace.open()
        wishes = Wishes(server=server, seed=11) if server else Wishes(model=str(model), seed=11)
        try:
            text = await tell(workspace, wishes, passages)
        finally:
            await embedded.stop(directories())
        (folder / "the-lighthouse.txt").write_text(text, encoding="utf-8")
        print(text[-2_000:])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("model", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("passages", type=int, nargs="?", default=40)
    parser.add_argument("--server", default="")
    asked = parser.parse_args()
    asyncio.run(main(asked.model, asked.folder, asked.passages, asked.server))
