"""What the screen of connections tells of one writer: what answers now, its template, its key's state, who uses it.

Keys are never shown, only that there is one and where it is kept. What is done with saved connections is
``session.connections``', the list of who can write ``session.writers``'.
"""

from __future__ import annotations

import asyncio
import functools
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tavern_tui.domain import messages
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import EngineError, TavernError
from tavern_tui.domain.messages import number
from tavern_tui.engines.address import is_local, parse_address
from tavern_tui.session.keys import VARIABLE, environment_key_is_for, origins_of
from tavern_tui.session.model_list import model_facts
from tavern_tui.session.routes import chosen_here
from tavern_tui.session.servers import look_at
from tavern_tui.session.template_of_model import template_of
from tavern_tui.session.writers import LOOK_SECONDS, Writer, WriterKind

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.connections import SavedConnection

_PROBE_SECONDS = 60.0
_MOST_CHATS = 5  # titles that are named
_GB = 10**9


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about a writer: what it is about, and the text; both safe to show. ``problem``: something is wrong."""

    what: str
    text: str
    problem: bool = False


async def facts_now(workspace: Workspace, writer: Writer) -> list[Fact]:
    """What is known of a writer now; a server is asked. Never raises: what goes wrong is a fact, too."""
    try:
        if writer.server:
            return await _server(workspace, writer)
        return await _model(workspace, writer)
    except TavernError as error:
        return [Fact("state", safe_line(str(error), 400), problem=True)]


async def more_facts(workspace: Workspace, writer: Writer) -> list[Fact]:
    """Its key, and which chats it is chosen for. Never raises."""
    found = []
    try:
        if writer.server:
            state = await asyncio.to_thread(key_state, workspace, writer.saved, writer.server)
            found.append(Fact("key", state))
        if writer.saved:
            chats = await asyncio.to_thread(chats_with, workspace, writer.saved)
            found.append(Fact("used by", used_by(workspace, writer, chats)))
    except TavernError as error:
        found.append(Fact("key", safe_line(str(error), 400), problem=True))
    return found


def template_line(name: str, why: str) -> str:
    """``Template: Mistral V3-Tekken (from the model's chat template)``."""
    return f"Template: {safe_line(name)} ({safe_line(why)})"


async def _server(workspace: Workspace, writer: Writer) -> list[Fact]:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await look_at(workspace, writer.saved or writer.server, typed=False)
    except TimeoutError:
        return [Fact("state", messages.no_answer(writer.server, "no answer in time").title, problem=True)]
    except EngineError as error:
        return [Fact("state", safe_line(str(error), 400), problem=True)]
    context = f"{number(found['context_tokens'])} tokens" if found["context_tokens"] else "the server does not say"
    trained = found["trained_tokens"]
    if trained and found["context_tokens"] and trained > found["context_tokens"]:
        context += f", trained for {number(trained)}"
    return [
        Fact("state", safe_line(f"{found['engine']} {found['version']}".strip()) + " answers"),
        Fact("model", safe_line(found["model"]) or "none is loaded"),
        Fact("context", context),
        Fact("template", template_line(found["template"], found["template_from"])),
        *([Fact("", safe_line(found["template_note"], 400), problem=True)] if found["template_note"] else []),
        Fact("can", ", ".join(found["can"])),
        Fact("samplers", found["samplers_in_words"]),
    ]


async def _model(workspace: Workspace, writer: Writer) -> list[Fact]:
    if writer.kind is WriterKind.STARTER and not writer.model:
        return [Fact("state", "not here yet: choosing it asks for 94 MB over the net"), Fact("about", writer.about)]
    row = await asyncio.to_thread(model_facts, workspace.directories, workspace.settings, writer.model)
    template = await template_of(workspace, row["file"])
    problem = await asyncio.to_thread(engine_problem)
    return [
        *([Fact("engine", problem, problem=True)] if problem else []),
        *_of_file(row),
        Fact("template", template_line(template.template, template.why)),
        *([Fact("", safe_line(template.note, 400), problem=True)] if template.note else []),
    ]


def _of_file(row: dict[str, Any]) -> Iterator[Fact]:
    yield Fact("file", safe_line(row["file"], 200))
    quality = f", {row['quality']}" if row["quality"] else ""
    yield Fact("size", safe_line(f"{in_memory_words(row['bytes'])} · {row['quant']}{quality}"))
    if row["trained_tokens"]:
        yield Fact("context", f"trained for {number(row['trained_tokens'])} tokens")
    free = row["need"]["free_bytes"] if row["need"] else None
    told = f"{row['fit']}, with {in_memory_words(free)} free" if free else row["fit"]
    yield Fact("memory", told)
    for need in row["needs"]:
        if need["kv_type"] == row["kv_type"]:
            total = need["weights_bytes"] + need["cache_bytes"] + need["overhead_bytes"]
            yield Fact("", f"{number(need['context_tokens'])} tokens: {in_memory_words(total)} · {need['fit']}")


def in_memory_words(size: int) -> str:
    """``4.4 GB`` or ``94 MB``, of powers of ten."""
    return f"{size / _GB:.1f} GB" if size >= _GB else messages.megabytes(size)


def key_state(workspace: Workspace, name: str, address: str) -> str:
    """Whether there is a key for a server, and where it is kept; nothing of the key. Blocks. Raises ``TavernError``."""
    place = parse_address(address)
    saved = workspace.connections.listed().named(name) if name else None
    secret = workspace.secrets.named(saved.key) if saved is not None and saved.key else None
    if saved is not None and saved.key and secret is None:
        return f"“{safe_line(saved.key, 60)}” is named and not there: k enters it"
    if secret is None:
        if environment_key_is_for(workspace, place, typed=False):
            return f"the one in {VARIABLE}"
        kept = (workspace.secrets.for_origin(origin) for origin in origins_of(place))
        secret = next((one for one in kept if one is not None), None)
    if secret is None:
        return "none kept"
    told = f"“{safe_line(secret.name, 60)}”, kept in {safe_line(secret.place, 80)}"
    if place.scheme == "http" and not is_local(place.host):
        allowed = workspace.secrets.may_go_in_clear(secret.origin)
        told += "; it may go unencrypted" if allowed else "; it is not sent unencrypted"
    return told


def chats_with(workspace: Workspace, name: str) -> list[str]:
    """The titles of the chats that a saved connection is chosen for, the last written first. Blocks.

    Files that never name a connection are only searched, not read as chats.
    """
    found = []
    for chat in workspace.chats.list():
        try:
            if b'"connection"' not in chat.path.read_bytes():
                continue
            chosen = chosen_here(workspace.chats.open(chat.name).tree.properties)
        except (OSError, TavernError):  # a chat that cannot be read is told of where chats are listed
            continue
        if chosen is not None and chosen.get("name", "").casefold() == name.casefold():
            found.append(chat.title)
    return found


def used_by(workspace: Workspace, writer: Writer, chats: list[str]) -> str:
    """Who a saved connection writes for, in a line."""
    told = ["every chat without a choice of its own"] if writer.current else []
    told += [f"“{safe_line(title, 40)}”" for title in chats[:_MOST_CHATS]]
    if len(chats) > _MOST_CHATS:
        told.append(f"{len(chats) - _MOST_CHATS} more chats")
    return ", ".join(told) or "no chat yet"


def saved_of(workspace: Workspace, writer: Writer) -> SavedConnection | None:
    """The saved connection behind a writer; ``None`` where it is not saved. Blocks."""
    return workspace.connections.listed().named(writer.saved) if writer.saved else None


@functools.cache
def engine_problem() -> str:
    """What keeps the embedded engine from running although it is there; empty where nothing does. Blocks.

    Asked of a child process, once: the binding is large, and what does not load may take its process with it.
    """
    if importlib.util.find_spec("llama_cpp") is None or loads("llama_cpp"):
        return ""
    return str(messages.engine_must_be_rebuilt())


def loads(module: str) -> bool:
    """Whether a Python module can be imported, as a child process finds; also where that takes too long to know."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", f"import {module}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PROBE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
    return done.returncode == 0
