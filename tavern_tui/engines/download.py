"""HTTP for files from a package index: a client as pip would set it up, the words for its faults, and a download that
survives cuts.

What arrives is not trusted here: whoever asked checks the hash. Addresses may hold passwords, so messages name hosts
only. Stands on httpx. The engines' own HTTP is in ``http``.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

import certifi

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.address import is_loopback, shown
from tavern_tui.engines.lean_httpx import httpx
from tavern_tui.engines.pip_settings import PipSettings

ATTEMPTS = 5
_RANGE = re.compile(r"bytes (?P<start>\d+)-\d+/(?P<total>\d+|\*)")

Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that an index offers. ``sha256`` is empty and ``size`` (bytes) ``None`` where it does not tell."""

    url: str
    name: str
    sha256: str = ""
    size: int | None = None


def client_for(url: str, settings: PipSettings) -> httpx.Client:
    """A client for one server: proxies, certificates and trusted hosts as pip has them. Close it after use.

    Raises ``EngineError`` for an address, a proxy or a certificate setting that cannot be used.
    """
    host, port = host_and_port(url)
    try:
        trusted = {name.lower() for name in settings.trusted_hosts} & {host, f"{host}:{port}"}
        return httpx.Client(
            verify=False if trusted else _trust(settings.cert),
            proxy=settings.proxy or None,
            trust_env=not is_loopback(host),
            follow_redirects=True,
            timeout=httpx.Timeout(60.0, connect=15.0),
            headers={"User-Agent": "tavern-tui", "Accept-Encoding": "identity"},
        )
    except (ValueError, httpx.InvalidURL):
        raise _unusable("The address of the proxy that is set here cannot be used.") from None
    except ImportError:
        raise _unusable("The proxy that is set here speaks SOCKS, which is not supported.") from None


def host_and_port(url: str) -> tuple[str, int | None]:
    """Host and port of an index's or a file's address. Raises ``EngineError`` for an address that has none."""
    try:
        parts = urlsplit(url)
        if parts.hostname:
            return parts.hostname.lower(), parts.port
    except ValueError:
        pass
    raise _unusable("The address of the package index that is set here cannot be used.") from None


def _unusable(title: str) -> EngineError:
    hint = "See `pip config list`, PIP_INDEX_URL and HTTPS_PROXY."
    return EngineError(title, hint=hint, fault=EngineFault.UNAVAILABLE)


@cache
def _trust(cert: str) -> ssl.SSLContext:
    """The certificates that are trusted: read once, because that takes 100 ms."""
    try:
        if cert:
            folder = Path(cert).is_dir()
            return ssl.create_default_context(cafile=None if folder else cert, capath=cert if folder else None)
        context = ssl.create_default_context()
        context.load_verify_locations(certifi.where())
        return context
    except (OSError, ssl.SSLError):
        raise EngineError(
            f"The certificates of {cert} cannot be read.",
            hint="PIP_CERT (or cert in pip's configuration) must name a PEM file.",
            where=cert,
            fault=EngineFault.UNAVAILABLE,
        ) from None


@contextmanager
def network_faults(url: str) -> Iterator[None]:
    """Turns httpx's exceptions into ``EngineError`` (``UNREACHABLE``) about the server of ``url``."""
    server = shown(url)
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
        raise EngineError(
            f"{server} does not answer ({reason(error)}).", where=server, fault=EngineFault.UNREACHABLE
        ) from None


