"""Find and replace in a story, asked for in the line at the bottom."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import TavernError

if TYPE_CHECKING:
    from tavern_tui.ui.screens.story import StoryScreen

_PREVIEW = 40  # characters


async def find(screen: StoryScreen) -> None:
    """Ask for words to find: plain words are found as they are typed, an expression when it is entered."""
    finding = screen.finding

    async def look(text: str, *, stay: bool) -> None:
        await finding.look(text)
        finding.step(stay=stay)
        _show(screen)
        here, count = finding.counted()
        screen.ask.note(f"{here or '·'}/{count:,}" if text else "")

    async def look_quietly(text: str) -> None:
        try:
            await look(text, stay=True)
        except TavernError as error:
            screen.refuse(error)

    def typed(text: str) -> None:
        if not text.startswith("/"):
            screen.run_worker(partial(look_quietly, text), group="find", exclusive=True)  # type: ignore[arg-type]

    async def entered(text: str) -> None:
        await look(text, stay=False)
        if not finding.hits:
            screen.say("Nothing is written so")

    async def replace() -> None:
        text = screen.ask.field.value
        if text.startswith("/"):
            await look(text, stay=True)
        await _ask_replacement(screen)

    selected = screen.view.editor.selected_text
    screen.ask.ask(
        "Find · Tab replace",
        entered,
        text="" if "\n" in selected else selected,
        hint="words, or /expression/",
        typed=typed,
        on_tab=replace,
        stays=True,
    )


async def _ask_replacement(screen: StoryScreen) -> None:
    """Ask what is to stand in the place of what was found."""
    finding = screen.finding
    if screen.view.read_only:
        screen.say_why_not()
        return

    def typed(text: str) -> None:
        finding.replacement = text
        screen.ask.note(finding.preview()[:_PREVIEW])

    async def entered(text: str) -> None:
        finding.replacement = text
        if not await finding.replace():
            screen.say("No more of them")
        _show(screen, changed=True)
        screen.ask.note(finding.preview()[:_PREVIEW])

    async def all_of_them() -> None:
        finding.replacement = screen.ask.field.value
        count = await finding.replace_all()
        screen.ask.close()
        _show(screen, changed=True)
        screen.say(f"Replaced {count:,} · ctrl+z brings them back")

    label = "Replace · Enter one · Tab all"
    screen.ask.ask(label, entered, text=finding.replacement, typed=typed, on_tab=all_of_them, stays=True)


def _show(screen: StoryScreen, *, changed: bool = False) -> None:
    screen.view.highlight([(hit.start, hit.end) for hit in screen.finding.hits])
    screen.view.after(changed=changed)
