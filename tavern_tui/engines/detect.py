"""Who answers at an address: a few questions at once, decided in a fixed order, and the adapter for what is there.

Servers impersonate one another (KoboldCpp answers Ollama's questions, TabbyAPI KoboldCpp's), so no single answer
decides; ``KINDS`` is the order. A new adapter is one row there. Source: ``docs/spec/backends.md`` §1.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines import dialects
from tavern_tui.engines.address import DEFAULT_PORTS, Address, parse_address
from tavern_tui.engines.base import Engine
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.faults import Answer, raised, refusal
from tavern_tui.engines.http import PROBING, Link, Timeouts
from tavern_tui.engines.json_shape import at, text_at
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.openai import OpenAIEngine

Answers = Mapping[str, Answer]

SERVICE_INFO = "/.well-known/serviceinfo"
KOBOLD_VERSION = "/api/extra/version"
PROPS = "/props"
HEALTH = "/health"
TEXTGEN_MODEL = "/v1/internal/model/info"
OLLAMA_VERSION = "/api/version"
MODELS = "/v1/models"
BARE_MODELS = "/models"
QUESTIONS = (SERVICE_INFO, KOBOLD_VERSION, PROPS, HEALTH, TEXTGEN_MODEL, OLLAMA_VERSION, MODELS, BARE_MODELS)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a server was recognised as."""

    kind: str
    version: str = ""
    dialect: Dialect = dialects.GENERIC


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: how a kind of server is recognised by its answers, and the adapter that speaks to it."""

    recognise: Callable[[Answers], Sighting | None]
    adapter: Callable[[Link, Sighting, str], Engine]


@dataclass(frozen=True, slots=True)
class Found:
    """A server on this machine. ``model`` is empty and ``context_tokens`` unknown while ``loading``."""

    address: str
    engine: str
    version: str = ""
    model: str = ""
    context_tokens: int | None = None
    loading: bool = False

    def __str__(self) -> str:
        """As the lists show it: ``KoboldCpp 1.76 · Mistral-Nemo-12B · 16,384``."""
        context = messages.number(self.context_tokens) if self.context_tokens else ""
        model = "loading its model" if self.loading else self.model
        return " · ".join(part for part in (f"{self.engine} {self.version}".strip(), model, context) if part)


async def detect(
    address: str | Address, key: str | None = None, *, model: str = "", timeouts: Timeouts | None = None
) -> Engine:
    """The adapter for the server at ``address``, not yet connected.

    All ports that the address leaves open are tried at once; the first in order that is an engine wins. ``key`` goes
    along only where the address names one place. ``model`` is the id to ask for on servers with several. Raises
    ``EngineError``: the most telling of what the places answered.
    """
    place = parse_address(address) if isinstance(address, str) else address
    if service := dialects.service_at(place.bases[0]):
        base = place.bases[0].removesuffix(place.prefixes[0]) + service.prefix
        return OpenAIEngine(Link(base, key=key or "", timeouts=timeouts), service.dialect, model=model)
    asked_with = key if len({base.split("/")[2] for base in place.bases}) == 1 else None
    looks = await asyncio.gather(*(_look(base, asked_with or "") for base in place.bases))
    for base, seen in zip(place.bases, looks, strict=True):
        if not isinstance(seen, EngineError):
            kind, sighting = seen
            return kind.adapter(Link(base, key=key or "", timeouts=timeouts), _as_hosted(sighting, place), model)
    failures = [seen for seen in looks if isinstance(seen, EngineError)]
    error = min(failures, key=lambda failure: _TELLING.get(failure.fault, 9))
    if error.fault is EngineFault.UNREACHABLE and len(place.bases) > len(place.prefixes):
        wording = messages.no_answer_on_usual_ports(place.shown)
        raise raised(wording, EngineFault.UNREACHABLE, place.shown) from error
    raise error


async def find_local(ports: Iterable[int] = DEFAULT_PORTS, *, host: str = "127.0.0.1") -> list[Found]:
    """The engines that answer on this machine's ``ports``, in the order of the ports. Never raises."""
    found = await asyncio.gather(*(_find(Address("http", host, port)) for port in ports))
    return [one for one in found if one is not None]


async def _find(address: Address) -> Found | None:
    shown = address.bases[0]
    try:
        engine = await detect(address, timeouts=PROBING)
    except EngineError:
        return None
    try:
        info = await engine.connect()
    except EngineError as error:
        named = "llama-server" if isinstance(engine, LlamaServerEngine) else "server"
        return Found(shown, named, loading=True) if error.fault is EngineFault.LOADING else None
    finally:
        await engine.close()
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


async def _look(base: str, key: str) -> tuple[Kind, Sighting] | EngineError:
    """Ask one place everything and decide; the reason where it is no engine."""
    link = Link(base, key=key, timeouts=PROBING)
    try:
        first = await link.get(MODELS)  # alone, so that a dead port costs one time-out
        others = [path for path in QUESTIONS if path != MODELS]
        rest = await asyncio.gather(*(_asked(link, path) for path in others))
    except EngineError as error:
        return error
    finally:
        await link.close()
    answers = {MODELS: first} | dict(zip(others, rest, strict=True))
    for kind in KINDS:
        if seen := kind.recognise(answers):
            return kind, seen
    return _nobody(link.server, answers)


