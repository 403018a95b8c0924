"""``tavern-tui say``: one message, one reply, for people in a hurry and for scripts."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.lines import forgiving
from tavern_tui.cli.main import EXIT_BROKEN, EXIT_DONE, EXIT_ERROR, EXIT_INTERRUPTED, report
from tavern_tui.cli.output import Printer, data, note, written_aside
from tavern_tui.cli.talking import Progress, ReplyPrinter, Unit, talking_options, tell_problems, wishes_from

if TYPE_CHECKING:
    from tavern_tui.session.events import TurnFailed, TurnSaved
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.session import ChatSession


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
    reply broke off or was ended and what came was kept, 130 it was stopped by ctrl+c and what came was kept.
    """
    said = forgiving(sys.stdin).read() if text is None or text == "-" else text
    if not said.strip():
        raise click.UsageError("There is nothing to say: TEXT is empty.")
    wishes = wishes_from(ctx, character, given)
    with written_aside():
        return asyncio.run(_say(ctx, wishes, said.rstrip("\n"), as_json=as_json))


async def _say(ctx: click.Context, wishes: Wishes, text: str, *, as_json: bool) -> int:
    from tavern_tui.session.opening import open_session
    from tavern_tui.session.workspace import Workspace

    progress = Progress()
    workspace = Workspace.open(safe=ctx.obj["safe"])
    tell_problems(workspace)
    session = open_session(workspace, wishes, watch=progress.watch)
    return await _OneReply(session, progress, as_json=as_json).run(text)


class _OneReply:
    """One message and its reply: printed as it comes, stopped by the signals that ask for that. ``run`` it once."""

    def __init__(self, session: ChatSession, progress: Progress, *, as_json: bool) -> None:
        self._session = session
        self._progress = progress
        self._printed = None if as_json else ReplyPrinter(Printer(), Unit.TEXT)
        self._ended_by: int | None = None  # the exit code, once a signal asked for the end

    async def run(self, text: str) -> int:
        """Say ``text``; returns the exit code. Raises ``TavernError``."""
        from tavern_tui.cli.hangup import signals_kept

        def interrupted() -> None:
            self._ended_by = EXIT_INTERRUPTED
            self._session.stop()

        def terminated() -> None:
            self._ended_by = EXIT_BROKEN

        with signals_kept(self._session, hung_up=lambda: None, terminated=terminated, interrupted=interrupted):
            try:
                last = await self._ask(text)
            finally:
                await self._session.connection.engine.close()
            return self._conclude(last)

    async def _ask(self, text: str) -> TurnSaved | TurnFailed | None:
        """Say ``text`` and print the reply; how it ended, ``None`` where it was stopped before any text came."""
        from tavern_tui.session import events

        last: TurnSaved | TurnFailed | None = None
        await self._session.open()
        if self._ended_by is not None:
            return None
        async for event in self._session.reply(text):
            self._progress.watch(event)
            if isinstance(event, events.TextArrived) and self._printed is not None:
                self._printed.grow(event.text, event.settled)
            elif isinstance(event, events.TurnSaved | events.TurnFailed):
                last = event
        return last

    def _conclude(self, last: TurnSaved | TurnFailed | None) -> int:
        """Print what is left to print; the exit code."""
        from tavern_tui.session.events import TurnFailed
        from tavern_tui.session.figures import reply_figures

        if last is None:
            note("Stopped before any text came.")
            return EXIT_INTERRUPTED if self._ended_by == EXIT_INTERRUPTED else EXIT_ERROR
        text = last.kept_text if isinstance(last, TurnFailed) else last.turn.text
        if self._printed is None:
            data(reply_figures(last, self._session.log))
        elif text:
            self._printed.end(text)
        code = EXIT_DONE
        if isinstance(last, TurnFailed):
            code = report(last.error)
            code = EXIT_BROKEN if text else code
        return code if self._ended_by is None else self._ended_by
