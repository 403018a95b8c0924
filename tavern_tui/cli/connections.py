"""``tavern-tui connections``: saved ways to a model, and which of them writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.consent import with_consent
from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

_FIELDS = (
    click.option("--model", metavar="NAME", help="The model to ask for, where a server has several."),
    click.option("--template", metavar="NAME", help="Instruct template."),
    click.option("--preset", metavar="NAME", help="Sampler preset."),
    click.option("--context-size", "context_tokens", type=click.IntRange(min=256), metavar="N", help="In tokens."),
    click.option("--key", metavar="NAME", help="The key to use, by its name: tavern-tui secrets."),
)


def _fields(command: Any) -> Any:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def connections(ctx: click.Context, as_json: bool) -> None:
    """List the saved connections; add, change and test them.

    Connections of your own hand go into connections.yaml of the library (tavern-tui locate library).
    """
    if ctx.invoked_subcommand is None:
        _list(_workspace(ctx), as_json=as_json)


@connections.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the saved connections."""
    _list(_workspace(ctx), as_json=as_json)


def _list(workspace: Workspace, *, as_json: bool) -> None:
    from tavern_tui.session.connections import described, in_use

    listed = workspace.connections.listed()
    used = in_use(workspace)
    if as_json:
        data([{**described(one), "in_use": one.name == used} for one in listed.connections])
    elif listed.connections:
        rows = [
            (f"{one.name} *" if one.name == used else one.name, one.address, one.model, one.template, one.key)
            for one in listed.connections
        ]
        table(rows, header=("name", "address", "model", "template", "key"))
        if used:
            note("* writes unless another is named.")
    else:
        line("No connection is saved. tavern-tui connections add rig rig:5001")
    for problem in listed.problems:
        note(str(problem))


@connections.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show what is saved as NAME; nothing is asked over the net."""
    from tavern_tui.session.connections import described, problem_with, saved_or_refused

    workspace = _workspace(ctx)
    saved = saved_or_refused(workspace, name)
    if as_json:
        data(described(saved))
        return
    for what, value in described(saved).items():
        if value not in ("", None, {}, False):
            line(f"{what.replace('_', ' '):15} {value:,}" if isinstance(value, int) else f"{what:15} {value}")
    if problem := problem_with(workspace, saved):
        note(problem)


@connections.command()
@click.argument("name")
@click.argument("address")
@_fields
@click.option("--use", "use_it", is_flag=True, help="Use it from now on.")
@click.pass_context
def add(ctx: click.Context, /, name: str, address: str, use_it: bool, **given: Any) -> None:
    """Save the server at ADDRESS as NAME; a GGUF file, or "embedded" with --model, is the embedded engine."""
    from tavern_tui.session import connections as saved

    workspace = _workspace(ctx)
    saved.add(workspace, name, address, **_said(given))
    line(f"Saved: tavern-tui --server {name} uses it, tavern-tui connections test {name} tries it.")
    if use_it:
        saved.use(workspace, name)
        note("Used from now on.")


@connections.command()
@click.argument("name")
@click.option("--address", metavar="ADDRESS", help="Another address.")
@_fields
@click.pass_context
def edit(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Change what is saved as NAME; an empty value ("") takes one away."""
    from tavern_tui.session import connections as saved

    changes = _said(given)
    if not changes:
        raise click.UsageError("Say what to change: --address, --model, --template, --preset, --context-size, --key.")
    saved.edit(_workspace(ctx), name, changes)
    line(f"Changed: {', '.join(changes)}.")


@connections.command()
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Remove the connection NAME. Its key stays: tavern-tui secrets forget."""
    from tavern_tui.session import connections as saved

    for told in saved.remove(_workspace(ctx), name):
        note(told)
    line(f"Removed: {name}.")


@connections.command()
@click.argument("name")
@click.option("--chat", metavar="NAME", help="Only in this chat.")
@click.pass_context
def use(ctx: click.Context, name: str, chat: str | None) -> None:
    """Let NAME write from now on: a saved connection, an address, or "embedded".

    With --chat, in one chat only; "usual" there goes back to what the others have.
    """
    from tavern_tui.session import connections as saved

    workspace = _workspace(ctx)
    told = saved.use_in_chat(workspace, chat, name) if chat else saved.use(workspace, name)
    line(told)


@connections.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--yes", is_flag=True, help="Send the key even where it goes unencrypted (http); this is remembered.")
@click.pass_context
def test(ctx: click.Context, name: str | None, as_json: bool, yes: bool) -> int:
    """Ask NAME (a saved connection, an address; default: who writes now) for one short reply, and tell how it went."""
    from tavern_tui.cli.main import EXIT_DONE, EXIT_ERROR, report
    from tavern_tui.session.trying import try_connection

    workspace = _workspace(ctx)
    found = with_consent(workspace, lambda: try_connection(workspace, name or ctx.obj["server"] or ""), yes=yes)
    if as_json:
        data(found.as_dict())
    else:
        for what, text in found.rows():
            line(f"{what:13} {text}")
        for doubt in found.doubts:
            note(doubt)
    if found.error is not None:
        return report(found.error)
    return EXIT_ERROR if found.doubts else EXIT_DONE


def _said(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in given.items() if value is not None}
