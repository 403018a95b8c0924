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
from tavern_tui.domain.request import MOST_REPLIES

if TYPE_CHECKING:
    from tavern_tui.session.events import TurnFailed, TurnSaved
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.session import ChatSession


WHOEVER = "@"
"""In the place of a character: in a group, whoever answers by itself."""


@click.command()
@click.argument("character")
@click.argument("text", required=False)
@talking_options
@click.option("--json", "as_json", is_flag=True, help="Print the reply with its figures as JSON, when it is done.")
@click.option("--swipes", type=click.IntRange(1, MOST_REPLIES), default=1, metavar="N", help="Get N replies at once.")
@click.pass_context
def say(ctx: click.Context, /, character: str, text: str | None, as_json: bool, swipes: int, **given: Any) -> int:
    """Say TEXT to CHARACTER and print the reply as it comes; without TEXT, or with "-", it is read from stdin.

    In a group (--chat) CHARACTER is the member who answers, and "@" lets answer whoever would.

    Goes on with the latest chat with that character, unless --new or --chat says otherwise. The reply goes to stdout,
    everything about it to stderr. Of several replies each is printed when it is done; they are swipes of one another,
    and the first is the one that the chat goes on from. Exit codes: 0 a reply was saved, 3 no such character or
    chat, 4 no engine, 5 the reply broke off or was ended and what came was kept, 130 it was stopped by ctrl+c and what
    came was kept.
    """
    said = forgiving(sys.stdin).read() if text is None or text == "-" else text
    if not said.strip():
        raise click.UsageError("There is nothing to say: TEXT is empty.")
    wishes = wishes_from(ctx, "" if character == WHOEVER else character, given)
    with written_aside():
        return asyncio.run(_say(ctx, wishes, said.rstrip("\n"), as_json=as_json, swipes=swipes))


async def _say(ctx: click.Context, wishes: Wishes, text: str, *, as_json: bool, swipes: int) -> int:
    from tavern_tui.session.opening import open_session
    from tavern_tui.session.workspace import Workspace

    progress = Progress()
    workspace = Workspace.open(safe=ctx.obj["safe"])
    tell_problems(workspace)
    session = open_session(workspace, wishes, watch=progress.watch)
    by = session.character.name if session.group is not None and wishes.character else ""
    return await _Said(session, progress, as_json=as_json, swipes=swipes, by=by).run(text)


class _Said:
    """One message and what is answered: printed as it comes, stopped by the signals that ask for it. ``run`` it once.

    Of several replies those after the one that is shown first are printed whole.
    """

    def __init__(self, session: ChatSession, progress: Progress, *, as_json: bool, swipes: int, by: str = "") -> None:
        self._session = session
        self._progress = progress
        self._swipes = swipes
        self._by = by
        self._ended: dict[int, TurnSaved | TurnFailed] = {}
        self._before: list[TurnSaved | TurnFailed] = []  # what members said who spoke before the last one
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
        async for heard in self._session.reply(text, replies=self._swipes, by=self._by):
            reply, event = (heard.reply, heard.event) if isinstance(heard, events.OneOf) else (0, heard)
            self._progress.watch(event)
            if isinstance(event, events.TurnStarted) and self._session.group is not None:
                self._next_speaker(event.name)
            elif isinstance(event, events.TextArrived) and self._printed is not None and reply == 0:
                self._printed.grow(event.text, event.settled)
            elif isinstance(event, events.TurnSaved | events.TurnFailed):
                self._ended[reply] = event
        return self._ended.get(0, last)

    def _next_speaker(self, name: str) -> None:
        """Another member of the group answers: what the one before said is printed to its end."""
        before = self._ended.pop(0, None)
        if before is not None and self._printed is not None:
            self._printed.end(_text_of(before))
        if before is not None:
            self._before.append(before)
        if self._printed is not None:
            self._printed = ReplyPrinter(Printer(), Unit.TEXT)
            self._printed.begin(f"{name}: ")

    def _conclude(self, last: TurnSaved | TurnFailed | None) -> int:
        """Print what is left to print; the exit code."""
        from tavern_tui.session.events import TurnFailed
        from tavern_tui.session.figures import reply_figures

        if last is None and self._ended_by is None and self._session.group is not None:
            note("Said. Nobody answers by itself: name who is to answer.")
            return EXIT_DONE
        if last is None:
            note("Stopped before any text came.")
            return EXIT_INTERRUPTED if self._ended_by == EXIT_INTERRUPTED else EXIT_ERROR
        text = _text_of(last)
        others = [self._ended[reply] for reply in sorted(self._ended) if reply]
        if self._printed is None:
            figures = reply_figures(last, self._session.log)
            swipes = {"swipes": [reply_figures(other, self._session.log) for other in others]} if others else {}
            before = {"before": [reply_figures(one, self._session.log) for one in self._before]} if self._before else {}
            data({**figures, **swipes, **before})
        elif text:
            self._printed.end(text)
            for number, other in enumerate(others, 2):
                note(f"{number} of {self._swipes}:")
                ReplyPrinter(Printer(), Unit.TEXT).end(_text_of(other))
        code = EXIT_DONE
        if isinstance(last, TurnFailed):
            code = report(last.error)
            code = EXIT_BROKEN if text else code
        return code if self._ended_by is None else self._ended_by


def _text_of(ended: TurnSaved | TurnFailed) -> str:
    from tavern_tui.session.events import TurnFailed

    return ended.kept_text if isinstance(ended, TurnFailed) else ended.turn.text
