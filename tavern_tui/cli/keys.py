"""``tavern-tui keys``: which key does what, and whether the user's own keys make sense."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.config.keymap import Keymap, LoadedKeymap


@click.command()
@click.option("--check", is_flag=True, help="Only say what is wrong in keys.yaml; exit code 1 if anything is.")
@click.option("--preset", metavar="NAME", help="Show a preset (default, vim, phone) without your own keys.")
@click.option("--listen", is_flag=True, help="Say what every key that you press arrives as; ctrl+c ends it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def keys(ctx: click.Context, check: bool, preset: str | None, listen: bool, as_json: bool) -> int:
    """Print which key does what.

    Keys are changed in keys.yaml, by the names in the last column: docs/keys.md.
    """
    from tavern_tui.cli.main import EXIT_DONE
    from tavern_tui.config.action import Preset
    from tavern_tui.config.keymap import LoadedKeymap, load_keymap, preset_keymap
    from tavern_tui.config.paths import directories

    if preset is not None and preset not in list(Preset):
        raise click.BadParameter(f"one of: {', '.join(Preset)}", param_hint="--preset")
    if preset is not None or ctx.obj["safe"]:
        loaded = LoadedKeymap(preset_keymap(Preset(preset or Preset.DEFAULT)))
    else:
        loaded = load_keymap(directories())
    if check:
        return _report(loaded)
    for problem in loaded.problems:
        note(str(problem))
    if listen:
        _listen(loaded.keymap)
    elif as_json:
        data(_rows(loaded.keymap))
    else:
        _print(loaded.keymap)
    return EXIT_DONE


def _report(loaded: LoadedKeymap) -> int:
    """Print what is wrong and what is doubtful; the exit code."""
    from tavern_tui.cli.main import EXIT_DONE, EXIT_ERROR

    for problem in (*loaded.problems, *loaded.remarks):
        line(str(problem))
    if not loaded.problems:
        line(f"Nothing to mend. The preset is “{loaded.keymap.preset}”.")
    return EXIT_ERROR if loaded.problems else EXIT_DONE


def _listen(keymap: Keymap) -> None:
    """Say what keys arrive as. Raises ``SettingsError`` where there is no terminal."""
    from tavern_tui.cli.terminal import needs_terminal

    needs_terminal("Listening to keys", "tavern-tui keys prints which key does what.")
    from tavern_tui.ui.terminal.listening import listen

    line("Press keys: each says what it arrives as. ctrl+c ends.")
    listen(keymap, sys.stdin.fileno(), line)


def _rows(keymap: Keymap) -> list[dict[str, object]]:
    """The keymap as data: one entry for each action."""
    from tavern_tui.config.actions import ACTIONS

    return [
        {
            "id": action.id,
            "title": action.title,
            "help": action.help,
            "where": action.where.name.lower(),
            "keys": list(keymap.keys[action.id]),
            "command": f"/{action.slash}" if action.slash else "",
        }
        for action in ACTIONS
    ]


def _print(keymap: Keymap) -> None:
    """The keymap as a table for each place."""
    from tavern_tui.config.action import Where
    from tavern_tui.config.actions import ACTIONS
    from tavern_tui.config.keys import shown_together

    for where in reversed(Where):
        line(f"{where.value.capitalize()}:")
        table(
            [
                (f"  {shown_together(keymap.keys[action.id]) or '(no key)'}", action.title, action.id)
                for action in ACTIONS
                if action.where is where
            ]
        )
        line()
