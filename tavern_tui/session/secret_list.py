"""What a person does with the keys of servers: keep, refer to, list, forget, and say where one may go unencrypted.

Nothing here gives a value back.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import SettingsError
from tavern_tui.engines.address import Address, is_local, parse_address, shown
from tavern_tui.session.keys import address_of, origins_of

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.secrets import Secret


def secret_rows(workspace: Workspace) -> list[dict[str, Any]]:
    """Every secret as plain values, without its value. Raises ``StorageError``."""
    secrets, connections = workspace.secrets, workspace.connections.listed().connections
    return [
        {
            "name": one.name,
            "for": one.origin,
            "kept_in": one.place,
            "used_by": [saved.name for saved in connections if saved.key.casefold() == one.name.casefold()],
            "may_go_in_clear": secrets.may_go_in_clear(one.origin),
        }
        for one in secrets.all()
    ]


def one_origin(workspace: Workspace, named: str) -> str:
    """The one origin that an address or a saved connection's name means.

    Raises ``EngineError`` for what is no address, ``SettingsError`` for one that leaves the port open.
    """
    address = address_of(workspace, named)
    if not address:
        raise SettingsError(f"“{named}” is a model of this machine: it needs no key.")
    origins = origins_of(address)
    if len(origins) > 1:
        place = _shown(parse_address(address))
        title = f"A key is for one server, and {place} may be several: its port is open."
        raise SettingsError(title, hint=f"Name it: {place}:5001, or http://{place}:80.")
    return origins[0]


def keep_secret(
    workspace: Workspace, named: str, text: str = "", *, name: str = "", variable: str = "", command: str = ""
) -> Secret:
    """Keep a key for the server ``named``: the ``text`` itself, or that it is in a ``variable``, or what a ``command``
    prints. ``name`` is what to call it, else it is called like the server.

    Raises ``SecretError``, ``StorageError``, as ``one_origin`` does, and ``SettingsError`` for a name that another
    server's key has.
    """
    origin = one_origin(workspace, named)
    called = name or shown(origin)
    secrets = workspace.secrets
    present = secrets.named(called)
    if present is not None and present.origin != origin:
        raise SettingsError(
            f"“{present.name}” is the key for {present.origin}.",
            hint=f"Another name: --name, or first: tavern-tui secrets forget {present.name}",
        )
    if variable:
        return secrets.refer_to_variable(called, origin, variable)
    if command:
        return secrets.refer_to_command(called, origin, split(command))
    return secrets.keep(called, origin, text)


def split(command: str) -> list[str]:
    """A command line as a program and its arguments. Raises ``SettingsError`` for quotes that do not end."""
    try:
        return shlex.split(command)
    except ValueError:
        raise SettingsError("The command has quotes that do not end.", hint="Like this: pass show openrouter") from None


def forget_secret(workspace: Workspace, name: str) -> Secret:
    """Keep a key no longer; what it was. Raises ``NotFoundError``, ``SecretError``, ``StorageError``."""
    return workspace.secrets.forget(name)


def allow_in_clear(workspace: Workspace, named: str, allowed: bool = True) -> str:
    """Remember that the key for a server may go unencrypted, or no longer; the origin.

    Raises as ``one_origin`` does, and ``SettingsError`` for a server where that is not asked.
    """
    origin = one_origin(workspace, named)
    place = parse_address(origin)
    if allowed and (place.scheme != "http" or is_local(place.host)):
        why = "is encrypted (https)" if place.scheme != "http" else "is of this network"
        raise SettingsError(f"{origin} {why}: keys go there without being asked about.")
    workspace.secrets.allow_in_clear(origin, allowed)
    return origin


def _shown(place: Address) -> str:
    return place.shown
