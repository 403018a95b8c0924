"""``tavern-tui log``: print a chat, the whole of it, its end, or as it goes on; copy it, merge a copy into it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import data, line, note, record, table

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree, Turn
    from tavern_tui.session.workspace import Workspace

_FOLLOW_SECONDS = 0.5


@click.command()
@click.argument("chat", required=False)
@click.option("--last", type=click.IntRange(min=1), metavar="N", help="Only the last N turns.")
@click.option("--follow", is_flag=True, help="Go on printing turns as they are saved, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="As JSON; with --follow one turn on each line.")
@click.option("--copy", "title", metavar="TITLE", help="Write a copy of CHAT with this title, for writing on.")
@click.option("--merge", "other", metavar="FILE", help="Take what is new in FILE, another copy of CHAT, into CHAT.")
@click.pass_context
def log(
    ctx: click.Context,
    chat: str | None,
    last: int | None,
    follow: bool,
    as_json: bool,
    title: str | None,
    other: str | None,
) -> None:
    """Print CHAT (a title, a file's name, the beginning of one, or a character); without CHAT, list the chats."""
    from tavern_tui.session.workspace import Workspace

    _make_sense(ctx, chat, title, other)
    workspace = Workspace.open(safe=ctx.obj["safe"])
    if chat is None:
        _list(workspace, as_json=as_json)
    elif title is not None:
        _copy(workspace, chat, title)
    elif other is not None:
        _merge(workspace, chat, Path(other))
    else:
        _print(workspace, chat, last, follow=follow, as_json=as_json)


def _make_sense(ctx: click.Context, chat: str | None, title: str | None, other: str | None) -> None:
    """Raises ``click.UsageError`` where the options do not go together."""
    given = [name for name in ("last", "follow", "as_json", "title", "other") if ctx.params[name]]
    changing = [name for name in ("title", "other") if ctx.params[name] is not None]
    if chat is None and set(given) - {"as_json"}:
        raise click.UsageError("Name the CHAT: without one, the chats are listed.")
    if changing and len(given) > 1:
        raise click.UsageError("--copy and --merge each stand alone with CHAT.")
    if title is not None and not title.strip():
        raise click.UsageError("--copy needs a TITLE for the copy.")
    if other is not None and not other:
        raise click.UsageError("--merge needs the FILE of the other copy.")


def _list(workspace: Workspace, *, as_json: bool) -> None:
    from tavern_tui.session.reading_chats import chat_rows

    rows = chat_rows(workspace)
    if as_json:
        data(rows)
    else:
        table([(row["name"], str(row["turns"]), row["last"]) for row in rows], header=("chat", "turns", "last"))


def _copy(workspace: Workspace, chat: str, title: str) -> None:
    from tavern_tui.session.copies import copy_chat

    line(f"Written: {copy_chat(workspace, chat, title)}")


def _merge(workspace: Workspace, chat: str, other: Path) -> None:
    from tavern_tui.session.copies import merge_chat

    merging = merge_chat(workspace, chat, other)
    for problem in merging.problems:
        note(problem)
    if merging.new:
        line(f"{merging.path.name}: {merging.new:,} new event{'' if merging.new == 1 else 's'} taken in.")
    else:
        line(f"{merging.path.name}: nothing new in the other copy.")


def _print(workspace: Workspace, chat: str, last: int | None, *, follow: bool, as_json: bool) -> None:
    from tavern_tui.session.reading_chats import open_for_reading, turn_record

    opened = open_for_reading(workspace, chat)
    for problem in opened.problems:
        note(problem)
    tree = opened.log.tree
    shown = tree.path()[-last if last else None :]
    if as_json and not follow:
        data([turn_record(tree, turn) for turn in shown])
        return
    _print_turns(tree, shown, as_json=as_json)
    printed = {turn.id for turn in tree.path()}
    while follow:
        time.sleep(_FOLLOW_SECONDS)
        if not opened.log.refresh():
            continue
        tree = opened.log.tree
        fresh = [turn for turn in tree.path() if turn.id not in printed]
        if fresh and printed and not as_json:
            line()
        _print_turns(tree, fresh, as_json=as_json)
        printed.update(turn.id for turn in fresh)


def _print_turns(tree: ChatTree, turns: Sequence[Turn], *, as_json: bool) -> None:
    """One line of JSON for each turn, or their text."""
    from tavern_tui.session.reading_chats import turn_record
    from tavern_tui.session.transcript import path_lines

    if as_json:
        for turn in turns:
            record(turn_record(tree, turn))
    else:
        for text in path_lines(tree, turns):
            line(text)
