"""Another model in an open chat: those of the server that writes, or the files of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session import connections
from tavern_tui.session.model_choices import ModelChoice, choose_model, model_choices, model_named
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.workspace import Workspace
from tests.engines.standin import Standin, said
from tests.formats.gguf_files import write_gguf

LISTED = [ModelChoice("mistralai/Mistral-Nemo", "mistralai/Mistral-Nemo"), ModelChoice("/m/mira.gguf", "mira")]


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace on a machine without other models."""
    for name in ("TAVERN_KEY", "TAVERN_SERVER", "HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    return Workspace.open()


async def test_the_models_of_a_server_are_listed_and_one_is_taken_for_this_run(workspace: Workspace) -> None:
    data = [{"id": name, "object": "model", "owned_by": "me"} for name in ("nemo", "qwen")]
    async with Standin({"/v1/models": said({"object": "list", "data": data})}) as server:
        connections.add(workspace, "box", server.base)
        wishes = Wishes(character="Wren", server="box")
        session = open_session(workspace, wishes)
        choices = await model_choices(workspace, wishes, session)
    assert [choice.title for choice in choices] == ["nemo", "qwen"]
    assert await choose_model(workspace, wishes, session, choices[1]) == Wishes("Wren", server="box", model="qwen")
    assert session.tree.properties.get("connection") is None


async def test_without_a_server_the_files_of_this_machine_are_listed(workspace: Workspace) -> None:
    workspace.directories.models.mkdir(parents=True)
    path = write_gguf(workspace.directories.models / "Mira-7B.gguf", keys={"llama.context_length": 4096}, tokens=10)
    session = open_session(workspace, Wishes(character="Wren"))
    (choice,) = await model_choices(workspace, Wishes(), session)
    assert (choice.id, choice.title) == (str(path), "Mira-7B")
    assert choice.about.startswith("4,096")
    assert await choose_model(workspace, Wishes(), session, choice) == Wishes(model=str(path))


@pytest.mark.parametrize(
    "typed", ["MISTRALAI/mistral-nemo", "mistral-nemo", " Mistral-Nemo "], ids=["whole", "end", "blanks"]
)
def test_a_model_is_known_by_its_name_or_the_end_of_it(typed: str) -> None:
    assert model_named(LISTED, typed) == LISTED[0]
    assert model_named(LISTED, "/m/mira.gguf") == LISTED[1]


def test_a_model_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError) as missing:
        model_named(LISTED, "mirra")
    assert missing.value.hint == "The nearest is “mira”."
