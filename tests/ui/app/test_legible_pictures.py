"""Pictures of the chief screens with sixteen colours, with none, and on a console that has ASCII alone.

Each was looked at before it was kept. Contrast is measured in ``test_legible``; here one sees whether what is selected,
broken or being written is told by more than its colour.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.scrollbar import ScrollBar

from tavern_tui.config.themes import BASE, Depth
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.session.demo import DEMO_CHAT, demo_workspace
from tavern_tui.session.library_index import open_index
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.glyphs import fit_scroll_bars
from tavern_tui.ui.screens.deleted_chats import trash_of
from tavern_tui.ui.screens.home import HomeScreen, tools_for
from tavern_tui.ui.slash import COMMANDS
from tavern_tui.ui.themes import use_theme
from tests.ui.app.evening import Evening, settled
from tests.ui.pictures import assert_looks_as_kept
from tests.ui.screens.app import until

PICTURES = Path(__file__).parent / "snapshots" / "legible"
BROKEN = EngineError("rig:5001 does not answer (connection refused).", fault=EngineFault.UNREACHABLE)
DESK, PHONE = (80, 24), (45, 30)

LOOKS = {
    "colours": (UNICODE_GLYPHS, {"sixteen": Depth.SIXTEEN, "nocolour": Depth.NONE}, (DESK, PHONE)),
    "linux": (ASCII_GLYPHS, {"linux": Depth.SIXTEEN}, (DESK,)),
}
"""What one app is looked at in: its signs, how many colours, and the sizes; no phone is a Linux console."""

PAGES = {
    "inspect": ("", "system prompt"),
    "lore": ("The Crooked Lantern", "Corwen"),
    "settings": ("", "finish sentence"),
}
"""Pages that a command opens, what follows the command, and what is read there once they are filled."""


@pytest.mark.parametrize("look", LOOKS)
async def test_the_chief_screens_are_legible_with_few_colours(
    look: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    glyphs = LOOKS[look][0]
    monkeypatch.setattr(ScrollBar, "renderer", ScrollBar.renderer)  # to be put back
    evening = Evening(tmp_path, ['*Bess puts a hand on the door.* "There was a', 60.0])
    with demo_workspace(Workspace.open(dirs=evening.directories)) as library:
        app = evening.app(wishes=Wishes(chat=DEMO_CHAT))
        app.workspace, app.glyphs = library, glyphs
        app.chat = app._new_screen()
        fit_scroll_bars(glyphs)
        async with app.run_test(size=DESK) as pilot:
            await settled(pilot)
            await look_through(app, pilot, look)


def shown(app: TavernApp) -> str:
    """What is on screen."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def look_through(app: TavernApp, pilot: Pilot[int], look: str) -> None:
    """Compare each screen, with each number of colours, in each size."""
    _, depths, sizes = LOOKS[look]

    async def compare(name: str) -> None:
        for colours, depth in depths.items():
            use_theme(app, app.workspace.directories, BASE, depth)
            for width, height in sizes:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                picture = app.export_screenshot(title=name)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{colours}-{width}x{height}.svg")

    async def closed() -> None:
        while app.screen is not app.chat:
            await pilot.press("escape")
            await pilot.pause()

    await pilot.press("escape", "k")
    await compare("selected")
    await pilot.press("enter")
    for page, (argument, told) in PAGES.items():
        await app.chat.run_typed(COMMANDS[page], argument)
        await until(pilot, lambda: app.screen is not app.chat and told in shown(app))  # noqa: B023
        await compare(page)
        await closed()
    with closing(open_index(app.workspace)) as index:
        tools = tools_for(app.workspace, index, trash_of(app), shows_private=False)
        await app.push_screen(HomeScreen(tools, now=lambda: 1.8e9, glyphs=app.glyphs))
        await until(pilot, lambda: "Recent chats" in shown(app))
        await compare("home")
        await closed()
    await pilot.press("ctrl+p")
    await until(pilot, lambda: app.screen is not app.chat)
    await compare("palette")
    await closed()
    app.chat.mirror.log.follow_end()
    app.chat.problems.show(BROKEN, ())
    await compare("problem")
    app.chat.problems.clear()
    await pilot.press("enter")
    await until(pilot, lambda: "There was" in app.chat.mirror.log.entries[-1].text)
    await until(pilot, lambda: "writing 23" in shown(app))  # the count is told once a second
    await compare("writing")
    app.chat.stop_here()
    await settled(pilot)
