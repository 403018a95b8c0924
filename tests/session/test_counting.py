"""Counting in a chat: which texts are asked for, how often, and what is kept of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.character import Character
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.base import Engine, EngineInfo
from tavern_tui.engines.detect import detect
from tavern_tui.engines.embedded import protocol
from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.embedded.link import Exchange, Link
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection
from tavern_tui.session.counting import CountCache
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.engines.embedded.running import embedded_engine
from tests.engines.replies import DONE, chunk
from tests.engines.standin import Asked, Reply, Route, Standin, said, streamed
from tests.session.conftest import collect

SUBJECTS = ("lamp", "gull", "rope", "tide", "bell", "oar", "fog", "coin", "pier", "storm")
BOOK = Lorebook(
    "Coast",
    tuple(
        LoreEntry(
            uid=number,
            keys=(word,),
            content=f"Of the {word} it is said that it outlives whoever owns it." * 2,
            comment=word,
        )
        for number, word in enumerate(SUBJECTS)
    ),
)
CARD = Character(
    name="Mira",
    description="{{char}} keeps the night ferry and talks to {{user}} across the water.",
    greeting="*Mira waits.* Across?",
    example_dialogue="<START>\n{{user}}: Is it deep?\n{{char}}: Deep enough.\n<START>\n{{user}}: Cold?\n{{char}}: Ask.",
    lorebook=BOOK,
)
LINES = [f"Tell me of the {SUBJECTS[turn // 2]}, and take your time with it, part {turn}." for turn in range(20)]
MOST = {"economy": 1, "classic": 4}


@dataclass
class Tally:
    """What an engine was asked to count: one entry for each request."""

    requests: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Every text that was asked for, again where it was asked again."""
        return [text for request in self.requests for text in request]


Talk = Callable[[Engine, str], "ChatSession"]


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    """``talk(engine, policy)``: a chat with Mira, her lore and examples, whose prompts soon have to leave turns out."""

    def begin(engine: Engine, policy: str) -> ChatSession:
        store = ChatStore(tmp_path / policy, device="device1", state=tmp_path / "state")
        return ChatSession(
            log=store.create("A crossing", ("Mira",), "Alex"),
            character=CARD,
            persona=Persona("Alex"),
            connection=Connection(engine, clock=lambda: 0.0),
            options=ReplyOptions(
                response_tokens=16, finish_sentence=False, template="ChatML", context_tokens=768, policy=policy, seed=1
            ),
            lorebooks=(BOOK,),
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
        )

    return begin


async def asked_per_turn(session: ChatSession, tally: Tally) -> list[int]:
    """Have the scripted chat; how many requests each of its turns took."""
    await session.open()
    spent = []
    for line in LINES:
        before = len(tally.requests)
        last = (await collect(session.reply(line)))[-1]
        assert isinstance(last, out.TurnSaved), last
        spent.append(len(tally.requests) - before)
    return spent


def assert_sparing(spent: Sequence[int], tally: Tally, policy: str) -> None:
    """The promise: a warm turn asks so often at most, and nothing is asked for twice."""
    assert max(spent[1:]) <= MOST[policy], spent
    assert len(tally.texts) == len(set(tally.texts))
    assert sum(spent[1:]) >= len(LINES) - 1  # every turn has a new text, so it was really counted


class CountingFake(FakeEngine):
    """A fake engine that tallies what it is asked to count."""

    def __init__(self, info: EngineInfo = DEFAULT_INFO) -> None:
        super().__init__(
            [f"It is said that the {word} knows, reply {n}." for n, word in enumerate(SUBJECTS)], info=info
        )
        self.tally = Tally()

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Counts, and keeps what was asked."""
        self.tally.requests.append(tuple(texts))
        return await super().count(texts)


@pytest.mark.parametrize("policy", list(MOST))
@pytest.mark.parametrize("template", ["ChatML", "Alpaca", "Mistral V3-Tekken", "none"])
async def test_a_warm_turn_asks_once_under_economy_and_four_times_at_most_under_classic(
    talk: Talk, policy: str, template: str
) -> None:
    engine = CountingFake()
    session = talk(engine, policy)
    session.options = replace(session.options, template=template)
    assert_sparing(await asked_per_turn(session, engine.tally), engine.tally, policy)
    fired = {title for turn in session.tree.turns.values() for title in turn.lore}
    assert fired == set(SUBJECTS)
    plan = await session.plan()
    assert any(part.reason.startswith("no room") for part in plan.parts)


async def test_a_look_at_a_prompt_that_was_just_sent_asks_for_nothing(talk: Talk) -> None:
    engine = CountingFake()
    session = talk(engine, "economy")
    await session.open()
    await collect(session.reply(LINES[0]))
    await session.plan(out.ReplyKind.SWIPE)
    before = len(engine.tally.requests)
    await session.plan(out.ReplyKind.SWIPE)
    assert len(engine.tally.requests) == before


async def test_a_swipe_asks_for_nothing_that_the_reply_before_it_had_counted(talk: Talk) -> None:
    engine = CountingFake()
    session = talk(engine, "economy")
    await session.open()
    await collect(session.reply(LINES[0]))
    before = len(engine.tally.requests)
    await collect(session.swipe())
    assert len(engine.tally.requests) == before


class CountedByHost(CountingFake):
    """The real engine host counts; the replies are given, as nothing here depends on their words."""

    def __init__(self, host: EmbeddedEngine) -> None:
        super().__init__()
        self._host = host

    async def connect(self) -> EngineInfo:
        """The host's model."""
        return await self._host.connect()

    async def count(self, texts: Sequence[str]) -> list[int]:
        """As the host counts."""
        return await self._host.count(texts)


