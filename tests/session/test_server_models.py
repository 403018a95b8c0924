"""The models of a server: what can be asked for by name, and what is in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault, SettingsError
from tavern_tui.session.server_models import models_at
from tavern_tui.session.workspace import Workspace
from tests.engines import server_answers as answers
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.standin import Standin, free_port


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace without keys and saved connections."""
    for name in ("TAVERN_KEY", "TAVERN_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    return Workspace.open()


async def test_a_server_with_several_models_lists_them_with_their_contexts(workspace: Workspace) -> None:
    async with Standin(answers.LM_STUDIO) as server:
        found = await models_at(workspace, server.base)
    assert found == [
        {"model": "nemo-12b", "context_tokens": None, "trained_tokens": 131072, "loaded": False},
        {"model": "qwen3-14b", "context_tokens": 8192, "trained_tokens": 40960, "loaded": True},
    ]


async def test_a_server_with_one_model_lists_that_one(workspace: Workspace) -> None:
    async with KoboldStandin() as server:
        [found] = await models_at(workspace, server.base)
    assert found["loaded"]
    assert found["context_tokens"] == 1024


async def test_a_server_that_is_down_is_said_to_be(workspace: Workspace) -> None:
    with pytest.raises(EngineError) as caught:
        await models_at(workspace, f"127.0.0.1:{free_port()}")
    assert caught.value.fault is EngineFault.UNREACHABLE


async def test_the_models_of_this_machine_are_files(workspace: Workspace) -> None:
    with pytest.raises(SettingsError) as caught:
        await models_at(workspace, "embedded")
    assert "tavern-tui models" in str(caught.value)
