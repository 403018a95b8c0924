"""Plays a session under a policy, through the program's own session and assembly, and notes what is read each time.

Nothing is computed: the engine is ``ScriptedEngine``, whose caches are models. What a turn brought that is new, which
notes its prompt has and which lore can be seen in it is read off the plan.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tavern_tui.domain.character import Character
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.engines.base import Engine
from tavern_tui.engines.cache_model import CacheModel, Read
from tavern_tui.prompt.inputs import Group, GroupCards, Member, PromptInput
from tavern_tui.prompt.plan import Part, PartKind, PromptPlan
from tavern_tui.session import reply_input
from tavern_tui.session.author_note import write_note
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import PromptBuilt, SessionEvent, TurnFailed, TurnSaved
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.economy.scripted_engine import ScriptedEngine
from tests.economy.sessions import Session, Step
from tests.economy.vocabulary import PromptTokens

PARKED = 1 << 16
"""Tokens of other chats that the embedded engine's model may put aside."""
_NOTES = (PartKind.NOTE, PartKind.CHARACTER_NOTE)


@dataclass(frozen=True, slots=True)
class Way:
    """A policy on a kind of engine. Several ``caches`` read the same prompts."""

    policy: str
    caches: dict[str, Callable[[], CacheModel]]
    shifts: bool = True


WAYS = (
    Way(
        "classic",
        {"classic, prefix only": lambda: CacheModel(gaps=0), "classic, shifting": lambda: CacheModel()},
    ),
    Way("economy", {"economy, prefix only": lambda: CacheModel(gaps=0)}, shifts=False),
    Way("economy", {"economy, embedded": lambda: CacheModel(parked_tokens=PARKED, disk=True)}),
)
"""The four of ``docs/economy.md``, in three runs: what ``classic`` sends does not depend on the engine."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt. All numbers are tokens.

    ``new`` is what it has that no prompt of this chat had: the user's turn, markup, lore that has just fired; in the
    chat's first prompt everything. ``notes`` is what stands from its first note on, ``edited`` what stands from the
    turn on that was edited since the last one; 0 where there is none. ``lore`` are the titles of the entries that the
    model sees.
    """

    step: int
    do: str
    tokens: int
    new: int
    notes: int
    edited: int
    lore: frozenset[str]
    first_turn: str
    reads: dict[str, Read]
    after: str = ""


class Player:
    """One session under one policy, in a folder of its own. ``asked`` is what was read, prompt by prompt."""

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
                await self._make(number, step, lambda chat: chat.reply(step.say))
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
        self._chats[name] = self._session_on(log)
        await self.chat.open()
        await write_note(self.chat, self._session.note)

    def _session_on(self, log: Any) -> ChatSession:
        given = self._session
        return ChatSession(
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

    async def _make(
        self, number: int, step: Step, ask: Callable[[ChatSession], AsyncGenerator[SessionEvent, None]]
    ) -> None:
        self.engine.next_reply = step.reply
        self.chat.character = self._session.member(step.by)
        with _together(self._session, self._way.policy):
            plan = await _written(ask(self.chat))
        new, notes, edited = self._new(plan, step), _from_first(plan, _is_note), 0
        if self._edited:
            edited = _from_first(plan, lambda part: part.turn_id == self._edited)
        lore = frozenset(entry.comment for entry in self._session.lore.entries if entry.content in plan.text)
        self._texts[self._chat] = plan.text
        reads = dict(self.engine.reads)
        tokens = next(iter(reads.values())).tokens
        self.asked.append(Asked(number, step.do, tokens, new, notes, edited, lore, plan.first_turn, reads, self._after))
        self._edited = self._after = ""

    def _new(self, plan: PromptPlan, step: Step) -> int:
        before = self._texts.get(self._chat)
        if before is None:
            return len(self.engine.ids)
        if step.do == "swipe":
            return 1
        closing = self._tokens.count("<|im_end|>\n")
        replied = sum(part.tokens for part in plan.included if part.kind is PartKind.REPLY_LINE)
        said = 0
        if step.say:
            newest = [part for part in plan.included if part.turn_id][-1]
            said = newest.tokens
        return closing + replied + said + self._lore_since(before, plan)

    def _lore_since(self, before: str, plan: PromptPlan) -> int:
        """Tokens of the entries that were not in the prompt before, with their markup where they have their own."""
        total = 0
        for entry in self._session.lore.entries:
            if entry.content in plan.text and entry.content not in before:
                parts = [part for part in plan.included if entry.content in part.text]
                own = self._tokens.count(entry.content)
                alone = len(parts) == 1 and parts[0].body.strip() == entry.content
                total += parts[0].tokens if alone else own + 1
        return total


def _is_note(part: Part) -> bool:
    return part.kind in _NOTES


def _from_first(plan: PromptPlan, wanted: Callable[[Part], bool]) -> int:
    """Tokens from the first such part to the prompt's end; 0 where there is none."""
    parts = plan.included
    at = next((place for place, part in enumerate(parts) if wanted(part)), len(parts))
    return sum(part.tokens for part in parts[at:])


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


@contextmanager
def _together(session: Session, policy: str) -> Iterator[None]:
    """The members of a group in the prompts that are made: a chat's session knows the one who speaks."""
    if not session.group:
        yield
        return
    cards = GroupCards.SWAP if policy == "classic" else GroupCards.JOIN
    group = Group(members=tuple(Member(one) for one in session.characters), cards=cards)
    made = reply_input.prompt_input

    def with_group(*args: Any, **kwargs: Any) -> PromptInput:
        return replace(made(*args, **kwargs), group=group)

    with patch.object(reply_input, "prompt_input", with_group):
        yield


def play(session: Session, way: Way, tokens: PromptTokens, steps: int | None = None) -> list[Asked]:
    """Every prompt of a session under one policy, or those of its first ``steps``."""
    with tempfile.TemporaryDirectory(prefix="tavern-economy-") as folder:
        return asyncio.run(Player(session, way, tokens, Path(folder)).play(steps))
