"""``tavern-tui worlds``: lorebooks: list, show, make, change, delete, bring back, write for other programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import data, line, note, table, write

if TYPE_CHECKING:
    from tavern_tui.domain.lorebook import LoreEntry
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.session.worlds import World

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_FEW = 4  # keys that are named on a line


@click.group(invoke_without_command=True)
@click.pass_context
def worlds(ctx: click.Context) -> None:
    """Lorebooks (world info): list, show, make, change, delete and write them. docs/formats.md has the formats."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_worlds)


@worlds.command("list")
@_JSON
@click.pass_context
def list_worlds(ctx: click.Context, as_json: bool = False) -> None:
    """List them: name, entries, file; books that cannot be read with the reason."""
    entries = _workspace(ctx).library.lorebooks()
    if as_json:
        rows = [
            {
                "name": one.name,
                "file": str(one.path),
                "entries": one.size,
                "sample": one.shipped,
                "problem": one.problem,
            }
            for one in entries
        ]
        data(rows)
        return
    readable = [one for one in entries if not one.problem]
    table(
        [(one.name, str(one.size), "sample" if one.shipped else str(one.path)) for one in readable],
        header=("name", "entries", "file") if readable else (),
    )
    if not entries:
        line("No lorebooks yet. Put them into the folder of: tavern-tui locate worlds")
    for one in entries:
        if one.problem:
            note(f"{one.path}: {one.problem}")


@worlds.command()
@click.argument("name")
@click.argument("entry", required=False)
@_JSON
@click.pass_context
def show(ctx: click.Context, name: str, entry: str | None, as_json: bool) -> None:
    """Show the lorebook NAME, or one ENTRY of it (a number or a title) with every field."""
    from tavern_tui.session.worlds import plain_entry, world_named

    world = world_named(_workspace(ctx), name)
    if entry is not None:
        fields = plain_entry(world.entry(entry))
        if as_json:
            data(fields)
        else:
            table([(key, _short(value)) for key, value in fields.items()])
        return
    if as_json:
        data(_row(world) | {"entries": [plain_entry(one) for one in world.book.entries]})
    else:
        about = f": {world.book.description}" if world.book.description else ""
        line(f"{world.path.stem} ({world.program}, {_counted(world)}){about}")
        table(
            [(str(one.uid), one.comment, _keys(one), _place(one), _state(one)) for one in world.book.entries],
            header=("no", "title", "keys", "place", "state") if world.book.entries else (),
        )
    _tell(world)


@worlds.command()
@click.argument("name")
@click.option("--from", "source", metavar="WORLD|FILE", help="With what that lorebook says, of whichever program.")
@click.pass_context
def new(ctx: click.Context, name: str, source: str | None) -> None:
    """Make the lorebook NAME; worlds edit NAME --add puts entries into it."""
    from tavern_tui.session.worlds import new_world

    world = new_world(_workspace(ctx), name, source=source or "")
    line(f"Made: {world.path}")
    _tell(world)


@worlds.command()
@click.argument("name")
@click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--entry", metavar="ENTRY", help="The entry to change: a number or a title.")
@click.option("--add", is_flag=True, help="Add an entry with these fields.")
@click.option("--remove", metavar="ENTRY", help="Take an entry out.")
@click.pass_context
def edit(
    ctx: click.Context, name: str, changes: tuple[str, ...], entry: str | None, add: bool, remove: str | None
) -> None:
    """Change the lorebook NAME: worlds edit inn --add 'key=[inn, tavern]' content='It is warm.'

    FIELD is one of SillyTavern's names (worlds show NAME ENTRY); FIELD= makes it what it usually is, and @FILE is read
    from that file. Without anything to change, $EDITOR opens the book's file.
    """
    from tavern_tui.session.worlds import change_entry, remove_entry, world_named

    workspace = _workspace(ctx)
    if sum((entry is not None, add, remove is not None)) > 1:
        raise click.UsageError("One of --entry, --add and --remove.")
    world = world_named(workspace, name)
    if remove is not None:
        gone = world.entry(remove)
        remove_entry(workspace, world, gone)
        line(f"Taken out: {gone.uid} {gone.comment}".rstrip())
    elif add or entry is not None:
        wanted = world.entry(entry) if entry is not None else None
        _, made = change_entry(workspace, world, wanted, _changes(changes))
        line(f"{'Added' if add else 'Changed'}: {made.uid} {made.comment}".rstrip())
    elif changes:
        raise click.UsageError("Say which entry: --entry ENTRY, or --add.")
    else:
        _edit_file(workspace, world)


