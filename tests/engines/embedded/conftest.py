"""Fixtures: one host per test module, an engine connected to it, and places for tests that need a host of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tavern_tui.engines.embedded.client import EmbeddedEngine
from tavern_tui.engines.embedded.place import HostPlace
from tests.engines.embedded.running import end_host, place_in, settings_for
from tests.engines.embedded.vocabularies import BYTE_PAIRS, SENTENCE_PIECES, LoadedVocabulary, TestVocabulary


@pytest.fixture(scope="module")
def shared_place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostPlace]:
    """The module's host, ended after its tests."""
    place = place_in(tmp_path_factory.mktemp("host"))
    yield place
    asyncio.run(end_host(place))


@pytest.fixture
async def engine(shared_place: HostPlace, starter_model: Path) -> AsyncIterator[EmbeddedEngine]:
    """A client of the module's host with the starter model loaded."""
    engine = EmbeddedEngine(shared_place, settings_for(starter_model))
    await engine.connect()
    yield engine
    await engine.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[HostPlace]:
    """A place of the test's own; a host that it left there is ended."""
    place = place_in(tmp_path)
    yield place
    asyncio.run(end_host(place))


@pytest.fixture(scope="session", params=[BYTE_PAIRS, SENTENCE_PIECES], ids=lambda made: made.name)
def vocabulary(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadedVocabulary]:
    """A small BPE and a small SentencePiece vocabulary, written here and read by llama.cpp."""
    made: TestVocabulary = request.param
    with made.load(tmp_path_factory.mktemp("vocabulary")) as loaded:
        yield loaded
