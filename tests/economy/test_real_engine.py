"""What ``CacheModel`` says is what the engine does: twelve turns in a context of 1,024, prompt by prompt.

The host, llama.cpp and its memory are the real ones. The model has random weights and a small vocabulary, as the
weights have no part in what is read; the same with the starter model is ``make bench-economy``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.note import ChatNote
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.preset import ReplyRules
from tavern_tui.engines.cache_model import CacheModel
from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.session.author_note import write_note
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import TurnSaved
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.economy.beside import Beside
from tests.engines.embedded.running import end_host, place_in, settings_for, unload
from tests.engines.embedded.tiny_models import tiny_model
from tests.engines.embedded.vocabularies import BYTE_PAIRS, LoadedVocabulary

CONTEXT = 1024
SAID = (
    "Tell me of the gate.", "Who keeps it?", "And the tower?", "Go on.", "Is it far?", "What of the well?",
    "Did you see it?", "I listen.", "The gate again.", "Why?", "And then?", "Good night.",
)  # fmt: skip
BOOK = Lorebook(
    "Walls",
    tuple(
        LoreEntry(uid=uid, keys=(key,), content=f"The {key} was built by those who came first.", comment=key)
        for uid, key in enumerate(("gate", "tower", "well"))
    ),
)
MIRA = Character(
    name="Mira",
    description="Mira keeps a house at the wall and knows who went through.",
    greeting="Sit down.",
    note=CharacterNote("Mira is tired.", 4),
)
# Words of letters that are never stop strings, so that each reply is what the model made of it and ends by itself.
GRAMMAR = 'root ::= word (" " word){5,8} "."\nword ::= [a-z]{2,7}'
WAYS: dict[str, tuple[str, bool, Callable[[], CacheModel]]] = {
    "classic-prefix": ("classic", False, lambda: CacheModel(gaps=0)),
    "classic-shift": ("classic", True, CacheModel),
    "economy-prefix": ("economy", False, lambda: CacheModel(gaps=0)),
    "economy-embedded": ("economy", True, CacheModel),
}


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostPlace]:
    """The module's host, ended after its tests."""
    place = place_in(tmp_path_factory.mktemp("host"))
    yield place
    asyncio.run(end_host(place))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of some kilobytes with a long context."""
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny.gguf", trained=CONTEXT)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedVocabulary]:
    """Its vocabulary."""
    with BYTE_PAIRS.load(tmp_path_factory.mktemp("vocabulary")) as vocabulary:
        yield vocabulary


@pytest.mark.parametrize("way", list(WAYS))
async def test_each_of_twelve_prompts_is_read_as_the_model_of_the_cache_says(
    way: str, shared_place: HostPlace, model: Path, loaded: LoadedVocabulary, tmp_path: Path
) -> None:
    policy, shift, cache = WAYS[way]
    engine = EmbeddedEngine(shared_place, replace(settings_for(model, context=CONTEXT), shift=shift))
    beside = Beside(engine, loaded.vocabulary, cache())
    try:
        chat = ChatSession(
            log=ChatStore(tmp_path, device="device1", state=tmp_path / "state").create(way, ("Mira",), "Alex"),
            character=MIRA,
            persona=Persona("Alex"),
            connection=Connection(beside, clock=lambda: 0.0),
            options=ReplyOptions(
                response_tokens=64, template="ChatML", policy=policy, seed=3, rules=ReplyRules(grammar=GRAMMAR)
            ),
            lorebooks=(BOOK,),
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
        )
        await chat.open()
        await write_note(chat, ChatNote("[Slowly.]"))
        for line in SAID:
            assert isinstance([event async for event in chat.reply(line)][-1], TurnSaved)
    finally:
        await engine.close()
        await unload(shared_place)  # the next one begins with an empty memory
    modelled = [one.modelled for one in beside.compared]
    assert len(modelled) == len(SAID)
    assert [one.told for one in beside.compared] == modelled
    assert modelled[-1].tokens > CONTEXT // 2
    assert any(read.shifted for read in modelled) is shift
    assert any(read.reused > 100 for read in modelled[1:])
