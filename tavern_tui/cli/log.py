"""``tavern-tui log``: print a chat, the whole of it, its end, or as it goes on."""

from __future__ import annotations

import time

import click

from tavern_tui.cli.output import data, line, note, table

_FOLLOW_SECONDS = 0.5


@click.command()
@click.argument("chat", required=False)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N turns.")
@click.option("--follow", is_flag=True, help="Go on printing turns as they are saved, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="The list of chats, or the turns, as JSON.")
@click.pass_context
def log(ctx: click.Context, chat: str | None, last: int | None, follow: bool, as_json: bool) -> None:
    """Print CHAT (a title, a file's name, or the beginning of one); without CHAT, list the chats."""
    from tavern_tui.session.reading_chats import chat_rows, open_for_reading, turn_record
    from tavern_tui.session.transcript import path_lines
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if chat is None:
        rows = chat_rows(workspace)
        if as_json:
            data(rows)
        else:
            table([(row["name"], str(row["turns"]), row["last"]) for row in rows], header=("chat", "turns", "last"))
        return
    opened = open_for_reading(workspace, chat)
    for problem in opened.problems:
        note(problem)
    shown = opened.log.tree.path()[-last if last else None :]
    if as_json:
        data([turn_record(opened.log.tree, turn) for turn in shown])
    else:
        for text in path_lines(opened.log.tree, shown):
            line(text)
    printed = {turn.id for turn in opened.log.tree.path()}
    while follow:
        time.sleep(_FOLLOW_SECONDS)
        if not opened.log.refresh():
            continue
        fresh = [turn for turn in opened.log.tree.path() if turn.id not in printed]
        for text in path_lines(opened.log.tree, fresh):
            line(text)
        printed.update(turn.id for turn in fresh)
