"""Chats for tests: events by hand with few words, and Hypothesis strategies for honest and hostile sets of events."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    ChatStarted,
    KeptHead,
    PlacedText,
    PromptKept,
    PropertySet,
    Receipt,
    Roll,
    SourceTold,
    Speaker,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    TurnTokens,
    Undone,
)

HERE, THERE = "phone", "rig"


def event(identity: str, lamport: int, body: Body, writer: str = HERE, **facts: Any) -> ChatEvent:
    """An event with what a test does not care about left at its default."""
    return ChatEvent(identity, writer, lamport, body, **facts)


def turn(identity: str, lamport: int, parent: str, text: str = "", writer: str = HERE) -> ChatEvent:
    """A character's turn that says its own id unless told otherwise."""
    return event(identity, lamport, TurnAdded(parent, Speaker.CHARACTER, "Mira", text or identity), writer)


# No surrogates and no NUL here: texts that every store keeps as they are. The codec has tests of its own for the rest.
texts = st.text(st.characters(codec="utf-8"), max_size=20)
numbers = st.none() | st.integers(0, 2**40)
receipts = st.builds(
    Receipt,
    engine=texts,
    model=texts,
    stop=texts,
    seed=numbers,
    evaluated=numbers,
    reused=numbers,
    generated=numbers,
    prompt_ms=st.none() | st.integers(0, 10**7).map(float),
    generation_ms=st.none() | st.integers(0, 10**7).map(float),
)
tokens = st.builds(TurnTokens, texts, st.lists(st.integers(0, 2**32 - 1), max_size=8).map(tuple))
placed = st.lists(st.builds(PlacedText, texts, texts, texts, texts), max_size=2).map(tuple)
heads = st.builds(KeptHead, texts, st.integers(0, 2**33 - 1).map(float), placed, st.integers(0, 99))
rolls = st.builds(Roll, texts, st.integers(-99, 99), texts)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


def bodies(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Body]:
    """Any body of a known kind, naming turns and events by ``ids``."""
    parents = ids | st.just("")
    return st.one_of(
        st.builds(ChatStarted, texts, st.lists(texts, max_size=2).map(tuple), texts),
        st.builds(
            TurnAdded,
            parents,
            st.sampled_from(Speaker),
            texts,
            texts,
            st.none() | texts,
            texts,
            st.booleans(),
            st.none() | receipts,
            st.none() | tokens,
            st.lists(texts, max_size=2).map(tuple),
            st.none() | rolls,
            hidden=st.booleans(),
            source=json_values,
        ),
        st.builds(SourceTold, ids, json_values),
        st.builds(TextExtended, ids, texts, st.none() | texts, st.booleans(), st.none() | receipts, st.none() | tokens),
        st.builds(TextEdited, ids, texts),
        st.builds(TurnHidden, ids, st.booleans()),
        st.builds(TurnDeleted, ids),
        st.builds(TurnMoved, ids, parents),
        st.builds(TipMoved, parents),
        st.builds(PropertySet, st.just("title") | texts, json_values),
        st.builds(PromptKept, parents, parents, placed, st.none() | heads),
        st.builds(Undone, ids),
    )


def events(ids: st.SearchStrategy[str], lamports: st.SearchStrategy[int]) -> st.SearchStrategy[ChatEvent]:
    """One event of any known kind."""
    return st.builds(
        ChatEvent,
        id=ids,
        writer=st.sampled_from([HERE, THERE]),
        lamport=lamports,
        body=bodies(ids),
        parents=st.lists(ids, max_size=2).map(tuple),
        at=st.integers(0, 2**33).map(float),
    )


few_ids = st.sampled_from("abcdefgh")
# Few ids and Lamport numbers, so that events collide, name themselves, name later ones, and make circles if they can.
hostile_logs = st.lists(events(few_ids, st.integers(0, 6)), max_size=14)
