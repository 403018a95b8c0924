"""``tavern-tui setup``: ask again what the first start asks; prepare Termux."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tavern_tui.cli.output import line
from tavern_tui.cli.terminal import needs_terminal


@click.group(invoke_without_command=True)
@click.pass_context
def setup(ctx: click.Context) -> int:
    """Ask again what the first start asks: your name, who writes, and what first. Then the program opens."""
    return 0 if ctx.invoked_subcommand else ask_again(safe=ctx.obj["safe"], server=ctx.obj["server"] or "")


def ask_again(*, safe: bool = False, server: str = "") -> int:
    """Run the first start once more, and go on from there; the exit code. Raises ``TavernError``."""
    needs_terminal("Setup", "Without one: tavern-tui connect URL --remember, tavern-tui models get starter")
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.ui.launch import run_app

    return run_app(Workspace.open(safe=safe), Wishes(server=server), first_run=True)


@setup.command()
@click.option("--write", is_flag=True, help="Write the lines (a copy of the old file is kept) and the launcher.")
def termux(write: bool) -> None:
    """Show, or write, what Termux needs: keys above the keyboard, and a launcher."""
    from tavern_tui.session import termux as steps

    if not write:
        line("# ~/.termux/termux.properties (tavern-tui setup termux --write does this, keeping a copy)")
        for name, value in steps.PROPERTIES.items():
            line(f"{name} = {value}")
        line("# then: termux-reload-settings")
        return
    path, backup = steps.write_properties(Path.home())
    line(f"Written: {path}")
    if backup is not None:
        line(f"The old file: {backup}")
    prefix = os.environ.get("PREFIX", "")
    if prefix:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        line(f"Launcher: {steps.write_launcher(Path(prefix), Path(sys.prefix), version)}")
    line("Now run: termux-reload-settings")
