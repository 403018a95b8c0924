"""``tavern-tui say``: one message, one reply, for people in a hurry and for scripts."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.main import EXIT_BROKEN, EXIT_DONE, report
from tavern_tui.cli.output import Printer, data
from tavern_tui.cli.talking import Progress, ReplyPrinter, Unit, talking_options, wishes_from

if TYPE_CHECKING:
    from tavern_tui.session.events import TurnFailed, TurnSaved
    from tavern_tui.session.opening import Wishes


@click.command()
@click.argument("character")
@click.argument("text", required=False)
@talking_options
@click.option("--json", "as_json", is_flag=True, help="Print the reply with its figures as JSON, when it is done.")
@click.pass_context
def say(ctx: click.Context, /, character: str, text: str | None, as_json: bool, **given: Any) -> int:
    """Say TEXT to CHARACTER and print the reply as it comes; without TEXT, or with "-", it is read from stdin.

    Goes on with the latest chat with that character, unless --new or --chat says otherwise. The reply goes to stdout,
    everything about it to stderr. Exit codes: 0 a reply was saved, 3 no such character or chat, 4 no engine, 5 the
    reply broke off and what came was kept.
    """
    said = sys.stdin.read() if text is None or text == "-" else text
    if not said.strip():
        raise click.UsageError("There is nothing to say: TEXT is empty.")
    return asyncio.run(_say(ctx, wishes_from(ctx, character, given), said.rstrip("\n"), as_json=as_json))


async def _say(ctx: click.Context, wishes: Wishes, text: str, *, as_json: bool) -> int:
    from tavern_tui.session import events
    from tavern_tui.session.opening import open_session
    from tavern_tui.session.workspace import Workspace

    progress = Progress()
    session = open_session(Workspace.open(safe=ctx.obj["safe"]), wishes, watch=progress.watch)
    printed = None if as_json else ReplyPrinter(Printer(), Unit.TEXT)
    last: TurnSaved | TurnFailed | None = None
    try:
        await session.open()
        async for event in session.reply(text):
            progress.watch(event)
            if isinstance(event, events.TextArrived) and printed is not None:
                printed.grow(event.text, event.settled)
            elif isinstance(event, events.TurnSaved | events.TurnFailed):
                last = event
    finally:
        await session.connection.engine.close()
    assert last is not None
    return _conclude(last, printed, str(session.log.path))


def _conclude(last: TurnSaved | TurnFailed, printed: ReplyPrinter | None, chat: str) -> int:
    """Print what is left to print; the exit code."""
    from tavern_tui.session.events import TurnFailed
    from tavern_tui.session.figures import reply_figures

    text = last.kept_text if isinstance(last, TurnFailed) else last.turn.text
    if printed is None:
        data(reply_figures(last, chat))
    elif text:
        printed.end(text)
    if not isinstance(last, TurnFailed):
        return EXIT_DONE
    code = report(last.error)
    return EXIT_BROKEN if text else code
