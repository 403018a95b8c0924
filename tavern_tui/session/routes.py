"""``Route``: who writes, and with what, once names and the order of choosing are settled.

A name is looked up among the saved connections first; what is none is an address. Keys are ``session.keys``', engines
``session.opening``'s.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tavern_tui.domain import connection_messages as messages
from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.model_templates import own_templates, template_named
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.presets import as_in_settings, preset_named, with_preset
from tavern_tui.session.setting_problems import server_in_settings, template_in_settings

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.connections import SavedConnection

PROPERTY = "connection"
"""The chat's property that says who writes in it: ``name`` of a saved connection, else ``server``; and a ``model``."""

EMBEDDED = "embedded"
"""The embedded engine, where a server's address could stand."""

NO_PROPERTIES: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Route:
    """Who writes. ``server`` is an address, empty for the embedded engine; ``model`` an id there, or a model file.

    ``name`` is a saved connection's, which may bring a template, a preset, a context size and a ``key`` (the name of a
    secret). ``typed``: named at this start. ``here``: chosen for one chat only. ``note`` is a sentence to be told.
    """

    server: str = ""
    model: str = ""
    name: str = ""
    template: str = ""
    preset: str = ""
    context_tokens: int | None = None
    key: str = ""
    typed: bool = False
    here: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """What the status line calls it; empty where the engine's own name says enough."""
        if not self.here:
            return self.name
        return f"{self.name} (this chat)" if self.name else "this chat"


def route_for(
    workspace: Workspace, *, server: str = "", model: str = "", properties: Mapping[str, Any] = NO_PROPERTIES
) -> Route:
    """Who writes: as asked at this start (a name, an address, or a model alone, which means the embedded engine), else
    as the chat with these ``properties`` has it, else ``TAVERN_SERVER``, else the setting, else the embedded engine.

    A template or preset of a saved connection that does not exist is passed over, and told in ``note``.
    """
    if server:
        return replace(_named(workspace, server, model), typed=True)
    if model:
        return Route(model=model, typed=True)
    note = ""
    if (chosen := chosen_here(properties)) is not None:
        found = _here(workspace, chosen)
        if not found.note:
            return found
        note = found.note
    usual = os.environ.get("TAVERN_SERVER", "") or server_in_settings(workspace)
    route = _named(workspace, usual, "") if usual else Route()
    return replace(route, note=" ".join(part for part in (note, route.note) if part))


def chosen_here(properties: Mapping[str, Any]) -> dict[str, str] | None:
    """Who was chosen for a chat alone; ``None`` where nobody was, or in words that are not understood."""
    value = properties.get(PROPERTY)
    if not isinstance(value, Mapping):
        return None
    said = {key: value[key] for key in ("name", "server", "model") if isinstance(value.get(key), str) and value[key]}
    return said or None


def _here(workspace: Workspace, chosen: Mapping[str, str]) -> Route:
    if name := chosen.get("name", ""):
        saved = workspace.connections.listed().named(name)
        if saved is None:
            return Route(note=messages.no_such_connection(name).plain)
        route = _saved(workspace, saved)
        return replace(route, model=chosen.get("model", "") or route.model, here=True)
    server = chosen.get("server", "")
    return Route(server="" if server == EMBEDDED else server, model=chosen.get("model", ""), here=True)


def _named(workspace: Workspace, named: str, model: str) -> Route:
    saved = workspace.connections.listed().named(named)
    if saved is None:
        return Route(server="" if named.strip().casefold() == EMBEDDED else named, model=model)
    route = _saved(workspace, saved)
    return replace(route, model=model or route.model)


def _saved(workspace: Workspace, saved: SavedConnection) -> Route:
    known: dict[str, str] = {"template": saved.template, "preset": saved.preset}
    notes = []
    own = own_templates(workspace)
    for kind, look in (
        ("template", lambda name: template_named(name, own)),
        ("preset", lambda name: preset_named(workspace, name)),
    ):
        try:
            if known[kind]:
                look(known[kind])
        except SettingsError as error:
            notes.append(f"{saved.where or saved.name}: {error.title} It is passed over.")
            known[kind] = ""
    return Route(
        server="" if saved.embedded else saved.address,
        model=saved.model,
        name=saved.name,
        context_tokens=saved.context_tokens,
        key=saved.key,
        template=known["template"],
        preset=known["preset"],
        note=" ".join(notes),
    )


def with_route(options: ReplyOptions, workspace: Workspace, wishes: Wishes, route: Route) -> ReplyOptions:
    """``options`` with what the route brings: its template, preset and context size where this start named no other,
    the settings' where the route brings none. Raises ``SettingsError``.
    """
    settings = workspace.settings
    preset = wishes.preset or route.preset
    usual = as_in_settings(options, workspace)
    return replace(
        with_preset(usual, preset_named(workspace, preset).preset) if preset else usual,
        template=wishes.template or route.template or template_in_settings(workspace),
        template_asked=bool(wishes.template or route.template),
        context_tokens=wishes.context_tokens or route.context_tokens or settings.engine.context_tokens,
    )
