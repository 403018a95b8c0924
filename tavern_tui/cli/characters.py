"""``tavern-tui characters``: the character cards in the library."""

from __future__ import annotations

import click

from tavern_tui.cli.output import data, line, note, table


@click.group(invoke_without_command=True)
@click.pass_context
def characters(ctx: click.Context) -> None:
    """The character cards in the library."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_characters)


@characters.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_characters(ctx: click.Context, as_json: bool = False) -> None:
    """List them: name, tags, file; cards that cannot be read with the reason."""
    from tavern_tui.session.workspace import Workspace

    entries = Workspace.open(safe=ctx.obj["safe"]).characters()
    readable = [entry for entry in entries if not entry.problem]
    if as_json:
        data(
            [
                {
                    "name": entry.name,
                    "file": str(entry.path),
                    "tags": list(entry.tags),
                    "sample": entry.shipped,
                    "problem": entry.problem,
                }
                for entry in entries
            ]
        )
        return
    table(
        [(entry.name, ", ".join(entry.tags[:4]), "sample" if entry.shipped else str(entry.path)) for entry in readable],
        header=("name", "tags", "file"),
    )
    if not entries:
        line("No characters yet. Put cards (PNG or JSON) into the folder of: tavern-tui locate characters")
    for entry in entries:
        if entry.problem:
            note(f"{entry.path}: {entry.problem}")
