"""Making a request again where it brought nothing: when, how often, how long to wait, and with how much prompt.

A request whose text has begun to arrive is never made again by itself: what came is kept, and the user says how it goes
on. A fault of the moment (busy, loading, too many requests, a server that vanished between two words) is waited for
with growing delays, and the user may stop the waiting at any time. A prompt that is too long for the server is planned
anew, once. Source: ``docs/ux.md`` §5, §8, §14 and ``docs/spec/backends.md`` §15.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import EngineError, EngineFault, PromptError, SettingsError
from tavern_tui.session import events as out
from tavern_tui.session.unless import unless

if TYPE_CHECKING:
    from tavern_tui.engines.base import EngineInfo
    from tavern_tui.session.session import Prepared

DELAYS: Mapping[EngineFault, tuple[float, ...]] = {
    EngineFault.UNREACHABLE: (1.0, 2.0, 5.0, 10.0),
    EngineFault.BROKEN_STREAM: (1.0,),
    EngineFault.BUSY: (1.0, 2.0, 5.0, *(10.0,) * 30),
    EngineFault.RATE_LIMITED: (2.0, 5.0, 10.0, 20.0),
    EngineFault.LOADING: (2.0,) * 300,
}
"""Seconds to wait before each further try, by fault. Every other fault would only happen again."""

LONGEST_WAIT = 90.0
"""Seconds. A server that asks to be left alone for longer is not waited for: the user decides."""

QUICK = 60.0
"""Seconds. A stream that breaks later than that after the request has cost minutes, and is not begun anew unasked."""

_JITTER = 0.25
_NARROWER = 0.75
_SPARE_TOKENS = 16


class Tries:
    """How a session makes requests again. ``dice`` gives numbers from 0 up to 1 and spreads the delays, so that many
    clients of one server do not come back at the same moment. ``clock`` gives seconds that only grow.
    """

    def __init__(
        self,
        *,
        dice: Callable[[], float],
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        delays: Mapping[EngineFault, tuple[float, ...]] = DELAYS,
    ) -> None:
        self._dice = dice
        self.clock = clock
        self._sleep = sleep
        self._delays = delays
        self._rooms: dict[tuple[str, str, int | None], int] = {}

    def delay(self, error: EngineError, tried: int) -> float | None:
        """Seconds to wait before the try after ``tried`` of this fault; ``None``: no further one.

        The time that a server names is kept to; else the delay of the table is spread by a quarter to either side.
        """
        delays = self._delays.get(error.fault, ())
        if tried >= len(delays):
            return None
        if error.retry_after is not None:
            spread = error.retry_after * (1 + _JITTER * self._dice())  # never sooner than the server said
            return spread if error.retry_after <= LONGEST_WAIT else None
        return delays[tried] * (1 - _JITTER + 2 * _JITTER * self._dice())

    async def wait(self, seconds: float, stopping: asyncio.Event) -> bool:
        """Wait; whether it was not stopped meanwhile."""

        async def slept() -> bool:
            await self._sleep(seconds)
            return True

        return bool(await unless(stopping, slept()))

    def room(self, info: EngineInfo, context_tokens: int) -> int:
        """The context to plan for: ``context_tokens``, or less where this model's server was found to have less."""
        return min(context_tokens, self._rooms.get(_key(info), context_tokens))

    def narrow(self, prepared: Prepared, error: EngineError) -> int:
        """Take note that a prompt did not fit; the context to plan for from now on, which is smaller.

        The server's own numbers count: its context, in tokens as it counts them, taken to ours by what each of us
        counted for this prompt. Where it tells none, or none that explain the refusal, a quarter less is tried.
        """
        planned, counted = prepared.ready.context_tokens, prepared.plan.tokens
        room = int(planned * _NARROWER)
        if error.context_tokens is not None:
            theirs = max(counted, error.prompt_tokens or counted)
            more = theirs > counted
            told = error.context_tokens * counted // max(1, theirs) - (_SPARE_TOKENS if more else 0)
            room = told if told < planned else room
        self._rooms[_key(prepared.ready.info)] = max(1, room)
        return max(1, room)


def _key(info: EngineInfo) -> tuple[str, str, int | None]:
    return info.address, info.model, info.context_tokens


@dataclass(frozen=True, slots=True)
class Steps:
    """What making a reply consists of. ``prepare`` is given what an earlier try was prepared with, if there was one:
    it gives the same again unless the model or its room has changed. ``doubt``: look at the engine anew.
    """

    prepare: Callable[[Prepared | None], Awaitable[Prepared]]
    remember: Callable[[Prepared], Awaitable[None]]
    write: Callable[[Prepared], AsyncGenerator[out.SessionEvent, None]]
    doubt: Callable[[], None]


