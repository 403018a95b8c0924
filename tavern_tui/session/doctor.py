"""The doctor: what is here, what is wrong, and what to do about it. It changes nothing and starts nothing.

A check is one function in ``CHECKS``; each gives findings, none raises.
"""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tavern_tui import __version__
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.embedded import all_models, engine_kind
from tavern_tui.session.reading_chats import problems_of
from tavern_tui.session.regex_listing import listed_scripts
from tavern_tui.session.setting_problems import server_in_settings, setting_problems
from tavern_tui.session.template_of_model import template_of_file
from tavern_tui.session.termux import INSTALL_BLOCK, is_termux
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.models import ModelFile

_MODELS = 5
"""How many models are told."""
_SPARE_BYTES = 500_000_000
_TMUX_WAIT_MS = 50
_TMUX_SECONDS = 10.0
_ENGINE_SECONDS = 60.0


class State(Enum):
    """How a finding is to be taken."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: ``what`` it is about, what was found, and, unless it is good, what to do."""

    what: str
    state: State
    found: str
    do: str = ""


def examine(workspace: Workspace) -> list[Finding]:
    """Run every check; a check that meets a fault of its own reports that."""
    findings: list[Finding] = []
    for name, check in CHECKS.items():
        try:
            for finding in check(workspace):  # one by one: what was found before the fault counts
                findings.append(finding)
        except TavernError as error:
            findings.append(_fault(name, error))
        except OSError as error:
            findings.append(_fault(name, storage_error(error, Path(error.filename or name), reading=True)))
    return findings


def _fault(name: str, error: TavernError) -> Finding:
    place = f"{error.where}: " if error.where and error.where not in error.title else ""
    return Finding(name, State.BAD, f"{place}{error.title}", error.hint)


def _program(_workspace: Workspace) -> Iterator[Finding]:
    yield Finding("tavern-tui", State.GOOD, __version__)
    version = platform.python_version()
    yield Finding("python", State.GOOD, f"{version} on {platform.system()} {platform.machine()}")


def _folders(workspace: Workspace) -> Iterator[Finding]:
    dirs = workspace.directories
    for name, path in (("library", dirs.data), ("settings", dirs.config), ("state", dirs.state), ("cache", dirs.cache)):
        yield _unusable(name, path) or Finding(name, State.GOOD, str(path))
    for path in (dirs.characters, dirs.worlds, dirs.chats, dirs.models, dirs.engine, dirs.journals):
        if _is_there(path) and (problem := _unusable(path.name, path)):
            yield problem
    free = shutil.disk_usage(_existing(dirs.data)).free
    found = f"{free / 1e9:.1f} GB free"
    if free < _SPARE_BYTES:
        yield Finding("disk", State.BAD, found, "Make room: chats cannot be saved on a full disk.")
    else:
        yield Finding("disk", State.GOOD, found)


def _unusable(name: str, path: Path) -> Finding | None:
    """Why nothing can be written into the folder ``path``, which need not be there yet."""
    place = _existing(path)
    if not place.is_dir():
        found = f"{path}: {place} is not a folder" if place != path else f"{path} is not a folder"
        return Finding(name, State.BAD, found, "Move it away, or set TAVERN_HOME to another folder.")
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding(name, State.BAD, f"{path} may not be written", "Allow writing, or set TAVERN_HOME.")
    return None


def _existing(path: Path) -> Path:
    """``path``, or the nearest thing above it that is there."""
    return next(place for place in (path, *path.parents) if _is_there(place))


def _is_there(path: Path) -> bool:
    """Whether something has this name, be it a link to nowhere; ``False`` also for what may not be looked at."""
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _settings(workspace: Workspace) -> Iterator[Finding]:
    for problem in setting_problems(workspace):
        yield Finding("settings", State.BAD, str(problem), "Correct that line." if problem.line else "")


def _library(workspace: Workspace) -> Iterator[Finding]:
    characters = workspace.characters()
    readable = sum(not entry.problem for entry in characters)
    yield Finding("characters", State.GOOD, f"{readable}, of which {sum(e.shipped for e in characters)} samples")
    broken = [("character", entry.path, entry.problem) for entry in characters]
    broken += [("lorebook", entry.path, entry.problem) for entry in workspace.library.lorebooks()]
    for what, path, problem in broken:
        if problem:
            yield Finding(what, State.BAD, f"{path}: {problem}", "The file is left as it is, and left out.")


def _scripts(workspace: Workspace) -> Iterator[Finding]:
    scripts, problems = listed_scripts(workspace)
    if scripts or problems:
        yield Finding("regex scripts", State.GOOD, f"{sum(one.state == 'on' for one in scripts)} on")
    problems += [f"{one.source}: {one.script.name}: {one.problem}" for one in scripts if one.problem]
    for problem in problems:
        yield Finding("regex script", State.BAD, problem, "It is left out; tavern-tui regex list tells more.")


