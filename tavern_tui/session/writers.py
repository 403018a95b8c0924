"""Who can write here: servers that answer, model files on this machine, another machine, and the starter model.

``find_writers`` looks for them and hands each out as it is found; ``rank`` and ``best_of`` say in which order a list
shows them and which one it begins on. How the choice is kept for the next start is ``remember_writer``. Which engine a
chat then uses is decided in ``opening``.

What looks at servers and model files is imported when it looks, and in a thread: the screen that shows the list is
painted before that.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tavern_tui.config.settings import load_settings, remember
from tavern_tui.domain import messages
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError
from tavern_tui.domain.starter import STARTER_MODEL, STARTER_OFFER
from tavern_tui.engines.address import DEFAULT_PORTS, is_loopback, origin, shown
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.models import Fit, ModelFile, is_starter

if TYPE_CHECKING:
    from tavern_tui.session.opening import Wishes

LOOK_SECONDS = 8.0
"""How long a server that answers may take to say what it is, before the list goes on without it."""

_NAME = 80  # characters of a model's or server's name in a list


class WriterKind(IntEnum):
    """What kind of writer it is; lists show them in this order."""

    SAVED = -1
    SERVER = 0
    MODEL = 1
    OTHER = 2
    STARTER = 3


@dataclass(frozen=True, slots=True)
class Writer:
    """One line of the list *Who writes?*; all texts are safe to show.

    ``title`` is its name, ``about`` what helps to choose. ``server`` is the address of a server, ``model`` the path of
    a model file; the starter has none before it is fetched, and *another machine* has neither. ``problem`` says why it
    cannot write now, ``advice`` what helps. ``bytes`` is a model's size, ``fit`` whether it has room in memory;
    ``named`` says that the user named the server, ``pending`` that it has not answered yet, ``current`` that the
    settings have it. ``saved`` is the name of a saved connection.
    """

    kind: WriterKind
    title: str
    about: str = ""
    server: str = ""
    model: str = ""
    problem: str = ""
    advice: str = ""
    bytes: int = 0
    fit: Fit = Fit.UNKNOWN
    named: bool = False
    pending: bool = False
    current: bool = False
    saved: str = ""

    @property
    def key(self) -> str:
        """What tells it from the others in a list."""
        if self.saved:
            return f"{self.kind.name} {self.saved}"
        return f"{self.kind.name} {_place(self.server) or self.model}".strip()

    @property
    def usable(self) -> bool:
        """Whether it can be chosen as it stands."""
        return not self.problem and not self.pending and self.kind is not WriterKind.OTHER

    @property
    def must_be_fetched(self) -> bool:
        """Whether its model has to come over the net first."""
        return self.kind is WriterKind.STARTER and not self.model


OTHER_MACHINE = Writer(WriterKind.OTHER, "Another machine… (address)")


def rank(writer: Writer) -> tuple[int, int, int, int, str]:
    """The place of a writer in the list, as a key to sort by: what can write first, of models the largest that fits."""
    room = {Fit.FITS: 0, Fit.TIGHT: 1, Fit.UNKNOWN: 1, Fit.SWAPS: 2}[writer.fit]
    return (writer.kind, not writer.usable, room, -writer.named if writer.server else -writer.bytes, writer.title)


def best_of(writers: Iterable[Writer]) -> Writer | None:
    """The one to begin on: a server, else a model that fits, else the starter, else what there is; ``None`` of none."""
    ordered = sorted(writers, key=rank)
    usable = [writer for writer in ordered if writer.usable]
    roomy = [writer for writer in usable if writer.fit is not Fit.SWAPS]
    other = [writer for writer in ordered if writer.kind is WriterKind.OTHER]
    return next(iter([*roomy, *usable, *other, *ordered]), None)


async def find_writers(
    workspace: Workspace, *, named: str = "", ports: Iterable[int] = DEFAULT_PORTS
) -> AsyncGenerator[Writer, None]:
    """Look for writers and give each as it is found; the starter comes last, when all else was looked at.

    ``named`` is a server asked for at this start; that of ``TAVERN_SERVER``, that of the settings and the saved
    connections are looked at too: they are given at once as ``pending``, and again with what came of it, under the same
    ``key``. ``ports`` of this machine are tried. Never raises.
    """
    yield OTHER_MACHINE
    await asyncio.to_thread(import_module, "tavern_tui.session.saved_writers")
    from tavern_tui.session import saved_writers

    saved = await asyncio.to_thread(lambda: workspace.connections.listed().connections)
    asked = (named, os.environ.get("TAVERN_SERVER", ""), workspace.settings.connection.server)
    names = {one.name.casefold() for one in saved}
    wanted = {_place(address): address for address in asked if address and address.casefold() not in names}
    for one in saved:
        yield saved_writers.pending(workspace, one)
    for address in wanted.values():
        yield Writer(WriterKind.SERVER, safe_line(address, _NAME), "looking…", server=address, named=True, pending=True)
    await asyncio.to_thread(import_module, "tavern_tui.session.servers")
    looks = [asyncio.create_task(saved_writers.looked_at(workspace, one)) for one in saved]
    looks += [asyncio.create_task(_named(address, workspace, typed=address == named)) for address in wanted.values()]
    taken = {*wanted, *(_place(one.address) for one in saved)}
    free = (port for port in ports if _place(f"localhost:{port}") not in taken)  # the others are given more time
    looks += [asyncio.create_task(_local(port)) for port in free]
    looks.append(asyncio.create_task(asyncio.to_thread(_models, workspace)))
    starter: Writer | None = None
    able: set[str] = set()
    try:
        for look in asyncio.as_completed(looks):
            for writer in await look:
                if writer.kind is WriterKind.STARTER:
                    starter = writer
                elif writer.key not in able:
                    able |= {writer.key} if writer.usable else set()
                    yield writer
        assert starter is not None  # the look at the models has told of it
        yield starter
    finally:
        for task in looks:
            task.cancel()
        await asyncio.gather(*looks, return_exceptions=True)


async def writer_at(workspace: Workspace, address: str, *, typed: bool | None = None) -> Writer:
    """The server at ``address``, as a writer. Raises ``EngineError`` where none answers there.

    ``typed``: it was named at this start, so that ``TAVERN_KEY`` may be for it. An address that is typed into a list is
    that only where the settings have no server that the key is for.
    """
    await asyncio.to_thread(import_module, "tavern_tui.session.servers")
    from tavern_tui.session.servers import look_at

    if typed is None:
        typed = not workspace.settings.connection.server
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await look_at(workspace, address, typed=typed)
    except TimeoutError as error:
        wording = messages.no_answer(address, "no answer in time")
        raise EngineError(wording.title, fault=EngineFault.UNREACHABLE, where=address) from error
    return replace(_server(found["address"], facts(found)), server=found["address"], named=True)


def wishes_for(writer: Writer, wishes: Wishes) -> Wishes:
    """``wishes`` for a start on which ``writer`` writes."""
    server = writer.saved or writer.server
    return replace(wishes, server=server, model="" if server else writer.model)


def remember_writer(workspace: Workspace, writer: Writer) -> tuple[str, ...]:
    """Keep ``writer`` for the next starts; sentences about what stands above the choice and will be used instead.

    Raises ``StorageError`` and ``SettingsError`` as ``config.settings.remember`` does.
    """
    dirs = workspace.directories
    server = writer.saved or writer.server
    chosen = {"connection.server": server}
    if not server:
        chosen["engine.model"] = writer.model
    for name, value in chosen.items():
        remember(dirs, name, value)
    settings = load_settings(dirs).settings
    in_force = {"connection.server": settings.connection.server, "engine.model": settings.engine.model}
    overruled = [name for name in chosen if in_force[name] != chosen[name]]
    above = [f"config.yaml sets {name}: it stands above this choice." for name in overruled]
    ordered = os.environ.get("TAVERN_SERVER", "")
    if ordered and _place(ordered) != _place(server):
        above.append(f"TAVERN_SERVER is set: the next start uses {safe_line(ordered, _NAME)}.")
    return tuple(above)


async def _named(address: str, workspace: Workspace, *, typed: bool) -> list[Writer]:
    current = workspace.settings.connection.server == address
    try:
        found = await writer_at(workspace, address, typed=typed)
    except EngineError as error:
        name = safe_line(address, _NAME)
        if error.fault is EngineFault.LOADING:
            title = f"{name} · loading its model"
            return [Writer(WriterKind.SERVER, title, server=address, named=True, current=current)]
        return [
            Writer(
                WriterKind.SERVER,
                name,
                safe_line(error.title.removeprefix(f"{name} "), _NAME),
                server=address,
                problem=safe_line(error.title),
                named=True,
                current=current,
            )
        ]
    return [replace(found, server=address, current=current)]


async def _local(port: int) -> list[Writer]:
    """The server at a port of this machine."""
    from tavern_tui.engines.detect import find_local

    return [_server(found.address, str(found)) for found in await find_local([port])]


def _server(address: str, facts: str) -> Writer:
    return Writer(WriterKind.SERVER, safe_line(facts, _NAME), safe_line(_nearer(shown(address)), _NAME), server=address)


def facts(found: dict[str, Any]) -> str:
    """What was found at an address, as lists show it: ``KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384``."""
    context = messages.number(found["context_tokens"]) if found["context_tokens"] else ""
    engine = f"{found['engine']} {found['version']}".strip()
    return " · ".join(part for part in (engine, found["model"], context) if part)


def _models(workspace: Workspace) -> list[Writer]:
    """The model files as writers, the starter among them whether it is there or not."""
    from tavern_tui.session.embedded import all_models, engine_kind

    settings = workspace.settings
    missing = messages.engine_not_built() if not engine_kind(settings) else messages.Wording("")
    writers: list[Writer] = []
    starter: ModelFile | None = None
    for model in all_models(workspace.directories, settings):
        if model.size == STARTER_MODEL.size and is_starter(model.path):
            starter = starter or model
            continue
        current = not settings.connection.server and settings.engine.model in (str(model.path), model.name)
        writers.append(
            Writer(
                WriterKind.MODEL,
                safe_line(model.name, _NAME),
                " · ".join(_about(model)),
                model=str(model.path),
                problem=safe_line(model.problem or missing.title),
                advice=safe_line(model.hint if model.problem else missing.hint),
                bytes=model.size,
                fit=model.fit,
                current=current,
            )
        )
    writers.append(_starter(workspace, starter, missing))
    return writers


def _about(model: ModelFile) -> Iterator[str]:
    if model.problem:
        yield safe_line(model.problem)
        return
    yield f"{model.size / 1e9:.1f} GB" if model.size >= 1_000_000_000 else messages.megabytes(model.size)
    if model.header is not None and model.header.quant:
        yield safe_line(model.header.quant, _NAME)
    if model.fit is not Fit.UNKNOWN:
        yield model.fit.value


def _starter(workspace: Workspace, there: ModelFile | None, missing: messages.Wording) -> Writer:
    set_model = workspace.settings.engine.model
    return Writer(
        WriterKind.STARTER,
        "Starter model (135M, already here)" if there else "Starter model (135M, 94 MB)",
        STARTER_OFFER,
        model=str(there.path) if there else "",
        problem=missing.title,
        advice=missing.hint,
        bytes=STARTER_MODEL.size,
        current=there is not None and not workspace.settings.connection.server and set_model == str(there.path),
    )


def _nearer(place: str) -> str:
    """``localhost:5001`` for ``127.0.0.1:5001``."""
    host, mark, port = place.rpartition(":")
    return f"localhost{mark}{port}" if mark and is_loopback(host) else place


def _place(address: str) -> str:
    """What two ways of writing the same server's address have in common."""
    text = address.strip().lower()
    if not text:
        return ""
    try:
        _, host, port = origin(text if "://" in text else f"http://{text}")
    except ValueError:
        return text
    return f"{'localhost' if is_loopback(host) else host}:{port}"


def refusal_of(error: TavernError) -> str:
    """What a list says where an address leads to no engine: there is no message to be kept there yet."""
    if isinstance(error, EngineError) and error.fault in (EngineFault.UNREACHABLE, EngineFault.BUSY):
        return f"{safe_line(error.title)} Is it started, and does it listen on the network?"
    return safe_line(" ".join(part for part in (error.title, error.hint) if part))
