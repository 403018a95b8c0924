"""Addresses of servers as people type them: ``rig``, ``rig:5001``, ``http://rig:5001/api``, ``…/v1/chat/completions``.

Pure: what was typed in, the places to try out. Who answers there is ``engines.detect``'s business.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault

# Where engines listen unless told otherwise: KoboldCpp, llama-server (9931 in later builds), text-generation-webui
# and TabbyAPI, LM Studio, Ollama, vLLM.
DEFAULT_PORTS = (5001, 8080, 5000, 1234, 11434, 8000, 9931)

# What people paste behind the part that matters, the longest first. The second of each pair is what may have been
# part of a path prefix after all: `https://openrouter.ai/api/v1` has its routes below /api/v1, KoboldCpp below /v1.
_TAILS = (
    ("/api/v1/chat/completions", "/api"),
    ("/api/v1/completions", "/api"),
    ("/api/v1/models", "/api"),
    ("/v1/chat/completions", ""),
    ("/v1/completions", ""),
    ("/chat/completions", ""),
    ("/v1/models", ""),
    ("/api/v1/generate", ""),
    ("/api/v1", "/api"),
    ("/api/latest", ""),
    ("/api/generate", ""),  # Ollama
    ("/api/chat", ""),
    ("/api", "/api"),
    ("/v1", ""),
    ("/completions", ""),
    ("/models", ""),
    ("/completion", ""),
)
_LOCAL_ENDINGS = (".local", ".lan", ".internal", ".localhost", ".home.arpa")
_HOST = re.compile(r"[^\s/?#\[\]@:\\<>\"'^`{|}%\x00-\x20\x7f]{1,253}")
_DEFAULT_PORT = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """A server's address. ``port`` is ``None`` where none was typed; ``prefixes`` are path prefixes, likeliest first.

    ``host`` is without brackets; ``scheme_typed`` says that ``scheme`` is not our guess.
    """

    scheme: str
    host: str
    port: int | None = None
    prefixes: tuple[str, ...] = ("",)
    scheme_typed: bool = False

    @property
    def shown(self) -> str:
        """How messages name the server: ``rig:5001``, ``openrouter.ai``."""
        return f"{self._bracketed}:{self.port}" if self.port else self._bracketed

    @property
    def bases(self) -> tuple[str, ...]:
        """The URLs to try, likeliest first, without a slash at the end."""
        return tuple(
            f"{self.scheme}://{self._bracketed}{port}{prefix}" for port in self._ports for prefix in self.prefixes
        )

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def _ports(self) -> tuple[str, ...]:
        if self.port is not None:
            return ("",) if self.port == _DEFAULT_PORT[self.scheme] else (f":{self.port}",)
        if self.scheme == "https":
            return ("",)
        usual = tuple(f":{port}" for port in DEFAULT_PORTS)
        return ("", *usual) if self.scheme_typed else (*usual, "")


def parse_address(typed: str) -> Address:
    """What was typed, taken apart; no scheme means ``http`` for local and private hosts and ``https`` for others.

    Raises ``EngineError`` (``NOT_AN_API``) for what cannot be an address, without repeating a typed-in password.
    """
    text = without_query(typed)
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "", text
    if scheme.lower() not in ("", "http", "https"):
        raise _unreadable(text)
    authority, path = _split_path(rest)
    if "@" in authority:
        wording = messages.address_with_password(authority.rpartition("@")[2])
        raise EngineError(wording.title, hint=wording.advice, fault=EngineFault.NOT_AN_API)
    host, port = _split_port(authority, text)
    typed_scheme = scheme.lower()
    return Address(
        scheme=typed_scheme or ("http" if is_local(host) else "https"),
        host=host.lower(),
        port=port,
        prefixes=_prefixes(path),
        scheme_typed=bool(typed_scheme),
    )


def without_query(typed: str) -> str:
    """What was typed without what follows ``?`` or ``#``: no part of a server's address, and a place where keys are."""
    return re.split(r"[?#]", typed.strip(), maxsplit=1)[0]


def is_local(host: str) -> bool:
    """Whether a host is on this machine or a private network: where plain HTTP is the custom."""
    name = host.strip("[]").partition("%")[0].lower().rstrip(".")
    number = _number(name)
    if number is None:
        return "." not in name or name.endswith(_LOCAL_ENDINGS)
    return number.is_private or number.is_loopback or number.is_link_local or _is_shared(number)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    name = host.strip("[]").lower().rstrip(".")
    number = _number(name)
    return name == "localhost" or name.endswith(".localhost") if number is None else number.is_loopback


def _number(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host's name is, in whichever way it is written: 134744072 is 8.8.8.8 to every resolver."""
    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name)) if name.isascii() and name[:1].isdigit() else None
        except OSError:
            return None
    return number.ipv4_mapped or number if number.version == 6 else number


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL: what an API key is bound to."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORT.get(parts.scheme, 0)


def shown(base: str) -> str:
    """How messages name the server of a base URL: host, and port where it is not the scheme's own."""
    scheme, host, port = origin(base)
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if port == _DEFAULT_PORT.get(scheme) else f"{bracketed}:{port}"


def _is_shared(number: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    # Carrier-grade NAT space, which mesh VPNs such as Tailscale give to one's own machines.
    return number.version == 4 and number in ipaddress.ip_network("100.64.0.0/10")


def _split_path(rest: str) -> tuple[str, str]:
    authority, slash, path = rest.partition("/")
    path = "/" + re.sub(r"/{2,}", "/", path).strip("/") if slash else ""
    return authority, "" if path == "/" else path


def _split_port(authority: str, typed: str) -> tuple[str, int | None]:
    if authority.count(":") > 1 and not authority.startswith("["):
        authority = f"[{authority}]"  # an IPv6 address without brackets has no room for a port
    if authority.startswith("["):
        host, closed, port = authority[1:].partition("]")
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise _unreadable(typed) from None
        if not closed or (port and not port.startswith(":")):
            raise _unreadable(typed)
        port = port.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
        if not _HOST.fullmatch(host) or not _encodable(host):
            raise _unreadable(typed)
    if not port:
        return host, None
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) < 65536):
        raise _unreadable(typed)
    return host, int(port)


def _encodable(host: str) -> bool:
    try:
        host.encode("idna")
        urlsplit(f"http://{host}")
    except ValueError:
        return False
    return True


def _prefixes(path: str) -> tuple[str, ...]:
    for tail, kept in _TAILS:
        if path.endswith(tail):
            prefix = path.removesuffix(tail)
            return (prefix, prefix + kept) if kept else (prefix,)
    return (path,)


def _unreadable(typed: str) -> EngineError:
    wording = messages.address_unreadable(typed)
    if "@" in typed:
        wording = messages.address_with_password(typed.rpartition("@")[2].partition("/")[0])
    return EngineError(wording.title, hint=wording.advice, fault=EngineFault.NOT_AN_API)
