"""``run_app``: the full-screen program from start to end, as the command line calls it."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace

from tavern_tui.config.paths import MOUSE
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.first_run import needs_first_run
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.glyphs import fit_scroll_bars, glyphs_for
from tavern_tui.ui.terminal.profile import profile_of

KEEP_AFTER_SECONDS = 2.0
"""After a chat was opened, until the library is looked at: it is on screen by then."""


def run_app(workspace: Workspace, wishes: Wishes, *, first_run: bool | None = None) -> int:
    """Show the program until the user leaves; the exit code. ``first_run``: ask what a first start asks, ``None`` for
    where that was never done.

    A fault of the program's own is raised once the terminal is as it was.
    """
    settings = workspace.settings.ui
    glyphs = glyphs_for(os.environ, sys.stdout.encoding or "", settings.ascii)
    fit_scroll_bars(glyphs)
    profile = profile_of(os.environ, wanted=settings.profile, painter=settings.painter)
    profile = replace(profile, mouse=_mouse(workspace, profile.mouse))
    app = TavernApp(
        workspace,
        wishes,
        glyphs=glyphs,
        profile=profile,
        first_run=needs_first_run(workspace) if first_run is None else first_run,
        keep=None if workspace.safe else _keep_library,
    )
    code = app.run(mouse=profile.mouse)
    if app.bug is not None:
        raise app.bug
    return code or 0


def _mouse(workspace: Workspace, usual: bool) -> bool:
    """Whether the app takes the mouse on this terminal: as ``/mouse`` was told there last, else as ``usual``."""
    if workspace.safe or not (workspace.directories.state / MOUSE).exists():
        return usual
    from tavern_tui.session.mouse_choices import mouse_chosen

    try:
        chosen = mouse_chosen(workspace.directories, os.environ)
    except TavernError:
        return usual
    return usual if chosen is None else chosen


async def _keep_library(app: TavernApp) -> None:
    """Look after the library, once the chat is on screen; not where the program only waits for its last reply."""
    await asyncio.sleep(KEEP_AFTER_SECONDS)
    if app.leaving:
        return
    from tavern_tui.ui.keeping import keep_library

    await keep_library(app)
