"""``tavern-tui chats``: chats as things: list, show, rename, delete, bring back, import, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import data, line, note, record, table, write

if TYPE_CHECKING:
    from tavern_tui.domain.exchange import Remark
    from tavern_tui.session.chat_import import ImportedChat
    from tavern_tui.session.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def chats(ctx: click.Context, as_json: bool) -> None:
    """Chats: list, show, rename, delete, restore them; import and export those of other programs.

    A CHAT is named by its title, its file's name, the beginning of one, or its character. docs/formats.md says what
    each format can carry.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=as_json)


@chats.command("list")
@click.argument("character", required=False)
@click.option("--deleted", is_flag=True, help="Those in the trash.")
@_JSON
@click.pass_context
def list_(ctx: click.Context, character: str | None = None, deleted: bool = False, as_json: bool = False) -> None:
    """List the chats, the last written first; with CHARACTER, those with them."""
    workspace = _workspace(ctx)
    if deleted:
        _list_deleted(workspace, as_json=as_json)
        return
    from tavern_tui.session.reading_chats import chat_rows

    wanted = (character or "").casefold()
    rows = [row for row in chat_rows(workspace) if not wanted or wanted in map(str.casefold, row["characters"])]
    if as_json:
        data(rows)
        return
    cells = [(row["title"], ", ".join(row["characters"]), f"{row['turns']:,}", row["last"]) for row in rows]
    table(cells, header=("title", "with", "turns", "last") if cells else (), right=(2,))
    if not cells:
        line(f"No chats with {character} yet." if character else "No chats yet. To begin one: tavern-tui")


@chats.command()
@click.argument("chat")
@_JSON
@click.pass_context
def show(ctx: click.Context, chat: str, as_json: bool) -> None:
    """Show what is known of CHAT: who takes part, how long it is, its note and variables. log prints its text."""
    from tavern_tui.session.chat_facts import facts_of
    from tavern_tui.session.reading_chats import open_for_reading

    opened = open_for_reading(_workspace(ctx), chat)
    facts = facts_of(opened.log)
    if as_json:
        data(facts)
    else:
        table([(name.replace("_", " "), _cell(value)) for name, value in facts.items() if value not in ("", [], {}, 0)])
    for problem in opened.problems:
        note(problem)


@chats.command()
@click.argument("chat")
@click.argument("title")
@click.pass_context
def rename(ctx: click.Context, chat: str, title: str) -> None:
    """Give CHAT another TITLE; its file keeps its name."""
    from tavern_tui.session.chat_files import rename_chat

    before = rename_chat(_workspace(ctx), chat, title)
    line(f"{before} is now called {' '.join(title.split())}.")


@chats.command()
@click.argument("chat")
@click.pass_context
def delete(ctx: click.Context, chat: str) -> None:
    """Move CHAT to the trash, from where chats restore brings it back."""
    from tavern_tui.session.chat_files import delete_chat

    gone = delete_chat(_workspace(ctx), chat)
    line(f"Deleted: {gone.title}. To bring it back: tavern-tui chats restore '{gone.name}'")


@chats.command()
@click.argument("chat")
@click.pass_context
def restore(ctx: click.Context, chat: str) -> None:
    """Bring CHAT back from the trash; of several of that name the last deleted."""
    from tavern_tui.session.chat_files import restore_chat

    line(f"Restored: {restore_chat(_workspace(ctx), chat)}")


