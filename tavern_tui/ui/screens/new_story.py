"""Beginning a story: a first page of ours, an empty one, or a manuscript. Its result is what was chosen."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.list_page import Keys, ListPage
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
    if choice is None or choice.scenario is None:
        return ""
    return await asyncio.to_thread(begin_story, app.workspace, choice.scenario)
