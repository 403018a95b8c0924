"""``tavern-tui demo``: the finished chat that ships with the program, in a library that is thrown away."""

from __future__ import annotations

import click

from tavern_tui.cli.terminal import needs_terminal


@click.command()
@click.pass_context
def demo(ctx: click.Context) -> int:
    """Look at a finished chat, with its swipes, branches and lore. Nothing of your own is shown or changed.

    It needs no model; a reply at its end comes from whatever writes for you.
    """
    needs_terminal("The demo", 'Without one: tavern-tui log "A night at the Crooked Lantern"')
    from tavern_tui.session.demo import DEMO_CHAT, demo_workspace
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.ui.launch import run_app

    workspace = Workspace.open(safe=ctx.obj["safe"])
    with demo_workspace(workspace) as library:
        return run_app(library, Wishes(chat=DEMO_CHAT, server=ctx.obj["server"] or ""), first_run=False)
