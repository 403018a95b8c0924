"""States on disk: what comes back is what was kept, and nothing else does."""

from __future__ import annotations

import ctypes
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.engines.embedded.parking import Parked
from tavern_tui.engines.embedded.parking_disk import KEPT_DAYS, StateFolder, StateKey, state_key

IDS = tuple(range(200))
STATE = bytes(range(256)) * 8


def parked(ids: tuple[int, ...] = IDS, state: bytes = STATE) -> Parked:
    return Parked(ids, (ctypes.c_uint8 * len(state)).from_buffer_copy(state), len(state))


@contextmanager
def opened(folder: Path, key: StateKey, budget: int = 10**6) -> Iterator[StateFolder]:
    """A folder, with everything written when the context is left."""
    states = StateFolder(folder, key, budget)
    try:
        yield states
    finally:
        states.close()


def keep(folder: Path, key: StateKey, chat: str = "chat", what: Parked | None = None) -> None:
    with opened(folder, key) as states:
        states.save(chat, what or parked())


def found(folder: Path, key: StateKey, chat: str = "chat") -> bytes | None:
    """The state that comes back for a chat, taken well by llama.cpp."""
    with opened(folder, key) as states:
        loaded = states.load(chat)
        states.settle(chat, good=True)
    return None if loaded is None else bytes(loaded.state)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "states"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    return path


@pytest.fixture
def key(model: Path) -> StateKey:
    return state_key(model, settings="kv=f16", build="1")


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def test_a_state_comes_back_in_another_process_with_its_ids(folder: Path, key: StateKey) -> None:
    keep(folder, key)
    with opened(folder, key) as states:
        assert states.ids("chat") == IDS
        loaded = states.load("chat")
    assert loaded is not None
    assert (loaded.ids, bytes(loaded.state), loaded.size) == (IDS, STATE, len(STATE))


def test_a_state_that_was_taken_is_there_for_the_next_start_too(folder: Path, key: StateKey) -> None:
    keep(folder, key)
    assert found(folder, key) == STATE
    assert found(folder, key) == STATE


def test_a_state_that_is_still_being_written_is_there_already(folder: Path, key: StateKey) -> None:
    with opened(folder, key) as states:
        for length in range(100, 200):
            states.save("chat", parked(IDS[:length]))
            assert len(states.ids("chat")) == length
            assert states.load("chat") is not None
    with opened(folder, key) as states:
        assert len(states.ids("chat")) == 199