async def _asked(link: Link, path: str) -> Answer:
    try:
        return await link.get(path)
    except EngineError:
        return Answer(0)


def _nobody(server: str, answers: Answers) -> EngineError:
    """Why none of the answers is an engine's."""
    locked = next((a for a in answers.values() if a.status in (401, 403)), None)
    if locked is not None:
        return refusal(server, locked)
    if answers[MODELS].is_page or answers[BARE_MODELS].is_page:
        return raised(messages.web_page(server), EngineFault.NOT_AN_API, server)
    models = answers[MODELS]
    if models.status >= 500 or 300 <= models.status < 400:
        return refusal(server, models)
    return raised(messages.not_an_api(server), EngineFault.NOT_AN_API, server)


def _as_hosted(sighting: Sighting, place: Address) -> Sighting:
    """An unknown API in the open internet is taken for a service that rejects what it does not know."""
    if sighting.dialect.name != dialects.GENERIC.name or place.scheme != "https":
        return sighting
    return replace(sighting, dialect=replace(dialects.HOSTED, root=sighting.dialect.root))


def _json(answers: Answers, path: str) -> object:
    answer = answers.get(path)
    return answer.json if answer and answer.status == 200 else None


def _owner(answers: Answers) -> str:
    return text_at(_json(answers, MODELS), "data", 0, "owned_by")


def _is_tabby(answers: Answers) -> Sighting | None:
    named = text_at(_json(answers, SERVICE_INFO), "software", "name")
    if named == "TabbyAPI" or _owner(answers) == "tabbyAPI":
        return Sighting("TabbyAPI", text_at(_json(answers, SERVICE_INFO), "software", "version"), dialects.TABBY)
    return None


def _is_koboldcpp(answers: Answers) -> Sighting | None:
    told, service = _json(answers, KOBOLD_VERSION), _json(answers, SERVICE_INFO)
    if text_at(told, "result") == "KoboldCpp" or text_at(service, "software", "name") == "KoboldCpp":
        version = text_at(told, "version") or text_at(service, "software", "version")
        return Sighting("KoboldCpp", version, dialects.KOBOLDCPP)
    return None


def _is_llama_server(answers: Answers) -> Sighting | None:
    props = _json(answers, PROPS)
    told = text_at(props, "build_info") or text_at(props, "model_path") or at(props, "modalities")
    loading = answers.get(HEALTH)
    if (told is not None and told != "") or _owner(answers) == "llamacpp":  # behind a key only the models are told
        return Sighting("llama-server", text_at(props, "build_info"))
    if loading and loading.status == 503 and text_at(loading.json, "error", "type") == "unavailable_error":
        return Sighting("llama-server")
    return None


def _is_textgen(answers: Answers) -> Sighting | None:
    told = _json(answers, TEXTGEN_MODEL)
    known = isinstance(told, dict) and "model_name" in told and "lora_names" in told
    return Sighting("text-generation-webui", dialect=dialects.TEXTGEN) if known else None


def _is_ollama(answers: Answers) -> Sighting | None:
    version = text_at(_json(answers, OLLAMA_VERSION), "version")
    if version and isinstance(_json(answers, MODELS), dict) and _owner(answers) in ("", "library"):
        return Sighting("Ollama", version, dialects.OLLAMA)
    return None


def _is_known_by_owner(answers: Answers) -> Sighting | None:
    dialect = dialects.BY_OWNER.get(_owner(answers))
    return Sighting(dialect.name, dialect=dialect) if dialect else None


def _is_openai_compatible(answers: Answers) -> Sighting | None:
    for path, root in ((MODELS, "/v1"), (BARE_MODELS, "")):
        told = _json(answers, path)
        if isinstance(at(told, "data"), list) or (isinstance(told, list) and text_at(told, 0, "id")):
            return Sighting(dialects.GENERIC.name, dialect=replace(dialects.GENERIC, root=root))
    return None


def _speak_openai(link: Link, sighting: Sighting, model: str) -> Engine:
    return OpenAIEngine(link, sighting.dialect, model=model, version=sighting.version)


def _speak_llama_server(link: Link, sighting: Sighting, model: str) -> Engine:
    return LlamaServerEngine(link)


KINDS = (
    Kind(_is_tabby, _speak_openai),
    Kind(_is_koboldcpp, _speak_openai),
    Kind(_is_llama_server, _speak_llama_server),
    Kind(_is_textgen, _speak_openai),
    Kind(_is_ollama, _speak_openai),
    Kind(_is_known_by_owner, _speak_openai),
    Kind(_is_openai_compatible, _speak_openai),
)
"""The kinds of servers in the order of decision: who impersonates stands above whom it impersonates."""
