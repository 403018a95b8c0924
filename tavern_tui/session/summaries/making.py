"""A summary as the chat's own model writes it: a question at the end of a prompt, whose answer is no turn.

Of turns that are about to leave the question stands below the very prompt that the engine has in memory: it reads the
question and nothing else. Turns that have left already are read again, oldest first, as many at once as fit; that has a
cache of its own, so that the chat's stays as it is where the engine keeps several. Whoever wants a reply meanwhile
comes first: what is being written is dropped, and is no loss but of time.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.summary import NONE
from tavern_tui.engines import base
from tavern_tui.prompt.inputs import Examples, GenerationKind, PromptInput, Quiet, nothing_placed
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.reasoning import splitter_for
from tavern_tui.prompt.sentences import finish_sentence
from tavern_tui.session.asking import AskingInterruptedError, request_for
from tavern_tui.session.modes.choosing import mode_of
from tavern_tui.session.summaries.jobs import Job, summary_tokens
from tavern_tui.session.summaries.versions import MODEL, Version, in_force, made
from tavern_tui.session.whole_prompt import planned

if TYPE_CHECKING:
    from tavern_tui.domain.request import Segment
    from tavern_tui.session.session import ChatSession, Prepared

ASKED = (
    "[Pause the story here and step out of every role. Write a summary of {what}, for somebody who has to carry on"
    " without having read it. {before}At most {words} words of plain prose in the past tense: who did what, how things"
    " stand between them, names, promises, places, objects and numbers that matter later. Invent nothing, quote"
    " nothing, and write nothing but the summary.]"
)
"""The question. It stands below the prompt."""
_ALL, _AHEAD = "everything above", "everything up to the moment just before “{line}”"
_SINCE = "what came after the story so far as it is told above, up to the moment just before “{line}”"
_ABOVE = "It begins with the story so far as it is told above, shortened if need be, nothing lost. "
_BEFORE = "It begins with what was told before, shortened if need be, nothing lost: “{text}” "
_LEAST_TOKENS = 64
_WORDS_PER_TOKEN = 0.6
_TEMPERATURE = 0.4
_SPARE = 24  # tokens: markup round the question
_LINE = 80  # characters of a turn by which it is known
_LABEL = re.compile(r"^\W*(?:the |a )?(?:story so far|summary)[^\n:]{0,40}:\s*", re.IGNORECASE)
_CACHE = " summary"  # behind a chat's key: the cache of what is read again


async def write_summary(
    session: ChatSession,
    job: Job,
    *,
    waits: bool = False,
    interrupted: Callable[[], bool] = lambda: False,
    told: Callable[[str], None] = lambda _: None,
) -> Version:
    """Let the model write ``job`` and keep it; the version.

    Of turns that have to be read in several parts each part is kept when it is done, unless there is one of all of
    them already. ``waits``: it is read from the
    next cut on. ``told`` hears which turns are being read. Raises ``EngineError``, ``StorageError``, ``PromptError``
    where a single turn is longer than any prompt, and ``AskingInterruptedError``.
    """
    prepared = await session.prepared()
    if job.ahead:
        asked = await _ahead(session, prepared, job)
        if asked.plan.first_turn == prepared.plan.first_turn:
            told(job.told)
            return await _write_one(session, prepared, asked, job, waits, interrupted)
        job = replace(job, ahead=False)  # there is no room for the question beside all of it
    done: Version | None = None
    while done is None or done.until != job.until:
        asked = await _part(session, prepared, job, done)
        told(asked.job.told)
        done = await _write_one(session, prepared, asked, job, waits, interrupted)
    return done


async def _write_one(
    session: ChatSession, prepared: Prepared, asked: _Asked, whole: Job, waits: bool, interrupted: Callable[[], bool]
) -> Version:
    """A part of a ``whole`` job, or all of it."""
    job = asked.job
    text, read = await _answer(session, prepared, asked, interrupted)
    version = made(
        text, job.over, after=job.after, until=job.until, by=MODEL, at=time.time(), waits=waits, read=read or 0
    )
    if not job.anew or job.until == whole.until:
        await session.changes.write(version.as_property())
    return version


@dataclass(frozen=True, slots=True)
class _Asked:
    """A job with the prompt that asks for it."""

    job: Job
    given: PromptInput
    plan: PromptPlan
    prompt: tuple[Segment, ...]


async def _ahead(session: ChatSession, prepared: Prepared, job: Job) -> _Asked:
    """The prompt of the next reply with the question at its end, and no room that it would not have."""
    most = summary_tokens(prepared.plan)
    line = " ".join(session.tree.turns[job.stays].text.split())[:_LINE]
    what = _SINCE if job.after != ROOT and not job.over else _AHEAD
    before = _told_before(session, job)
    question = ASKED.format(what=what.format(line=line), before=before, words=_words(most))
    plan = prepared.plan
    free = plan.context_tokens - plan.padding - plan.tokens
    room = free - await session.connection.count(question) - _SPARE
    room = max(_LEAST_TOKENS, min(most, room))
    question = ASKED.format(what=what.format(line=line), before=before, words=_words(room))
    given = _asking(prepared.given, question, room, session)
    return _Asked(job, given, *await planned(given, prepared.ready, prepared.options, session.connection))


def _told_before(session: ChatSession, job: Job) -> str:
    """With what the summary begins: what it goes on from, by its text where that stands in no prompt yet."""
    if not job.over:
        return ""
    read = {one.id for one in in_force(session.tree, waiting=False)}
    return _ABOVE if job.over[-1].id in read else _BEFORE.format(text=job.over[-1].text)


def _words(tokens: int) -> int:
    return round(tokens * _WORDS_PER_TOKEN)


def _asking(given: PromptInput, question: str, room: int, session: ChatSession) -> PromptInput:
    return replace(
        given,
        turns=mode_of(session.tree.properties).read(session.tree.walk_back(), session.tree),
        kind=GenerationKind.QUIET,
        quiet=Quiet(text=question),
        response_tokens=room,
        prefill="",
        thoughts="",
        think=False,
    )


async def _part(session: ChatSession, prepared: Prepared, job: Job, done: Version | None) -> _Asked:
    """The next part of a job whose turns have to be read again, as long as fits, and the prompt that asks for it."""
    most = summary_tokens(prepared.plan)
    path = session.tree.path()
    places = {turn.id: place for place, turn in enumerate(path, 1)}
    basis = done or (job.over[-1] if job.over and not job.anew else None)
    start = places[basis.until] if basis is not None else places.get(job.after, 0)
    before = _BEFORE.format(text=basis.text) if basis is not None else ""
    question = ASKED.format(what=_ALL, before=before, words=_words(most))
    head = sum(part.tokens for part in prepared.plan.included if not part.turn_id)
    room = prepared.plan.context_tokens - prepared.plan.padding - head - most
    room -= await session.connection.count(question) + _SPARE
    taken = await _fitting(session, path[start : places[job.until]], room)
    given = replace(
        _asking(prepared.given, question, most, session),
        cuts=(),
        first_turn="",
        placed=nothing_placed,
        note=None,
        summaries=NONE,
        examples=Examples.NEVER,
    )
    over = job.over if done is None or job.anew else (done,)
    while True:
        turns = path[start : start + taken]
        sent = mode_of(session.tree.properties).sent(turns[::-1])
        given = replace(given, turns=sent)
        plan, prompt = await planned(given, prepared.ready, prepared.options, session.connection)
        read = {part.turn_id for part in plan.included}
        if taken == 1 or all(turn.id in read for turn in sent if not turn.hidden and turn.text.strip()):
            return _Asked(replace(job, until=turns[-1].id, last=start + taken, over=over), given, plan, prompt)
        taken = max(1, taken // 2)  # lore that these turns call for takes its room, too


async def _fitting(session: ChatSession, turns: Sequence[Turn], room: int) -> int:
    """How many of ``turns``, from the oldest on, fit into ``room`` tokens: at least one."""
    taken = total = 0
    for turn in turns:
        if not turn.hidden:
            total += await session.connection.count(turn.text) + _SPARE
        if taken and total > room:
            break
        taken += 1
    return max(1, taken)


async def _answer(
    session: ChatSession, prepared: Prepared, asked: _Asked, interrupted: Callable[[], bool]
) -> tuple[str, int | None]:
    """What the model says, up to its last whole sentence, and the tokens that the engine read for it."""
    plan = asked.plan
    request = request_for(session, prepared, plan, asked.prompt, asked.given.response_tokens)
    sampling = replace(request.sampling, temperature=min(request.sampling.temperature, _TEMPERATURE))
    request = replace(request, sampling=sampling, chat=request.chat + ("" if asked.job.ahead else _CACHE))
    splitter = splitter_for(plan.reasoning_open, plan.reasoning_close)
    said, finished = "", None
    async with session.connection.engine.generate(request) as source, aclosing(source) as events:  # type: ignore[type-var]
        async for event in events:
            if interrupted() or session.busy:
                raise AskingInterruptedError
            if isinstance(event, base.TextArrived):
                said += splitter.feed(event.text).reply
            elif isinstance(event, base.Finished):
                finished = event
    said += splitter.finish().reply
    text = _LABEL.sub("", said.strip().strip("[]").strip(), count=1)
    if finished is None or finished.reason is base.StopReason.LENGTH:
        text = finish_sentence(text)
    if not text:
        raise EngineError(
            "The model wrote no summary.",
            hint="The turns are as they were. Try again, or write one by hand.",
            fault=EngineFault.REJECTED,
        )
    return text, finished.usage.evaluated if finished is not None else None