@chats.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--character", metavar="NAME", help="Who the character is, where the file does not say.")
@click.option("--persona", metavar="NAME", help="Who the user is, where the file does not say.")
@_JSON
@click.pass_context
def import_(
    ctx: click.Context, files: tuple[Path, ...], character: str | None, persona: str | None, as_json: bool
) -> int:
    """Import chats of SillyTavern, KoboldAI, text-generation-webui, RisuAI, NovelAI and llama.cpp's UI.

    A file is known by what is in it. One that is imported again updates its chat. Exit code 1: some FILE was refused.
    """
    from tavern_tui.cli.main import EXIT_DONE, report
    from tavern_tui.domain.errors import TavernError
    from tavern_tui.session.chat_import import ChatImporter

    workspace = _workspace(ctx)
    importer = ChatImporter(workspace)
    code, taken = EXIT_DONE, []
    for path in files:
        try:
            found = importer.take_file(path, character=character or "", persona=persona or workspace.persona.name)
        except TavernError as error:
            code = report(error)
            continue
        taken += found
        for one in found if not as_json else ():
            line(_told(one))
            _tell(one.remarks, path.name)
    if as_json:
        data([_row(one) for one in taken])
    return code


@chats.command()
@click.argument("chat")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=True))
@click.option("--format", "format_name", metavar="FORMAT", help="How: see below (sillytavern).")
@click.option("--force", is_flag=True, help="Write over FILE if it is there.")
@_JSON
@click.pass_context
def export(
    ctx: click.Context, chat: str, file: Path | None, format_name: str | None, force: bool, as_json: bool
) -> None:
    """Write CHAT to FILE for another program; without FILE, to stdout, less what could drive a terminal.

    FORMAT: sillytavern, kobold, kobold-share, webui, risuai, novelai, llama-ui, text, markdown, and for training
    sharegpt, alpaca. What a format cannot say is told.
    """
    from tavern_tui.session.chat_export import EXPORTS, export_chat, write_export

    wanted = format_name or "sillytavern"
    if wanted not in EXPORTS:
        raise click.BadParameter(f"There are: {', '.join(EXPORTS)}.", param_hint="--format")
    found = export_chat(_workspace(ctx), chat, wanted)
    if file is None:
        text = found.data.decode()
        write(text if text.endswith("\n") else f"{text}\n")
    else:
        if file.is_dir():
            file = file / f"{_file_name(found.title)}{found.suffix}"
        write_export(found, file, replace=force)
        told = {"file": str(file), "format": wanted, "turns": found.turns, "remarks": _plain(found.remarks)}
        if as_json:
            record(told)
        else:
            line(f"Written: {file} ({found.turns:,} turn{'' if found.turns == 1 else 's'})")
    if not as_json:
        _tell(found.remarks, found.title)


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _list_deleted(workspace: Workspace, *, as_json: bool) -> None:
    from tavern_tui.session.chat_files import deleted_chats

    rows = deleted_chats(workspace)
    if as_json:
        data([{"name": one.name, "title": one.title, "turns": one.turns, "deleted": one.when} for one in rows])
        return
    cells = [(one.title, f"{one.turns:,}", one.when) for one in rows]
    table(cells, header=("title", "turns", "deleted") if cells else (), right=(1,))
    if not cells:
        line("The trash holds no chat.")


def _told(one: ImportedChat) -> str:
    added = f"{one.added:,} turn{'' if one.added == 1 else 's'}"
    what = f"{added} in a new chat" if one.new else f"{added} new" if one.added else "nothing new"
    return f"{one.file.name} ({one.format}): {what}: {one.title}"


def _tell(remarks: tuple[Remark, ...], name: str) -> None:
    for remark in remarks:
        note(f"{name}, {remark.place}: {remark.text}")


def _plain(remarks: tuple[Remark, ...]) -> list[dict[str, str]]:
    return [{"place": remark.place, "text": remark.text} for remark in remarks]


def _row(one: ImportedChat) -> dict[str, object]:
    return {
        "file": str(one.file),
        "format": one.format,
        "chat": one.name,
        "title": one.title,
        "characters": list(one.characters),
        "turns": one.turns,
        "added": one.added,
        "new": one.new,
        "remarks": _plain(one.remarks),
    }


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {inner}" for name, inner in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else f"{value:,}" if type(value) is int else str(value)


def _file_name(title: str) -> str:
    """A file's name from a title: what no system takes is a dash."""
    return "".join("-" if char in '/\\:*?"<>|' or ord(char) < 32 else char for char in title).strip(" .") or "chat"
