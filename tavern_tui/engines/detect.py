"""Who answers at an address: a few questions at once, decided in a fixed order, and the adapter for what is there.

Servers impersonate one another (KoboldCpp answers Ollama's questions, TabbyAPI KoboldCpp's), so no single answer
decides; ``server_kind.kinds`` is the order. Source: ``docs/spec/backends.md`` §1.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.address import DEFAULT_PORTS, Address, origin, parse_address
from tavern_tui.engines.base import Engine
from tavern_tui.engines.faults import Answer, raised, refusal
from tavern_tui.engines.http import PROBING, Link, Timeouts
from tavern_tui.engines.server_kind import MODELS, Answers, ServerKind, Service, Sighting, kinds
from tavern_tui.engines.servers import generic, hosted

LOCAL_SECONDS = 1.5
"""How long looking round on this machine may take, all ports together."""


@dataclass(frozen=True, slots=True)
class Found:
    """A server on this machine. ``model`` is empty and ``context_tokens`` unknown while ``loading``.

    ``locked``: it wants a key before it tells more.
    """

    address: str
    engine: str
    version: str = ""
    model: str = ""
    context_tokens: int | None = None
    loading: bool = False
    locked: bool = False

    def __str__(self) -> str:
        """As the lists show it: ``KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384``."""
        context = messages.number(self.context_tokens) if self.context_tokens else ""
        model = "loading its model" if self.loading else "wants a key" if self.locked else self.model
        return " · ".join(part for part in (f"{self.engine} {self.version}".strip(), model, context) if part)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was recognised at a base URL."""

    base: str
    kind: ServerKind
    sighting: Sighting

    def engine(self, key: str, model: str, timeouts: Timeouts | None) -> Engine:
        return self.kind.adapter(Link(self.base, key=key, timeouts=timeouts), self.sighting, model)


async def detect(
    address: str | Address, key: str | None = None, *, model: str = "", timeouts: Timeouts | None = None
) -> Engine:
    """The adapter for the server at ``address``, not yet connected.

    All ports that the address leaves open are tried at once; the first in order that is an engine wins. ``key`` goes
    along only where the address names one place. ``model`` is the id to ask for on servers with several. Raises
    ``EngineError``: the most telling of what the places answered.
    """
    place = parse_address(address) if isinstance(address, str) else address
    return (await _recognised(place, key)).engine(key or "", model, timeouts)


async def find_local(
    ports: Iterable[int] = DEFAULT_PORTS, *, host: str = "127.0.0.1", seconds: float = LOCAL_SECONDS
) -> list[Found]:
    """The engines that answer on this machine's ``ports``, in the order of the ports. Never raises.

    The ports are asked at once, for ``seconds`` in all: a server that has said by then only what it is, is told with
    no more than that.
    """
    found = await asyncio.gather(*(_find(Address("http", host, port), seconds) for port in ports))
    return [one for one in found if one is not None]


def service_at(base: str) -> Service | None:
    """The hosted service at a base URL, ``None`` where the host is none that is known."""
    scheme, host, _ = origin(base)
    if scheme != "https":
        return None
    return next((kind.services[host] for kind in kinds() if host in kind.services), None)


async def _recognised(place: Address, key: str | None) -> _Seen:
    if service := service_at(place.bases[0]):
        base = place.bases[0].removesuffix(place.prefixes[0]) + service.prefix
        return _Seen(base, hosted.SERVER, Sighting(service.dialect.name, dialect=service.dialect))
    asked_with = key if len({base.split("/")[2] for base in place.bases}) == 1 else None
    looks = await asyncio.gather(*(_look(base, asked_with or "") for base in place.bases))
    for seen in looks:
        if isinstance(seen, _Seen):
            return replace(seen, sighting=_as_hosted(seen.sighting, place))
    failures = [seen for seen in looks if isinstance(seen, EngineError)]
    error = min(failures, key=lambda failure: _TELLING.get(failure.fault, 9))
    if error.fault is EngineFault.UNREACHABLE and len(place.bases) > len(place.prefixes):
        wording = messages.no_answer_on_usual_ports(place.shown)
        raise raised(wording, EngineFault.UNREACHABLE, place.shown) from error
    raise error


async def _find(address: Address, seconds: float) -> Found | None:
    shown = address.bases[0]
    found = None
    try:
        async with asyncio.timeout(seconds):
            seen = await _recognised(address, None)
            found = Found(shown, seen.sighting.kind, seen.sighting.version)
            engine = seen.engine("", "", PROBING)
            try:
                info = await engine.connect()
            finally:
                await engine.close()
    except TimeoutError:
        return found
    except EngineError as error:
        if found is None or error.fault not in (EngineFault.LOADING, EngineFault.NO_MODEL, EngineFault.KEY_REFUSED):
            return None
        loading, locked = error.fault is EngineFault.LOADING, error.fault is EngineFault.KEY_REFUSED
        return replace(found, loading=loading, locked=locked)
    return Found(shown, info.engine, info.version, info.model, info.context_tokens)


# Which failure of several tells most about what is wrong.
_TELLING = {
    EngineFault.LOADING: 0,
    EngineFault.KEY_REFUSED: 1,
    EngineFault.BUSY: 2,
    EngineFault.NOT_AN_API: 3,
    EngineFault.CRASHED: 4,
    EngineFault.UNREACHABLE: 5,
}


async def _look(base: str, key: str) -> _Seen | EngineError:
    """Ask one place everything and decide; the reason where it is no engine."""
    paths = dict.fromkeys(path for kind in kinds() for path in kind.questions)
    link = Link(base, key=key, timeouts=PROBING)
    try:
        first = await link.get(MODELS)  # alone, so that a dead port costs one time-out
        rest = await asyncio.gather(*(_asked(link, path) for path in paths))
    except EngineError as error:
        return error
    finally:
        await link.close()
    answers = Answers({MODELS: first} | dict(zip(paths, rest, strict=True)))
    for kind in kinds():
        if seen := kind.recognise(answers):
            return _Seen(base, kind, seen)
    return _nobody(link.server, answers)


async def _asked(link: Link, path: str) -> Answer:
    try:
        return await link.get(path)
    except EngineError:
        return Answer(0)


def _nobody(server: str, answers: Answers) -> EngineError:
    """Why none of the answers is an engine's."""
    locked = next((answer for answer in answers if answer.status in (401, 403)), None)
    if locked is not None:
        return refusal(server, locked)
    models = answers[MODELS]
    if models.is_page or (models.status != 200 and any(answer.is_page and answer.status == 200 for answer in answers)):
        return raised(messages.web_page(server), EngineFault.NOT_AN_API, server)
    if models.status >= 500 or 300 <= models.status < 400:
        return refusal(server, models)
    return raised(messages.not_an_api(server), EngineFault.NOT_AN_API, server)


def _as_hosted(sighting: Sighting, place: Address) -> Sighting:
    """An unknown API in the open internet is taken for a service that rejects what it does not know."""
    if sighting.kind != generic.DIALECT.name or sighting.dialect is None or place.scheme != "https":
        return sighting
    return replace(sighting, dialect=replace(hosted.DIALECT, root=sighting.dialect.root))
