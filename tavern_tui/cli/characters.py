"""``tavern-tui characters``: the character cards in the library: listed, shown, made, changed, deleted, exported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.session.cards import ChangedCard
    from tavern_tui.session.workspace import Workspace

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_NAME = click.argument("name")
_PICTURE = click.option(
    "--picture", metavar="FILE", type=click.Path(path_type=Path), help="The PNG that the card is put into."
)


@click.group(invoke_without_command=True)
@click.pass_context
def characters(ctx: click.Context) -> None:
    """Character cards: list, show, make, change, delete and export them. docs/formats.md says what is read.

    NAME is a character's name, its file's, the beginning of one, or a path.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_characters)


@characters.command("list")
@_AS_JSON
@click.option("--favourites", is_flag=True, help="Favourites alone.")
@click.option("--tag", metavar="TAG", help="Those with that tag alone.")
@click.pass_context
def list_characters(
    ctx: click.Context, as_json: bool = False, favourites: bool = False, tag: str | None = None
) -> None:
    """List them: name, tags, file; cards that cannot be read with the reason. * is a favourite."""
    everything = _workspace(ctx).characters()
    entries = [
        entry
        for entry in everything
        if (entry.favourite or not favourites)
        and (tag is None or tag.casefold() in [one.casefold() for one in entry.tags])
    ]
    readable = [entry for entry in entries if not entry.problem]
    if as_json:
        data(
            [
                {
                    "name": entry.name,
                    "file": str(entry.path),
                    "tags": list(entry.tags),
                    "sample": entry.shipped,
                    "favourite": entry.favourite,
                    "problem": entry.problem,
                }
                for entry in entries
            ]
        )
        return
    rows = [
        (
            f"{entry.name} *" if entry.favourite else entry.name,
            ", ".join(entry.tags[:4]),
            "sample" if entry.shipped else str(entry.path),
        )
        for entry in readable
    ]
    table(rows, header=("name", "tags", "file"))
    if not everything:
        line("No characters yet. Put cards (PNG, CHARX or JSON) into the folder of: tavern-tui locate characters")
    for entry in entries:
        if entry.problem:
            note(f"{entry.path}: {entry.problem}")


@characters.command()
@_NAME
@click.option("--full", is_flag=True, help="With every text whole.")
@_AS_JSON
@click.pass_context
def show(ctx: click.Context, name: str, full: bool, as_json: bool) -> None:
    """Show everything that the card NAME holds: greetings, lore, regex scripts, assets, fields that are only kept."""
    from tavern_tui.cli.card_page import print_card
    from tavern_tui.session.card_view import as_data, card_details
    from tavern_tui.session.cards import open_card

    workspace = _workspace(ctx)
    details = card_details(workspace, open_card(workspace, name))
    if as_json:
        data(as_data(details))
    else:
        print_card(details, whole=full)


@characters.command()
@_NAME
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@_PICTURE
@click.pass_context
def new(ctx: click.Context, name: str, fields: tuple[str, ...], picture: Path | None) -> None:
    """Make the card NAME: characters new Mira greeting='Come in.' description=@mira.txt tags='inn, night'."""
    from tavern_tui.session.cards import new_card

    _told(new_card(_workspace(ctx), name, _changes(fields), picture=picture), "Made")


@characters.command()
@_NAME
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.option("--as-json", "form_as_json", is_flag=True, help="Open the form as JSON instead of YAML.")
@click.option("--from", "form", metavar="FILE", help="Take the form from that file (- is stdin), without an editor.")
@click.option("--form", "print_form", is_flag=True, help="Print the form, and change nothing.")
@click.pass_context
def edit(
    ctx: click.Context, name: str, fields: tuple[str, ...], form_as_json: bool, form: str | None, print_form: bool
) -> None:
    """Change the card NAME. With FIELD=VALUE those fields, else the whole card as a form in $EDITOR.

    A field is one of the card's (first_mes, tags, extensions.world, …) or greeting, note, note.depth, version,
    favourite. FIELD= empties it, FIELD.+=VALUE adds to a list, a VALUE that is @FILE is read from that file. Kept
    beside the card: own.note, an author's note for every chat with it, own.use (replace, before, after the chat's), and
    own.books, further lorebooks.
    """
    from tavern_tui.cli.card_editing import edited_form, read_text
    from tavern_tui.cli.output import write
    from tavern_tui.session.card_form import form_of, read_form
    from tavern_tui.session.cards import change_fields, open_card, save_card

    workspace = _workspace(ctx)
    if fields:
        changes = _changes(fields)
        own = {field: changes.pop(field) for field in [*changes] if field.startswith("own.")}
        if own:
            _keep_own(workspace, name, own)
        if changes:
            _told(change_fields(workspace, name, changes), "Changed")
        return
    card = open_card(workspace, name)
    if print_form:
        write(form_of(card.file.character, as_json=form_as_json))
        return
    if form is not None:
        text = read_text("/dev/stdin" if form == "-" else form)
        _told(save_card(workspace, card, read_form(text, card.file.character, where=form)), "Changed")
        return
    if not sys.stdin.isatty():
        raise click.UsageError("Say what to change (greeting='Come in.'), or give the form with --from FILE.")
    character = edited_form(workspace, card, as_json=form_as_json)
    if character is None or character == card.file.character:
        line("Nothing was changed.")
        return
    _told(save_card(workspace, card, character), "Changed")