@pytest.fixture
async def host(starter_model: Path, tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    """The starter in a host of its own, with a context that soon is too small for the chat."""
    async with embedded_engine(starter_model, tmp_path, context=768) as engine:
        yield engine


@pytest.mark.model
@pytest.mark.together("real model")
@pytest.mark.parametrize("policy", list(MOST))
async def test_over_the_embedded_protocol_a_warm_turn_sends_so_many_frames(
    host: EmbeddedEngine, talk: Talk, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tally = Tally()
    send = Link.begin

    def begin(link: Link, call: protocol.Call) -> Exchange:
        if isinstance(call, protocol.Count):
            tally.requests.append(call.texts)
        assert not isinstance(call, protocol.Tokenize)
        return send(link, call)

    monkeypatch.setattr(Link, "begin", begin)
    assert_sparing(await asked_per_turn(talk(CountedByHost(host), policy), tally), tally, policy)


@pytest.mark.parametrize("policy", list(MOST))
async def test_a_server_that_does_not_count_is_asked_for_replies_alone(talk: Talk, policy: str) -> None:
    def complete(_asked: Asked) -> Reply:
        return streamed(chunk(f"The tide knows {len(server.bodies('/v1/completions'))}."), chunk("", "stop"), DONE)

    models = said({"object": "list", "data": [{"id": "local", "object": "model", "owned_by": "organization_owner"}]})
    async with Standin({"/v1/models": models, "/v1/completions": complete}) as server:
        engine = await detect(server.base)
        try:
            session = talk(engine, policy)
            await session.connection.ready()
            probed = len(server.asked)
            await asked_per_turn(session, Tally())
            assert [asked.path for asked in server.asked[probed:]] == ["/v1/completions"] * len(LINES)
            assert session.connection.counts.requests <= MOST[policy] * len(LINES)
        finally:
            await engine.close()


async def test_a_server_that_counts_is_asked_once_for_each_text(talk: Talk) -> None:
    def count(asked: Asked) -> Reply:
        return said({"count": len(str(asked.json["input"]).split())})

    def complete(_asked: Asked) -> Reply:
        return streamed(chunk("The tide knows."), chunk("", "stop"), DONE)

    models = said({"object": "list", "data": [{"id": "local", "object": "model", "owned_by": "me"}]})
    routes: dict[str, Route] = {"/v1/models": models, "/v1/completions": complete, "/extras/tokenize/count": count}
    async with Standin(routes) as server:
        engine = await detect(server.base)
        try:
            session = talk(engine, "economy")
            await session.connection.ready()
            await asked_per_turn(session, Tally())
            counted = [str(body["input"]) for body in server.bodies("/extras/tokenize/count") if body["input"]]
            assert len(counted) == len(set(counted))
        finally:
            await engine.close()


# The cache


async def test_a_count_is_asked_for_once_by_vocabulary() -> None:
    engine, cache = CountingFake(), CountCache()
    other = replace(DEFAULT_INFO, fingerprint="fake:2")
    for info in (DEFAULT_INFO, other, DEFAULT_INFO, other):
        assert await cache.count(engine, info, ["a b", "a b", "", "c"]) == [3, 3, 0, 1]
    assert engine.tally.requests == [("a b", "c"), ("a b", "c")]
    assert (cache.requests, cache.texts) == (2, 4)


async def test_servers_without_a_fingerprint_are_told_apart_by_address_and_model() -> None:
    engine, cache = CountingFake(), CountCache()
    for address, model in (("a", "x"), ("a", "y"), ("b", "x"), ("a", "x")):
        await cache.count(engine, replace(DEFAULT_INFO, fingerprint="", address=address, model=model), ["text"])
    assert cache.requests == 3


async def test_what_was_longest_not_asked_for_leaves_first() -> None:
    engine, cache = CountingFake(), CountCache(limit=3)
    await cache.count(engine, DEFAULT_INFO, ["a", "b", "c"])
    await cache.count(engine, DEFAULT_INFO, ["a"])
    await cache.count(engine, DEFAULT_INFO, ["d"])
    engine.tally.requests.clear()
    await cache.count(engine, DEFAULT_INFO, ["a", "c", "d"])
    assert engine.tally.requests == []
    await cache.count(engine, DEFAULT_INFO, ["b"])
    assert engine.tally.requests == [("b",)]


@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=12), st.integers(1, 8))
async def test_counts_are_right_however_small_the_cache_is(batches: list[list[str]], limit: int) -> None:
    engine, cache = CountingFake(), CountCache(limit)
    for batch in batches:
        texts = [letter * (ord(letter) - 96) + " x" for letter in batch]
        assert await cache.count(engine, DEFAULT_INFO, texts) == await FakeEngine().count(texts)
        assert len(cache._known) <= limit


async def test_the_cache_keeps_no_text() -> None:
    engine, cache = CountingFake(), CountCache()
    secret = "what nobody is to read " * 10
    await cache.count(engine, DEFAULT_INFO, [secret])
    assert secret.encode() not in repr(cache._known).encode()
    assert sum(len(key[1]) for key in cache._known) == 16


async def test_a_draft_is_counted_once() -> None:
    engine = CountingFake()
    connection = Connection(engine, clock=lambda: 0.0)
    await connection.ready()
    assert [await connection.count("one two") for _ in range(3)] == [3, 3, 3]
    assert len(engine.tally.requests) == 1
