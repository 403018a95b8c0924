"""Find and replace in a story, asked for in the line at the bottom."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import TavernError
from tavern_tui.ui.story.finding import pattern_of

if TYPE_CHECKING:
    from tavern_tui.ui.screens.story import StoryScreen


async def find(screen: StoryScreen) -> None:
    """Ask for words to find."""
    finding = screen.finding

    def count() -> None:
        here, of = finding.counted()
        screen.ask.note(f"{here or '·'}/{of:,}" if finding.pattern else "")

    def typed(text: str) -> None:
        try:
            finding.pattern = pattern_of(text)
        except TavernError:
            finding.pattern = None  # it is being typed
        screen.view.highlight(finding.pattern)
        if finding.step(stay=True):
            screen.view.after()
        count()

    async def entered(text: str) -> None:
        finding.pattern = pattern_of(text)
        if not finding.step():
            screen.say("Nothing is written so")
        screen.view.after()
        count()

    selected = screen.view.editor.selected_text
    label = "Find · Tab replace"
    text = "" if "\n" in selected else selected
    tab = partial(replace_found, screen)
    screen.ask.ask(label, entered, text=text, hint="words, or /expression/", typed=typed, on_tab=tab, stays=True)


async def replace_found(screen: StoryScreen) -> None:
    """Ask what is to stand in the place of what was found."""
    finding = screen.finding
    if finding.pattern is None:
        screen.say("Nothing to find yet")
        return

    def typed(text: str) -> None:
        finding.replacement = text
        screen.ask.note(finding.preview()[:40])

    async def entered(text: str) -> None:
        finding.replacement = text
        if not finding.replace():
            screen.say("No more of them")
        screen.view.after(changed=True)
        screen.ask.note(finding.preview()[:40])

    async def all_of_them() -> None:
        finding.replacement = screen.ask.field.value
        count = finding.replace_all()
        screen.ask.close()
        screen.view.after(changed=True)
        screen.say(f"Replaced {count:,} · ctrl+z brings them back")

    label = "Replace · Enter one · Tab all"
    screen.ask.ask(label, entered, text=finding.replacement, typed=typed, on_tab=all_of_them, stays=True)
