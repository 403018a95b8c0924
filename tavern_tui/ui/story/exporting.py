"""Writing the story into a file from its screen: asked for by a name, whose ending says what it is written as."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import ContradictionError

if TYPE_CHECKING:
    from tavern_tui.ui.screens.story import StoryScreen


async def export(screen: StoryScreen) -> None:
    """Ask for a file. One that is there already is written over when the same name is entered once more."""
    from tavern_tui.session.story.manuscripts import write_export

    story = screen.story
    there = ""

    async def write(typed: str) -> None:
        nonlocal there
        if not typed.strip():
            return
        await story.save()
        try:
            path = await asyncio.to_thread(write_export, story.chat.log, typed, replace=typed == there)
        except ContradictionError:
            there = typed
            raise
        screen.say(f"Written: {safe_line(str(path))}")

    screen.ask.ask("Write to", write, text=f"~/{story.chat.log.path.stem}.md", hint="a file: .md, .txt or .html")
