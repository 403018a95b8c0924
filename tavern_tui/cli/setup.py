"""``tavern-tui setup``: prepare this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from tavern_tui.cli.output import line


@click.group()
def setup() -> None:
    """Prepare this machine."""


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
