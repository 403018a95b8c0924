"""What is looked after while the app runs: the library, and a theme of one's own, whose file may be saved anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe
from tavern_tui.ui.themes import textual_name, use_theme

if TYPE_CHECKING:
    from tavern_tui.config.paths import Directories
    from tavern_tui.session.upkeep import LibraryKeeper
    from tavern_tui.ui.app import TavernApp

LOOK_SECONDS = 2.0
"""Between two looks at the time of a theme's file."""


async def keep_theme(app: TavernApp, *, every: float = LOOK_SECONDS) -> None:
    """Show the theme anew whenever its file was saved, until the app ends; of a theme that came with us, nothing.

    What is wrong in the file is told in one toast. A theme that is only looked at in the list is left alone.
    """
    seen: tuple[str, int] = ("", 0)
    while True:
        name, directories = app.theme_name, app.workspace.directories
        saved = await asyncio.to_thread(_saved, directories, name)
        if saved and seen[0] == name and saved != seen[1] and app.theme == textual_name(name):
            problems = use_theme(app, directories, name, app.depth)
            if problems:
                app.notify(safe("\n".join(map(str, problems))), severity="warning", timeout=10, markup=False)
        seen = (name, saved)
        await asyncio.sleep(every)


def _saved(directories: Directories, name: str) -> int:
    """When the user's own file of the theme called ``name`` was written, in ns; 0 where there is none."""
    for ending in (".yaml", ".yml"):
        try:
            return (directories.themes / f"{name}{ending}").stat().st_mtime_ns
        except OSError:
            continue
    return 0


async def keep_library(app: TavernApp) -> None:
    """Look after the library until the app ends. What is to be told stands below the chat."""
    app.run_worker(keep_theme(app), group="theme")
    keeper = await asyncio.to_thread(_keeper, app)  # in a thread: it takes some time to import
    app.chat_written = keeper.chat_written
    await keeper.run()


def _keeper(app: TavernApp) -> LibraryKeeper:
    from tavern_tui.session.upkeep import LibraryKeeper

    def tell(sentence: str) -> None:
        app.chat.mirror.note(sentence)

    return LibraryKeeper(app.workspace, busy=lambda: app.chat.busy, tell=tell)
