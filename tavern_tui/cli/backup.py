"""``tavern-tui backup`` and ``restore``: copies of the library, and putting things back from one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.backup import Backup

_PREVIEW = 6


@click.command()
@click.option("--to", "folder", metavar="FOLDER", help="Write it into this folder instead of: locate backups.")
@click.option("--list", "listing", is_flag=True, help="List the backups there are instead of making one.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def backup(ctx: click.Context, folder: str | None, listing: bool, as_json: bool) -> None:
    """Make a backup of the library: cards, lorebooks, chats, presets, settings; no models, no keys.

    The app makes one a day by itself where anything changed, and keeps the newest seven (settings backup.daily and
    backup.keep); those made here are never removed.
    """
    from tavern_tui.session.backups import backup_library, backup_record
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if listing:
        _list(workspace, as_json=as_json)
        return
    made = backup_library(workspace, Path(folder).expanduser() if folder else None)
    for left_out in made.left_out:
        note(f"Left out: {left_out}")
    if as_json:
        data(backup_record(made.backup) | {"left_out": list(made.left_out)})
    else:
        line(f"{made.backup.path} ({_told(made.backup)})")


@click.command()
@click.argument("which", required=False, metavar="[BACKUP]")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Put everything back that is missing or differs.")
@click.option("--show", "shown", metavar="CHAT", help="Show the end of a chat as it is in the backup.")
@click.option("--last", type=click.IntRange(min=1), default=_PREVIEW, metavar="N", help="With --show: N turns (6).")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def restore(
    ctx: click.Context,
    which: str | None,
    names: tuple[str, ...],
    everything: bool,
    shown: str | None,
    last: int,
    as_json: bool,
) -> None:
    """Put NAMEs (or --all) of BACKUP back into the library; nothing that is there is overwritten.

    BACKUP is "latest", a date such as 2026-11-22, or a file; without it the backups are listed, without NAME what is
    in it. What is missing comes back to its place; what differs is put beside as a copy that says so.
    """
    from tavern_tui.session.backups import backup_named, preview
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if names and everything:
        raise click.UsageError("--all and a NAME do not go together.")
    if which is None:
        _list(workspace, as_json=as_json)
        return
    found = backup_named(workspace, which)
    if shown is not None:
        for text in preview(found, shown, last):
            line(text)
    elif names or everything:
        _put_back(workspace, found, names, as_json=as_json)
    else:
        _look_into(found, as_json=as_json)


def _list(workspace: Workspace, *, as_json: bool) -> None:
    from tavern_tui.session.backups import all_backups, backup_record, moment

    known = all_backups(workspace)
    if as_json:
        data([backup_record(one) for one in known])
        return
    rows = [
        (
            moment(one.at),
            "daily" if one.daily else "",
            f"{one.chats:,}",
            f"{one.turns:,}",
            f"{one.characters:,}",
            f"{one.size / 1e6:,.1f} MB",
            one.path.name,
        )
        for one in known
        if not one.problem
    ]
    if rows:
        table(rows, header=("made", "", "chats", "turns", "characters", "size", "file"), right=(2, 3, 4, 5))
    else:
        line("There is no backup yet. tavern-tui backup makes one.")
    for one in known:
        if one.problem:
            note(one.problem)


def _look_into(found: Backup, *, as_json: bool) -> None:
    from tavern_tui.session.backups import contents

    kept = contents(found)
    if as_json:
        data([{"name": one.name, "bytes": one.size, "chat": one.is_chat} for one in kept])
        return
    table([(one.name, f"{one.size:,}") for one in kept], header=("name", "bytes"), right=(1,))
    note(f"{_told(found)}. Name what is to be put back, or --all; --show CHAT shows the end of one.")


def _put_back(workspace: Workspace, found: Backup, names: tuple[str, ...], *, as_json: bool) -> None:
    from tavern_tui.session.backups import put_back

    done = put_back(workspace, found, names)
    if as_json:
        data(
            [
                {"name": one.name, "outcome": one.outcome.value, "file": str(one.path or ""), "problem": one.problem}
                for one in done.files
            ]
        )
        return
    for one in done.files:
        if one.problem:
            note(one.problem)
        elif one.outcome.name in ("PUT_BACK", "COPY"):
            line(f"{one.outcome.value}: {one.path}")
    line(", ".join(f"{number:,} {what}" for what, number in done.counted().items()) or "nothing")


def _told(backup: Backup) -> str:
    chats = f"{_counted(backup.chats, 'chat')} with {_counted(backup.turns, 'turn')}"
    return f"{chats}, {_counted(backup.characters, 'card file')}, {backup.size / 1e6:,.1f} MB"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
