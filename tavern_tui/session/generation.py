"""``Generation``: one reply, from the prompt to the saved turn.

The text is journaled before anybody sees it, shown as it will read once cleaned up, and saved as one event. A link that
breaks, an engine that dies or a task that is cancelled keeps what had come, as an interrupted turn. Another terminal
may ask for the reply to be stopped (``storage.mailbox``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from tavern_tui.domain import messages
from tavern_tui.domain.disk_errors import reply_not_saved
from tavern_tui.domain.errors import EngineError, EngineFault, StorageError, TavernError
from tavern_tui.domain.events import Receipt, Speaker, TextExtended, TurnAdded, TurnTokens
from tavern_tui.domain.request import Segment
from tavern_tui.engines import base
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.reasoning import tags_of
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection, Ready
from tavern_tui.session.meter import Meter
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.reading_cost import ReadingCost
from tavern_tui.session.reply_place import ReplyPlace
from tavern_tui.session.reply_text import ReplyText
from tavern_tui.session.stream import ReplyStream, TextBatch
from tavern_tui.session.thinking import switched
from tavern_tui.session.token_choice import ReplyChoices
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import ReplyJournal

_LISTEN_SECONDS = 0.25
"""How often a running reply looks whether another terminal wants it stopped."""
_SAID_WITHIN = 64
"""Turns within which one receipt that names template and policy is enough: the log stays near the size of its text."""


class Generation:
    """One running reply. ``run`` once; ``stop`` from anywhere. Without ``engine`` the connection's own writes it.

    ``cost`` gives what reading the prompt was expected to take, once somebody has worked it out.
    """

    def __init__(
        self,
        *,
        log: ChatLog,
        connection: Connection,
        ready: Ready,
        plan: PromptPlan,
        options: ReplyOptions,
        place: ReplyPlace,
        text: ReplyText,
        prompt: tuple[Segment, ...] = (),
        engine: base.Engine | None = None,
        cost: Callable[[], ReadingCost | None] = lambda: None,
    ) -> None:
        self._log = log
        self._connection = connection
        self._ready = ready
        self._plan = plan
        self._options = options
        self._place = place
        self._text = text
        self._prompt = prompt
        self._engine = engine or connection.engine
        self._cost = cost
        self._stream: ReplyStream | None = None
        self._stopped = False
        self._finished: base.Finished | None = None
        self._meter = Meter()
        self._choices = ReplyChoices()
        self._disk_refused = False
        self._saving: asyncio.Task[None] | None = None

    def stop(self) -> None:
        """End the reply and keep its text."""
        self._stopped = True
        if self._stream is not None:
            self._stream.stop()

    async def run(self) -> AsyncGenerator[out.SessionEvent, None]:
        """Stream the reply; the last event is ``TurnSaved`` or ``TurnFailed``. Raises ``StorageError`` at the start."""
        journal = await asyncio.to_thread(self._start_journal)
        listening = asyncio.create_task(self._listen(journal))
        try:
            try:
                async with aclosing(self._receive(journal)) as events:
                    async for event in events:
                        yield event
            except EngineError as error:
                self._connection.doubt()
                yield await self._fail(journal, error)
                return
            async with aclosing(self._finish(journal)) as events:
                async for event in events:
                    yield event
        except (asyncio.CancelledError, GeneratorExit):
            await self._keep_quietly(journal)
            raise
        finally:
            listening.cancel()
            self._leave(journal)

    async def _listen(self, journal: ReplyJournal) -> None:
        """Stop the reply once another terminal asks for it."""
        asked = False
        while not asked:
            await asyncio.sleep(_LISTEN_SECONDS)
            asked = await asyncio.to_thread(journal.stop_asked)
        self.stop()

    async def _receive(self, journal: ReplyJournal) -> AsyncGenerator[out.SessionEvent, None]:
        async with self._engine.generate(self._request()) as source:
            stream = self._stream = ReplyStream(source, per_second=self._options.updates_per_second)
            if self._stopped:
                return
            async with aclosing(stream.events()) as events:
                async for event in events:
                    for told in self._take(event, journal):
                        yield told
                    if self._text.complete:
                        return

    def _take(self, event: base.Event | TextBatch, journal: ReplyJournal) -> list[out.SessionEvent]:
        """What a front end hears of one event of the engine."""
        match event:
            case TextBatch(pieces=pieces):
                return self._take_text(pieces, journal)
            case base.ReasoningArrived(text=text):
                self._text.feed_reasoning(text)
                return [*self._journal(journal, "", text), out.ReasoningArrived(text, self._text.thought_tokens)]
            case base.Finished():
                self._finished = event
                self._choices.told_at_the_end(event.alternatives)
                return []
            case _:
                self._meter.heard(event)
                progress = out.progress_of(event)
                return [progress] if progress is not None else []

    def _take_text(self, pieces: tuple[base.TextArrived, ...], journal: ReplyJournal) -> list[out.SessionEvent]:
        self._meter.text_arrived()
        before = self._text.shown
        self._choices.feed(pieces)
        said, thought = self._text.feed(pieces)
        told = self._journal(journal, said, thought, anew=self._text.taken_back)
        if thought:
            told.append(out.ReasoningArrived(thought, self._text.thought_tokens))
        shown = self._text.shown
        if shown != before:
            added = shown[len(before) :] if shown.startswith(before) else ""
            told.append(out.TextArrived(shown, added, self._text.settled, self._text.tokens))
        return told

    def _journal(self, journal: ReplyJournal, text: str, thought: str, *, anew: bool = False) -> list[out.SessionEvent]:
        """Write to the journal; a disk that refuses is told once and does not end the reply."""
        try:
            journal.write(text, thought, anew=anew)
        except StorageError as error:
            if self._disk_refused:
                return []
            self._disk_refused = True
            return [out.Notice(str(reply_not_saved(error)))]
        return []

    async def _finish(self, journal: ReplyJournal) -> AsyncGenerator[out.SessionEvent, None]:
        """Save what came; say why it ended where the model did not end it."""
        if self._stopped:
            yield out.TurnStopped(out.Stopped.BY_USER)
        elif self._at_length:
            yield out.TurnStopped(out.Stopped.LENGTH)
        self._text.close(stopped=self._stopped, at_length=self._at_length)
        if not self._text.final and not self._stopped:
            await self._save(journal, interrupted=False)
            yield out.TurnFailed(self._nothing_written())
            return
        try:
            await self._save(journal, interrupted=False)
        except StorageError as error:
            yield out.TurnFailed(reply_not_saved(error), self._text.final)
            return
        if self._text.final:
            yield out.TurnSaved(self._log.tree.turns[self._turn_id(journal)])

    async def _fail(self, journal: ReplyJournal, error: EngineError) -> out.TurnFailed:
        """Keep what came before ``error``."""
        self._text.close(stopped=True)
        kept = self._text.final
        try:
            await self._save(journal, interrupted=True)
        except StorageError as refused:
            return out.TurnFailed(reply_not_saved(refused), kept)
        if kept and error.title == messages.link_broke(None).title:
            error.title = messages.link_broke(self._text.tokens).title  # only here they are counted
        return out.TurnFailed(error, kept, self._turn_id(journal) if kept else "")

    async def _keep_quietly(self, journal: ReplyJournal) -> None:
        """Save what came while the task is being cancelled; a disk that refuses leaves it to the journal."""
        try:
            await self._save(journal, interrupted=True)
        except StorageError:
            pass

    async def _save(self, journal: ReplyJournal, *, interrupted: bool) -> None:
        """Write the reply to the log, once: who comes second waits for the first. Raises ``StorageError``."""
        if self._saving is None:
            self._text.close(stopped=interrupted or self._stopped, at_length=self._at_length)
            self._saving = asyncio.create_task(asyncio.to_thread(self._keep, journal, interrupted))
        await asyncio.shield(self._saving)

    def _leave(self, journal: ReplyJournal) -> None:
        """Let go of the journal, but not while a thread is still saving."""
        if self._saving is None or self._saving.done():
            journal.leave()
        else:
            self._saving.add_done_callback(lambda _: journal.leave())

    def _keep(self, journal: ReplyJournal, interrupted: bool) -> None:
        """Write the reply to the log as one event and drop the journal; nothing where nothing came. Blocks."""
        text = self._text
        if not text.final:
            journal.finish()
            return
        raw = text.raw if text.raw != text.final else None
        turn = self._place.extends
        if turn is not None:
            journal.commit(TextExtended(turn.id, text.final, raw, interrupted, self._receipt(), self._tokens()))
            return
        journal.commit_from(
            lambda tree: TurnAdded(
                self._place.parent_in(tree),
                Speaker.CHARACTER,
                self._place.name,
                text.final,
                raw=raw,
                reasoning=text.reasoning,
                interrupted=interrupted,
                receipt=self._receipt(),
                tokens=self._tokens(),
                lore=tuple(entry.title for entry in self._plan.fired),
                alternatives=self._choices.kept(text),
            )
        )

    def _start_journal(self) -> ReplyJournal:
        turn = self._place.extends
        return ReplyJournal.start(
            self._log,
            speaker=Speaker.CHARACTER,
            name=self._place.name,
            parent=self._place.parent,
            turn=turn.id if turn else "",
            base=self._text.before,
        )

    def _turn_id(self, journal: ReplyJournal) -> str:
        return self._place.extends.id if self._place.extends else journal.event_id

    def _request(self) -> base.Request:
        plan, options = self._plan, self._options
        as_chat = plan.chat is not None and not self._prompt
        messages, think, _ = switched(plan.messages(), options, self._ready) if as_chat else ((), None, "")
        return base.Request(
            prompt=() if as_chat else self._prompt or plan.segments(),
            messages=messages,
            think=think,
            tags=() if as_chat else tags_of(plan.reasoning_open, plan.reasoning_close),
            response_tokens=self._text.most_tokens,
            sampling=options.preset,
            stop=tuple(dict.fromkeys((*plan.stop, *options.rules.stop))),
            seed=options.seed,
            chat=self._log.key if self._log.kept else "",  # what belongs to no chat, no engine puts aside
            prefill=plan.chat.prefill if plan.chat is not None and as_chat else "",
            banned=tuple(dict.fromkeys((*plan.banned, *options.rules.banned))),
            logit_bias=options.rules.logit_bias,
            grammar=options.rules.grammar,
            json_schema=options.rules.json_schema,
            head=0 if as_chat or self._prompt else plan.head,
            alternatives=min(options.alternatives, self._ready.info.capabilities.alternatives),
            suffix=plan.suffix,
        )

    def _receipt(self) -> Receipt:
        info, cost = self._ready.info, self._cost()
        above = self._log.tree.made_with(self._place.parent, within=_SAID_WITHIN)
        known = above == (self._plan.template, self._plan.policy)
        usage = self._finished.usage if self._finished else self._meter.usage(self._text.tokens)
        reason = "stopped" if self._stopped else self._finished.reason.value if self._finished else ""
        return Receipt(
            engine=info.engine,
            model=info.model,
            stop=base.StopReason.LENGTH.value if self._at_length else reason,
            seed=self._options.seed,
            evaluated=usage.evaluated,
            reused=usage.reused,
            generated=self._text.tokens if usage.generated is None else usage.generated,
            prompt_ms=usage.prompt_ms,
            generation_ms=usage.generation_ms,
            template="" if known else self._plan.template,
            policy="" if known else self._plan.policy,
            shifted=usage.shifted or None,
            predicted=cost.reads if cost is not None else None,
            cause=cost.broken_at if cost is not None and cost.notable else "",
            summary=self._plan.summary,
        )

    @property
    def _at_length(self) -> bool:
        """Whether the reply ended because it was long enough."""
        ended = self._finished is not None and self._finished.reason is base.StopReason.LENGTH
        return ended or self._text.complete

    def _tokens(self) -> TurnTokens | None:
        """The sampled ids, where tokenising the text anew would give others and the text was left as it came."""
        if self._finished is None or self._finished.canonical is not False or not self._text.ids_fit:
            return None
        return TurnTokens(self._ready.info.fingerprint, self._text.ids)

    def _nothing_written(self) -> TavernError:
        if self._text.said.strip():
            user, template = self._text.spoken_for, self._plan.template
            wording = messages.only_the_users_lines(user) if user else messages.nothing_left(template)
        elif self._text.reasoning:
            wording = messages.only_thought(self._text.thought_tokens)
            return EngineError(wording.title, hint=wording.hint, fault=EngineFault.ONLY_THOUGHT)
        elif self._place.extends is not None:
            wording = messages.nothing_to_add()
            return EngineError(wording.title, hint=wording.hint, fault=EngineFault.NOTHING_ADDED)
        else:
            wording = messages.wrote_nothing(self._plan.template)
        return EngineError(wording.title, hint=wording.hint, fault=EngineFault.NOTHING_WRITTEN)
