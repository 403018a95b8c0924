"""Plays a session under a policy, through the program's own session and assembly, and notes what is read each time.

Nothing is computed: the engine is ``ScriptedEngine``, whose caches are models. What a turn brought that is new, which
notes its prompt has and which lore can be seen in it is read off the plan.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tavern_tui.domain import groups
from tavern_tui.domain.events import PropertySet
from tavern_tui.engines.cache_model import CacheModel, Read
from tavern_tui.engines.one_gap import OneGap
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.session.author_note import write_note
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import PromptBuilt, SessionEvent, TurnFailed, TurnSaved
from tavern_tui.session.groups import part
from tavern_tui.session.kept_prompts import set_notes_stay
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.economy.news import news, place_of, tokens_from
from tests.economy.scripted_engine import ScriptedEngine
from tests.economy.sessions import Session, Step
from tests.economy.vocabulary import PromptTokens

PARKED = 1 << 16
"""Tokens of other chats that the embedded engine's model may put aside."""


@dataclass(frozen=True, slots=True)
class Way:
    """A policy on a kind of engine. Several ``caches`` read the same prompts."""

    policy: str
    caches: dict[str, Callable[[], CacheModel]]
    shifts: bool = True


WAYS = (
    Way(
        "classic",
        {"classic, prefix only": lambda: CacheModel(gaps=0), "classic, shifting": CacheModel},
    ),
    Way("economy", {"economy, prefix only": lambda: CacheModel(gaps=0)}, shifts=False),
    Way(
        "economy",
        {
            "economy, embedded": lambda: CacheModel(parked_tokens=PARKED, disk=True),
            "economy, KoboldCpp": lambda: CacheModel(one_gap=OneGap(8_192, 250)),
        },
    ),
)
"""The five of ``docs/economy.md``, in three runs: what ``classic`` sends does not depend on the engine, and what
``economy`` sends only on whether it moves what it has read.
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt. All numbers are tokens.

    ``new`` is what it has that no prompt of this chat had: the user's turn, markup, lore that has just fired; in the
    chat's first prompt everything. ``with_notes`` is that, the notes, and the turns below them. ``edited`` is what
    stands from the turn on that was edited since the last prompt; 0 where none was. ``lore`` are the titles
    of those that can be seen. ``predicted`` is what the session expected to be read by the first of the caches.
    """

    step: int
    do: str
    tokens: int
    new: int
    with_notes: int
    edited: int
    lore: frozenset[str]
    first_turn: str
    reads: dict[str, Read]
    after: str = ""
    predicted: int | None = None


