"""Another model, chosen in an open chat: those of the server that writes, or the model files of this machine."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.config.files import nearest
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.messages import number
from tavern_tui.session.engine_choices import route_of
from tavern_tui.session.routes import PROPERTY, chosen_here

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

_NAME = 80  # characters of a model's name in a list


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that can be asked for: ``id`` as the engine knows it, ``title`` and ``about`` safe to show."""

    id: str
    title: str
    about: str = ""
    current: bool = False


async def model_choices(workspace: Workspace, wishes: Wishes, session: ChatSession) -> list[ModelChoice]:
    """The models that could write in ``session``, in the engine's order. Raises ``EngineError``."""
    route = route_of(workspace, wishes, session)
    now = session.connection.known
    writes = now.model if now is not None else route.model
    if not route.server:
        return await asyncio.to_thread(_files, workspace, writes)
    from tavern_tui.session.server_models import models_at

    found = await models_at(workspace, route.name or route.server, typed=route.typed)
    return [
        ModelChoice(
            one["model"],
            safe_line(one["model"], _NAME),
            _about(one["context_tokens"] or one["trained_tokens"], "in memory" if one["loaded"] else ""),
            current=one["model"] == writes,
        )
        for one in found
    ]


def _files(workspace: Workspace, writes: str) -> list[ModelChoice]:
    from tavern_tui.session.embedded import all_models

    return [
        ModelChoice(
            str(model.path),
            safe_line(model.name, _NAME),
            _about(model.header.trained_tokens if model.header is not None else None, model.fit.value),
            current=model.name == writes,
        )
        for model in all_models(workspace.directories, workspace.settings)
        if model.usable
    ]


def _about(tokens: int | None, more: str) -> str:
    return " · ".join(part for part in (number(tokens) if tokens else "", more) if part)


def model_named(choices: list[ModelChoice], typed: str) -> ModelChoice:
    """The model that somebody typed: its name, or the end of it after a slash. Raises ``NotFoundError``."""
    wanted = typed.strip().casefold()
    for choice in choices:
        if wanted in (choice.id.casefold(), choice.title.casefold()) or choice.id.casefold().endswith(f"/{wanted}"):
            return choice
    near = nearest(typed, [choice.title for choice in choices]).strip()
    raise NotFoundError(f"There is no model “{typed}” there.", hint=near or "/model lists them.")


async def choose_model(workspace: Workspace, wishes: Wishes, session: ChatSession, model: ModelChoice) -> Wishes:
    """Let ``model`` write: for this run, or, where the chat has an engine of its own, kept with the chat.

    What to wish for from now on. Raises ``StorageError``.
    """
    route = route_of(workspace, wishes, session)
    if route.here:
        chosen = chosen_here(session.tree.properties) or {}
        await session.changes.write(PropertySet(PROPERTY, {**chosen, "model": model.id}))
        return wishes
    return replace(wishes, server=route.name if route.name and route.server else route.server, model=model.id)
