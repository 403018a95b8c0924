"""Which model file the embedded engine loads where nobody named one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.settings import EngineSettings, Settings
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session import embedded
from tavern_tui.session.embedded import model_to_use
from tavern_tui.storage.models import ModelFile, list_models


@pytest.fixture
def dirs(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Directories:
    """A home whose models are the only ones on this machine."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    (tavern_home / "models").mkdir()
    return directories()


@pytest.fixture
def two_models(dirs: Directories, starter_model: Path) -> None:
    """The starter model as ``small``, and with some bytes behind it as ``large``."""
    (dirs.models / "small.gguf").symlink_to(starter_model)
    (dirs.models / "large.gguf").write_bytes(starter_model.read_bytes() + bytes(4096))


def with_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Let this machine have ``free`` bytes of memory."""

    def listed(dirs: Directories, *, context_tokens: int, keep_headers: bool) -> list[ModelFile]:
        return list_models(dirs, context_tokens=context_tokens, keep_headers=keep_headers, available=free)

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
