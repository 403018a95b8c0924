"""A chat with a sample character over a fake engine, for screens that change what its replies are made with."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session.connection import Connection
from tavern_tui.session.model_templates import ModelTemplates, own_templates
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace


async def opened(folder: Path) -> tuple[Workspace, ChatSession]:
    """A workspace in ``folder`` and an open chat in it, whose engine is known."""
    workspace = Workspace.open(dirs=Directories(folder / "data", folder / "config", folder / "state", folder / "cache"))
    session = open_session(workspace, Wishes(character="Wren"))
    templates = ModelTemplates(workspace.template_choices, own=own_templates(workspace))
    session.connection = Connection(FakeEngine(["Yes."]), clock=lambda: 0.0, templates=templates)
    await session.open()
    await session.connection.ready()
    return workspace, session
