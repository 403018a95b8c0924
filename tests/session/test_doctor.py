"""The doctor: what it finds on a real disk, and that looking changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tavern_tui.session import doctor
from tavern_tui.session.doctor import Finding, State, examine
from tavern_tui.session.workspace import Workspace

pytestmark = pytest.mark.usefixtures("engine_probed_once")


def found(what: str) -> list[Finding]:
    """What the doctor says about ``what``."""
    return [finding for finding in examine(Workspace.open()) if finding.what == what]


def test_on_a_fresh_home_it_finds_the_samples_and_changes_nothing(tavern_home: Path) -> None:
    assert [finding.state for finding in found("characters")] == [State.GOOD]
    assert list(tavern_home.iterdir()) == []


def test_looking_at_models_leaves_the_cache_alone(tavern_home: Path, starter_model: Path) -> None:
    (tavern_home / "models").mkdir()
    (tavern_home / "models" / starter_model.name).symlink_to(starter_model)
    assert starter_model.stem in found("models")[0].found
    assert [path.name for path in tavern_home.iterdir()] == ["models"]


def test_how_a_model_is_written_to_is_told(tavern_home: Path, starter_model: Path) -> None:
    (tavern_home / "models").mkdir()
    (tavern_home / "models" / starter_model.name).symlink_to(starter_model)
    Workspace.open().template_choices.choose("another", "Alpaca")
    told = f"ChatML for {starter_model.stem} (from the model's chat template)"
    assert found("template")[0] == Finding("template", State.GOOD, told)


@pytest.mark.parametrize("name", ["state", "config", "cache"])
def test_a_file_in_place_of_a_folder_is_found(tavern_home: Path, name: str) -> None:
    (tavern_home / name).write_text("mine")
    what = {"config": "settings"}.get(name, name)
    assert found(what)[0] == Finding(
        what,
        State.BAD,
        f"{tavern_home / name} is not a folder",
        "Move it away, or set TAVERN_HOME to another folder.",
    )


@pytest.mark.parametrize(
    "make", [lambda path: path.touch(), lambda path: path.symlink_to("nowhere")], ids=["file", "link to nowhere"]
)
def test_something_else_in_place_of_a_folder_below_is_found_once(
    tavern_home: Path, make: Callable[[Path], None]
) -> None:
    (tavern_home / "state").mkdir()
    make(tavern_home / "state" / "journals")
    assert [finding.found for finding in found("journals")] == [f"{tavern_home / 'state' / 'journals'} is not a folder"]
    assert found("state")[0].state is State.GOOD


def test_a_file_where_the_home_should_be_stops_nothing(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tavern_home / "file").touch()
    monkeypatch.setenv("TAVERN_HOME", str(tavern_home / "file" / "home"))
    bad = [finding for finding in examine(Workspace.open()) if finding.state is State.BAD]
    assert {"library", "settings", "state", "cache"} <= {finding.what for finding in bad}
    assert all("Errno" not in finding.found for finding in bad)


def test_a_chats_folder_that_is_none_is_found_and_the_rest_is_checked(tavern_home: Path) -> None:
    (tavern_home / "chats").touch()
    findings = examine(Workspace.open())
    assert {finding.state for finding in findings if finding.what == "chats"} == {State.BAD}
    assert "models" in {finding.what for finding in findings}


def slow(path: Path) -> Path:
    """A program that never answers."""
    path.write_text("#!/bin/sh\nexec sleep 600\n")
    path.chmod(0o755)
    return path


def test_an_engine_that_does_not_load_in_time_is_a_finding(
    tavern_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(slow(tmp_path / "python")))
    monkeypatch.setattr(doctor, "_ENGINE_SECONDS", 0.2)
    [engine] = found("engine")
    assert (engine.state, engine.do) == (State.BAD, "Try again when this machine is less busy.")
    assert engine.found.startswith("llama-cpp-python was not loaded within")


def test_a_tmux_that_does_not_answer_is_passed_over(
    tavern_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow(tmp_path / "tmux")
    monkeypatch.setenv("TMUX", "/tmp/tmux-1/default,1,0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(doctor, "_TMUX_SECONDS", 0.2)
    findings = examine(Workspace.open())
    assert not [finding for finding in findings if finding.what == "tmux"]
    assert State.BAD not in {finding.state for finding in findings if finding.what == "terminal"}
