"""Which model file the embedded engine loads where nobody named one, and how the settings want it loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.settings import EngineSettings, ReplySettings, Settings
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.engines.embedded.options import ALL_LAYERS, AUTO_LAYERS, LoadOptions
from tavern_tui.session import embedded
from tavern_tui.session.embedded import context_for, embedded_engine, load_options, model_to_use, needs
from tavern_tui.storage.models import ModelFile, list_models, model_at


@pytest.fixture
def dirs(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Directories:
    """A home whose models are the only ones on this machine."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    (tavern_home / "models").mkdir()
    return directories()


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory, starter_model: Path) -> Path:
    """The starter model with some bytes behind it, so that it is not known to be the starter."""
    path = tmp_path_factory.mktemp("models") / "large.gguf"
    path.write_bytes(starter_model.read_bytes() + bytes(4096))
    return path


@pytest.fixture
def two_models(dirs: Directories, starter_model: Path, larger: Path) -> None:
    """The starter model as ``small``, and ``large``."""
    (dirs.models / "small.gguf").symlink_to(starter_model)
    (dirs.models / "large.gguf").symlink_to(larger)


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Let this machine have ``free`` bytes of memory."""

    def listed(dirs: Directories, **judged: Any) -> list[ModelFile]:
        return list_models(dirs, available=free, **judged)

    monkeypatch.setattr(embedded, "list_models", listed)


@pytest.mark.usefixtures("two_models")
def test_the_largest_of_those_that_fit_is_taken(dirs: Directories, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 64_000_000_000)
    assert model_to_use(dirs, Settings()).name == "large"


@pytest.mark.usefixtures("two_models")
def test_where_none_fits_the_smallest_is_taken(dirs: Directories, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 1_000_000)
    assert model_to_use(dirs, Settings()).name == "small"


@pytest.mark.usefixtures("two_models")
def test_a_model_that_is_set_is_taken_whatever_fits(dirs: Directories, monkeypatch: pytest.MonkeyPatch) -> None:
    with_free(monkeypatch, 64_000_000_000)
    assert model_to_use(dirs, Settings(engine=EngineSettings(model="small"))).name == "small"


def test_without_any_model_it_says_how_to_get_one(dirs: Directories) -> None:
    with pytest.raises(NotFoundError) as caught:
        model_to_use(dirs, Settings())
    assert "models get starter" in str(caught.value)


@pytest.fixture
def large(larger: Path) -> ModelFile:
    """A model of the starter's shape."""
    return model_at(larger)


def settings_with(**engine: Any) -> Settings:
    """Settings of the engine."""
    return Settings(engine=EngineSettings(**engine))


def test_without_settings_models_are_loaded_as_usual() -> None:
    assert load_options(Settings()) == LoadOptions()


def test_every_setting_of_loading_reaches_the_engine(tmp_path: Path) -> None:
    engine: dict[str, Any] = {
        "batch_threads": 2,
        "batch_tokens": 512,
        "ubatch_tokens": 64,
        "flash_attention": "on",
        "kv_type": "q8_0",
        "mmap": False,
        "mlock": True,
        "swa_full": False,
        "rope_base": 50_000.0,
        "rope_scale": 0.5,
        "lora": str(tmp_path / "l.gguf"),
        "lora_strength": 0.7,
        "replies": 3,
    }
    found = load_options(replace(settings_with(**engine), reply=ReplySettings(response_tokens=200)))
    assert found == LoadOptions(**engine, response_tokens=200)


def test_the_length_of_replies_alone_does_not_load_a_model_anew() -> None:
    short, long = (load_options(Settings(reply=ReplySettings(response_tokens=tokens))) for tokens in (100, 800))
    assert short == long


@pytest.mark.parametrize(
    ("said", "layers"),
    [("auto", AUTO_LAYERS), ("all", ALL_LAYERS), (-1, ALL_LAYERS), (0, 0), (12, 12)],
    ids=["auto", "all", "minus one", "none", "a number"],
)
def test_gpu_layers_are_a_word_or_a_number(dirs: Directories, large: ModelFile, said: str | int, layers: int) -> None:
    assert embedded_engine(dirs, settings_with(gpu_layers=said), large).settings.gpu_layers == layers


def test_the_engine_is_told_what_the_header_says_and_whether_the_context_was_chosen(
    dirs: Directories, large: ModelFile
) -> None:
    plain = embedded_engine(dirs, Settings(), large).settings
    assert large.header is not None
    assert plain.shape == large.header.shape
    assert plain.shape.trained_tokens == 8192
    assert not plain.context_chosen
    chosen = embedded_engine(dirs, settings_with(context_tokens=4096), large).settings
    assert (chosen.context_tokens, chosen.context_chosen) == (4096, True)


def test_a_smaller_cache_has_room_for_a_larger_context(large: ModelFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "available_memory", lambda: 340 * 2**20)
    assert context_for(large, Settings()) == 2048
    assert context_for(large, settings_with(kv_type="q4_0")) == 0


def test_what_loading_takes_is_told_for_the_context_that_would_be_used(
    large: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "available_memory", lambda: 2**40)
    usual, short = needs(large, Settings()), needs(large, settings_with(context_tokens=1024))
    assert usual is not None
    assert short is not None
    assert (usual.context_tokens, short.context_tokens) == (8192, 1024)
    assert usual.cache == 8 * short.cache