def test_folder_and_files_are_for_their_user_only_and_do_not_name_the_chat(folder: Path, key: StateKey) -> None:
    keep(folder, key, "Mira and the dragon")
    (file,) = files(folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Mira" not in file.read_bytes() + os.fsencode(file)


@pytest.mark.parametrize(
    "change",
    [{"settings": "kv=q8_0"}, {"build": "2"}, {"size": 5}, {"changed": 5}, {"head": "0"}],
    ids=lambda change: next(iter(change)),
)
def test_what_was_read_otherwise_is_not_met(folder: Path, key: StateKey, change: dict[str, object]) -> None:
    keep(folder, key)
    assert found(folder, replace(key, **change)) is None  # type: ignore[arg-type]


def test_a_model_that_was_moved_keeps_its_states(folder: Path, model: Path, key: StateKey) -> None:
    keep(folder, key)
    moved = model.rename(model.with_name("renamed.gguf"))
    assert found(folder, state_key(moved, settings="kv=f16", build="1")) == STATE


@settings(max_examples=25)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_state_with_one_wrong_bit_is_not_given_to_llama_cpp(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("states")
    key = StateKey("/none", 1, 2, "head", "kv=f16", "1")
    keep(folder, key)
    (file,) = files(folder)
    raw = bytearray(file.read_bytes())
    raw[place % len(raw)] ^= 1 << bit
    file.write_bytes(raw)
    with opened(folder, key) as states:
        loaded = states.load("chat")
    if loaded is not None:  # a bit of what names the model, which changes no number of the state
        assert (loaded.ids, bytes(loaded.state)) == (IDS, STATE)


def test_a_state_under_another_ones_name_is_not_given_to_llama_cpp(folder: Path, key: StateKey) -> None:
    keep(folder, replace(key, build="older"))
    (file,) = files(folder)
    file.rename(folder / key.name("chat"))
    assert found(folder, key) is None
    assert files(folder) == []


def test_one_file_that_cannot_be_swept_keeps_no_other(folder: Path, key: StateKey) -> None:
    for chat in "ab":
        keep(folder, replace(key, build="older"), chat)
    first, second = files(folder)
    aside = first.rename(folder / "aside")
    first.mkdir()
    os.mkfifo(folder / "pipe.state")
    with opened(folder, key):
        pass
    assert not second.exists()
    assert {first, aside, folder / "pipe.state"} == set(files(folder))


@pytest.mark.parametrize("left", [0, 10, 200, 900, -1], ids=lambda left: f"{left} bytes")
def test_a_state_that_was_cut_short_is_removed(folder: Path, key: StateKey, left: int) -> None:
    keep(folder, key)
    (file,) = files(folder)
    file.write_bytes(file.read_bytes()[:left])
    assert found(folder, key) is None
    assert files(folder) == []


def test_a_state_that_ended_the_process_is_not_met_a_second_time(folder: Path, key: StateKey) -> None:
    keep(folder, key)
    with opened(folder, key) as states:
        assert states.load("chat") is not None  # and llama.cpp never came back
    assert found(folder, key) is None
    assert files(folder) == []


def test_a_state_that_llama_cpp_refuses_is_removed(folder: Path, key: StateKey) -> None:
    keep(folder, key)
    with opened(folder, key) as states:
        states.load("chat")
        states.settle("chat", good=False)
    assert files(folder) == []


def test_the_states_that_were_not_used_for_longest_make_room(folder: Path, key: StateKey) -> None:
    for age, chat in enumerate("abc"):
        keep(folder, key, chat)
        used = time.time() - 100 + age
        os.utime(folder / key.name(chat), (used, used))
    assert found(folder, key, "a") == STATE  # which makes it the latest
    size = files(folder)[0].stat().st_size
    with opened(folder, key, budget=3 * size) as states:
        states.save("d", parked())
    assert {file.name for file in files(folder)} == {key.name(chat) for chat in "acd"}


def test_a_state_larger_than_the_budget_has_no_room(folder: Path, key: StateKey) -> None:
    with opened(folder, key, budget=len(STATE)) as states:
        assert states.has_room(len(STATE))
        assert not states.has_room(len(STATE) + 1)


def test_a_disk_that_refuses_is_told_in_the_log_and_leaves_no_half(
    folder: Path, key: StateKey, capfd: pytest.CaptureFixture[str]
) -> None:
    keep(folder, key, "old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, before[1]))
    try:
        keep(folder, key, "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [file.name for file in files(folder)] == [key.name("old")]
    assert "could not be kept: File too large." in capfd.readouterr().err


def test_a_folder_that_cannot_be_had_keeps_nothing_and_ends_nothing(tmp_path: Path, key: StateKey) -> None:
    (tmp_path / "file").write_text("in the way")
    with opened(tmp_path / "file", key) as states:
        assert not states.has_room(1)
        assert states.load("chat") is None
        assert states.ids("chat") == ()


def test_what_can_never_be_used_again_is_swept_away(folder: Path, model: Path, key: StateKey) -> None:
    keep(folder, replace(key, build="0"), "of another build")
    keep(folder, key, "mine")
    keep(folder, replace(key, size=5), "of the file that stood there before")
    keep(folder, replace(key, model="/media/stick/model.gguf", settings="x"), "of a disk that is not there now")
    keep(folder, key, "very old")
    long_ago = time.time() - (KEPT_DAYS + 1) * 86_400
    os.utime(folder / key.name("very old"), (long_ago, long_ago))
    (folder / "left.part").write_bytes(b"half")
    with opened(folder, key):
        pass
    expected = {key.name("mine"), replace(key, settings="x").name("of a disk that is not there now")}
    assert {file.name for file in files(folder)} == expected