@dataclass(slots=True)
class _Course:
    """What has happened so far in making one reply."""

    prepared: Prepared | None = None
    told: Prepared | None = None
    held: list[out.SessionEvent] = field(default_factory=list)
    arrived: bool = False
    shortened: bool = False
    began: float = 0.0
    tried: dict[EngineFault, int] = field(default_factory=dict)


async def attempted(steps: Steps, tries: Tries, stopping: asyncio.Event) -> AsyncGenerator[out.SessionEvent, None]:
    """One reply, from connecting to saving, made again where that is worth a try.

    The events are those of the last try; before each further one comes ``Retrying``, and before one with a shorter
    prompt a ``Notice``. Ends with ``TurnStopped`` where the user stops it before anything was written.
    """
    course = _Course()
    while True:
        async with aclosing(_try(steps, course, stopping, tries.clock)) as events:
            async for event in events:
                yield event
        error = _failure(course)
        if error is None:
            return
        if error.fault is EngineFault.OVERFLOW and course.prepared is not None and not course.shortened:
            course.shortened = True
            yield _shortened(tries, course.prepared, error)
            continue
        delay = _delay(course, tries, error)
        if delay is None:
            for event in course.held:
                yield event
            return
        yield out.Retrying(delay, error.title)
        if not await tries.wait(delay, stopping):
            yield out.TurnStopped(out.Stopped.BY_USER)
            return


async def _try(
    steps: Steps, course: _Course, stopping: asyncio.Event, clock: Callable[[], float]
) -> AsyncGenerator[out.SessionEvent, None]:
    """One try. A failure before anything has arrived is held in the course, and not among the events."""
    course.held, course.began = [], clock()
    try:
        prepared = await unless(stopping, _prepared(steps, course.prepared))
    except EngineError as error:
        steps.doubt()
        course.held.append(out.TurnFailed(error))
        return
    except (PromptError, SettingsError) as error:
        steps.doubt()
        yield out.TurnFailed(error)
        return
    if prepared is None:
        yield out.TurnStopped(out.Stopped.BY_USER)
        return
    course.prepared = prepared
    if prepared is not course.told:
        for told in (prepared.ready.changed, prepared.told):
            if told:
                yield out.Notice(told)
        await steps.remember(prepared)
        course.told = prepared
        yield out.PromptBuilt(prepared.plan)
    async with aclosing(steps.write(prepared)) as events:
        async for event in events:
            told_of = _of_one(event)
            if isinstance(told_of, out.TurnFailed) and isinstance(told_of.error, EngineError) and not course.arrived:
                course.held.append(event)
                continue
            if isinstance(told_of, out.TextArrived | out.ReasoningArrived):
                course.arrived = True
                for earlier in course.held:
                    yield earlier
                course.held = []
            yield event


def _of_one(event: out.SessionEvent) -> out.SessionEvent:
    """The event itself, also where it is that of one of several replies."""
    return event.event if isinstance(event, out.OneOf) else event


def _failure(course: _Course) -> EngineError | None:
    """Why the try brought nothing, by the first of its replies; ``None`` where it brought something, or was told."""
    failed = _of_one(course.held[0]) if course.held else None
    error = failed.error if isinstance(failed, out.TurnFailed) else None
    return error if isinstance(error, EngineError) else None


def _shortened(tries: Tries, prepared: Prepared, error: EngineError) -> out.Notice:
    """Take note of how much room there is, and say so."""
    from tavern_tui.domain import engine_messages

    room = tries.narrow(prepared, error)
    return out.Notice(engine_messages.prompt_shortened(error.where or prepared.ready.info.engine, room).plain)


async def _prepared(steps: Steps, before: Prepared | None) -> Prepared:
    return await steps.prepare(before)


def _delay(course: _Course, tries: Tries, error: EngineError) -> float | None:
    """Seconds until the next try, ``None`` for none.

    A server that does not answer at all is told at once: the front ends look for it, and the message is stored.
    """
    if error.fault is EngineFault.UNREACHABLE and course.prepared is None:
        return None
    return further(tries, error, course.tried, course.began)


def further(tries: Tries, error: EngineError, tried: dict[EngineFault, int], began: float) -> float | None:
    """Seconds until the next try of what ``began`` then and brought nothing but ``error``, ``None`` for none.

    ``tried`` counts the tries by their faults; this one is added.
    """
    if error.fault is EngineFault.BROKEN_STREAM and tries.clock() - began > QUICK:
        return None
    before = tried.get(error.fault, 0)
    tried[error.fault] = before + 1
    return tries.delay(error, before)