@characters.command()
@_NAME
@click.argument("new_name", metavar="[NEW NAME]", required=False)
@click.pass_context
def duplicate(ctx: click.Context, name: str, new_name: str | None) -> None:
    """Make a second card like NAME, with a number behind its name or called NEW NAME."""
    from tavern_tui.session.cards import duplicate_card

    _told(duplicate_card(_workspace(ctx), name, new_name or ""), "Made")


@characters.command()
@_NAME
@click.argument("new_name", metavar="NEW NAME")
@click.pass_context
def rename(ctx: click.Context, name: str, new_name: str) -> None:
    """Call the character NAME otherwise: in the card, in its file's name and in its chats."""
    from tavern_tui.session.cards import rename_card

    _told(rename_card(_workspace(ctx), name, new_name), "Renamed")


@characters.command()
@_NAME
@click.pass_context
def delete(ctx: click.Context, name: str) -> None:
    """Move the card NAME to the trash; its chats stay. "restore" brings it back."""
    from tavern_tui.session.cards import delete_card

    item = delete_card(_workspace(ctx), name)
    line(f"Deleted: {', '.join(path.name for path in item.files)}")
    note(f"It is in the trash ({item.folder}). tavern-tui characters restore brings it back.")


@characters.command()
@click.argument("name", required=False)
@click.option("--list", "list_them", is_flag=True, help="List what is in the trash.")
@_AS_JSON
@click.pass_context
def restore(ctx: click.Context, name: str | None, list_them: bool, as_json: bool) -> None:
    """Bring back the card NAME from the trash, without a NAME the one deleted last."""
    from tavern_tui.session.cards import deleted_cards, restore_card

    workspace = _workspace(ctx)
    if list_them:
        deleted = deleted_cards(workspace)
        if as_json:
            data(
                [
                    {"name": one.name, "deleted": one.item.when, "files": [str(file) for file in one.item.files]}
                    for one in deleted
                ]
            )
            return
        rows = [(one.name, one.item.when, ", ".join(path.name for path in one.item.files)) for one in deleted]
        table(rows, header=("name", "deleted", "files"))
        return
    one, paths = restore_card(workspace, name or "")
    line(f"Restored: {one.name} ({', '.join(str(path) for path in paths)})")


@characters.command()
@_NAME
@click.option("--off", is_flag=True, help="No longer.")
@click.pass_context
def favourite(ctx: click.Context, name: str, off: bool) -> None:
    """Mark the card NAME as a favourite."""
    from tavern_tui.session.cards import mark_favourite

    changed = mark_favourite(_workspace(ctx), name, not off)
    _told(changed, "No favourite any more" if off else "A favourite")


@characters.command()
@_NAME
@click.argument("tags", nargs=-1)
@click.option("--remove", "-r", multiple=True, metavar="TAG", help="Take that tag away; may be given several times.")
@click.pass_context
def tag(ctx: click.Context, name: str, tags: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Give the card NAME these TAGS; without any, print those that it has."""
    from tavern_tui.session.cards import change_tags, open_card

    workspace = _workspace(ctx)
    if not tags and not remove:
        for one in open_card(workspace, name).file.character.tags:
            line(one)
        return
    changed = change_tags(workspace, name, tags, remove)
    _told(changed, f"Tags: {', '.join(changed.character.tags) or 'none'}")


@characters.command()
@_NAME
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--format", "kind", type=click.Choice(["png", "charx", "json"]), help="Else what TARGET ends with.")
@_PICTURE
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.pass_context
def export(ctx: click.Context, name: str, target: Path, kind: str | None, picture: Path | None, force: bool) -> None:
    """Write the card NAME to TARGET, a file or a folder, as PNG, CHARX or JSON; tells what could not go with it."""
    from tavern_tui.session.cards import export_card

    path, remarks = export_card(_workspace(ctx), name, target, kind=kind or "", picture=picture, replace_it=force)
    line(str(path))
    for remark in remarks:
        note(f"{remark.place}: {remark.text}" if remark.place else remark.text)


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _told(changed: ChangedCard, what: str) -> None:
    line(f"{what}: {changed.character.name} ({changed.path})")
    for one in changed.notes:
        note(one)


def _changes(given: tuple[str, ...]) -> dict[str, str]:
    """What was typed as ``FIELD=VALUE``; a value that is ``@FILE`` is that file's text."""
    from tavern_tui.cli.card_editing import read_text

    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"A change is written FIELD=VALUE, not {one}.")
        found[name.strip()] = read_text(value[1:]) if value.startswith("@") else value
    return found


def _keep_own(workspace: Workspace, name: str, changes: dict[str, str]) -> None:
    from tavern_tui.session.beside_cards import change_beside
    from tavern_tui.session.cards import open_card

    character = open_card(workspace, name).file.character
    missing = change_beside(workspace, character.name, changes)
    line(f"Kept beside the card of {character.name}: {', '.join(changes)}")
    if missing:
        note(f"Not in the library yet: {', '.join(missing)}.")
