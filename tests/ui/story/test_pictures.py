"""Pictures of a story in its states, each looked at by a person before it was kept."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tavern_tui.session.story.named import name_version
from tavern_tui.session.story.scenarios import BLANK, story_scenarios
from tavern_tui.ui.screens.new_story import ManuscriptPage, NewStoryPage
from tavern_tui.ui.screens.story import StoryScreen
from tavern_tui.ui.story.actions import act
from tests.ui.app.evening import settled
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.story.written import Sitting, pressed
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
TEXT = """# The Lighthouse Post

## Chapter 1

The first letter came in a herring barrel. Ines found it under the salt, folded small and tied with green thread, with \
no name on it but *To whoever keeps the light*.

She kept the light. So she wiped her hands, sat down on the lowest of the hundred and twelve steps, and read it.

## Chapter 2

On Thursdays the lamp was late. [[By how much? Four seconds.]]"""
PASSAGE = (
    "Nobody had remarked on it in nineteen years. The boy on the far shore had, and he wanted to know why. She"
    " looked for ink, and found none."
)
OTHER = (
    "The inspector came in spring, looked at the lens, and wrote *satisfactory* into his book. He had never counted."
    " Ines thought of the boy, who had."
)
NOON = 1_700_049_600  # 15 November 2023
REWRITTEN = "The first letter arrived in a barrel of herring."


async def _drawn(name: str, pilot: Pilot[int]) -> None:
    """Compare the screen at every size with what is kept."""
    for columns, rows in SIZES:
        await pilot.resize_terminal(columns, rows)
        await settled(pilot)
        svg = pilot.app.export_screenshot(simplify=True)
        assert_looks_as_kept(svg, PICTURES / f"{name}-{columns}x{rows}.svg")


async def test_a_story_looks_as_it_was_looked_at(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, PASSAGE, OTHER, REWRITTEN, text=TEXT, title="The Lighthouse Post")
    async with sitting.sat() as (screen, pilot):
        await pressed(pilot, "ctrl+g")
        line = next(place for place, line in enumerate(screen.view.editor.text.lines()) if line.startswith("Nobody"))
        screen.view.editor.go((line, 7))
        screen.view.editor.type("else ")
        screen.view.editor.move("row_end")
        screen.view.after(changed=True)
        await screen._rested()
        await _drawn("written", pilot)
        await pressed(pilot, "ctrl+r", "ctrl+t")
        await _drawn("versions", pilot)
        await pressed(pilot, "escape", "f2")
        await _drawn("outline", pilot)
        await pressed(pilot, "escape")
        await _versions_named(screen, pilot)
        await _rewritten(screen, pilot)
        await _drawn("rewritten", pilot)


async def _versions_named(screen: StoryScreen, pilot: Pilot[int]) -> None:
    """Look at the list of versions that have a name."""
    for at, name in enumerate(("First draft", "Before the storm")):
        screen.story.chat.log.clock = partial(float, NOON + at)
        await name_version(screen.story, name)
    await act(screen, "story.named")
    await settled(pilot)
    await _drawn("named", pilot)
    await pressed(pilot, "escape")


async def _rewritten(screen: StoryScreen, pilot: Pilot[int]) -> None:
    """Let the first sentence be rewritten."""
    screen.view.editor.select((4, 0), (4, 42))
    screen.view.after()
    await pressed(pilot, "ctrl+r", "enter")
    while screen.panel.choice is None or "hange" not in screen.panel.choice.title:
        await pilot.pause(0.01)


async def test_what_can_be_begun_looks_as_it_was_looked_at() -> None:
    pages: dict[str, Screen[Any]] = {
        "new": NewStoryPage(story_scenarios(), BLANK),
        "manuscript": ManuscriptPage("The Lighthouse Post", TEXT),
    }
    app = ThemedApp()
    async with app.run_test() as pilot:
        for name, page in pages.items():
            await app.push_screen(page)
            for columns, rows in SIZES:
                await pilot.resize_terminal(columns, rows)
                while app.screen.size != (columns, rows) or not page.has_class("-short" if rows < 18 else "-tall"):
                    await pilot.pause(0.01)
                await pilot.pause()
                picture = app.export_screenshot(simplify=True)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{columns}x{rows}.svg")
            app.pop_screen()
