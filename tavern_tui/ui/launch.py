"""``run_app``: the full-screen program from start to end, as the command line calls it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from tavern_tui.session.first_run import needs_first_run
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.app import TavernApp
from tavern_tui.ui.glyphs import fit_scroll_bars, glyphs_for

HERE_PER_SECOND = 30.0
FAR_PER_SECOND = 10.0
PHONE_PER_SECOND = 6.0


def run_app(workspace: Workspace, wishes: Wishes, *, first_run: bool | None = None) -> int:
    """Show the program until the user leaves; the exit code. ``first_run``: ask what a first start asks, ``None`` for
    where that was never done.

    A fault of the program's own is raised once the terminal is as it was.
    """
    settings = workspace.settings.ui
    glyphs = glyphs_for(os.environ, sys.stdout.encoding or "", settings.ascii)
    fit_scroll_bars(glyphs)
    app = TavernApp(
        workspace,
        wishes,
        glyphs=glyphs,
        updates_per_second=updates_per_second(os.environ),
        first_run=needs_first_run(workspace) if first_run is None else first_run,
    )
    with app.kept_open:
        code = app.run()
    if app.bug is not None:
        raise app.bug
    return code or 0


def updates_per_second(environ: Mapping[str, str]) -> float:
    """How often a growing reply is painted: less over a network and on a phone, where each painting costs."""
    if environ.get("TERMUX_VERSION"):
        return PHONE_PER_SECOND
    return FAR_PER_SECOND if environ.get("SSH_CONNECTION") else HERE_PER_SECOND
