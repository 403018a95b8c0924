"""``tavern-tui export``: one thing for another program, or the whole library as SillyTavern has it."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from tavern_tui.cli.importing import show_report
from tavern_tui.cli.output import data, line

_THINGS = {
    "character": ("tavern_tui.cli.characters", "Write a character card: PNG, JSON or CHARX."),
    "chat": ("tavern_tui.cli.chats", "Write a chat: for other programs, to read, for training."),
    "story": ("tavern_tui.cli.story", "Write a story: Markdown, text or HTML."),
    "world": ("tavern_tui.cli.worlds", "Write a lorebook."),
    "personas": ("tavern_tui.cli.personas", "Write personas as SillyTavern's backup."),
    "preset": ("tavern_tui.cli.presets", "Write a preset or a template."),
}


class _Things(click.Group):
    """The ``export`` of each kind of thing, under its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_THINGS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _THINGS:
            return None
        command: click.Command = importlib.import_module(_THINGS[cmd_name][0]).export
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _THINGS.items()])


@click.group(cls=_Things, invoke_without_command=True)
@click.option(
    "--sillytavern",
    "target",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Write the whole library as a folder that SillyTavern takes for a user's (data/NAME).",
)
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every single thing.")
@click.pass_context
def export(ctx: click.Context, target: Path | None, as_json: bool) -> None:
    """Write what is yours for other programs: one thing, or all of it. Nothing is ever written over."""
    if ctx.invoked_subcommand is not None:
        return
    if target is None:
        raise click.UsageError("Say what to export, or --sillytavern DIR for everything.")
    from tavern_tui.session.moving_out import MovingOut
    from tavern_tui.session.moving_report import as_plain
    from tavern_tui.session.workspace import Workspace

    report = MovingOut(Workspace.open(safe=ctx.obj["safe"]), target).write()
    if as_json:
        data(as_plain(report))
        return
    show_report(report, nothing="There is nothing of your own yet.")
    line(f"Written: {target}")
