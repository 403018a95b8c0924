"""``tavern-tui notebook``: what you write down about a chat. No model ever reads it."""

from __future__ import annotations

import sys

import click

from tavern_tui.cli.output import data, line, write


@click.command()
@click.argument("chat", metavar="CHARACTER|CHAT")
@click.argument("text", required=False)
@click.option("--replace", "replaces", is_flag=True, help="Put TEXT in the place of what is written.")
@click.option("--clear", is_flag=True, help="Empty it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def notebook(ctx: click.Context, chat: str, text: str | None, replaces: bool, clear: bool, as_json: bool) -> None:
    """Show the notebook of a chat, or of the latest chat with CHARACTER; add TEXT to it.

    It is for you alone: nothing in it is ever part of a prompt. TEXT "-" is read from stdin. Exit code 3: no such chat.
    """
    from tavern_tui.session.notebook import notebook_of, notebook_set, with_line
    from tavern_tui.session.reading_chats import find_chat
    from tavern_tui.session.workspace import Workspace

    if clear and text is not None:
        raise click.UsageError("--clear empties it: it goes without a text.")
    log = find_chat(Workspace.open(safe=ctx.obj["safe"]), chat)
    before = notebook_of(log.tree)
    if text is not None or clear:
        said = sys.stdin.read() if text == "-" else text or ""
        event = notebook_set(log.tree, said if replaces or clear else with_line(before, said))
        if event is not None:
            log.append(event)
    now = notebook_of(log.tree)
    if as_json:
        data({"chat": log.tree.title or log.path.stem, "text": now})
    elif now:
        write(now + "\n")
    else:
        line("empty")