class Player:
    """One session under one policy, in a folder of its own.

    ``asked`` is what was read, prompt by prompt, ``plan`` the last one.
    """

    def __init__(self, session: Session, way: Way, tokens: PromptTokens, folder: Path) -> None:
        self._session = session
        self._way = way
        self._tokens = tokens
        self._store = ChatStore(folder / "chats", device="device1", state=folder / "state")
        self.caches = {name: make() for name, make in way.caches.items()}
        self.engine = ScriptedEngine(tokens, self.caches, session.context_tokens, shifts=way.shifts)
        self._chats: dict[str, ChatSession] = {}
        self._texts: dict[str, str] = {}  # by chat, the last prompt
        self._chat = "first"
        self._edited = ""
        self._after = ""
        self.asked: list[Asked] = []
        self.plan: PromptPlan | None = None

    async def play(self, steps: int | None = None) -> list[Asked]:
        """Do the session's steps, or so many of them."""
        await self._open("first")
        for number, step in enumerate(self._session.steps[:steps]):
            await self._do(number, step)
        return self.asked

    @property
    def chat(self) -> ChatSession:
        """The chat that is open."""
        return self._chats[self._chat]

    async def _do(self, number: int, step: Step) -> None:
        match step.do:
            case "reply":
                by = step.by if self._session.group else ""
                await self._make(number, step, lambda chat: chat.reply(step.say, by=by))
            case "swipe":
                await self._make(number, step, lambda chat: chat.swipe())
            case "edit":
                turn = self.chat.tree.path()[-1 - step.back]
                await self.chat.changes.edit(turn.id, step.text)
                self._edited = turn.id
            case "branch":
                await self.chat.changes.go_to(self.chat.tree.path()[-1 - step.back].id)
                self._after = "branch"
            case "turn to":
                self._chat, self._after = step.chat, "turn to"
                if step.chat not in self._chats:
                    await self._open(step.chat)
            case "restart":
                for cache in self.caches.values():
                    cache.restart()
                log = self._store.open(self.chat.log.path.stem)
                self._chats = {self._chat: self._session_on(log)}
                await self.chat.open()
                self._after = "restart"
            case _:
                raise ValueError(f"there is no step {step.do}")

    async def _open(self, name: str) -> None:
        log = self._store.create(name, tuple(one.name for one in self._session.characters), self._session.persona.name)
        if self._session.group:
            log.append(PropertySet(groups.CARDS, "swap" if self._way.policy == "classic" else "join"))
        self._chats[name] = self._session_on(log)
        await self.chat.open()
        await write_note(self.chat, self._session.note)
        turns, restated = self._session.notes_stay
        await set_notes_stay(self.chat, turns, restated=restated)

    def _session_on(self, log: Any) -> ChatSession:
        given = self._session
        session = ChatSession(
            log=log,
            character=given.characters[0],
            persona=given.persona,
            connection=Connection(self.engine, clock=lambda: 0.0),
            options=ReplyOptions(
                response_tokens=given.response_tokens, template="ChatML", policy=self._way.policy, seed=1
            ),
            lorebooks=(given.lore,) if given.lore.entries else (),
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
        )
        if given.group:
            session.group = part.GroupPart(session, lambda name: part.Player(given.member(name), session.lorebooks))
        return session

    def _predicted(self) -> int | None:
        receipt = self.chat.tree.turns[self.chat.tree.tip].receipt
        return receipt.predicted if receipt is not None else None

    async def _make(
        self, number: int, step: Step, ask: Callable[[ChatSession], AsyncGenerator[SessionEvent, None]]
    ) -> None:
        self.engine.next_reply = step.reply
        if not self._session.group:
            self.chat.character = self._session.member(step.by)
        plan = self.plan = await _written(ask(self.chat))
        text = plan.text
        entries, before = self._session.lore.entries, self._texts.get(self._chat, "")
        found = news(plan, before, entries, self._tokens.count, spoke=bool(step.say))
        new, with_notes = found.tokens, found.with_notes
        if not before:
            new = with_notes = len(self.engine.ids)
        if step.do == "swipe":
            new = 1
        edited = tokens_from(plan.included, place_of(plan.included, lambda part: part.turn_id == self._edited != ""))
        lore = frozenset(entry.comment for entry in entries if entry.content in text)
        self._texts[self._chat] = text
        reads = dict(self.engine.reads)
        tokens = next(iter(reads.values())).tokens
        self.asked.append(
            Asked(
                number,
                step.do,
                tokens,
                new,
                with_notes,
                edited,
                lore,
                plan.first_turn,
                reads,
                self._after,
                self._predicted(),
            )
        )
        self._edited = self._after = ""


async def _written(events: AsyncGenerator[SessionEvent, None]) -> PromptPlan:
    """The plan of a reply that was made and saved."""
    plan: PromptPlan | None = None
    saved = False
    async for event in events:
        if isinstance(event, PromptBuilt):
            plan = event.plan
        elif isinstance(event, TurnFailed):
            raise event.error
        saved = saved or isinstance(event, TurnSaved)
    if plan is None or not saved:
        raise RuntimeError("no reply was made")
    return plan


def play(session: Session, way: Way, tokens: PromptTokens, steps: int | None = None) -> list[Asked]:
    """Every prompt of a session under one policy, or those of its first ``steps``."""
    with tempfile.TemporaryDirectory(prefix="tavern-economy-") as folder:
        return asyncio.run(Player(session, way, tokens, Path(folder)).play(steps))
