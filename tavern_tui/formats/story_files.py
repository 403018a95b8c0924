"""Manuscripts: what a file of a story says (Markdown, plain text, Word, EPUB), and a story as such a file.

Text is taken as it is: no quote, dash or blank is changed. What stands outside of it, a byte order mark and the kind
of line ends, is kept beside it, so that a file that was only imported is written byte for byte.
Source: ``docs/ux.md`` §11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from tavern_tui.domain.comments import stripped
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.docx import is_docx, read_docx
from tavern_tui.formats.epub import is_epub, read_epub

MAX_BYTES: Final = 64 * 1024 * 1024
SUFFIXES: Final = (".md", ".markdown", ".txt", ".text", ".docx", ".epub")
"""How the names of files end that are taken from a folder."""

_BOM: Final = "\ufeff"
_OTHERS = (
    (b"{\\rtf", "an RTF document"),
    (b"%PDF", "a PDF"),
    (b"\xd0\xcf\x11\xe0", "an old Word document"),
    (b"PK", "an archive"),
    (b"\x1f\x8b", "an archive"),
    (b"\x89PNG", "a picture"),
)
_EMPHASIS = re.compile(r"(\*{1,2})(?=[^\s*])([^*\n]{1,2000}?)(?<=[^\s*])\1")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.+)")
_SCENE = re.compile(r"\*(?:[ \t]*\*){2,}|-(?:[ \t]*-){2,}|⁂")


@dataclass(frozen=True, slots=True)
class ToldStory:
    """A manuscript. ``kind`` says what it was; ``bom`` and ``crlf`` what its file had beside the text."""

    title: str
    text: str
    kind: str
    bom: bool = False
    crlf: bool = False
    remarks: tuple[Remark, ...] = ()


def read_story(data: bytes, name: str) -> ToldStory:
    """The manuscript in a file called ``name``. Raises ``FormatError``."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"{name} has {len(data):,} bytes; {MAX_BYTES:,} are read at most.", where=name)
    stem = name.rpartition(".")[0] or name
    if is_docx(data):
        text, remarks = read_docx(data, name)
        return ToldStory(stem, text, "Word document", remarks=remarks)
    if is_epub(data):
        title, text, remarks = read_epub(data, name)
        return ToldStory(title or stem, text, "EPUB", remarks=remarks)
    for mark, what in _OTHERS:
        if data.startswith(mark):
            hint = "Save it as .docx, .md or .txt, and import that."
            raise FormatError(f"{name} is {what}, which is not read as a story.", hint=hint, where=name)
    text, remarks = _decoded(data, name)
    bom = text.startswith(_BOM)
    text = text.removeprefix(_BOM)
    crlf = "\r\n" in text and text.count("\r\n") == text.count("\n") == text.count("\r")
    kind = "Markdown" if name.lower().endswith((".md", ".markdown")) else "text"
    return ToldStory(stem, text.replace("\r\n", "\n") if crlf else text, kind, bom, crlf, remarks)


def joined(parts: Sequence[ToldStory], title: str) -> ToldStory:
    """A folder of manuscripts as one, in the order given; one that does not begin with a heading gets its name."""
    texts = []
    for part in parts:
        text = part.text if _begins_a_chapter(part.text) else f"# {part.title}\n\n{part.text}"
        texts.append(text.rstrip("\n") + "\n")
    remarks = tuple(remark for part in parts for remark in part.remarks)
    return ToldStory(title, "\n".join(texts), "folder", remarks=remarks)


def as_text(text: str, *, bom: bool = False, crlf: bool = False) -> bytes:
    """``text`` as a file of UTF-8, with what the file that it came from had beside it."""
    return ((_BOM if bom else "") + (text.replace("\n", "\r\n") if crlf else text)).encode("utf-8", "replace")


def as_html(title: str, text: str) -> bytes:
    """``text`` as a page of its own: headings, scenes, paragraphs, emphasis; comments are left out."""
    body = "\n".join(_block(block) for block in re.split(r"\n{2,}", stripped(text)) if block.strip("\n\f "))
    page = (
        f'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n</head>\n'
        f"<body>\n{body}\n</body>\n</html>\n"
    )
    return page.encode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class StoryFormat:
    """A format that stories are written in, by the name that a person says."""

    name: str
    suffix: str
    write: Callable[[str, str], bytes]


FORMATS: Final = (
    StoryFormat("markdown", ".md", lambda _, text: as_text(text)),
    StoryFormat("text", ".txt", lambda _, text: as_text(text)),
    StoryFormat("html", ".html", as_html),
)
"""Every format that is written, the usual one first."""


def format_named(name: str) -> StoryFormat:
    """The format of that name, or that the suffix of a file means. Raises ``NotFoundError``."""
    wanted = name.strip().casefold().lstrip(".")
    for one in FORMATS:
        if wanted in (one.name, one.suffix[1:]):
            return one
    raise NotFoundError(f"Stories are not written as {name}.", hint=f"There are: {', '.join(f.name for f in FORMATS)}")


def _decoded(data: bytes, name: str) -> tuple[str, tuple[Remark, ...]]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16"), (Remark(name, "Read as UTF-16; it is written as UTF-8."),)
        except UnicodeDecodeError as error:
            raise FormatError(f"{name} is damaged: it is no UTF-16.", where=name) from error
    if b"\0" in data:
        raise FormatError(f"{name} is no text: it has NUL bytes.", where=name)
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        remark = Remark(name, "It is no UTF-8, and was read as Windows-1252; it is written as UTF-8.")
        return data.decode("cp1252", "replace"), (remark,)


def _begins_a_chapter(text: str) -> bool:
    first = next((line for line in text.split("\n") if line.strip()), "")
    return _HEADING.fullmatch(first.strip()) is not None


def _block(block: str) -> str:
    """A heading, a scene's border or a paragraph."""
    block = block.strip("\n\f ")
    heading = _HEADING.fullmatch(block)
    if heading is not None:
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2].rstrip('#').rstrip())}</h{level}>"
    if _SCENE.fullmatch(block):
        return "<hr>"
    if "\n" in block and _HEADING.fullmatch(block.split("\n", 1)[0]):
        first, rest = block.split("\n", 1)
        return f"{_block(first)}\n{_block(rest)}"
    return f"<p>{_inline(block).replace(chr(10), f'<br>{chr(10)}')}</p>"


def _inline(text: str) -> str:
    """``text`` escaped, with its emphasis."""

    def marked(match: re.Match[str]) -> str:
        tag = "strong" if len(match[1]) == 2 else "em"
        return f"<{tag}>{match[2]}</{tag}>"

    return _EMPHASIS.sub(marked, escape(text, quote=False))
