"""``tavern-tui search``: find words in every turn of every chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tavern_tui.cli.indexing import IndexProgress
from tavern_tui.cli.output import data, line, note

if TYPE_CHECKING:
    from tavern_tui.session.searching import FoundPage


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(1, 2000), default=50, metavar="N", help="At most N turns (50).")
@click.option("--best", is_flag=True, help="The best of the newest 2,000 first, instead of the newest.")
@click.option("--private", is_flag=True, help="Also in what is marked private.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def search(ctx: click.Context, words: tuple[str, ...], limit: int, best: bool, private: bool, as_json: bool) -> None:
    """Find WORDS in every turn of every chat, the newest first.

    Turns with all of the words are found, whatever their accents and capitals. The last word is a beginning (from
    three letters on), and so is every word with a star; put words in quotes that stand one after the other.
    """
    from tavern_tui.session.library_index import WAIT_SECONDS, keep_index, open_index
    from tavern_tui.session.privacy import NOTHING_PRIVATE, private_things
    from tavern_tui.session.searching import search as look
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    index = open_index(workspace)
    with IndexProgress() as progress:
        last = keep_index(workspace, index, wait=WAIT_SECONDS if index.is_filled() else 0.0, told=progress.tell)
    if last.elsewhere:
        note("Another tavern-tui is reading the library: what it has not come to is not found yet.")
    typed = " ".join(f'"{word}"' if " " in word.strip() and '"' not in word else word for word in words)
    hidden = NOTHING_PRIVATE if private else private_things(workspace)
    page = look(index, typed, ranked=best, limit=limit, hides=hidden)
    for text in page.notes:
        note(text)
    if as_json:
        data([found.record() for found in page.found])
    else:
        _print(page)


def _print(page: FoundPage) -> None:
    last = ""
    for found in page.found:
        if found.chat != last:
            if last:
                line()
            line(f"{found.title} ({found.chat})" if found.title != found.chat else found.title)
            last = found.chat
        when = f"{found.when} · " if found.when else ""
        line(f"  {when}{found.name}: {found.snippet}")
    if not page.found:
        note("No turn has these words.")
    elif page.after:
        note(f"The newest {len(page.found):,}; --limit shows more.")
