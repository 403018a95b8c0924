"""Pictures of the palette, the help and the list of themes over a chat, each looked at before it was kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.screen import Screen

from tavern_tui.config.action import Preset, Where
from tavern_tui.config.keymap import preset_keymap
from tavern_tui.config.themes import Depth
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.help import HelpScreen
from tavern_tui.ui.screens.palette import Palette
from tavern_tui.ui.screens.theme_list import ThemeList
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.themed import LOOKS, NOWHERE, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
KEYS = preset_keymap(Preset.DEFAULT)
SCREENS: dict[str, Callable[[str, Depth, Glyphs], Screen[Any]]] = {
    "palette": lambda _theme, _depth, glyphs: Palette(KEYS, glyphs=glyphs),
    "help": lambda _theme, _depth, glyphs: HelpScreen(KEYS, {Where.EMPTY, Where.COMPOSER}, glyphs=glyphs),
    "themes": lambda theme, depth, glyphs: ThemeList(NOWHERE, theme, depth, glyphs=glyphs),
}


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize(
    ("size", "look"), [*((size, "") for size in SIZES), *(((80, 24), look) for look in LOOKS if look)], ids=str
)
async def test_a_screen_looks_as_it_was_looked_at(screen: str, size: tuple[int, int], look: str) -> None:
    theme, depth = LOOKS[look]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(SCREENS[screen](theme, depth, ASCII_GLYPHS if look == "sixteen" else UNICODE_GLYPHS))
        await app.workers.wait_for_complete()
        if screen == "palette":
            await pilot.press("down", *(("t", "u", "r", "n") if size[1] > 24 else ()))
        await pilot.pause()
        picture = app.export_screenshot(title=screen)
    name = "-".join(part for part in (screen, look, f"{size[0]}x{size[1]}") if part)
    assert_looks_as_kept(picture, PICTURES / f"{name}.svg")
