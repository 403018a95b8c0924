"""Trying lore: who fires, why, and who was cut by what, for the chat as it stands or for any text in its place.

Nothing is written and no reply is asked for. Tokens are the engine's where it was reached before, else estimates; no
engine is started for it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import EngineError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.engines.base import EngineInfo
from tavern_tui.prompt.counting import Counting, Counts
from tavern_tui.prompt.inputs import GenerationKind, PromptInput
from tavern_tui.prompt.lore import LoreScan
from tavern_tui.prompt.lore_books import Listed
from tavern_tui.prompt.lore_index import LoreCache
from tavern_tui.prompt.lore_outcome import Lore
from tavern_tui.prompt.lore_text import Recalled
from tavern_tui.prompt.notes import with_notes
from tavern_tui.prompt.plan import NO_LORE_STATE
from tavern_tui.prompt.story import tell
from tavern_tui.prompt.templates import PLAIN_CONTEXT
from tavern_tui.session.connection import Ready
from tavern_tui.session.lore_listing import CHARACTERS_PER_TOKEN, LoreNow
from tavern_tui.session.model_templates import TemplateChoice
from tavern_tui.session.options import UNKNOWN_CONTEXT_TOKENS
from tavern_tui.session.reply_input import prompt_input
from tavern_tui.session.reply_place import ReplyPlace

if TYPE_CHECKING:
    from tavern_tui.session.session import ChatSession

_ROUNDS = 8
_BOOKS = ("lorebooks", "persona_lorebooks", "chat_lorebooks", "global_lorebooks")
_SPENDERS = 3


@dataclass(frozen=True, slots=True)
class Tried:
    """One entry in a trial: what became of it, and why. ``state`` is ``fired``, ``cut`` by the budget, or ``held``."""

    uid: int
    book: str
    title: str
    state: str
    reason: str
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class LoreTrial:
    """What a scan found, what fires first. ``charged`` of ``budget`` tokens; ``exact``: an engine counted them."""

    entries: tuple[Tried, ...]
    charged: int
    budget: int
    exact: bool

    def of(self, book: str) -> LoreNow:
        """What it says about the entries of one book."""
        own = [one for one in self.entries if one.book == book]
        return LoreNow(
            fired={one.uid: one.tokens for one in own if one.state == "fired"},
            cut=frozenset(one.uid for one in own if one.state == "cut"),
            reasons={one.uid: one.reason for one in own},
            budget=self.budget,
        )


async def try_lore(session: ChatSession, book: Lorebook, text: str = "") -> LoreTrial:
    """Which entries fire in the chat's next prompt, or would if ``text`` were all that was said.

    ``book`` stands among the chat's books in place of the one of its name, and as the chat's own where it has none. In
    a group the prompt is that of whoever speaks next. Raises ``NotFoundError`` where nobody can.
    """
    given = _with_book(_given(session, text), book)
    info = session.connection.known
    steps = _scan(given)
    try:
        texts = next(steps)
        while True:
            counts: list[int] | None = None
            if info is not None:
                try:
                    counts = await session.connection.counts.count(session.connection.engine, info, texts)
                except EngineError:
                    info = None
            texts = steps.send(counts if counts is not None else estimated(texts))
    except StopIteration as done:
        return _told(done.value, exact=info is not None)


def is_read(session: ChatSession, book: Lorebook) -> bool:
    """Whether an open chat reads a book of this name."""
    lore = session.options.lore
    of_members = session.group.players.values() if session.group is not None else ()
    books = (*session.lorebooks, *(book for one in of_members for book in one.books))
    books = (*books, *session.persona.books, *(() if lore is None else (*lore.everywhere, *lore.of_chat)))
    return any(one.name == book.name for one in books)


async def count_texts(session: ChatSession | None, texts: Sequence[str]) -> dict[str, int]:
    """Tokens by text, as the engine counts them; nothing where it was not reached yet or does not answer."""
    if session is None or (info := session.connection.known) is None or not texts:
        return {}
    try:
        counts = await session.connection.counts.count(session.connection.engine, info, texts)
    except EngineError:
        return {}
    return dict(zip(texts, counts, strict=True))


def estimated(texts: Iterable[str]) -> list[int]:
    """Tokens by the length of the texts."""
    return [-(-len(text) // CHARACTERS_PER_TOKEN) for text in texts]


def _scan(given: PromptInput) -> Counting[Lore]:
    """The lore of a prompt, counted until nothing of it is an estimate."""
    given = replace(given, turns=Recalled(given.turns))
    story = tell(given)
    given = with_notes(given, story)
    counts, scan = Counts(), LoreScan(given, story)
    lore = scan.run(counts)
    for _ in range(_ROUNDS):
        if not lore.unknown:
            break
        yield from counts.ask(lore.unknown)
        lore = scan.run(counts)
    return lore


def _given(session: ChatSession, text: str) -> PromptInput:
    """The next prompt as far as lore looks at it; templates make no difference to that."""
    options, tree = session.options, session.tree
    info = session.connection.known or EngineInfo(engine="", model="")
    context = info.context_tokens or UNKNOWN_CONTEXT_TOKENS
    template = TemplateChoice(None, PLAIN_CONTEXT, "for a trial")
    given = prompt_input(
        session,
        Ready(info, template, min(context, options.context_tokens or context)),
        options,
        GenerationKind.NORMAL,
        tree.tip,
        thoughts="",
        thinks=False,
        now=datetime.now(),
        random=random.random,
        first_turn="",
        lore_cache=LoreCache(),
    )
    if session.group is not None:
        given = session.group.told(given, ReplyPlace(session.group.next_name(), tree.tip), tree.tip)
    if not text:
        return given
    said = Turn(id="", parent="", speaker=Speaker.USER, name=session.persona.name, text=text)
    return replace(given, turns=(said,), lore_state=NO_LORE_STATE)


def _with_book(given: PromptInput, book: Lorebook) -> PromptInput:
    """With ``book`` in place of every book of its name; beside the chat's own where there is none."""
    found: dict[str, Any] = {
        place: tuple(book if one.name == book.name else one for one in getattr(given, place))
        for place in _BOOKS
        if any(one.name == book.name for one in getattr(given, place))
    }
    return replace(given, **(found or {"chat_lorebooks": (*given.chat_lorebooks, book)}))


def _told(lore: Lore, *, exact: bool) -> LoreTrial:
    spenders = sorted(lore.fired, key=lambda one: -one.tokens)[:_SPENDERS]
    names = ", ".join(f"{one.one.title} {one.tokens:,}" for one in spenders)
    charged = sum(one.tokens for one in lore.fired if not one.one.entry.ignore_budget)
    by = f"; most went to {names}" if names else ""
    fired = [_tried(one.one, "fired", one.reason, one.tokens) for one in lore.fired]
    held = [
        _tried(one.one, "cut" if one.cut else "held", f"{one.reason}{by}" if one.cut else one.reason)
        for one in lore.all_held
    ]
    return LoreTrial((*fired, *held), charged, lore.budget, exact)


def _tried(one: Listed, state: str, reason: str, tokens: int = 0) -> Tried:
    return Tried(one.entry.uid, one.book.name, one.title, state, reason, tokens)
