"""``tavern-tui locate``: where things are kept."""

from __future__ import annotations

import click

from tavern_tui.cli.output import data, line, table


@click.command()
@click.argument("what", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def locate(what: str | None, as_json: bool) -> None:
    """Print where things are kept; WHAT is one of the names in the list."""
    from tavern_tui.session.places import places

    found = places()
    if what is not None:
        if what not in found:
            raise click.BadParameter(f"one of: {', '.join(found)}", param_hint="WHAT")
        line(str(found[what]))
    elif as_json:
        data({name: str(path) for name, path in found.items()})
    else:
        table([(name, str(path)) for name, path in found.items()])
