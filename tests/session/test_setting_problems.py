"""Settings that name what is not there: they fall back, and are told with file, line and what is nearest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.session.doctor import State, examine
from tavern_tui.session.embedded import model_to_use
from tavern_tui.session.opening import Wishes, choose_engine, open_session
from tavern_tui.session.routes import route_for
from tavern_tui.session.setting_problems import server_in_settings, setting_problems
from tavern_tui.session.workspace import Workspace

pytestmark = pytest.mark.usefixtures("engine_probed_once")


@pytest.fixture
def config(tavern_home: Path, starter_model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file to write by hand, on a home with the starter model and no other."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "TAVERN_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tavern_home))
    for folder in ("models", "config"):
        (tavern_home / folder).mkdir()
    (tavern_home / "models" / starter_model.name).symlink_to(starter_model)
    return tavern_home / "config" / "config.yaml"


WRONG = {
    "reply: {preset: balancd}": "“balanced”",
    "reply: {template: mistral v4}": "“Mistral V",
    "reply: {context: my own}": "“my own” of the kind context",
    "reply: {system_prompt: my own}": "“my own” of the kind sysprompt",
    "reply: {chat_preset: my own}": "“my own” of the kind chat",
    "persona: {use: nobody}": "no persona “nobody”",
    "engine: {model: SmolLM2-135M-Instrct}": "“SmolLM2-135M-Instruct.Q4_1”",
    "engine: {model: /nowhere/of.gguf}": "there is no file /nowhere/of.gguf",
    "engine: {llama_server: /nowhere/llama-server}": "“/nowhere/llama-server”",
    "connection: {server: 'ftp://rig'}": "“ftp://rig”",
    "connection: {server: 'rig:99999'}": "“rig:99999”",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_name_of_nothing_falls_back_and_is_told(config: Path, text: str) -> None:
    config.write_text(f"# mine\n{text}\n")
    workspace = Workspace.open()
    [problem] = setting_problems(workspace)
    assert problem.where == f"{config}:2"
    assert WRONG[text] in problem.what
    assert problem.what.endswith("The default is used.")
    findings = [finding for finding in examine(workspace) if finding.what == "settings" and finding.state is State.BAD]
    assert [finding.found for finding in findings] == [str(problem)]


@pytest.mark.parametrize("text", WRONG)
async def test_the_default_is_what_replies_then_use(config: Path, text: str) -> None:
    config.write_text(text)
    workspace = Workspace.open()
    session = open_session(workspace, Wishes(character="Wren"))
    assert (session.options.preset.name, session.options.template) == ("balanced", "")
    assert model_to_use(workspace.directories, workspace.settings).name == "SmolLM2-135M-Instruct.Q4_1"
    assert server_in_settings(workspace) == ""
    assert type(await choose_engine(workspace, route_for(workspace))._find()).__name__ == "EmbeddedEngine"


def test_settings_that_hold_are_no_problem(config: Path) -> None:
    config.write_text("engine: {model: SmolLM2-135M}\nconnection: {server: 'rig:5001'}\nreply: {preset: story}\n")
    workspace = Workspace.open()
    assert setting_problems(workspace) == []
    assert server_in_settings(workspace) == "rig:5001"


def test_a_model_that_was_typed_is_refused(config: Path) -> None:
    workspace = Workspace.open()
    with pytest.raises(NotFoundError, match="large"):
        model_to_use(workspace.directories, workspace.settings, "large")