@worlds.command()
@click.argument("name")
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Move the lorebook NAME to the trash."""
    from tavern_tui.session.worlds import delete_world

    path = delete_world(_workspace(ctx), name)
    line(f"Deleted: {path}. tavern-tui worlds restore {path.stem} brings it back.")


@worlds.command()
@click.argument("name")
@click.pass_context
def restore(ctx: click.Context, name: str) -> None:
    """Bring back the lorebook NAME that was deleted last."""
    from tavern_tui.session.worlds import restore_world

    line(f"Back: {restore_world(_workspace(ctx), name)}")


@worlds.command()
@click.argument("name")
@click.option("--as", "target", default="sillytavern", metavar="FORMAT", help="sillytavern, v3, v2 or kobold.")
@click.option("--to", type=click.Path(path_type=Path), help="The file or folder to write to; without it, stdout.")
@click.pass_context
def export(ctx: click.Context, name: str, target: str, to: Path | None) -> None:
    """Write the lorebook NAME for another program; what that cannot say is told."""
    from tavern_tui.session.worlds import export_world, world_named

    written, path, remarks = export_world(world_named(_workspace(ctx), name), target, to=to)
    if path is None:
        write(f"{written.decode()}\n")
    else:
        line(f"Written: {path}")
    for remark in remarks:
        note(f"{remark.place}: {remark.text}" if remark.place else remark.text)


def _edit_file(workspace: Workspace, world: World) -> None:
    from tavern_tui.session.worlds import own_file, world_at

    if not sys.stdin.isatty():
        raise click.UsageError(f"Say what to change (--entry 0 content=…), or edit the file: {world.path}")
    path = own_file(workspace, world)
    click.edit(filename=str(path))
    line(f"{path.stem}: {_counted(world_at(workspace, path))}")


def _changes(given: tuple[str, ...]) -> dict[str, object | None]:
    """What was typed as ``FIELD=VALUE``; the value is YAML, or ``@FILE``."""
    from tavern_tui.session.typed_values import typed_changes

    return typed_changes(given, texts=("content", "comment", "group", "outletName", "automationId"))


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _counted(world: World) -> str:
    number = len(world.book.entries)
    return f"{number:,} entr{'y' if number == 1 else 'ies'}"


def _tell(world: World) -> None:
    for remark in world.remarks:
        note(f"{world.path.name}: {remark.place}: {remark.text}")


def _row(world: World) -> dict[str, Any]:
    book = world.book
    return {
        "name": world.path.stem,
        "title": book.name,
        "file": str(world.path),
        "program": world.program,
        "sample": world.shipped,
        "description": book.description,
        "scan_depth": book.scan_depth,
        "token_budget": book.token_budget,
        "recursive_scanning": book.recursive_scanning,
        "remarks": [{"place": one.place, "text": one.text} for one in world.remarks],
    }


def _keys(entry: LoreEntry) -> str:
    more = f" +{len(entry.keys) - _FEW}" if len(entry.keys) > _FEW else ""
    return "always" if entry.constant else ", ".join(entry.keys[:_FEW]) + more


def _place(entry: LoreEntry) -> str:
    name = entry.position.name.lower().replace("_", " ")
    return f"{name} {entry.depth}" if name == "at depth" else name


def _state(entry: LoreEntry) -> str:
    chance = "" if entry.probability == 100 else f" {entry.probability:g} %"
    return ("on" if entry.enabled else "off") + chance


def _short(value: object) -> str:
    from tavern_tui.session.typed_values import shown_value

    return shown_value(value)
