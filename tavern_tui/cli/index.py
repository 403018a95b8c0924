"""``tavern-tui index``: what the library's index holds; make it anew."""

from __future__ import annotations

import click

from tavern_tui.cli.indexing import IndexProgress
from tavern_tui.cli.output import data, line, note


@click.command()
@click.option("--rebuild", is_flag=True, help="Throw the index away first and read the whole library.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def index(ctx: click.Context, rebuild: bool, as_json: bool) -> None:
    """Take into the library's index what changed, and tell what it holds.

    The index makes lists and the search fast. It is made from your files, holds nothing that they do not, and may be
    deleted at any time.
    """
    from tavern_tui.session.library_index import WAIT_SECONDS, keep_index, library_counts, open_index
    from tavern_tui.session.searching import NO_FULL_TEXT
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    found = open_index(workspace)
    if rebuild:
        found.drop()
    with IndexProgress() as progress:
        last = keep_index(workspace, found, wait=WAIT_SECONDS, told=progress.tell)
    held = library_counts(found)
    size = found.path.stat().st_size
    if as_json:
        data(
            {
                "file": str(found.path),
                "bytes": size,
                "full_text": found.full_text,
                "characters": held.characters,
                "lorebooks": held.worlds,
                "chats": held.chats,
                "turns": held.turns,
                "read": last.all_cards + last.all_chats,
                "removed": last.removed,
            }
        )
        return
    if last.elsewhere:
        note("Another tavern-tui is reading the library just now.")
    kinds = (("characters", held.characters), ("lorebooks", held.worlds), ("chats", held.chats), ("turns", held.turns))
    line(", ".join(f"{what}: {number:,}" for what, number in kinds))
    line(f"files read: {last.all_cards + last.all_chats:,}, gone: {last.removed:,}")
    line(f"{found.path} ({size / 1e6:,.1f} MB)")
    if not found.full_text:
        note(NO_FULL_TEXT)
