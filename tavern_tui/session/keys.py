"""Which key goes to which server, before anything is sent to it.

In this order: the secret that a connection names, ``TAVERN_KEY`` for the address that was named with it, a secret that
is bound to the address. A key that would go unencrypted to another network is held back until the user has said yes
for that origin. What keeps keys is ``storage.secrets``; that none follows a redirect is ``engines.http``'s.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass, replace

from tavern_tui.domain import connection_messages as messages
from tavern_tui.domain.errors import EngineError, EngineFault, StorageError, TavernError
from tavern_tui.engines.address import Address, is_local, origin, parse_address
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.secret_sources import SecretText
from tavern_tui.storage.secrets import Secret

VARIABLE = "TAVERN_KEY"
SERVER_VARIABLE = "TAVERN_SERVER"
NO_KEY = SecretText("")


@dataclass(frozen=True, slots=True)
class Door:
    """Where to ask, and with which key; ``secret`` is where the key is from, for messages."""

    address: Address
    key: SecretText = NO_KEY
    secret: str = ""

    @property
    def header(self) -> str | None:
        """The key for ``engines.detect``."""
        return self.key.reveal() or None


def origin_text(url: str) -> str:
    """What a secret is bound to: ``https://openrouter.ai:443``."""
    scheme, host, port = origin(url)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def origins_of(address: str | Address) -> tuple[str, ...]:
    """The origins that an address may mean: one, unless it leaves the port open. Raises ``EngineError``."""
    place = parse_address(address) if isinstance(address, str) else address
    return tuple(dict.fromkeys(origin_text(base) for base in place.bases))


async def door_to(workspace: Workspace, address: str, *, secret: str = "", typed: bool = False) -> Door:
    """Where to ask for ``address``, and with which key.

    ``secret`` is the name that a connection gives; ``typed``: the address was named at this start, so that
    ``TAVERN_KEY`` may be meant for it. Raises ``EngineError`` (``KEY_REFUSED`` where a key is named that cannot be had
    or is another server's, ``KEY_IN_CLEAR`` where the user has to be asked first, ``NOT_AN_API`` for no address).
    """
    return await asyncio.to_thread(_door_to, workspace, address, secret, typed)


def _door_to(workspace: Workspace, address: str, secret: str, typed: bool) -> Door:
    place = parse_address(address)
    try:
        door = _in_clear_only_where_allowed(workspace, _with_key(workspace, place, secret, typed))
    except EngineError:
        raise
    except TavernError as error:  # of the sources: an engine that cannot be asked is what it comes to
        where = place.shown
        raise EngineError(error.title, hint=error.hint, fault=EngineFault.KEY_REFUSED, where=where) from None
    return door


def _with_key(workspace: Workspace, place: Address, secret: str, typed: bool) -> Door:
    secrets = workspace.secrets
    if secret:
        named = secrets.named(secret)
        if named is None:
            wording = messages.no_such_key(secret)
            raise EngineError(wording.title, hint=wording.advice, fault=EngineFault.KEY_REFUSED)
        return _narrowed(workspace, place, named)
    if (variable := os.environ.get(VARIABLE, "").strip()) and environment_key_is_for(workspace, place, typed=typed):
        return Door(place, SecretText(variable), VARIABLE)
    for origin_there in origins_of(place):
        if (found := secrets.for_origin(origin_there)) is not None:
            return _narrowed(workspace, place, found)
    return Door(place)


def _narrowed(workspace: Workspace, place: Address, secret: Secret) -> Door:
    """The one place among those that the address may mean, for which the key is. Raises ``SecretError``."""
    meant = next((base for base in place.bases if origin_text(base) == secret.origin), place.bases[0])
    value = workspace.secrets.value(secret, origin_text(meant))
    return Door(replace(place, port=origin(meant)[2]), value, secret.name)


def environment_key_is_for(workspace: Workspace, place: Address, *, typed: bool) -> bool:
    """Whether ``TAVERN_KEY`` is meant for ``place``.

    It is bound to the address that is named with it: ``TAVERN_SERVER``, where that is set; else the one ``typed`` at
    this start; else that of the settings.
    """
    if typed and not os.environ.get(SERVER_VARIABLE, "").strip():
        return True
    try:
        return not set(origins_of(home_of_environment_key(workspace))).isdisjoint(origins_of(place))
    except EngineError:
        return False


def home_of_environment_key(workspace: Workspace) -> str:
    """The address that ``TAVERN_KEY`` is bound to, as far as the environment and the settings say; empty for none."""
    if not os.environ.get(VARIABLE, "").strip():
        return ""
    return address_of(workspace, os.environ.get(SERVER_VARIABLE, "").strip() or workspace.settings.connection.server)


def address_of(workspace: Workspace, named: str) -> str:
    """The address behind a saved connection's name, or ``named`` as it is; empty for the embedded engine."""
    saved = workspace.connections.listed().named(named) if named else None
    if saved is None:
        return named
    return "" if saved.embedded else saved.address


def _in_clear_only_where_allowed(workspace: Workspace, door: Door) -> Door:
    """The door, with one port if the key would be readable on its way: a yes is for one origin.

    Raises ``EngineError`` where nobody has said yes.
    """
    place = door.address
    if not door.key or place.scheme != "http" or is_local(place.host):
        return door
    there = place.bases[0]
    if workspace.settings.connection.keys_in_clear != "send":
        try:
            allowed = workspace.secrets.may_go_in_clear(origin_text(there))
        except StorageError:
            allowed = False
        if not allowed:
            wording = messages.key_in_clear(origin_text(there))
            fault = EngineFault.KEY_IN_CLEAR
            raise EngineError(wording.title, hint=wording.hint, fault=fault, where=origin_text(there))
    return replace(door, address=replace(place, port=origin(there)[2]))
