"""Beginning a story: a first page of ours, an empty one, or a manuscript. Its result is what was chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.display import safe_line
from tavern_tui.session.story.outline import CHAPTER
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.session.story.scenarios import StoryScenario
    from tavern_tui.ui.app import TavernApp

BLANK: Final = "/blank"
BRING: Final = "/bring"


@dataclass(frozen=True, slots=True)
class StoryChoice:
    """What to begin with: the ``scenario``, else the manuscript at ``path``."""

    scenario: StoryScenario | None = None
    path: str = ""


class NewStoryPage(ListPage[StoryChoice | None]):
    """``scenarios``, and the ``blank`` one."""

    def __init__(
        self, scenarios: Sequence[StoryScenario], blank: StoryScenario, *, glyphs: Glyphs = UNICODE_GLYPHS
    ) -> None:
        super().__init__("What do you want to write?", glyphs=glyphs)
        self._scenarios = {scenario.name: scenario for scenario in scenarios} | {BLANK: blank}

    def on_mount(self) -> None:
        """Show what can be begun."""
        rows = [
            ListRow(name, scenario.name if name != BLANK else "A blank page", detail=scenario.about, wraps=True)
            for name, scenario in self._scenarios.items()
        ]
        bring = "A text, Markdown, Word or EPUB file, or a folder of them; it is only read."
        self.show([*rows, ListRow(BRING, "Bring a manuscript", detail=bring, wraps=True)])

    def keys(self) -> Keys:
        """The keys."""
        return (("↑↓", "choose"), ("Enter", "begins"), ("Esc", "close"))

    async def chosen(self, row: ListRow) -> None:
        """Begin, or ask for the manuscript."""
        if row.id == BRING:
            self.ask(self._bring, hint="path of the manuscript")
        else:
            self.dismiss(StoryChoice(self._scenarios[row.id]))

    async def _bring(self, path: str) -> None:
        if path.strip():
            self.dismiss(StoryChoice(path=path.strip()))


class ManuscriptPage(ListPage[bool | None]):
    """What a manuscript would become: its outline. Its result is whether it is taken."""

    def __init__(self, title: str, text: str, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        from tavern_tui.session.story.manuscripts import outline_rows

        words = len(text.split())
        super().__init__(f"{safe_line(title, 40)} · {words:,} words", glyphs=glyphs)
        self._rows_shown = [
            ListRow(str(place), "  " * min(3, row.level - 1) + (safe_line(row.title, 60) or "…"), f"{row.words:,}")
            for place, row in enumerate(outline_rows(text))
            if row.title or row.kind == CHAPTER
        ]

    def on_mount(self) -> None:
        """Show the chapters."""
        self.show(self._rows_shown, empty="No chapters were found: it comes as one text.")
        self.say("Not a quotation mark, dash or blank of it is changed; the file stays as it is.")

    def keys(self) -> Keys:
        """The keys."""
        return (("Enter", "takes it"), ("Esc", "leaves it"))

    async def chosen(self, row: ListRow) -> None:
        """Take it."""
        self.dismiss(True)

    def action_choose(self) -> None:
        """Take it, whatever is selected."""
        self.dismiss(True)


async def show_new_story(app: TavernApp, *, path: str = "") -> None:
    """Ask what to begin with, and open the story. Raises ``TavernError``."""
    chat = await new_story(app, path=path)
    if chat:
        app.open_chat(replace(app.wishes, character="", chat=chat, new=False, persona=""))


async def new_story(app: TavernApp, *, path: str = "") -> str:
    """Ask what to begin with, and make the chat that the story is; its name, "" for none. Raises ``TavernError``."""
    from tavern_tui.session.story.scenarios import BLANK as EMPTY
    from tavern_tui.session.story.scenarios import begin_story, story_scenarios

    page = NewStoryPage(story_scenarios(), EMPTY, glyphs=app.glyphs)
    choice = StoryChoice(path=path) if path else await app.push_screen_wait(page)
    if choice is None:
        return ""
    if choice.scenario is not None:
        return await asyncio.to_thread(begin_story, app.workspace, choice.scenario)
    return await _brought(app, choice.path)


async def _brought(app: TavernApp, path: str) -> str:
    """Show what the manuscript at ``path`` would become, and take it if that is wanted; the story's chat, or ""."""
    from tavern_tui.session.story.manuscripts import import_story, look_at

    told = await asyncio.to_thread(lambda: look_at(Path(path).expanduser()))
    if not await app.push_screen_wait(ManuscriptPage(told.title, told.text, glyphs=app.glyphs)):
        return ""
    log = await asyncio.to_thread(import_story, app.workspace, told)
    return log.path.stem
