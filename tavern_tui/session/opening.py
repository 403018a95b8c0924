"""Opening a chat for talking: which character, which chat, which engine, with which options."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.base import Engine, Event
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection
from tavern_tui.session.late_engine import LateEngine
from tavern_tui.session.lore import books_of
from tavern_tui.session.options import ReplyOptions, options_from, preset_named
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace

Watch = Callable[[out.SessionEvent], None]
"""Hears what an engine does while it connects."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for at this start; empty and ``None`` mean: as the settings say.

    ``chat`` names a chat to go on with; ``new`` begins another one.
    """

    character: str = ""
    chat: str = ""
    new: bool = False
    server: str = ""
    model: str = ""
    persona: str = ""
    preset: str = ""
    template: str = ""
    response_tokens: int | None = None
    context_tokens: int | None = None
    seed: int | None = None


def choose_engine(
    workspace: Workspace, *, server: str = "", model: str = "", watch: Watch = lambda _event: None
) -> LateEngine:
    """The engine to use: a server that was named, else the embedded one. It is looked for when it is first needed.

    The order is: as asked, ``TAVERN_SERVER``, the setting; ``model`` without a server means the embedded engine.
    """
    named = server or ("" if model else os.environ.get("TAVERN_SERVER", "") or workspace.settings.connection.server)

    async def find() -> Engine:
        if workspace.safe:
            title = "No engine is used in safe mode."
            raise EngineError(title, fault=EngineFault.UNAVAILABLE, hint="Start without --safe.")
        if named:
            from tavern_tui.engines.detect import detect

            return await detect(named, os.environ.get("TAVERN_KEY") or None, model=model)
        return await asyncio.to_thread(_embedded, workspace, model, watch)

    return LateEngine(find)


def _embedded(workspace: Workspace, model: str, watch: Watch) -> Engine:
    from tavern_tui.session.embedded import embedded_engine, model_to_use

    def tell(event: Event) -> None:
        told = out.progress_of(event)
        if told is not None:
            watch(told)

    chosen = model_to_use(workspace.directories, workspace.settings, model)
    return embedded_engine(workspace.directories, workspace.settings, chosen, tell)


def connection_to(workspace: Workspace, wishes: Wishes, *, watch: Watch = lambda _event: None) -> Connection:
    """A connection to the engine that was wished for, which is looked for when it is first needed."""
    engine = choose_engine(workspace, server=wishes.server, model=wishes.model, watch=watch)
    return Connection(engine, clock=time.monotonic)


def open_session(workspace: Workspace, wishes: Wishes, *, watch: Watch = lambda _event: None) -> ChatSession:
    """A session on the chat that was wished for, ready for ``open``. The engine is chosen, not yet looked for.

    Raises ``NotFoundError``, ``FormatError``, ``SettingsError``, ``StorageError``.
    """
    log = find_chat(workspace, wishes.chat) if wishes.chat else None
    name = wishes.character or (log.tree.characters[0] if log and log.tree.characters else workspace.latest_character())
    character, path = workspace.character(name)
    persona = Persona(wishes.persona, workspace.persona.description) if wishes.persona else workspace.persona
    if log is not None and log.tree.persona and not wishes.persona:
        persona = replace(persona, name=log.tree.persona)
    options = wished_options(workspace, wishes)
    if log is None:
        present = [] if wishes.new else workspace.chats_with(character.name)
        log = workspace.chats.open(present[0].name) if present else workspace.new_chat(character, persona)
    return ChatSession(
        log=log,
        character=character,
        persona=persona,
        connection=connection_to(workspace, wishes, watch=watch),
        options=options,
        lorebooks=books_of(character, workspace.library),
        sample=workspace.is_sample(path),
    )


def wished_options(workspace: Workspace, wishes: Wishes) -> ReplyOptions:
    """The settings' options with this start's wishes over them. Raises ``SettingsError``."""
    options = options_from(workspace.settings)
    return replace(
        options,
        preset=preset_named(wishes.preset) if wishes.preset else options.preset,
        template=wishes.template or options.template,
        response_tokens=wishes.response_tokens or options.response_tokens,
        context_tokens=wishes.context_tokens or options.context_tokens,
        seed=wishes.seed,
        chosen=options.chosen | {name for name in ("preset", "response_tokens") if getattr(wishes, name)},
    )
