"""``tavern-tui story write``: a passage as it comes, stopped by the signals that ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.cli.output import Printer, note
from tavern_tui.cli.talking import Progress, ReplyPrinter, Unit, tell_problems

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.session.story.until import Until
    from tavern_tui.session.workspace import Workspace


async def write_on(
    workspace: Workspace, wishes: Wishes, direction: str | None, ending: Until | None, *, again: bool
) -> int:
    """Let the model write on at the end of a story, or ``again`` its last passage, and print it; the exit code."""
    from tavern_tui.cli.hangup import signals_kept
    from tavern_tui.cli.main import EXIT_BROKEN, EXIT_DONE, EXIT_ERROR, EXIT_INTERRUPTED, report
    from tavern_tui.session import events
    from tavern_tui.session.opening import open_session

    progress, codes = Progress(), [EXIT_DONE]
    tell_problems(workspace)
    chat = open_session(workspace, wishes, watch=progress.watch)
    printed = ReplyPrinter(Printer(), Unit.TEXT)

    def interrupted() -> None:
        codes.append(EXIT_INTERRUPTED)
        chat.stop()

    def terminated() -> None:
        codes.append(EXIT_BROKEN)

    with signals_kept(chat, hung_up=lambda: None, terminated=terminated, interrupted=interrupted):
        try:
            story = await _open(chat)
            if direction is not None:
                await story.passages.direct(direction)
            if ending is not None:
                await story.passages.end_at(ending)
            ended: events.TurnSaved | events.TurnFailed | None = None
            async for event in story.passages.again() if again else story.passages.write_on():
                progress.watch(event)
                if isinstance(event, events.TextArrived):
                    printed.grow(event.text, event.settled)
                elif isinstance(event, events.TurnSaved | events.TurnFailed):
                    ended = event
            await story.close()
        finally:
            await chat.connection.engine.close()
    if ended is None:
        note("Stopped before any text came.")
        return codes[-1] or EXIT_ERROR
    text = ended.kept_text if isinstance(ended, events.TurnFailed) else ended.turn.text
    if text:
        printed.end(text)
    if isinstance(ended, events.TurnFailed):
        code = report(ended.error)
        codes.insert(0, EXIT_BROKEN if text else code)
        return codes[-1] or codes[0]
    return codes[-1]


async def _open(chat: ChatSession) -> StorySession:
    from tavern_tui.session.story.story import StorySession

    await chat.open()
    opened = StorySession(chat)
    await opened.open()
    return opened
