"""``tavern-tui secrets``: the keys of servers. A key is read without being shown, never from the command line."""

from __future__ import annotations

import sys

import click

from tavern_tui.cli.output import data, line, note, table


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def secrets(ctx: click.Context, as_json: bool) -> None:
    """List the keys that are kept: which server each is for, and where it lies. The keys themselves are never shown."""
    if ctx.invoked_subcommand is None:
        _list(ctx, as_json=as_json)


@secrets.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the keys, without showing them."""
    _list(ctx, as_json=as_json)


@secrets.command("set")
@click.argument("address")
@click.argument("more", nargs=-1, metavar="")
@click.option("--name", metavar="NAME", default="", help="What to call it; without, it is called like the server.")
@click.option("--env", "variable", metavar="VARIABLE", default="", help="The key is in this environment variable.")
@click.option("--command", metavar="COMMAND", default="", help='The key is what this prints: "pass show openrouter".')
@click.pass_context
def set_(ctx: click.Context, address: str, more: tuple[str, ...], name: str, variable: str, command: str) -> None:
    """Keep the key for the server at ADDRESS (or of a saved connection's name), and for no other.

    The key is asked for without showing it, or read from stdin. It lies in the system's keyring where one works, else
    in a file that only you may read.
    """
    if more:
        # It may be the key: neither it nor anything near it is repeated.
        raise click.UsageError(
            "A key is not typed here, where others can read it: it is asked for, or read from stdin."
        )
    if variable and command:
        raise click.UsageError("Either --env or --command: a key is in one place.")
    from tavern_tui.session.secret_list import keep_secret, one_origin
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    text = "" if variable or command else _typed(one_origin(workspace, address))
    kept = keep_secret(workspace, address, text, name=name, variable=variable, command=command)
    line(f"Kept as “{kept.name}” ({kept.place}): sent to {kept.origin}, and nowhere else.")


@secrets.command()
@click.argument("name")
@click.pass_context
def forget(ctx: click.Context, name: str) -> None:
    """Keep the key NAME no longer."""
    from tavern_tui.session.secret_list import forget_secret
    from tavern_tui.session.workspace import Workspace

    gone = forget_secret(Workspace.open(safe=ctx.obj["safe"]), name)
    line(f"Forgotten: “{gone.name}”, which was for {gone.origin}.")


@secrets.command()
@click.argument("address")
@click.option("--no", "forbid", is_flag=True, help="No longer.")
@click.pass_context
def allow(ctx: click.Context, address: str, forbid: bool) -> None:
    """Let the key for ADDRESS go unencrypted (http) to another network: whoever is on the way can read it."""
    from tavern_tui.session.secret_list import allow_in_clear
    from tavern_tui.session.workspace import Workspace

    origin = allow_in_clear(Workspace.open(safe=ctx.obj["safe"]), address, not forbid)
    line(f"The key for {origin} is {'held back again' if forbid else 'sent unencrypted from now on'}.")


def _list(ctx: click.Context, *, as_json: bool) -> None:
    from tavern_tui.session.secret_list import secret_rows
    from tavern_tui.session.workspace import Workspace

    rows = secret_rows(Workspace.open(safe=ctx.obj["safe"]))
    if as_json:
        data(rows)
    elif rows:
        cells = [(row["name"], row["for"], row["kept_in"], ", ".join(row["used_by"])) for row in rows]
        table(cells, header=("key", "for", "kept in", "named by"))
    else:
        line("No key is kept. For a server that wants one: tavern-tui secrets set ADDRESS")


def _typed(origin: str) -> str:
    """The key, from a person who does not see it, or the first line of what is piped in. Raises ``click.Abort``."""
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    import getpass
    import warnings

    with warnings.catch_warnings():
        # Where the terminal cannot be kept from showing it, it is not asked for.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(f"Key for {origin} (not shown): ", stream=sys.stderr)
        except getpass.GetPassWarning:
            note("This terminal would show the key. Pipe it in: tavern-tui secrets set ADDRESS < FILE")
            raise click.Abort from None
        except EOFError:
            raise click.Abort from None
