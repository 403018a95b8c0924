"""``tavern-tui forget``: remove a chat and everything that was made from it."""

from __future__ import annotations

import sys

import click

from tavern_tui.cli.output import line, note


@click.command()
@click.argument("chat")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def forget(ctx: click.Context, chat: str, yes: bool) -> int:
    """Remove CHAT from this device for good: its log, index, drafts, caches, and its file in the backups here.

    To delete a chat so that it can come back: tavern-tui chats delete.
    """
    from tavern_tui.session.forgetting import ELSEWHERE, what_goes
    from tavern_tui.session.workspace import Workspace

    going = what_goes(Workspace.open(safe=ctx.obj["safe"]), chat)
    for sentence in going.sentences:
        line(sentence)
    note(ELSEWHERE)
    if not yes:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise click.UsageError("Nobody can be asked here: --yes forgets it.")
        question = f"Forget “{going.title}” with {going.turns:,} turns for good"
        if not click.confirm(question, err=True):
            line("Nothing was removed.")
            return 1
    going.go()
    line(f"Forgotten: {going.title}")
    return 0
