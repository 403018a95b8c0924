"""Summaries on the chat screen: what is shown of them, what is kept of changes, and the writing of one.

One is written at a time, beside the chat; whoever wants a reply meanwhile comes first (``memory_watch``).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.economy_choices import policy_of
from tavern_tui.session.summaries import versions as kept
from tavern_tui.session.summaries.differences import lost
from tavern_tui.session.summaries.keeping import When, choice_of, chosen

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.summaries.jobs import Job
    from tavern_tui.ui.screens.chat import ChatScreen
    from tavern_tui.ui.screens.summaries import SummaryPage

_FACTS_TOLD = 3  # of those that a new version leaves out, in the chat


async def page_of(screen: ChatScreen) -> SummaryPage:
    """The summary of the newest of the turns that are told of, as a page to be changed."""
    from tavern_tui.session.summaries.keeping import take_imported
    from tavern_tui.ui.screens.summaries import SummaryPage

    session = screen.open_session
    await take_imported(session)
    tree, path = session.tree, session.tree.path()
    counting = kept.in_force(tree, path)
    job = await _job(session, anew=True)
    now = counting[-1] if counting else None
    covers = kept.covers(now, path) if now else job.told if job else kept.turns_told(1, len(path))
    return SummaryPage(
        text=now.text if now else "",
        covers=covers,
        versions=len(kept.versions(tree)),
        frozen=now.frozen if now else False,
        when=choice_of(tree).when if choice_of(tree).when is not When.ASKED else When.OPEN,
        every=choice_of(tree).every,
        price=job.price.removesuffix(" to read") if job else "",
        writes=job is not None or session.connection.known is None,
    )


async def keep(screen: ChatScreen, page: SummaryPage) -> None:
    """Keep what was changed on the page. Raises ``StorageError``."""
    session = screen.open_session
    tree, at = session.tree, time.time()
    counting = kept.in_force(tree)
    now = counting[-1] if counting else None
    events = []
    if page.text.strip() and (now is None or page.text.strip() != now.text):
        now = kept.edited(now, page.text, at) if now else _first(session, page.text, await _job(session), at)
        events.append(now.as_property())
    if now is not None and page.frozen != now.frozen:
        now = kept.frozen(now, page.frozen)
        events.append(now.as_property())
    choice = choice_of(tree)
    asked = choice.when if choice.when is not When.ASKED else When.OPEN
    if (page.when, page.every) != (asked, choice.every):
        events.append(chosen(tree, page.when, session.connection.known, page.every))
    if events:
        await session.changes.write(*events)
        screen.cost_ahead.look(anew=True)
        screen.hint("The summary is kept · {undo} takes it back")


async def take_away(screen: ChatScreen) -> None:
    """Take the newest summary out of prompts. Raises ``StorageError``."""
    counting = kept.in_force(screen.open_session.tree)
    if counting:
        await screen.open_session.changes.write(kept.taken_away(counting[-1], time.time()).as_property())
        screen.cost_ahead.look(anew=True)
        screen.hint("The summary is out of prompts · {undo} takes it back")


async def choose(screen: ChatScreen, when: When, every: int = 0) -> None:
    """Keep when summaries are written, and say what that means. Raises ``StorageError``."""
    session = screen.open_session
    await session.changes.write(chosen(session.tree, when, session.connection.known, every))
    often = f"every {every:,} turns" if every else "before they leave"
    words = {
        When.ALWAYS: f"From now on turns are summed up by themselves {often} · /summary shows it",
        When.NEVER: "No summary is offered in this chat any more · /summary writes one",
    }
    screen.hint(words[when])


async def write_now(screen: ChatScreen, *, anew: bool = False) -> None:
    """Write a summary of what nothing tells of, beside everything else; ``anew``: else of all that is told of."""
    job = await _job(screen.open_session, anew=anew, connects=True)
    if job is None and kept.versions(screen.open_session.tree):
        screen.hint("All that is no longer read is summed up · /summary shows it")
    elif job is None:
        screen.hint("The model still reads every turn · nothing is left to sum up")
    if job is None:
        return
    screen.run_worker(write(screen, job), group="memory", exclusive=True)


async def write(screen: ChatScreen, job: Job, *, by_itself: bool = False) -> None:
    """Write ``job`` and say what came of it. ``by_itself``: it is read from the next cut on, and faults are quiet."""
    from tavern_tui.session.asking import AskingInterruptedError
    from tavern_tui.session.summaries.making import write_summary

    session = screen.open_session

    waits = by_itself and job.ahead and policy_of(session.tree, session.options) == "economy"

    def reading(turns: str) -> None:
        screen.hint(f"Summing up {turns}", lasting=True)

    try:
        version = await write_summary(session, job, waits=waits, interrupted=lambda: screen.busy, told=reading)
    except AskingInterruptedError:
        return
    except TavernError as error:
        screen.hint("" if by_itself else f"{error.title} {error.hint}".strip())
        return
    screen.hint(f"Turns {job.told.removeprefix('turns ')} are summed up · /summary shows it")
    tell_what_went(screen, "\n".join(one.text for one in job.over), version.text)
    if not screen.busy:
        screen.cost_ahead.look(anew=True, memory=False)


def tell_what_went(screen: ChatScreen, before: str, after: str) -> None:
    """Say in the chat which facts a new version does not tell any more."""
    gone = lost(before, after)
    if gone:
        more = f"\n{len(gone) - _FACTS_TOLD} more" if len(gone) > _FACTS_TOLD else ""
        facts = "\n".join(f"− {safe_line(one.text)}" for one in gone[:_FACTS_TOLD])
        screen.mirror.note(f"The new summary leaves out:\n{facts}{more}\n/summary, Versions brings the old one back")


def _first(session: ChatSession, text: str, job: Job | None, at: float) -> kept.Version:
    """A person's first summary: of the turns that have left, else of all."""
    until = job.until if job is not None else session.tree.tip
    return kept.made(text, until=until, after=job.after if job else "", by=kept.YOU, at=at)


async def _job(session: ChatSession, *, anew: bool = False, connects: bool = False) -> Job | None:
    """What could be written; ``None`` also where no engine was reached yet, unless it ``connects``."""
    from tavern_tui.session.summaries.jobs import all_of, untold

    if session.connection.known is None and not connects:
        return None
    with session.connection.as_known():
        plan = await session.plan()
    info = session.connection.known
    job = untold(session.tree, plan, model=info.model if info is not None else "")
    if job is not None or not anew:
        return job
    counting = kept.in_force(session.tree)
    place = session.turn_number(counting[-1].until) if counting else 0
    return all_of(session.tree, place or len(session.tree.path()))
