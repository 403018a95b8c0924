"""``tavern-tui presets``: sampler presets, ours and one's own: list, show, make, change, delete, export.

With ``--kind`` it is about templates: ``cli.preset_kinds``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli import preset_kinds
from tavern_tui.cli.output import data, line, note, table, write

if TYPE_CHECKING:
    from tavern_tui.session.presets import ListedPreset
    from tavern_tui.session.workspace import Workspace

_FEW = 3  # engines that are named on a line
_KIND = click.option(
    "--kind", metavar="KIND", help="Templates: instruct, context, sysprompt, reasoning, chat; quick-replies; regex."
)
_CHANGES = click.argument("changes", nargs=-1, metavar="[FIELD=VALUE]...")


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def presets(ctx: click.Context, as_json: bool) -> None:
    """Sampler presets: list, show, make, change and delete them. docs/presets.md explains every field.

    One of your own is a file in the folder of: tavern-tui locate presets. /preset NAME chooses one for a chat,
    --preset NAME for a start, and "reply: {preset: NAME}" in config.yaml for all.
    """
    if ctx.invoked_subcommand is None:
        _list(_workspace(ctx), as_json=as_json)


@presets.command("list")
@_KIND
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_(ctx: click.Context, kind: str | None, as_json: bool) -> None:
    """List the presets and what each changes; * is the one of the settings.

    KIND is sampler, instruct, context, sysprompt, reasoning, chat, quick-replies or regex.
    """
    if kind is not None and kind != "sampler":
        preset_kinds.list_kind(_workspace(ctx), kind, as_json=as_json)
    else:
        _list(_workspace(ctx), as_json=as_json)


@presets.command()
@click.argument("name")
@click.option("--on", "engine", metavar="KIND", help="What that kind of engine makes of it: KoboldCpp, embedded …")
@_KIND
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def show(ctx: click.Context, name: str, engine: str | None, kind: str | None, as_json: bool) -> None:
    """Show what the preset NAME says, and which engines pass over what; with --kind, a template."""
    if kind is not None:
        preset_kinds.show_kind(_workspace(ctx), kind, name, as_json=as_json)
        return
    from tavern_tui.session.preset_files import effects_by_engine
    from tavern_tui.session.presets import preset_named

    one = preset_named(_workspace(ctx), name)
    effects = effects_by_engine(one.preset)
    wanted = _engine(engine, list(effects)) if engine else ""
    if as_json:
        data(_row(one) | {"effects": {wanted: effects[wanted]} if wanted else effects})
    else:
        line(f"{one.name} ({one.source}){f': {one.preset.note}' if one.preset.note else ''}")
        _print_values(one, effects, wanted)
    _tell(one)


@presets.command()
@click.argument("name")
@_CHANGES
@click.option("--from", "like", metavar="PRESET", help="Begin with the values of that preset.")
@click.pass_context
def new(ctx: click.Context, name: str, changes: tuple[str, ...], like: str | None) -> None:
    """Make the preset NAME: presets new mine --from balanced temperature=0.9 'stop=["***"]'.

    A value that is @FILE is read from that file: grammar=@answer.gbnf.
    """
    from tavern_tui.session.preset_files import new_preset

    one = new_preset(_workspace(ctx), name, like=like or "", changes=_changes(changes))
    line(f"Made: {one.path}")
    _tell(one)


@presets.command()
@click.argument("name")
@_CHANGES
@click.pass_context
def edit(ctx: click.Context, name: str, changes: tuple[str, ...]) -> None:
    """Change fields of the preset NAME; FIELD= takes one out. Without any, $EDITOR opens its file."""
    from tavern_tui.session.preset_files import change_preset
    from tavern_tui.session.presets import preset_named

    workspace = _workspace(ctx)
    if changes:
        one = change_preset(workspace, name, _changes(changes))
        line(f"Changed: {', '.join(_changes(changes))}.")
    else:
        path = change_preset(workspace, name, {}).path
        if not sys.stdin.isatty():
            raise click.UsageError(f"Say what to change (temperature=0.9), or edit the file: {path}")
        click.edit(filename=str(path))
        one = preset_named(workspace, name)
        line(f"{one.name}: {one.summary}")
    _tell(one)


@presets.command()
@click.argument("name")
@_KIND
@click.pass_context
def delete(ctx: click.Context, name: str, kind: str | None) -> None:
    """Delete the preset NAME of your own. Chats that name it go on with that of the settings.

    It goes to the trash. With --kind a template.
    """
    from tavern_tui.session.preset_files import delete_preset

    if kind is not None:
        preset_kinds.delete_kind(_workspace(ctx), kind, name)
        return
    path = delete_preset(_workspace(ctx), name)
    line(f"Deleted: {path}. tavern-tui presets restore {path.stem} brings it back.")


@presets.command()
@click.argument("name")
@click.option("--as", "program", default="sillytavern", metavar="PROGRAM", help="sillytavern, kobold or webui.")
@_KIND
@click.option("--to", type=click.Path(path_type=Path), help="The file or folder to write to; without it, stdout.")
@click.pass_context
def export(ctx: click.Context, name: str, program: str, kind: str | None, to: Path | None) -> None:
    """Write the preset NAME for another program; what that cannot say is told. With --kind, a template."""
    if kind is not None:
        preset_kinds.export_kind(_workspace(ctx), kind, name, to)
        return
    from tavern_tui.session.preset_files import export_preset
    from tavern_tui.session.presets import preset_named

    text, path, lost = export_preset(preset_named(_workspace(ctx), name), program, to=to)
    if path is None:
        write(text if text.endswith("\n") else f"{text}\n")
    else:
        line(f"Written: {path}")
    for what in lost:
        note(what)


@presets.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="What it is called, where that is not the file's name.")
@click.pass_context
def add(ctx: click.Context, files: tuple[Path, ...], name: str | None) -> None:
    """Put FILES into the library: presets and templates of SillyTavern, KoboldAI and text-generation-webui.

    What each is, is told by what is in it. Regex scripts arrive switched off.
    """
    if name is not None and len(files) > 1:
        raise click.UsageError("--name is for one file.")
    preset_kinds.add_files(_workspace(ctx), files, name or "")


@presets.command()
@click.argument("name")
@_KIND
@click.pass_context
def restore(ctx: click.Context, name: str, kind: str | None) -> None:
    """Bring back the preset NAME that was deleted last; with --kind a template."""
    from tavern_tui.session.preset_editing import out_of_trash

    if kind is None:
        line(f"Back: {out_of_trash(_workspace(ctx), name)}")
        return
    preset_kinds.restore_kind(_workspace(ctx), kind, name)


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _list(workspace: Workspace, *, as_json: bool) -> None:
    from tavern_tui.session.presets import listed_presets

    listed = listed_presets(workspace)
    used = workspace.settings.reply.preset.casefold()
    if as_json:
        data([_row(one) | {"in_use": one.name.casefold() == used} for one in listed])
    else:
        rows = [
            (f"{one.name} *" if one.name.casefold() == used else one.name, one.source, one.summary) for one in listed
        ]
        table(rows, header=("name", "from", "changes"))
    for one in listed:
        _tell(one, only_problems=True)


def _print_values(one: ListedPreset, effects: dict[str, dict[str, str]], kind: str) -> None:
    from tavern_tui.session.preset_files import values_of

    rows = []
    for name, value in values_of(one).items():
        if kind:
            rows.append((name, value, effects[kind].get(name, "")))
        else:
            without = [engine for engine, made in effects.items() if made.get(name) == "ignored"]
            more = f" and {len(without) - _FEW} more" if len(without) > _FEW else ""
            rows.append((name, value, f"not on {', '.join(without[:_FEW])}{more}" if without else ""))
    table(rows, header=("field", "value", f"on {kind}" if kind else "") if rows else ())
    if not rows:
        line("Everything is neutral.")


def _engine(wanted: str, kinds: list[str]) -> str:
    found = [kind for kind in kinds if kind.casefold() == wanted.casefold()]
    if not found:
        raise click.BadParameter(f"There are: {', '.join(kinds)}.", param_hint="--on")
    return found[0]


def _changes(given: tuple[str, ...]) -> dict[str, object | None]:
    """What was typed as ``FIELD=VALUE``; the value is YAML, as in a file, or ``@FILE``."""
    from tavern_tui.domain.errors import FormatError
    from tavern_tui.session.preset_files import typed_value

    found: dict[str, object | None] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"A change is written FIELD=VALUE, not {one}.")
        try:
            text = Path(value[1:]).read_text("utf-8") if value.startswith("@") else value
        except (OSError, UnicodeDecodeError) as error:
            raise FormatError(f"{value[1:]} cannot be read.", hint="It has to be a text file.") from error
        found[name.strip()] = text if value.startswith("@") else typed_value(name.strip(), value)
    return found


def _tell(one: ListedPreset, *, only_problems: bool = False) -> None:
    """What of the file was not taken, and what is doubtful, to stderr."""
    for what in (one.unreadable, *one.problems, *(() if only_problems else one.remarks)):
        if what:
            note(f"{one.path.name if one.path else one.name}: {what}")


def _row(one: ListedPreset) -> dict[str, Any]:
    from tavern_tui.session.preset_files import plain_values

    return {
        "name": one.name,
        "from": one.source,
        "path": str(one.path) if one.path else "",
        "values": plain_values(one),
        "problems": [what for what in (one.unreadable, *one.problems) if what],
        "remarks": list(one.remarks),
    }
