"""``tavern-tui connect``: find servers, or look at one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.consent import with_consent
from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace


@click.command()
@click.argument("url", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON: a list of what was found.")
@click.option("--models", "list_models", is_flag=True, help="List the models of the server at URL.")
@click.option("--remember", is_flag=True, help="Use URL from now on (setting connection.server).")
@click.option("--save", metavar="NAME", help="Save it as a connection of this name.")
@click.option("--yes", is_flag=True, help="Send the key even where it goes unencrypted (http); this is remembered.")
@click.pass_context
def connect(
    ctx: click.Context,
    url: str | None,
    as_json: bool,
    list_models: bool,
    remember: bool,
    save: str | None,
    yes: bool,
) -> None:
    """Look at the server at URL, an address or a saved connection's name.

    Without URL, list the saved connections, and the servers that answer on this machine.
    """
    from tavern_tui.session import servers
    from tavern_tui.session.workspace import Workspace

    url = url or ctx.obj["server"]
    workspace = Workspace.open(safe=ctx.obj["safe"])
    if not url:
        _list(workspace, asyncio.run(servers.local_servers()), as_json=as_json)
        return
    named = url
    if list_models:
        from tavern_tui.session.server_models import models_at

        _tell_models(with_consent(workspace, lambda: models_at(workspace, named), yes=yes), as_json=as_json)
        return
    found = with_consent(workspace, lambda: servers.look_at(workspace, named), yes=yes)
    if as_json:
        data([found])
    else:
        _describe(found)
    if save:
        from tavern_tui.session.connections import add

        add(workspace, save, named)
        note(f"Saved as “{save}”: tavern-tui --server {save} uses it.")
    if remember:
        from tavern_tui.session.connections import use

        note(use(workspace, save or named))
    elif not save and not as_json and not found["name"]:
        note(f"To use it from now on: tavern-tui connect {named} --save NAME --remember")


def _list(workspace: Workspace, found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        data(found)
        return
    saved = workspace.connections.listed().connections
    if saved:
        table([(one.name, one.address, one.model) for one in saved], header=("saved", "address", "model"))
    if found:
        line("") if saved else None
        rows = [
            (f["address"], f"{f['engine']} {f['version']}", f["model"], _tokens(f["context_tokens"])) for f in found
        ]
        table(rows, header=("address", "engine", "model", "context"))
    else:
        line("No server answers on this machine. For another one: tavern-tui connect rig:5001")


def _tell_models(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        data(found)
        return
    told = {True: "in memory", False: "", None: ""}
    rows = [
        (one["model"], _count(one["context_tokens"]), _count(one["trained_tokens"]), told[one["loaded"]])
        for one in found
    ]
    table(rows, header=("model", "context", "trained for", ""))


def _describe(found: dict[str, Any]) -> None:
    from tavern_tui.domain.display import safe_line

    rows = [
        ("name", found["name"]),
        ("engine", f"{found['engine']} {found['version']}".strip()),
        ("model", found["model"] or "none loaded"),
        ("context", _tokens(found["context_tokens"])),
        ("template", f"{found['template']} ({found['template_from']})"),
        ("counting", "exact" if found["exact_count"] else "estimated"),
        ("samplers", found["samplers_in_words"]),
        ("can", ", ".join(found["can"])),
    ]
    for what, text in rows:
        if text:
            line(f"{what:8}  {safe_line(text)}")
    if found["template_note"]:
        note(found["template_note"])


def _count(count: int | None) -> str:
    return f"{count:,}" if count else ""


def _tokens(count: int | None) -> str:
    return f"{count:,}" if count else "~8,192"