def reason(error: BaseException) -> str:
    """In a few words why no answer came."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return "its certificate is not trusted: see PIP_CERT"
            case socket.gaierror():
                return "no such host"
            case ConnectionRefusedError():
                return "connection refused"
            case httpx.TimeoutException() | TimeoutError():
                return "no answer in time"
            case httpx.InvalidURL() | httpx.UnsupportedProtocol():
                return "its address cannot be used"
            case httpx.ProxyError():
                return "the proxy refuses"
        cause = cause.__cause__ or cause.__context__
    return "no connection"


def refused(response: httpx.Response) -> EngineError:
    """The error for a status that is not success."""
    server = shown(str(response.url))
    if response.status_code in (401, 403, 407):
        return EngineError(
            f"{server} refused access ({response.status_code}).",
            hint="Check the name and password in pip's index address.",
            where=server,
            fault=EngineFault.KEY_REFUSED,
        )
    return EngineError(
        f"{server} answered {response.status_code} for {response.url.path.rpartition('/')[2] or 'its index'}.",
        where=server,
        fault=EngineFault.REJECTED,
    )


class Download:
    """One file on its way into an open ``part`` file, going on from what is there already.

    ``limit`` bounds the bytes taken; ``progress`` hears bytes done and the total (``None`` where unknown).
    """

    def __init__(
        self,
        client: httpx.Client,
        remote: RemoteFile,
        part: BinaryIO,
        *,
        limit: int,
        progress: Callable[[int, int | None], None],
        pause: Pause = time.sleep,
    ) -> None:
        self._client = client
        self._remote = remote
        self._part = part
        self._limit = limit
        self._progress = progress
        self._pause = pause
        self._total = remote.size
        self._done = part.seek(0, os.SEEK_END)

    def run(self) -> None:
        """Fetch until all is there. Cuts are waited out and gone on from as long as bytes keep coming.

        Raises ``EngineError``; what arrived stays in the part file. ``OSError`` where the disk refuses.
        """
        barren, furthest = 0, self._done
        while not self._complete():
            why = self._once()
            barren = 0 if self._done > furthest else barren + 1
            furthest = max(furthest, self._done)
            if barren >= ATTEMPTS:
                raise self._broken(why or "its answers do not fit together")
            if why:
                self._pause(min(2.0**barren, 30.0))
        self._part.flush()
        os.fsync(self._part.fileno())

    def _complete(self) -> bool:
        if self._total is not None and self._done > self._total:
            self._restart()
        return self._total is not None and self._done == self._total

    def _once(self) -> str:
        """One request; returns why it ended early, empty where the server was done."""
        headers = {"Range": f"bytes={self._done}-"} if self._done else {}
        try:
            with self._client.stream("GET", self._remote.url, headers=headers) as response:
                if not self._placed(response):
                    return ""
                for piece in response.iter_raw():  # as it comes: a cut must not cost what had come before it
                    self._take(piece)
        except httpx.TransportError as error:
            return reason(error)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise self._broken(reason(error)) from None
        if self._total is None:
            self._total = self._done
        return "" if self._complete() else "it hung up"

    def _placed(self, response: httpx.Response) -> bool:
        """Make the part file ready for what the response carries; ``False`` where it carries nothing to take."""
        status = response.status_code
        if status == 416 or (status == 206 and not self._continues(response)):
            self._restart()
            return False
        if status not in (200, 206):
            raise refused(response)
        if "html" in response.headers.get("content-type", "").lower():
            raise self._lies("sent a web page instead of the file")
        if status == 200:
            self._restart()
            length = response.headers.get("content-length", "")
            if self._total is None and length.isdecimal():
                self._total = int(length)
        return True

    def _continues(self, response: httpx.Response) -> bool:
        """Whether a partial answer is the part that was asked for."""
        match = _RANGE.fullmatch(response.headers.get("content-range", "").strip())
        if match is None or int(match["start"]) != self._done:
            return False
        if match["total"] == "*":
            return True
        if self._total is None:
            self._total = int(match["total"])
        return self._total == int(match["total"])

    def _take(self, piece: bytes) -> None:
        if self._done + len(piece) > (self._limit if self._total is None else min(self._limit, self._total)):
            raise self._lies("sends more than the file has")
        self._part.write(piece)
        self._done += len(piece)
        self._progress(self._done, self._total)

    def _restart(self) -> None:
        self._part.seek(0)
        self._part.truncate()
        self._done = 0

    def _broken(self, why: str) -> EngineError:
        server = shown(self._remote.url)
        of = f" of {self._total:,}" if self._total else ""
        return EngineError(
            f"The download from {server} stopped after {self._done:,}{of} bytes ({why}).",
            hint="Kept. The same command goes on from there.",
            where=server,
            fault=EngineFault.BROKEN_STREAM if self._done else EngineFault.UNREACHABLE,
        )

    def _lies(self, what: str) -> EngineError:
        server = shown(self._remote.url)
        self._restart()
        return EngineError(f"{server} {what} ({self._remote.name}).", where=server, fault=EngineFault.REJECTED)
