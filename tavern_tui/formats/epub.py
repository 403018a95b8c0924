"""Text of EPUB books, as Markdown: the documents of the spine in their order, headings, paragraphs, emphasis.

Scripts, styles and the table of contents are left out, nothing is fetched. Source: EPUB 3.3 (W3C), OCF 2.1.
"""

from __future__ import annotations

import posixpath
import re
from html import unescape
from urllib.parse import unquote

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.xml_tree import Element, read_xml
from tavern_tui.formats.zip_archive import Archive, read_archive

_CONTAINER = "META-INF/container.xml"
_PAGES = frozenset({"application/xhtml+xml", "text/html"})
_MAX_TAGS = 2_000_000
_TABLES = frozenset({"td", "th", "tr", "table", "ul", "ol", "dl", "li", "dd", "dt"})
_BLOCKS = _TABLES | {"p", "div", "section", "article", "blockquote", "pre", "figcaption", "body", "header", "footer"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_LEFT_OUT = frozenset({"script", "style", "head", "nav", "svg", "math", "audio", "video", "rt", "rp"})
_EMPTY = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "wbr", "source"})
_MARKS = {"em": "*", "i": "*", "strong": "**", "b": "**"}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,40})")
_BLANKS = re.compile(r"[ \t\r\n]+")
_GAPS = re.compile(r"\n{3,}")


def is_epub(data: bytes) -> bool:
    """Whether the file is a zip that says so. Cheap."""
    return data.startswith(b"PK") and (b"application/epub+zip" in data[:200] or _CONTAINER.encode() in data)


def read_epub(data: bytes, where: str = "") -> tuple[str, str, tuple[Remark, ...]]:
    """The title and the text of a book, and what of it is not in the text. Raises ``FormatError``."""
    archive = read_archive(data, where=where)
    container = _part(archive, _CONTAINER, where)
    root = next((one.attributes.get("full-path", "") for one in container.all("rootfile")), "")
    package = _part(archive, root, where)
    title = next((one.text.strip() for one in package.all("title") if one.text.strip()), "")
    pages, missing = _pages(archive, package, posixpath.dirname(root))
    texts = [text for text in (_page_text(page) for page in pages) if text]
    if not texts:
        raise FormatError("This book has no text.", where=where)
    remarks = (Remark(root, f"Not there: {', '.join(missing[:5])}."),) if missing else ()
    return title, _joined(texts) + "\n", remarks


def _part(archive: Archive, name: str, where: str) -> Element:
    member = archive.member(name)
    if member is None:
        raise FormatError(f"This is no EPUB: it has no {name or 'package'}.", where=where)
    return read_xml(archive.read(member), name)


def _pages(archive: Archive, package: Element, folder: str) -> tuple[list[str], list[str]]:
    """The documents of the spine as texts, and the names of those that are not in the archive."""
    items = {one.attributes.get("id", ""): one.attributes for one in package.all("item")}
    pages, missing = [], []
    for reference in package.all("itemref"):
        item = items.get(reference.attributes.get("idref", ""), {})
        if item.get("media-type") not in _PAGES or "nav" in item.get("properties", "").split():
            continue
        name = posixpath.normpath(posixpath.join(folder, unquote(item.get("href", "").partition("#")[0])))
        member = archive.member(name)
        if member is None:
            missing.append(name)
        else:
            pages.append(archive.read(member).decode("utf-8-sig", "replace"))
    return pages, missing


def _page_text(page: str) -> str:
    reader = _Page()
    small, at = page.lower(), 0
    while at < len(page):
        tag = page.find("<", at)
        reader.text(page[at : tag if tag >= 0 else len(page)])
        if tag < 0:
            break
        at = _passed(page, small, tag, reader)
    return reader.told()


def _passed(page: str, small: str, start: int, reader: _Page) -> int:
    """Take in what begins with the sign ``<`` at ``start``; where it ends, the page's end where that is nowhere."""
    for opening, closing in (("<!--", "-->"), ("<![CDATA[", "]]>")):
        if page.startswith(opening, start):
            end = page.find(closing, start + len(opening))
            if opening == "<![CDATA[":
                reader.text(page[start + len(opening) : end if end >= 0 else len(page)], raw=True)
            return end + len(closing) if end >= 0 else len(page)
    match = _TAG.match(page, start)
    if match is None and page[start + 1 : start + 2] not in ("!", "?"):
        reader.text("<", raw=True)
        return start + 1
    end = page.find(">", start)
    if end < 0:
        return len(page)
    if match is None:
        return end + 1
    name = match[2].lower().rpartition(":")[2]
    if match[1]:
        reader.end(name)
        return end + 1
    reader.start(name)
    if page[end - 1] == "/" and name not in _EMPTY:
        reader.end(name)
    elif name in ("script", "style"):
        closed = small.find(f"</{name}", end)
        return closed if closed >= 0 else len(page)
    return end + 1


def _joined(texts: list[str]) -> str:
    """Documents one after the other; one without a heading begins on a new page."""
    parts = [texts[0]]
    for text in texts[1:]:
        parts.append(text if text.startswith("#") else "\f" + text)
    return "\n\n".join(parts)


class _Page:
    """The text of one document, read in one go from its start: what is no sound XML costs itself, and no time."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._hidden = 0
        self._tags = 0
        self._heading = False

    def told(self) -> str:
        """The text, blank lines between its paragraphs."""
        text = _GAPS.sub("\n\n", "".join(self._parts))
        return "\n".join(line.strip(" ") for line in text.split("\n")).strip("\n")

    def start(self, tag: str) -> None:
        """A tag that opens something."""
        self._tags += 1
        if self._tags > _MAX_TAGS:
            raise FormatError(f"A page of this book has more than {_MAX_TAGS:,} tags.")
        if tag in _LEFT_OUT:
            self._hidden += 1
        elif self._hidden:
            return
        elif tag in _HEADINGS:
            self._break("#" * _HEADINGS[tag] + " ")
            self._heading = True
        elif tag == "hr":
            self._break("***\n\n")
        elif tag == "br":
            self._parts.append(" " if self._heading else "\n")
        elif tag in _BLOCKS:
            self._break("")
        elif tag in _MARKS and not self._heading:
            self._parts.append(_MARKS[tag])

    def end(self, tag: str) -> None:
        """A tag that closes something."""
        if tag in _LEFT_OUT:
            self._hidden = max(0, self._hidden - 1)
        elif self._hidden:
            return
        elif tag in _HEADINGS:
            self._heading = False
            self._break("")
        elif tag in _BLOCKS:
            self._break("")
        elif tag in _MARKS and not self._heading:
            self._parts.append(_MARKS[tag])

    def text(self, data: str, *, raw: bool = False) -> None:
        """Text between tags; ``raw``: with nothing escaped."""
        if data and not self._hidden:
            text = _BLANKS.sub(" ", data if raw else unescape(data))
            last = self._parts[-1] if self._parts else "\n"
            self._parts.append(text.lstrip(" ") if last.endswith(("\n", " ")) else text)

    def _break(self, begins: str) -> None:
        """End the paragraph, unless one has just ended; the next one ``begins`` so."""
        while self._parts and not self._parts[-1].strip(" "):
            self._parts.pop()
        if self._parts and not self._parts[-1].endswith("\n\n"):
            self._parts.append("\n\n")
        if begins:
            self._parts.append(begins)
