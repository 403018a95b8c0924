"""The bell that says that a reply is there to somebody who looks elsewhere. Termux has its own way: ``termux``."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tavern_tui.session.attached import out_of_sight

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp


async def ring(app: TavernApp) -> None:
    """Ring as the setting ``ui.bell`` says: where the terminal told that it lost the focus, and in tmux, which seldom
    does, where another window is shown. tmux marks the window then. Never under mosh, unless it is asked for.
    """
    wanted = app.workspace.settings.ui.bell
    if wanted == "off" or (wanted == "away" and not app.profile.titles):
        return
    if wanted == "always" or not app.app_focus or await asyncio.to_thread(out_of_sight, os.environ):
        app.bell()
