"""``ChatSession``: one conversation in progress: what a person can do with a chat, whatever shows it.

Replies are streams of events; everything else is done when the call returns, durably. Disk work runs in threads, so the
event loop is never held up. One reply runs at a time.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ChatTree, turn_of
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError
from tavern_tui.domain.events import PropertySet, Speaker
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.thinking import Thinking
from tavern_tui.session import events as out
from tavern_tui.session import prompt_records
from tavern_tui.session.attempts import Steps, Tries, attempted
from tavern_tui.session.changes import ChatChanges
from tavern_tui.session.chat_variables import ChatVariables
from tavern_tui.session.connection import Connection
from tavern_tui.session.greeting import Speech
from tavern_tui.session.kept_prompts import keep
from tavern_tui.session.lore import PROPERTY, as_property
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.prepared import Prepared as Prepared
from tavern_tui.session.prepared import as_it_was, of_model
from tavern_tui.session.regex_scripts import ChatScripts, Display
from tavern_tui.session.reply_place import ReplyPlace, reply_at, reply_to_extend
from tavern_tui.session.thinking import (
    THINKING,
    ChatThinking,
    Making,
    Unsaid,
    another,
    answering,
    extending,
    following,
    suited,
    switched,
)
from tavern_tui.session.turn_numbers import TurnNumbers
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.global_variables import GlobalVariables
from tavern_tui.storage.recovery import Recovery, recover

# What makes a reply is imported when one is made: a chat is on screen without it.
if TYPE_CHECKING:
    from tavern_tui.prompt.lore_index import LoreCache
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.session.groups.part import GroupPart
    from tavern_tui.session.writing import Writing

RESPONSE_TOKENS = "response_tokens"
"""The chat's property that holds its own length of replies, in tokens."""


