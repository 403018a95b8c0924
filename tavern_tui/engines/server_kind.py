"""``ServerKind``: how one kind of server is recognised by its answers, and the adapter that speaks to it.

Each is a file of ``engines.servers`` with a ``SERVER`` in it; ``kinds`` reads that folder, so a new server is a new
file there and nothing else. What is needed only to speak to a server is imported when one is spoken to.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from tavern_tui.engines import servers
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.faults import Answer
from tavern_tui.engines.json_shape import text_at

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine
    from tavern_tui.engines.http import Link

MODELS = "/v1/models"
"""Asked of every address first: nearly every kind of server has it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a server was recognised as: the name of its kind, and its dialect where the adapter needs one."""

    kind: str
    version: str = ""
    dialect: Dialect | None = None


class Answers:
    """What one address answered, by path. An answer that was not had has the status 0."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers
        self._read: dict[str, object] = {}

    def __getitem__(self, path: str) -> Answer:
        return self._answers.get(path, Answer(0))

    def __iter__(self) -> Iterator[Answer]:
        return iter(self._answers.values())

    def json(self, path: str) -> object:
        """The JSON of a successful answer, ``None`` for any other."""
        if path not in self._read:  # once: every kind of server looks, and some lists are megabytes
            answer = self[path]
            self._read[path] = answer.json if answer.status == 200 else None
        return self._read[path]

    @property
    def owner(self) -> str:
        """Who the first model in the common list is said to be owned by: many servers put their own name there."""
        return text_at(self.json(MODELS), "data", 0, "owned_by")


@dataclass(frozen=True, slots=True)
class Service:
    """A hosted service, known by its host name: it is not probed. ``prefix`` is where its routes begin."""

    dialect: Dialect
    prefix: str = ""


def speak_openai(link: Link, sighting: Sighting, model: str) -> Engine:
    """The OpenAI-compatible adapter with the dialect of the sighting."""
    from tavern_tui.engines.openai import OpenAIEngine

    if sighting.dialect is None:
        return OpenAIEngine(link, model=model, version=sighting.version)
    return OpenAIEngine(link, sighting.dialect, model=model, version=sighting.version)


def _nobody(_: Answers) -> Sighting | None:
    return None


@dataclass(frozen=True, slots=True)
class ServerKind:
    """One kind of server. ``rank`` orders the decision: who impersonates has a lower one than whom it impersonates.

    ``questions`` are the paths whose answers ``recognise`` looks at, beside the common list of models. ``services``
    are hosted ones of this kind, by host name.
    """

    name: str
    rank: int
    recognise: Callable[[Answers], Sighting | None] = _nobody
    questions: tuple[str, ...] = ()
    adapter: Callable[[Link, Sighting, str], Engine] = speak_openai
    services: Mapping[str, Service] = field(default_factory=dict)


@cache
def kinds() -> tuple[ServerKind, ...]:
    """Every kind that there is, in the order of decision."""
    modules = (importlib.import_module(found.name) for found in pkgutil.iter_modules(servers.__path__, _PREFIX))
    return tuple(sorted((module.SERVER for module in modules), key=lambda kind: (kind.rank, kind.name)))


_PREFIX = f"{servers.__name__}."
