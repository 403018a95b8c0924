"""Finding one wheel on the package indexes that pip would use: JSON, HTML, a folder, or a list of links.

Nothing is installed and no version is resolved: project and version are given. Formats: simple repository API (PEP
503, PEP 691, PEP 700), wheel file names (PEP 427).
"""

from __future__ import annotations

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin, urlsplit, urlunsplit
from urllib.request import url2pathname

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.address import shown
from tavern_tui.engines.download import RemoteFile, client_for, network_faults, refused
from tavern_tui.engines.lean_httpx import httpx
from tavern_tui.engines.pip_settings import PipSettings

MAX_PAGE = 32 * 1024 * 1024
_ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def find_wheel(project: str, version: str, settings: PipSettings) -> RemoteFile:
    """The wheel of ``project`` at exactly ``version``, from the first place that has it.

    Links and folders come first, then the indexes in their order. A place that does not answer is passed over as long
    as another has the file. Raises ``EngineError`` with what the first failing place said, or that none has it.
    """
    fault: EngineError | None = None
    places = [(link, False) for link in settings.find_links] + [(index, True) for index in settings.indexes]
    for place, is_index in places:
        page = f"{place.rstrip('/')}/{_normal(project)}/" if is_index else place
        try:
            wheels = [file for file in _listed(page, settings) if _is_wheel(file.name, project, version)]
        except EngineError as error:
            fault = fault or error
            continue
        if wheels:
            return min(wheels, key=lambda file: (not file.name.endswith("-py3-none-any.whl"), file.name))
    if fault is not None:
        raise fault
    where = ", ".join(dict.fromkeys(_named(place) for place, _ in places)) or "pip's configuration"
    raise EngineError(
        f"{project} {version} is not on the package index ({where}).", where=where, fault=EngineFault.REJECTED
    )


def local_path(url: str) -> Path | None:
    """The path that a ``file:`` URL or a plain path means; ``None`` for what is fetched over a network."""
    if url.startswith("file:"):
        return Path(url2pathname(urlsplit(url).path))
    return None if "://" in url else Path(url).expanduser()


def _listed(page: str, settings: PipSettings) -> list[RemoteFile]:
    """The files that a page or folder offers; none where there is no such page."""
    path = local_path(page)
    if path is not None:
        return _in_folder(path)
    with (
        client_for(page, settings) as client,
        network_faults(page),
        client.stream("GET", page, headers={"Accept": _ACCEPT}) as response,
    ):
        if response.status_code in (404, 410):
            return []
        if response.status_code != 200:
            raise refused(response)
        body = _body(response)
        base = str(response.url)
        kind = response.headers.get("content-type", "").lower()
    files = _from_json(body, base) if "json" in kind else _from_page(body, base)
    return [_with_password(file, page) for file in files]


def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_PAGE:
            raise _no_index(str(response.url))
    return bytes(body)


def _from_json(body: bytes, base: str) -> list[RemoteFile]:
    try:
        listed = json.loads(body)["files"]
        return [_from_entry(entry, base) for entry in listed]
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        raise _no_index(base) from None


def _from_entry(entry: dict[str, Any], base: str) -> RemoteFile:
    size = entry.get("size")
    return RemoteFile(
        url=urljoin(base, str(entry["url"])),
        name=str(entry["filename"]),
        sha256=_hash(str((entry.get("hashes") or {}).get("sha256", ""))),
        size=size if isinstance(size, int) and size > 0 else None,
    )


class _Links(HTMLParser):
    """Collects the targets of a page's links, and its base address where it names one."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link or a base."""
        target = dict(attrs).get("href")
        if target and tag == "a":
            self.found.append(target)
        elif target and tag == "base" and not self.base:
            self.base = target


def _from_page(body: bytes, base: str) -> list[RemoteFile]:
    """The files of an HTML page that came over a network; login pages and the like offer none."""
    files = _from_html(body, base)
    if not any(file.name.endswith((".whl", ".gz", ".zip", ".bz2")) for file in files):
        raise _no_index(base)
    return files


def _from_html(body: bytes, base: str) -> list[RemoteFile]:
    page = _Links()
    page.feed(body.decode("utf-8", "replace"))
    files = (_from_link(target, page.base, base) for target in page.found)
    return [file for file in files if file is not None]


def _from_link(target: str, page_base: str, base: str) -> RemoteFile | None:
    try:
        url, fragment = urldefrag(urljoin(urljoin(base, page_base), target))
        name = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:  # an address that is none
        return None
    kind, _, digest = fragment.partition("=")
    return RemoteFile(url, name, _hash(digest) if kind == "sha256" else "")


def _in_folder(path: Path) -> list[RemoteFile]:
    page = path / "index.html" if path.is_dir() else path
    try:
        if page.is_file():
            with page.open("rb") as file:
                return _from_html(file.read(MAX_PAGE), path.absolute().as_uri() + "/")
        return [RemoteFile(item.absolute().as_uri(), item.name) for item in path.iterdir()] if path.is_dir() else []
    except OSError as error:
        said = os.strerror(error.errno).lower() if error.errno else "unreadable"
        raise EngineError(f"{path} cannot be read: {said}.", where=str(path), fault=EngineFault.UNREACHABLE) from None


def _with_password(file: RemoteFile, page: str) -> RemoteFile:
    """Name and password of the index's address count for its files on the same host, as pip has it."""
    index, target = urlsplit(page), urlsplit(file.url)
    own = index.netloc.rpartition("@")
    if not own[0] or "@" in target.netloc or (target.scheme, target.netloc) != (index.scheme, own[2]):
        return file
    return RemoteFile(urlunsplit(target._replace(netloc=index.netloc)), file.name, file.sha256, file.size)


def _is_wheel(name: str, project: str, version: str) -> bool:
    parts = name.split("-")
    return name.endswith(".whl") and len(parts) >= 5 and _normal(parts[0]) == _normal(project) and parts[1] == version


def _normal(project: str) -> str:
    return re.sub(r"[-_.]+", "-", project).lower()


def _hash(text: str) -> str:
    return text if _SHA256.fullmatch(text) else ""


def _named(place: str) -> str:
    path = local_path(place)
    return shown(place) if path is None else str(path)


def _no_index(url: str) -> EngineError:
    server = shown(url)
    return EngineError(
        f"{server} is a web page, not a package index.",
        hint="pip's index-url usually ends in /simple.",
        where=server,
        fault=EngineFault.NOT_AN_API,
    )