def _chats(workspace: Workspace) -> Iterator[Finding]:
    chats = workspace.chats.list()
    yield Finding("chats", State.GOOD, str(len(chats)))
    for chat in chats:
        if chat.problem:
            yield Finding("chat", State.BAD, chat.problem, "Allow reading it.")
            continue
        for problem in problems_of(workspace.chats.open(chat.name)):
            yield Finding("chat", State.NOTE, problem)


def _models(workspace: Workspace) -> Iterator[Finding]:
    models = all_models(workspace.directories, workspace.settings, keep_headers=False)
    usable = [model for model in models if model.usable]
    if usable:
        yield Finding(
            "models", State.GOOD, ", ".join(f"{model.name} ({model.fit.value})" for model in usable[:_MODELS])
        )
    else:
        yield Finding("models", State.NOTE, "none", "tavern-tui models get starter fetches a small one (94 MB).")
    for model in models:
        if model.problem:
            yield Finding("model", State.BAD, f"{model.path}: {model.problem}", model.hint)
    yield from (_template(workspace, model) for model in usable[:_MODELS])


def _template(workspace: Workspace, model: ModelFile) -> Finding:
    """How a model is written to."""
    found = asyncio.run(template_of_file(workspace, model))
    told = f"{found.template} for {found.model} ({found.why})"
    if found.note:
        return Finding("template", State.NOTE, f"{told}: {found.note}", "tavern-tui models template MODEL NAME")
    return Finding("template", State.GOOD, told)


def _engine(workspace: Workspace) -> Iterator[Finding]:
    kind = engine_kind(workspace.settings)
    if kind == "llama-cpp-python":
        probe = _answer(sys.executable, "-c", "import llama_cpp", seconds=_ENGINE_SECONDS)
        if probe is None:
            found = f"llama-cpp-python was not loaded within {_ENGINE_SECONDS:.0f} s"
            yield Finding("engine", State.BAD, found, "Try again when this machine is less busy.")
        elif probe.returncode == 0:
            yield Finding("engine", State.GOOD, kind)
        else:
            yield Finding("engine", State.BAD, "llama-cpp-python cannot be loaded", "Rebuild it: make engine")
    elif kind:
        yield Finding("engine", State.GOOD, kind)
    else:
        yield Finding("engine", State.NOTE, "none built", "make engine builds one; with --server none is needed.")
    server = os.environ.get("TAVERN_SERVER") or server_in_settings(workspace)
    if server:
        yield Finding("server", State.NOTE, f"{server} is used instead of the embedded engine")


def _connections(workspace: Workspace) -> Iterator[Finding]:
    """Saved connections and keys: how many, and which cannot be used as they stand. No key is looked at."""
    from tavern_tui.session.connections import problem_with

    saved = workspace.connections.listed().connections
    secrets = workspace.secrets.all()
    if saved:
        yield Finding("connections", State.GOOD, ", ".join(one.name for one in saved))
    for one in saved:
        if problem := problem_with(workspace, one):
            yield Finding("connection", State.BAD, f"{one.name}: {problem}", f"It is saved in {one.where}")
    if secrets:
        told = ", ".join(f"{one.name} for {one.origin} ({one.place})" for one in secrets)
        yield Finding("keys", State.GOOD, told)


def _answer(*command: str, seconds: float) -> subprocess.CompletedProcess[str] | None:
    """What a program says; ``None`` where it cannot be started or says nothing in time."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return None


def _terminal(_workspace: Workspace) -> Iterator[Finding]:
    encoding = (sys.stdout.encoding or "").lower()
    if encoding not in ("utf-8", "utf8"):
        yield Finding("terminal", State.NOTE, f"text is shown as {encoding or 'ASCII'}", "export LANG=C.UTF-8")
    if not os.environ.get("TMUX"):
        return
    asked = _answer("tmux", "show", "-sv", "escape-time", seconds=_TMUX_SECONDS)
    wait = asked.stdout.strip() if asked else ""
    if wait.isdecimal() and int(wait) > _TMUX_WAIT_MS:
        yield Finding(
            "tmux",
            State.NOTE,
            f"tmux waits {wait} ms after Esc",
            "`set -s escape-time 20` makes Stop instant; ctrl+c already is.",
        )


def _termux(_workspace: Workspace) -> Iterator[Finding]:
    if not is_termux(os.environ):
        return
    from importlib import metadata

    import pydantic

    wanted = next((r for r in metadata.requires("pydantic") or () if r.startswith("pydantic-core")), "")
    there = metadata.version("pydantic-core")
    if wanted.partition("==")[2].partition(";")[0].strip() not in ("", there):
        found = f"pydantic {pydantic.VERSION} wants {wanted}, Termux has {there}"
        yield Finding("pydantic", State.BAD, found, f"Run this block again:\n{INSTALL_BLOCK}")


CHECKS: dict[str, Callable[[Workspace], Iterator[Finding]]] = {
    "program": _program,
    "folders": _folders,
    "settings": _settings,
    "library": _library,
    "regex": _scripts,
    "chats": _chats,
    "models": _models,
    "engine": _engine,
    "connections": _connections,
    "terminal": _terminal,
    "termux": _termux,
}
