"""When summaries are written: what a chat's owner has chosen, what is due after a reply, what other programs brought.

The choice is a property of the chat: ``always``, ``never``, or nothing yet, where it is offered once, when the first
turns leave. On a server that is somebody else's nothing is written unasked unless that was allowed for its name.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from tavern_tui.domain.chat import ROOT
from tavern_tui.domain.errors import ContradictionError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.economy_choices import policy_of
from tavern_tui.session.summaries.versions import Version, in_force, made, versions

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.engines.base import EngineInfo
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.summaries.jobs import Job

CHOICE: Final = "summaries"
"""The chat's property: ``when``, and the ``hosted`` services that may write them unasked."""
SILLYTAVERN: Final = "SillyTavern"
"""Who wrote a summary that came with a chat of that program."""
EVERY: Final = range(4, 1_001)
"""After how many turns a summary can be written."""
CLASSIC_TURNS: Final = 16
"""Turns that nothing tells of before one is written unasked under ``classic``, where turns leave one by one."""
_MESSAGES = ("rest", "whole", "info")  # where a turn's source has what the message was (``sillytavern_message``)


class When(Enum):
    """When a chat's summaries are written. ``ASKED``: it was offered and nobody has chosen."""

    OPEN = ""
    ASKED = "asked"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen for a chat. ``every``: also after so many turns that are still read; 0: no."""

    when: When = When.OPEN
    hosted: tuple[str, ...] = ()
    every: int = 0

    def allows(self, info: EngineInfo) -> bool:
        """Whether one may be written unasked with this engine."""
        return self.when is When.ALWAYS and (not info.capabilities.hosted or service(info) in self.hosted)


def service(info: EngineInfo) -> str:
    """The name of the machine that an engine is on."""
    return urlsplit(info.address).hostname or info.engine


def choice_of(tree: ChatTree) -> Choice:
    """What was chosen for a chat."""
    match tree.properties.get(CHOICE):
        case {"when": str(when), **rest} if when in {one.value for one in When}:
            hosts = rest.get("hosted")
            names = tuple(one for one in hosts if isinstance(one, str)) if isinstance(hosts, list) else ()
            every = rest.get("every")
            return Choice(When(when), names, every if type(every) is int and every in EVERY else 0)
        case _:
            return Choice()


def every_read(typed: str) -> int:
    """The number of turns that somebody typed, alone or behind ``every``. Raises ``ContradictionError`` for none."""
    number = typed.strip().lower().removeprefix("every").strip().removesuffix("turns").strip()
    if not (number.isascii() and number.isdigit() and len(number) < 5 and int(number) in EVERY):
        raise ContradictionError(
            f"A summary can be written every {EVERY[0]} to {EVERY[-1]:,} turns.", hint="/summary every 20, for example."
        )
    return int(number)


def chosen(tree: ChatTree, when: When, info: EngineInfo | None = None, every: int = 0) -> PropertySet:
    """The event that keeps a choice; with ``always`` it counts for the hosted service of ``info``, too."""
    hosted = list(choice_of(tree).hosted)
    if when is When.ALWAYS and info is not None and info.capabilities.hosted and service(info) not in hosted:
        hosted.append(service(info))
    value: dict[str, Any] = {"when": when.value}
    if when is When.ALWAYS and every:
        value["every"] = every
    return PropertySet(CHOICE, value | ({"hosted": hosted} if hosted else {}))


async def due(session: ChatSession) -> Job | None:
    """What is to be written unasked, now that a reply has been made; ``None`` for nothing. Nothing is changed.

    Of turns that are about to leave before they do; where they have left without, what is untold; and what so many
    turns as were chosen have brought. Raises as ``ChatSession.plan`` does.
    """
    from tavern_tui.session.summaries.jobs import about_to_leave, every_so_many, untold

    info, choice = session.connection.known, choice_of(session.tree)
    if info is None or not choice.allows(info):
        return None
    plan = await session.plan()
    missing = untold(session.tree, plan, model=info.model)
    so_many = every_so_many(session.tree, choice.every, model=info.model) if choice.every else None
    if policy_of(session.tree, session.options) != "economy":
        enough = missing is not None and missing.last - missing.first + 1 >= CLASSIC_TURNS
        return missing if enough else so_many
    return missing or about_to_leave(session.tree, plan, model=info.model) or so_many


async def offered(session: ChatSession) -> tuple[Job, str] | None:
    """Where turns have left for the first time and nobody has chosen: what could be written, and the note that asks.

    The keys that it names are ``s``, ``a`` and ``n``. Raises as ``ChatSession.plan`` does.
    """
    from tavern_tui.session.summaries.jobs import untold

    tree, info = session.tree, session.connection.known
    if info is None or choice_of(tree).when is not When.OPEN:
        return None
    oldest = await session.oldest_read()
    if not oldest or oldest not in tree.turns or session.turn_number(oldest) <= 1:
        return None
    job = untold(tree, await session.plan(), model=info.model)
    return (job, note_of_leaving(job, info)) if job is not None else None


def note_of_leaving(job: Job, info: EngineInfo) -> str:
    """``Turns 1–212 are no longer read. s writes a summary of them (about 40 s) · a always · n never``."""
    where = f", at {service(info)}" if info.capabilities.hosted else ""
    told, verb = job.told[:1].upper() + job.told[1:], "is" if job.first == job.last else "are"
    return f"{told} {verb} no longer read. s writes a summary of them ({job.price}) · a always{where} · n never"


async def take_imported(session: ChatSession) -> Version | None:
    """Take over the summary that a chat of SillyTavern came with, unless there are others; ``None`` where is none."""
    version = imported(session.tree)
    if version is not None:
        await session.changes.write(version.as_property())
    return version


def imported(tree: ChatTree) -> Version | None:
    """The newest summary that SillyTavern has put into a message (``extra.memory``), of the turns up to that one.

    Source: SillyTavern 1.12.6, ``public/scripts/extensions/memory/index.js``: the text belongs to the message at which
    it was made, and stands for all before it.
    """
    if versions(tree) or not any(turn.source for turn in tree.walk_back()):
        return None
    from tavern_tui.formats.packed_facts import unpack
    from tavern_tui.session.chat_merge import SHAPE

    shapes = {key.removeprefix(SHAPE): value for key, value in tree.properties.items() if key.startswith(SHAPE)}
    for turn in tree.walk_back():
        source = unpack(turn.source, shapes, round(turn.at)) if turn.source else {}
        message: dict[str, Any] = next((source[part] for part in _MESSAGES if isinstance(source.get(part), dict)), {})
        extra = message.get("extra")
        memory = extra.get("memory") if isinstance(extra, dict) else None
        if isinstance(memory, str) and memory.strip():
            return made(memory, after=ROOT, until=turn.id, by=SILLYTAVERN, at=turn.at or time.time())
    return None


def told(tree: ChatTree) -> str:
    """What a chat's summaries tell of and when they are written, in a line."""
    from tavern_tui.session.summaries.versions import covers

    path = tree.path()
    counting = in_force(tree, path)
    what = " · ".join(f"summary of {covers(one, path)}" for one in counting) or "no summary"
    choice = choice_of(tree)
    when = {When.ALWAYS: "the next is written by itself", When.NEVER: "none is offered"}.get(choice.when, "")
    when += f", every {choice.every:,} turns" if choice.every else ""
    return " · ".join(filter(None, (what, when)))