class ChatSession:
    """A chat, the character and persona in it, and the connection that writes replies.

    ``lorebooks`` are the character's. ``sample``: the character is one of ours. ``no_card`` says why nobody can answer
    where the character's card is gone; every reply then raises it. ``global_variables`` are kept for all chats, where
    given. ``scripts`` are the regex scripts in force. ``clock`` gives Unix seconds, ``dice`` numbers from 0 up to 1.
    ``tries`` says when a request is made again. Open it with ``open`` before anything else.
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
        no_card: NotFoundError | None = None,
        global_variables: GlobalVariables | None = None,
        scripts: ChatScripts | None = None,
        clock: Callable[[], float] = time.time,
        dice: Callable[[], float] = random.random,
        tries: Tries | None = None,
    ) -> None:
        self.log = log
        self.character = character
        self.persona = persona
        self.connection = connection
        self.options = options
        self.lorebooks = lorebooks
        self.group: GroupPart | None = None
        """Who else is in the chat; ``character`` is then only who begins."""
        self.no_card = no_card
        self.variables = ChatVariables(log, global_variables)
        self.scripts = scripts or ChatScripts()
        told = (self.variables, clock, dice, self.scripts, lambda: self.options)
        self.speech = Speech(log, character, lambda: self.persona, *told)
        self.changes = ChatChanges(log, self.speech.edited)
        self.display = Display(self.scripts, self.speech.expand)
        self._sample = sample
        self._clock = clock
        self._dice = dice
        self.tries = tries or Tries(dice=dice, clock=time.monotonic)
        self._first_turn: str | None = None
        self._lore_cache: LoreCache | None = None
        self.turn_number = TurnNumbers(lambda: log.tree)
        self._stopping: asyncio.Event | None = None
        self._running: Writing | None = None
        self._thinking = ChatThinking()

    @property
    def tree(self) -> ChatTree:
        """The chat as it stands."""
        return self.log.tree

    @property
    def busy(self) -> bool:
        """Whether a reply is being made, from the moment that it was asked for."""
        return self._stopping is not None

    async def open(self) -> Recovery:
        """Finish what an earlier run left over, take up what is set for this chat, and greet in a new one.

        Raises ``StorageError``.
        """
        self.take_length()
        self.options = self._thinking.of_chat(self.tree, self.options)
        await self.variables.open()
        recovery = await asyncio.to_thread(recover, self.log)
        if not self.tree.turns and not recovery.running and self.log.read_only is None:
            await (self.group or self.speech).greet()
        return recovery

    def take_length(self) -> None:
        """From now on replies have the length that is set for this chat, unless this start was given another."""
        length = self.tree.properties.get(RESPONSE_TOKENS)
        if isinstance(length, int) and length > 0 and "response_tokens" not in self.options.asked:
            self.options = self.options.with_length(length)

    def reply(self, text: str = "", *, replies: int = 1, by: str = "") -> AsyncGenerator[out.SessionEvent, None]:
        """Store ``text`` as the user's turn, if there is any, and let the character answer; in a group whoever is next,
        one after another, or the member ``by``.

        Of several ``replies`` to it each event comes in a ``OneOf``, and each becomes a swipe. Raises ``EngineError``
        while a reply runs and ``no_card``; ``text`` is then not stored.
        """
        if self.group is not None:
            return self.make(self.group.answers(text, replies, by), text)
        return self.make(lambda: [following(self.tree.tip, self.character.name).side_by_side(replies)], text)

    def swipe(self, turn: str = "", *, replies: int = 1, begins: str = "") -> AsyncGenerator[out.SessionEvent, None]:
        """Another reply beside ``turn``, the newest by default; the old one stays, with what follows it.

        Beside a named turn of the user's it is another answer to that turn. ``begins`` is its given beginning,
        ``replies`` as for ``reply``. Raises ``NotFoundError`` where there is no such turn or no reply yet,
        ``EngineError`` while a reply runs.
        """

        def making() -> list[Making]:
            chosen = another(reply_at(self.tree, turn), _next_name(self))
            return [replace(chosen, begins=begins).side_by_side(replies)]

        return self.make(making)

    def continue_reply(self, turn: str = "") -> AsyncGenerator[out.SessionEvent, None]:
        """Let ``turn``, the newest by default, go on where its raw text ended. Raises as ``swipe`` does.

        Where the last reply was all thinking, that goes on instead. A turn of the user's cannot be continued:
        ``NotFoundError``.
        """
        unsaid = self.unsaid if turn in ("", self.tree.tip) else None
        if unsaid is not None:
            return self.make(lambda: [unsaid.go_on])
        return self.make(lambda: [extending(reply_to_extend(self.tree, turn))])

    def answer(self) -> AsyncGenerator[out.SessionEvent, None]:
        """The last reply that was all thinking, else another reply beside the newest, this once without thinking.

        Raises as ``swipe`` does.
        """
        unsaid = self.unsaid
        return self.make(lambda: [unsaid.at_once if unsaid else answering(self.changes.newest(), _next_name(self))])

    @property
    def unsaid(self) -> Unsaid | None:
        """The thoughts of a reply that was nothing else, while ``continue_reply`` goes on with them."""
        return self._thinking.waiting(self.tree)

    def stop(self) -> None:
        """Stop the reply that is being made and keep its text; nothing where none is."""
        if self._stopping is not None:
            self._stopping.set()
        if self._running is not None:
            self._running.stop()

    async def set_response_tokens(self, tokens: int) -> None:
        """Set the length of replies in this chat, for good."""
        await self.changes.write(PropertySet(RESPONSE_TOKENS, tokens))
        self.options = self.options.with_length(tokens)

    async def set_thinking(self, level: Thinking) -> None:
        """Set whether and how much is thought in this chat, for good."""
        await self.changes.write(PropertySet(THINKING, level.value))
        self.options = replace(self.options, think=level)

    async def oldest_read(self) -> str:
        """The oldest turn that the chat's last prompt had room for, "" where none is known."""
        if self._first_turn is None:
            record = await asyncio.to_thread(prompt_records.last, self.log)
            self._first_turn = record.first_turn if record else ""
        return turn_of(self._first_turn)

    async def plan(self, kind: out.ReplyKind = out.ReplyKind.NORMAL) -> PromptPlan:
        """The prompt that the next reply of that kind would read; nothing is changed by looking.

        Raises ``EngineError``, ``PromptError``, ``SettingsError``, ``no_card``.
        """
        return (await self.prepared(kind)).plan

    async def prepared(self, kind: out.ReplyKind = out.ReplyKind.NORMAL) -> Prepared:
        """What the next reply of that kind would be made with; nothing is changed by looking. Raises as ``plan``."""
        _refuse(self.no_card)
        newest = self.tree.turns.get(self.tree.tip)
        parent = newest.parent if kind is out.ReplyKind.SWIPE and newest else self.tree.tip
        extends = newest if kind is out.ReplyKind.CONTINUE else None
        again = kind is not out.ReplyKind.NORMAL and newest is not None and newest.speaker is Speaker.CHARACTER
        name = newest.name if newest is not None and again else _next_name(self)
        return await self._prepare(Making(kind, ReplyPlace(name, parent, extends)))

    async def make(
        self, choose: Callable[[], Iterable[Making]], text: str = ""
    ) -> AsyncGenerator[out.SessionEvent, None]:
        """Say the user's ``text`` and make the replies chosen, each once the one before it is saved.

        One that breaks or is stopped is the last. Raises as ``reply`` does."""
        with self.claimed() as stopping:
            user_turn = await self.speech.say(text) if text.strip() else ""
            silent, failed = True, False
            for making in choose():
                async with aclosing(self._make(making, stopping, user_turn if silent else "")) as events:
                    async for event in events:
                        failed = failed or isinstance(event, out.TurnFailed)
                        yield event
                silent = False
                if failed or stopping.is_set():
                    break
            if silent and user_turn:
                yield out.OnlySaid(user_turn)

    async def _make(
        self, making: Making, stopping: asyncio.Event, user_turn: str = ""
    ) -> AsyncGenerator[out.SessionEvent, None]:
        """One reply, from connecting to saving."""
        yield out.TurnStarted(making.kind, making.place.name, user_turn)
        plan: PromptPlan | None = None
        steps = Steps(
            prepare=lambda before: self._prepare(making, before),
            remember=self._remember,
            write=lambda prepared: self._generate(prepared, making, stopping),
            doubt=self.connection.doubt,
        )
        async with aclosing(attempted(steps, self.tries, stopping)) as events:
            async for event in events:
                if isinstance(event, out.PromptBuilt):
                    plan = event.plan
                yield out.told_what_is_kept(event, user_turn) if isinstance(event, out.TurnFailed) else event
        for news in (*self.scripts.news(plan), *self.variables.news()) if plan is not None else ():
            yield out.Notice(news)

    async def _generate(
        self, prepared: Prepared, making: Making, stopping: asyncio.Event
    ) -> AsyncGenerator[out.SessionEvent, None]:
        from tavern_tui.session.writing import Writing

        self._running = writing = Writing(self, prepared, making, self._clock)
        if stopping.is_set():
            writing.stop()
        try:
            async with aclosing(writing.run()) as events:
                async for event in events:
                    yield event
        finally:
            self._running = None
            for text in writing.texts:
                self._thinking.heard(text, prepared.ready.info.model, making, self.tree.tip)
                if self.group is not None:
                    self.group.heard(text.said, making.place.name)

    @contextmanager
    def claimed(self) -> Iterator[asyncio.Event]:
        """Make this the one reply that is being made. Raises ``EngineError`` while another is, and ``no_card``."""
        _refuse(self.no_card)
        if self._stopping is not None:
            raise EngineError("A reply is already being written.", fault=EngineFault.BUSY, hint="Stop it first.")
        self._stopping = asyncio.Event()
        try:
            yield self._stopping
        finally:
            self._stopping = None

    async def _prepare(self, making: Making, before: Prepared | None = None) -> Prepared:
        """Connect, choose, plan: everything before the engine writes.

        ``before`` is what an earlier try was made with: it is used again where model and room are still the same,
        and else what it found in the chat's variables, which it may have changed.
        """
        from tavern_tui.prompt.inputs import GenerationKind
        from tavern_tui.prompt.lore_index import LoreCache
        from tavern_tui.session.reply_input import prompt_input
        from tavern_tui.session.whole_prompt import planned_in

        first_turn = await self.oldest_read()
        ready = await self.connection.ready(
            template=self.options.template,
            asked=self.options.template_asked,
            context_tokens=self.options.context_tokens,
            sized="context_tokens" in self.options.asked,
        )
        ready = replace(ready, context_tokens=self.tries.room(ready.info, ready.context_tokens))
        if before is not None and before.ready == replace(ready, changed=before.ready.changed):
            return before
        options = of_model(self.options, ready, self.tree, sample=self._sample)
        kind, place = making.kind, making.place
        if kind is out.ReplyKind.SWIPE:
            options = options.for_swipe(len(self.tree.children.get(place.parent, ())))
        making, options, told = suited(making, options, ready)
        parent = place.extends.id if place.extends else place.parent
        self._lore_cache = self._lore_cache or LoreCache()
        given = prompt_input(
            self,
            ready,
            options,
            GenerationKind(kind.value),
            parent,
            thoughts=making.thoughts,
            thinks=self._thinking.thinks(ready.info.model, ready.template.instruct),
            now=datetime.fromtimestamp(self._clock()),
            random=self._dice,
            first_turn=first_turn,
            lore_cache=self._lore_cache,
        )
        if self.group is not None:
            given = self.group.told(given, place, parent)
        if before is not None:
            given = as_it_was(given, before)
        given, plan, prompt = await planned_in(self, given, ready, options)
        if plan.chat is not None and not prompt:
            told = told or self._thinking.news(switched(plan.messages(), options, ready)[2])
        return Prepared(ready, options, given, plan, prompt, told)

    async def _remember(self, prepared: Prepared) -> None:
        """Keep what the next prompt of this chat goes on from."""
        self._first_turn = prepared.plan.first_turn
        state = prepared.plan.lore_state
        if state != prepared.given.lore_state:
            await self.changes.write(PropertySet(PROPERTY, as_property(state)))
        await keep(self, prepared.plan.kept)
        await self.variables.keep(prepared.plan.variables, prepared.plan.global_variables)


def load_reply_making() -> None:
    """Import what makes a reply, so that the first one does not wait for it. Blocks: for a thread, in an open chat."""
    import tavern_tui.prompt.assemble
    import tavern_tui.session.writing  # noqa: F401


def _next_name(session: ChatSession) -> str:
    """Who answers now, where nobody was named."""
    return session.character.name if session.group is None else session.group.next_name()


def _refuse(no_card: NotFoundError | None) -> None:
    if no_card is not None:
        raise NotFoundError(no_card.title, hint=no_card.hint, where=no_card.where)
