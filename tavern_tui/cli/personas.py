"""``tavern-tui personas``: who you are in stories: list, show, make, change, delete, bring back, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.session.personas import ListedPersona
    from tavern_tui.session.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_CHANGES = click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")
_TEXTS = ("name", "description", "title", "lorebook", "avatar")


@click.group(invoke_without_command=True)
@click.pass_context
def personas(ctx: click.Context) -> None:
    """Personas: who you are in stories. docs/formats.md has every field.

    /persona NAME chooses one for a chat, --persona NAME for a start, and "persona: {use: NAME}" in config.yaml for all.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_personas)


@personas.command("list")
@_JSON
@click.pass_context
def list_personas(ctx: click.Context, as_json: bool = False) -> None:
    """List them; * is the usual one."""
    from tavern_tui.session.personas import listed_personas, usual_persona

    workspace = _workspace(ctx)
    listed = listed_personas(workspace)
    usual, told = usual_persona(workspace)
    use = workspace.settings.persona.use.strip().casefold()
    chosen = [one.path is not None and one.name.casefold() == use for one in listed]
    if not any(chosen):
        chosen = [one.path is None and one.persona.name == usual.name for one in listed]
    if as_json:
        data([_row(one) | {"in_use": used} for one, used in zip(listed, chosen, strict=True)])
    else:
        table(
            [
                (f"{one.name} *" if used else one.name, one.persona.title, _place(one), _from(one))
                for one, used in zip(listed, chosen, strict=True)
                if not one.problem
            ],
            header=("name", "title", "place", "from"),
        )
    for what in (told, *(one.problem for one in listed)):
        if what:
            note(what)


@personas.command()
@click.argument("name")
@_JSON
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the persona NAME."""
    from tavern_tui.session.personas import fields_of, persona_called

    one = persona_called(_workspace(ctx), name)
    if as_json:
        data(_row(one))
    else:
        table([(key, str(value)) for key, value in fields_of(one.persona).items() if value not in ("", [])])
        if one.persona.lorebook and not one.persona.books:
            note(f"There is no lorebook “{one.persona.lorebook}” that can be read.")
    _tell(one)


@personas.command()
@click.argument("name")
@_CHANGES
@click.pass_context
def new(ctx: click.Context, name: str, changes: tuple[str, ...]) -> None:
    """Make the persona NAME: personas new Ash description='A courier.' position=at_depth depth=1.

    position is in_prompt, note_top, note_bottom, at_depth or none; a value that is @FILE is read from that file.
    """
    from tavern_tui.session.personas import new_persona
    from tavern_tui.session.typed_values import typed_changes

    one = new_persona(_workspace(ctx), name, typed_changes(changes, texts=_TEXTS))
    line(f"Made: {one.path}")
    _tell(one)


@personas.command()
@click.argument("name")
@_CHANGES
@click.pass_context
def edit(ctx: click.Context, name: str, changes: tuple[str, ...]) -> None:
    """Change fields of the persona NAME; FIELD= takes one out. Without any, $EDITOR opens its file."""
    from tavern_tui.session.personas import change_persona, persona_called, persona_file
    from tavern_tui.session.typed_values import typed_changes

    workspace = _workspace(ctx)
    if changes:
        values = typed_changes(changes, texts=_TEXTS)
        one = change_persona(workspace, name, values)
        line(f"Changed: {', '.join(values)}.")
    else:
        path = persona_file(workspace, name)
        if not sys.stdin.isatty():
            raise click.UsageError(f"Say what to change (depth=1), or edit the file: {path}")
        click.edit(filename=str(path))
        one = persona_called(workspace, path.stem)
        line(f"{one.name}: {_place(one)}")
    _tell(one)


@personas.command()
@click.argument("name")
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Move the persona NAME to the trash. Chats that have it go on with the usual one."""
    from tavern_tui.session.personas import delete_persona

    path = delete_persona(_workspace(ctx), name)
    line(f"Deleted: {path}. tavern-tui personas restore {path.stem} brings it back.")


@personas.command()
@click.argument("name")
@click.pass_context
def restore(ctx: click.Context, name: str) -> None:
    """Bring back the persona NAME that was deleted last."""
    from tavern_tui.session.personas import restore_persona

    line(f"Back: {restore_persona(_workspace(ctx), name)}")


@personas.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--to", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.pass_context
def export(ctx: click.Context, names: tuple[str, ...], to: Path) -> None:
    """Write personas, all or those named, as a backup that SillyTavern restores."""
    from tavern_tui.session.personas import export_personas

    number, remarks = export_personas(_workspace(ctx), names, to)
    line(f"Written: {to} ({number} persona{'' if number == 1 else 's'})")
    for remark in remarks:
        note(f"{remark.place}: {remark.text}")


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _tell(one: ListedPersona) -> None:
    for what in (one.problem, *(f"{remark.place}: {remark.text}" for remark in one.remarks)):
        if what:
            note(f"{one.path.name if one.path else one.name}: {what}")


def _from(one: ListedPersona) -> str:
    return str(one.path) if one.path else "settings"


def _place(one: ListedPersona) -> str:
    word = one.persona.position.name.lower().replace("_", " ")
    return f"{word} {one.persona.depth}, as {one.persona.role.value}" if word == "at depth" else word


def _row(one: ListedPersona) -> dict[str, Any]:
    from tavern_tui.session.personas import fields_of

    return {
        "choose": one.name,
        **fields_of(one.persona),
        "file": str(one.path) if one.path else "",
        "problem": one.problem,
    }
