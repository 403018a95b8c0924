"""``tavern-tui chat``: the app; with ``--plain``, or without a terminal, line by line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import note, written_aside
from tavern_tui.cli.talking import Progress, Unit, talking_options, tell_problems, wishes_from
from tavern_tui.cli.terminal import is_terminal

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes


@click.command()
@click.argument("character", required=False, default="")
@talking_options
@click.option("--plain", is_flag=True, help="Line by line: for screen readers, slow links and pipes.")
@click.option("--words", is_flag=True, help="Print a reply word by word instead of line by line.")
@click.pass_context
def chat(ctx: click.Context, /, character: str = "", plain: bool = False, words: bool = False, **given: Any) -> int:
    """Talk with CHARACTER (default: the one you talked with last, else a sample).

    With --plain, and where there is no terminal to draw on, one line is one message; /help lists the commands. Whole
    lines are printed, the cursor is never moved, and what is not part of the story goes to stderr.
    """
    wishes = wishes_from(ctx, character, given)
    if not plain and not words and is_terminal():
        from tavern_tui.session.workspace import Workspace
        from tavern_tui.ui.launch import run_app

        return run_app(Workspace.open(safe=ctx.obj["safe"]), wishes)
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
    if not session.log.kept:
        from tavern_tui.session.privacy import INCOGNITO

        note(INCOGNITO)
    try:
        return await PlainChat(session, unit, progress, workspace=workspace, wishes=wishes).run()
    finally:
        await session.connection.engine.close()
