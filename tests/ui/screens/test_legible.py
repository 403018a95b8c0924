"""Pages over a chat, on a terminal of sixteen colours: what it says can be read, and no cursor blinks.

Without colours there are none to look at; that state is told by signs there, the pictures of ``test_pictures`` show.
"""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from tavern_tui.config.colours import SIXTEEN, legible
from tavern_tui.config.themes import BASE, Depth
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.slash import COMMANDS
from tavern_tui.ui.themes import use_theme
from tests.ui.app.evening import Evening, settled
from tests.ui.screens.app import until

PAGES = (
    *("home", "presets", "templates", "connections", "character", "lore The Crooked Lantern", "branches", "inspect"),
    *("search Wren", "import", "note", "notebook", "newgroup"),
)
"""Commands that open a page with a look of its own; lists of rows, palette, help and themes have pictures."""

_NAMES = tuple(SIXTEEN)


def unread(app: TavernApp) -> set[tuple[str, str, str]]:
    """What on the screen cannot be read: text colour, ground and words."""
    found = set()
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            style = segment.style
            if style is None or not any(map(str.isalnum, segment.text)) or style.color is None or style.bgcolor is None:
                continue
            numbers = style.color.number, style.bgcolor.number
            text, ground = (_NAMES[number] if number is not None and number < 16 else "beyond" for number in numbers)
            if "beyond" in (text, ground) or not legible(text, ground):
                found.add((text, ground, segment.text.strip()))
    return found


async def closed(app: TavernApp, pilot: Pilot[int]) -> None:
    """Go back to the chat."""
    while app.screen is not app.chat:
        await pilot.press("escape")
        await pilot.pause()


async def test_pages_are_legible_in_sixteen_colours_and_still(tmp_path: Path) -> None:
    found = {}
    async with Evening(tmp_path).begun() as (app, pilot):
        assert use_theme(app, app.workspace.directories, BASE, Depth.SIXTEEN) == ()
        await pilot.pause()
        seen = {type(app.screen)}
        for page in PAGES:
            name, _, argument = page.partition(" ")
            await app.chat.run_typed(COMMANDS[name], argument)
            await until(pilot, lambda: app.screen is not app.chat)
            await settled(pilot)
            if isinstance(app.focused, Input | TextArea):
                assert (page, app.focused.cursor_blink) == (page, False)
            found[page] = unread(app)
            seen.add(type(app.screen))
            await closed(app, pilot)
    assert {page: words for page, words in found.items() if words} == {}
    assert len(seen) == len(PAGES) + 1
