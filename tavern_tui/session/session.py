"""``ChatSession``: one conversation in progress: what a person can do with a chat, whatever shows it.

Replies are streams of events; everything else is done when the call returns, durably. Disk work runs in threads, so the
event loop is never held up. One reply runs at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, PromptError, SettingsError
from tavern_tui.domain.events import Body, PropertySet, Speaker, TipMoved, TurnAdded
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.domain.persona import Persona
from tavern_tui.prompt.assemble import assemble
from tavern_tui.prompt.cleanup import reply_rules
from tavern_tui.prompt.inputs import GenerationKind, PromptInput
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.session import events as out
from tavern_tui.session.changes import ChatChanges
from tavern_tui.session.connection import Connection, Ready
from tavern_tui.session.counting import drive
from tavern_tui.session.generation import Generation, ReplyPlace
from tavern_tui.session.greeting import expanded, greetings
from tavern_tui.session.lore import PROPERTY, as_property, read_state
from tavern_tui.session.options import ReplyOptions, for_starter
from tavern_tui.session.reply_text import ReplyText
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.recovery import Recovery, recover


class ChatSession:
    """A chat, the character and persona in it, and the connection that writes replies.

    ``lorebooks`` are the character's. ``sample``: the character is one of ours. ``clock`` gives Unix seconds, ``dice``
    numbers from 0 up to 1. Open it with ``open`` before anything else.
    """

    def __init__(
        self,
        *,
        log: ChatLog,
        character: Character,
        persona: Persona,
        connection: Connection,
        options: ReplyOptions,
        lorebooks: tuple[Lorebook, ...] = (),
        sample: bool = False,
        clock: Callable[[], float] = time.time,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.log = log
        self.changes = ChatChanges(log)
        self.character = character
        self.persona = persona
        self.connection = connection
        self.options = options
        self.lorebooks = lorebooks
        self._sample = sample
        self._clock = clock
        self._dice = dice
        self._first_turn = ""
        self._running: Generation | None = None

    @property
    def tree(self) -> ChatTree:
        """The chat as it stands."""
        return self.log.tree

    @property
    def busy(self) -> bool:
        """Whether a reply is running."""
        return self._running is not None

    async def open(self) -> Recovery:
        """Finish what an earlier run left over, and greet in a new chat. Raises ``StorageError``."""
        recovery = await asyncio.to_thread(recover, self.log)
        if not self.tree.turns and not recovery.running:
            await self._greet()
        return recovery

    async def reply(self, text: str = "") -> AsyncGenerator[out.SessionEvent, None]:
        """Store ``text`` as the user's turn, if there is any, and let the character answer.

        Raises ``EngineError`` while a reply runs; ``text`` is then not stored.
        """
        self._require_idle()
        user_turn = ""
        if text.strip():
            user_turn = await self._say(text)
        place = ReplyPlace(self.character.name, self.tree.tip)
        async with aclosing(self._make(out.ReplyKind.NORMAL, place, user_turn)) as events:
            async for event in events:
                yield event

    async def swipe(self) -> AsyncGenerator[out.SessionEvent, None]:
        """Another reply beside the newest one; the old one stays. Raises ``NotFoundError`` where there is none."""
        newest = self._newest_reply()
        place = ReplyPlace(newest.name, newest.parent)
        async with aclosing(self._make(out.ReplyKind.SWIPE, place)) as events:
            async for event in events:
                yield event

    async def continue_reply(self) -> AsyncGenerator[out.SessionEvent, None]:
        """Let the newest reply go on where its raw text ended. Raises ``NotFoundError`` where there is none."""
        newest = self._newest_reply()
        place = ReplyPlace(newest.name, newest.parent, newest)
        async with aclosing(self._make(out.ReplyKind.CONTINUE, place)) as events:
            async for event in events:
                yield event

    def stop(self) -> None:
        """Stop the running reply and keep its text; nothing where none runs."""
        if self._running is not None:
            self._running.stop()

    async def plan(self, kind: GenerationKind = GenerationKind.NORMAL) -> PromptPlan:
        """The prompt that the next reply of that kind would read. Raises ``EngineError``, ``PromptError``."""
        ready = await self._ready()
        newest = self.tree.turns.get(self.tree.tip)
        parent = newest.parent if kind is GenerationKind.SWIPE and newest else self.tree.tip
        options = for_starter(self.options, sample=self._sample) if ready.starter else self.options
        return await self._assembled(self._input(ready, options, kind, parent), ready)

    async def _make(
        self, kind: out.ReplyKind, place: ReplyPlace, user_turn: str = ""
    ) -> AsyncGenerator[out.SessionEvent, None]:
        """One reply, from connecting to saving."""
        self._require_idle()
        yield out.TurnStarted(kind, place.name, user_turn)
        try:
            ready = await self._ready()
            if ready.changed:
                yield out.Notice(ready.changed)
            parent = place.extends.id if place.extends else place.parent
            options = self._options_for(ready, kind, place)
            given = self._input(ready, options, GenerationKind(kind.value), parent)
            plan = await self._assembled(given, ready)
            if plan.lore_state != given.lore_state:
                await self.changes.write(PropertySet(PROPERTY, as_property(plan.lore_state)))
        except (EngineError, PromptError, SettingsError) as error:
            self.connection.doubt()
            yield out.TurnFailed(error)
            return
        yield out.PromptBuilt(plan)
        text = ReplyText(
            plan=plan,
            rules=reply_rules(given, plan),
            options=options,
            prefill=given.prefill,
            continued=place.extends,
        )
        self._running = Generation(
            log=self.log,
            connection=self.connection,
            ready=ready,
            plan=plan,
            options=options,
            place=place,
            text=text,
        )
        try:
            async with aclosing(self._running.run()) as events:
                async for event in events:
                    yield event
        finally:
            self._running = None

    def _require_idle(self) -> None:
        if self._running is not None:
            raise EngineError("A reply is already being written.", fault=EngineFault.BUSY, hint="Stop it first.")

    def _options_for(self, ready: Ready, kind: out.ReplyKind, place: ReplyPlace) -> ReplyOptions:
        """The options for one reply: the starter has its own; a fixed seed goes up by one with each swipe."""
        options = for_starter(self.options, sample=self._sample) if ready.starter else self.options
        if options.seed is None or kind is not out.ReplyKind.SWIPE:
            return options
        return replace(options, seed=options.seed + len(self.tree.children.get(place.parent, ())))

    async def _ready(self) -> Ready:
        return await self.connection.ready(template=self.options.template, context_tokens=self.options.context_tokens)

    def _input(self, ready: Ready, options: ReplyOptions, kind: GenerationKind, parent: str) -> PromptInput:
        return PromptInput(
            character=self.character,
            persona=self.persona,
            turns=self.tree.walk_back(parent),
            context=ready.template.context,
            instruct=ready.template.instruct,
            context_tokens=ready.context_tokens,
            response_tokens=ReplyText.room_for(options, ready.template.instruct),
            now=datetime.fromtimestamp(self._clock()),
            random=self._dice,
            kind=kind,
            prefill=options.prefill if kind is not GenerationKind.CONTINUE else "",
            chat_id=self.log.key,
            model=ready.info.model,
            fingerprint=ready.info.fingerprint,
            lorebooks=self.lorebooks,
            lore_state=read_state(self.tree.properties),
            first_turn=self._first_turn,
            think=options.think,
        )

    async def _assembled(self, given: PromptInput, ready: Ready) -> PromptPlan:
        plan = await drive(assemble(given), self.connection.engine, ready.info.fingerprint, self.connection.counts)
        self._first_turn = plan.first_turn
        return plan

    async def _greet(self) -> None:
        texts = greetings(self.character, self.persona, self._now(), self._dice)
        if not texts:
            return
        first, *_ = await self.changes.write(
            *(TurnAdded(ROOT, Speaker.CHARACTER, self.character.name, t) for t in texts)
        )
        if len(texts) > 1:
            await self.changes.write(TipMoved(first))

    def _expand(self, text: str) -> str:
        return expanded(text, self.character, self.persona, self._now(), self._dice)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock())

    def _newest_reply(self) -> Turn:
        turn = self.changes.newest()
        if turn.speaker is Speaker.USER:
            raise NotFoundError("The last turn is yours: there is no reply to change yet.")
        return turn

    async def _say(self, text: str) -> str:
        """Store the user's turn under what is the tip by then: another terminal may have written meanwhile."""
        said = self._expand(text)

        def turn(tree: ChatTree) -> list[Body]:
            return [TurnAdded(tree.tip, Speaker.USER, self.persona.name, said)]

        (event,) = await asyncio.to_thread(self.log.append_from, turn)
        return event.id
