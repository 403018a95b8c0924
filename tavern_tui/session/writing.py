"""``Writing``: what stands between a prepared prompt and saved turns: one reply, or several side by side.

Knows which ``Generation`` to make for what was prepared, and what is kept beside a turn once it is saved.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.request import joined
from tavern_tui.prompt.cleanup import reply_rules
from tavern_tui.prompt.scripted_prompt import reply_edit
from tavern_tui.session import events as out
from tavern_tui.session import prompt_records
from tavern_tui.session.generation import Generation
from tavern_tui.session.modes.choosing import mode_of
from tavern_tui.session.reading_cost import ReadingCost, has_lost, reading_cost, surprise
from tavern_tui.session.reply_text import ReplyText

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.session.parallel import Several
    from tavern_tui.session.session import ChatSession, Prepared
    from tavern_tui.session.thinking import Making


class Writing:
    """The writing of what ``making`` asks for in ``session``. ``run`` once; ``stop`` from anywhere.

    ``texts`` are those of the replies, by their numbers.
    """

    def __init__(self, session: ChatSession, prepared: Prepared, making: Making, clock: Callable[[], float]) -> None:
        self._session = session
        self._prepared = prepared
        self._making = making
        self._clock = clock
        self.texts: list[ReplyText] = []
        self._cost: ReadingCost | None = None
        self._running = self._several(making.replies) if making.replies > 1 else self._one(0)

    def stop(self) -> None:
        """End all of it and keep the text."""
        self._running.stop()

    async def run(self) -> AsyncGenerator[out.SessionEvent, None]:
        """The events of ``Generation.run``; those of several replies each in a ``OneOf``."""
        self._cost = await asyncio.to_thread(self._foresee)
        async with aclosing(self._running.run()) as events:
            async for event in events:
                told = event.event if isinstance(event, out.OneOf) else event
                if isinstance(told, out.TurnSaved):
                    await self._session.changes.name_chat()
                if isinstance(told, out.TurnSaved | out.TurnFailed):
                    turn = told.turn.id if isinstance(told, out.TurnSaved) else told.turn_id
                    await asyncio.to_thread(self._keep_prompt, turn)
                if isinstance(told, out.TurnSaved) and (lost := self._surprise(told.turn)):
                    yield out.Notice(lost)
                yield event

    def _foresee(self) -> ReadingCost:
        """What reading the prompt will take."""
        session, prepared = self._session, self._prepared
        last = prompt_records.last(session.log)
        return reading_cost(prepared.plan, last, session.tree, prepared.ready.info, lost=has_lost(session))

    def _surprise(self, turn: Turn) -> str:
        """What to say where much more was read than that. Of several replies the first one's reading counts."""
        if turn.receipt is None or turn.receipt.predicted is None:
            return ""
        return surprise(self._cost, turn.receipt, hosted=self._prepared.ready.info.capabilities.hosted)

    def _keep_prompt(self, turn: str) -> None:
        prepared = self._prepared
        prompt_records.keep(self._session.log, prepared.plan, turn, prepared.ready.info.model, self._clock())
        if turn:
            from tavern_tui.session import later

            later.keep(self._session.log, prepared.given, prepared.plan)

    def _several(self, count: int) -> Several:
        from tavern_tui.session.parallel import Several

        return Several(count, self._prepared, self._one, self._session)

    def _one(self, number: int, engine: Engine | None = None) -> Generation:
        """The reply of that number, written by ``engine`` where that is not the connection's own."""
        session, prepared, place = self._session, self._prepared, self._making.place
        left_out = session.scripts.left_out
        options = prepared.options.for_swipe(number)
        rules = reply_rules(prepared.given, prepared.plan, reply_edit(prepared.given, left_out))
        text = ReplyText(
            plan=prepared.plan,
            rules=mode_of(session.tree.properties).cleaned(rules, prepared.given, options),
            options=options,
            prefill=prepared.plan.prefill,
            continued=place.extends,
            sent=joined(prepared.prompt),
        )
        self.texts.append(text)
        return Generation(
            log=session.log,
            connection=session.connection,
            ready=prepared.ready,
            plan=prepared.plan,
            options=options,
            place=place,
            text=text,
            prompt=prepared.prompt,
            engine=engine,
            cost=lambda: self._cost if number == 0 else None,
        )
