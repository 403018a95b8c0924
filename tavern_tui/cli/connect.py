"""``tavern-tui connect``: find servers, or look at one."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from tavern_tui.cli.output import data, line, note, table


@click.command()
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON: a list of what was found.")
@click.option("--remember", is_flag=True, help="Use URL from now on (setting connection.server).")
@click.pass_context
def connect(ctx: click.Context, url: str | None, as_json: bool, remember: bool) -> None:
    """Look at the server at URL; without URL, list the servers that answer on this machine."""
    from tavern_tui.session import servers

    url = url or ctx.obj["server"]
    if url:
        from tavern_tui.session.workspace import Workspace

        choices = Workspace.open(safe=ctx.obj["safe"]).template_choices
        found = [asyncio.run(servers.look_at(url, choices))]
    else:
        found = asyncio.run(servers.local_servers())
    if as_json:
        data(found)
    elif url:
        _describe(found[0])
    elif found:
        rows = [
            (f["address"], f"{f['engine']} {f['version']}", f["model"], _tokens(f["context_tokens"])) for f in found
        ]
        table(rows, header=("address", "engine", "model", "context"))
    else:
        line("No server answers on this machine. For another one: tavern-tui connect rig:5001")
    if url and remember:
        from tavern_tui.config.paths import directories
        from tavern_tui.config.settings import remember as write_setting

        write_setting(directories(), "connection.server", url)
        line("Remembered: used from now on.")


def _describe(found: dict[str, Any]) -> None:
    counting = "exact" if found["exact_count"] else "estimated"
    table(
        [
            ("engine", f"{found['engine']} {found['version']}".strip()),
            ("model", found["model"] or "none loaded"),
            ("context", _tokens(found["context_tokens"])),
            ("template", f"{found['template']} ({found['template_from']})"),
            ("counting", counting),
        ]
    )
    if found["template_note"]:
        note(found["template_note"])


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "~8,192"
