"""Which engine counts a prompt that is only looked at: never one that must be started, never a model to be loaded.

In this order: the server that would be asked, if it answers; the engine host that runs, if the model is in its memory;
the vocabulary of the model's file; a published encoding, with which counts are estimates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.errors import EngineError, NotFoundError
from tavern_tui.engines.base import Capabilities, EngineInfo
from tavern_tui.engines.counting import CountingEngine, EncodingCounter, VocabularyProcess, facts_as_info
from tavern_tui.session.connection import EMBEDDED
from tavern_tui.session.opening import Wishes, engine_at
from tavern_tui.session.options import UNKNOWN_CONTEXT_TOKENS
from tavern_tui.session.routes import NO_PROPERTIES, Route, route_for
from tavern_tui.session.workspace import Workspace

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.storage.models import ModelFile


ESTIMATED: Final = "estimated"
"""How it begins what is said of counting that no engine did."""


@dataclass(frozen=True, slots=True)
class PromptReader:
    """An engine that can count. ``counting`` says in a few words who does; ``exact``: as the model itself would.

    ``problem`` is a sentence about an engine that should have counted and cannot.
    """

    engine: Engine
    counting: str
    exact: bool
    problem: str = ""


async def prompt_reader(
    workspace: Workspace, wishes: Wishes, *, last_model: str = "", properties: Mapping[str, Any] = NO_PROPERTIES
) -> PromptReader:
    """Who counts here and now, for a chat with ``properties``. ``last_model`` is that of the chat's last reply.

    Raises ``NotFoundError`` for a model that was named at this start and is not there.
    """
    if workspace.safe:
        return _estimating(last_model, "")
    route = route_for(workspace, server=wishes.server, model=wishes.model, properties=properties)
    if route.server:
        return await _server(workspace, route, last_model)
    from tavern_tui.session.embedded import model_to_use

    try:
        model = model_to_use(workspace.directories, workspace.settings, route.model)
    except NotFoundError as error:
        if wishes.model:
            raise
        return _estimating(last_model, str(error))
    return await _model_file(workspace, model)


async def _server(workspace: Workspace, route: Route, last_model: str) -> PromptReader:
    server, model = route.server, route.model
    try:
        engine = await engine_at(workspace, route)
    except EngineError as error:
        return _estimating(model or last_model, error.title)
    try:
        info = await engine.connect()
    except EngineError as error:
        await engine.close()
        return _estimating(model or last_model, error.title)
    return PromptReader(engine, counted_by(info, f"{info.engine} at {server}"), info.capabilities.exact_count)


def counted_by(info: EngineInfo, name: str) -> str:
    """Who counts, in a few words: the engine of this ``name``, if it can."""
    return f"by {name}" if info.capabilities.exact_count else f"{ESTIMATED}: {name} does not count"


async def _model_file(workspace: Workspace, model: ModelFile) -> PromptReader:
    """The host, where it has the model in memory; else the file's vocabulary."""
    from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings, loaded_model
    from tavern_tui.engines.embedded.worker import usual_contexts
    from tavern_tui.session.embedded import context_for, host_place

    place = host_place(workspace.directories)
    path = str(model.path.absolute())
    try:
        running = await loaded_model(place)
    except EngineError:
        running = None
    if running is not None and running.address == path:
        counter = EmbeddedEngine(place, EmbeddedSettings(model.path))
        return PromptReader(CountingEngine(running, counter), "by the engine that runs", exact=True)

    header = model.header
    trained = (header.trained_tokens if header else None) or UNKNOWN_CONTEXT_TOKENS
    context = workspace.settings.engine.context_tokens or context_for(model, workspace.settings)
    known = replace(
        _unknown_engine(model.path.stem),
        engine=EMBEDDED,
        address=path,
        context_tokens=context or usual_contexts(trained, all_on_gpu=False)[0],
        trained_tokens=trained,
        chat_template=header.chat_template if header else "",
    )
    vocabulary = VocabularyProcess("gguf", path)
    try:
        facts = await vocabulary.facts()
    except EngineError as error:
        guessed = CountingEngine(known, EncodingCounter(known.model))
        return PromptReader(guessed, f"{ESTIMATED}: no engine runs", exact=False, problem=error.title)
    able = Capabilities(shifts=workspace.settings.engine.context_shift)
    engine = CountingEngine(facts_as_info(facts, replace(known, capabilities=able)), vocabulary)
    return PromptReader(engine, "by the model file's vocabulary, no engine runs", exact=True)


def _estimating(model: str, problem: str) -> PromptReader:
    engine = CountingEngine(_unknown_engine(model), EncodingCounter(model))
    return PromptReader(engine, f"{ESTIMATED}: no engine was asked", exact=False, problem=problem)


def _unknown_engine(model: str) -> EngineInfo:
    return EngineInfo(engine="none", model=model, capabilities=Capabilities(exact_count=False))
