"""``tavern-tui chat``: talk line by line, without a full screen: for screen readers, slow links and pipes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import written_aside
from tavern_tui.cli.talking import Progress, Unit, talking_options, tell_problems, wishes_from

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes


@click.command()
@click.argument("character", required=False, default="")
@talking_options
@click.option("--plain", is_flag=True, help="Line by line (until the app is there, this is the only way).")
@click.option("--words", is_flag=True, help="Print a reply word by word instead of line by line.")
@click.pass_context
def chat(ctx: click.Context, /, character: str = "", plain: bool = False, words: bool = False, **given: Any) -> int:
    """Talk with CHARACTER (default: the one you talked with last, else a sample).

    One line is one message; /help lists the commands. Whole lines are printed, the cursor is never moved, and what is
    not part of the story goes to stderr.
    """
    wishes = wishes_from(ctx, character, given)
    with written_aside():
        return asyncio.run(_chat(ctx, wishes, Unit.WORD if words else Unit.LINE))


async def _chat(ctx: click.Context, wishes: Wishes, unit: Unit) -> int:
    from tavern_tui.cli.plain import PlainChat
    from tavern_tui.session.opening import open_session
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    tell_problems(workspace)
    progress = Progress()
    session = open_session(workspace, wishes, watch=progress.watch)
    try:
        return await PlainChat(session, unit, progress).run()
    finally:
        await session.connection.engine.close()
