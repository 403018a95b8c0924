"""What is done with saved connections: look at, add, change, remove, and say which of them writes.

What a connection leads to is ``session.routes``', the test of one ``session.trying``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tavern_tui.config.settings import load_settings, remember
from tavern_tui.domain import connection_messages as messages
from tavern_tui.domain.errors import NotFoundError, SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.model_templates import own_templates, template_named
from tavern_tui.session.presets import preset_named
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.routes import PROPERTY
from tavern_tui.storage.connections import EMBEDDED, FIELDS, SavedConnection, changed

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

USUAL = ("usual", "default")
"""What takes a chat's own choice away."""


def add(workspace: Workspace, name: str, address: str, **fields: Any) -> SavedConnection:
    """Save a connection under a new name. Raises ``SettingsError``, ``NotFoundError``, ``EngineError`` and
    ``StorageError`` for a name that is taken, for what is no address, and where something that it names is not there.
    """
    if name.strip().casefold() in (EMBEDDED, *USUAL):
        raise SettingsError(f"“{name.strip()}” has a meaning of its own.", hint="Choose another name.")
    address, model = read_address(address, fields.pop("model", ""))
    saved = changed(SavedConnection(name), {"address": address, "model": model, **fields})
    check(workspace, saved)
    workspace.connections.keep(saved, new=True)
    return saved


def edit(workspace: Workspace, name: str, changes: Mapping[str, Any]) -> SavedConnection:
    """Change what is saved; an empty value takes one away. Raises as ``add`` does."""
    before = saved_or_refused(workspace, name)
    given = dict(changes)
    if given.get("address"):
        given["address"], given["model"] = read_address(given["address"], given.get("model", before.model))
    unknown = [each for each in given if each not in FIELDS]
    if unknown:
        raise SettingsError(f"A connection has no {', '.join(unknown)}.", hint=f"It has: {', '.join(FIELDS)}.")
    saved = changed(before, given)
    check(workspace, saved)
    workspace.connections.keep(saved)
    return saved


def remove(workspace: Workspace, name: str) -> list[str]:
    """Save it no longer; sentences about what that leaves behind. Raises as ``Connections.forget`` does."""
    saved = saved_or_refused(workspace, name)
    workspace.connections.forget(saved.name)
    told = []
    if workspace.settings.connection.server.strip().casefold() == saved.name.casefold():
        told.append(f"connection.server still names {saved.name}: tavern-tui connections use NAME chooses another.")
    if saved.key:
        told.append(f"The key “{saved.key}” stays: tavern-tui secrets forget {saved.key}")
    return told


def in_use(workspace: Workspace) -> str:
    """The saved connection that the settings name; empty for none."""
    found = workspace.connections.listed().named(workspace.settings.connection.server)
    return found.name if found is not None and workspace.settings.connection.server else ""


def use(workspace: Workspace, name: str) -> str:
    """Let a saved connection, an address, or the embedded engine write from now on; a sentence that says so.

    Raises ``EngineError`` for what is none of them, ``StorageError``, ``SettingsError``.
    """
    chosen = "" if name.strip().casefold() == EMBEDDED else _known(workspace, name)
    remember(workspace.directories, "connection.server", chosen)
    if load_settings(workspace.directories).settings.connection.server != chosen:
        return "Kept, but config.yaml sets connection.server: it stands above this choice."
    return f"{chosen or 'The embedded engine'} writes from now on."


def use_in_chat(workspace: Workspace, chat: str, name: str) -> str:
    """Let somebody write in one chat only, or, with ``USUAL``, who writes in the others; a sentence that says so.

    Raises as ``use`` does, and ``NotFoundError`` where there is no such chat.
    """
    log = find_chat(workspace, chat)
    body = choice_for_chat(workspace, name)
    log.append(body)
    title = log.tree.title or log.path.stem
    return (messages.writes_here(name) if body.value else messages.writes_as_usual(title)).title


def choice_for_chat(workspace: Workspace, name: str) -> PropertySet:
    """The event that lets ``name`` write in the chat that it is written to. Raises ``EngineError`` for no address."""
    if name.strip().casefold() in USUAL:
        return PropertySet(PROPERTY, None)
    address, model = read_address(name.strip())
    if address == EMBEDDED:
        return PropertySet(PROPERTY, {"model": model} if model else {"server": EMBEDDED})
    known = _known(workspace, name)
    saved = workspace.connections.listed().named(known) is not None
    return PropertySet(PROPERTY, {"name": known} if saved else {"server": known})


def _known(workspace: Workspace, name: str) -> str:
    """A saved connection's name as it is written, else what can be an address. Raises ``EngineError``."""
    saved = workspace.connections.listed().named(name)
    if saved is not None:
        return saved.name
    from tavern_tui.engines.address import parse_address, without_query

    parse_address(name)
    return without_query(name)


def saved_or_refused(workspace: Workspace, name: str) -> SavedConnection:
    """A saved connection. Raises ``NotFoundError`` with the nearest that there is."""
    from tavern_tui.config.files import nearest

    listed = workspace.connections.listed()
    found = listed.named(name)
    if found is None:
        near = nearest(name, [one.name for one in listed.connections]).strip()
        hint = near or "tavern-tui connections lists them."
        raise NotFoundError(f"There is no connection “{name}”.", hint=hint)
    return found


def check(workspace: Workspace, connection: SavedConnection) -> None:
    """See that what a connection names is there. Raises ``TavernError`` with the reason: before it is written down."""
    if connection.template:
        template_named(connection.template, own_templates(workspace))
    if connection.preset:
        preset_named(workspace, connection.preset)
    if connection.embedded:
        from tavern_tui.storage.models import find_model

        find_model(connection.model, workspace.directories)
        return
    from tavern_tui.session.keys import origins_of

    origins = origins_of(connection.address)
    if connection.key:
        secret = workspace.secrets.named(connection.key)
        if secret is None:
            wording = messages.no_such_key(connection.key)
            raise NotFoundError(wording.title, hint=f"tavern-tui secrets set {connection.address} first.")
        if secret.origin not in origins:
            title = f"The key “{secret.name}” is for {secret.origin}, not for {connection.address}."
            raise SettingsError(title, hint=f"Another one: tavern-tui secrets set {connection.address}")


def read_address(typed: str, model: str = "") -> tuple[str, str]:
    """What was typed as an address, as ``address`` and ``model`` of a connection: a path to a GGUF file means the
    embedded engine."""
    from tavern_tui.engines.address import without_query

    if typed.casefold() == EMBEDDED:
        return EMBEDDED, model
    if typed.lower().endswith(".gguf") or typed.startswith(("/", "./", "../", "~")):
        return EMBEDDED, typed
    return without_query(typed), model


def described(connection: SavedConnection) -> dict[str, Any]:
    """A connection as plain values, for JSON and lists."""
    return {
        "name": connection.name,
        "address": connection.address,
        "model": connection.model,
        "template": connection.template,
        "preset": connection.preset,
        "context_tokens": connection.context_tokens,
        "key": connection.key,
        "by_hand": connection.by_hand,
        "where": connection.where,
        "extra": dict(connection.extra),
    }


def problem_with(workspace: Workspace, connection: SavedConnection) -> str:
    """Why a connection cannot be used as it stands, in a sentence; empty where it can, as far as this machine knows."""
    try:
        check(workspace, connection)
    except TavernError as error:
        return str(error)
    return ""
