"""Text of Word documents (.docx), as Markdown: headings, paragraphs, what is bold and italic, page breaks.

A document is a zip with ``word/document.xml``; headings are paragraphs whose style is called ``heading 1`` …, whatever
its id is. Deleted text of a review is left out, inserted text is in. Source: ECMA-376, part 1 (§17.3, §17.7).
"""

from __future__ import annotations

from collections.abc import Iterator

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.xml_tree import Element, read_xml
from tavern_tui.formats.zip_archive import Archive, read_archive

_DOCUMENT, _STYLES = "word/document.xml", "word/styles.xml"
_LEFT_OUT = {
    "footnoteReference": "footnotes",
    "endnoteReference": "endnotes",
    "drawing": "pictures",
    "pict": "pictures",
    "tbl": "tables, whose cells are paragraphs here",
    "commentReference": "comments",
}
_PASSED = frozenset({"del", "moveFrom", "Fallback", "pPr", "rPr", "sectPr", "instrText", "delText"})


def is_docx(data: bytes) -> bool:
    """Whether the file is a zip that names such a document. Cheap."""
    return data.startswith(b"PK") and _DOCUMENT.encode() in data


def read_docx(data: bytes, where: str = "") -> tuple[str, tuple[Remark, ...]]:
    """The text of a document, and what of it is not in the text. Raises ``FormatError``."""
    archive = read_archive(data, where=where)
    document = _part(archive, _DOCUMENT)
    if document is None:
        raise FormatError("This is no Word document: it has no text part.", where=where)
    body = document.child("body")
    levels = _levels(_part(archive, _STYLES))
    paragraphs = [_paragraph(one, levels) for one in _paragraphs(body)] if body is not None else []
    left_out = sorted({_LEFT_OUT[name] for name in _LEFT_OUT if any(document.all(name))})
    remarks = (Remark(_DOCUMENT, f"Not in the text: {', '.join(left_out)}."),) if left_out else ()
    return "\n\n".join(text for text in paragraphs if text.strip("\n ")) + "\n", remarks


def _part(archive: Archive, name: str) -> Element | None:
    member = archive.member(name)
    return None if member is None else read_xml(archive.read(member), name)


def _levels(styles: Element | None) -> dict[str, int]:
    """The levels of the styles that are headings, by their ids."""
    found: dict[str, int] = {}
    for style in styles.all("style") if styles is not None else ():
        name = style.child("name")
        words = name.attributes.get("val", "").lower().split() if name is not None else []
        if words == ["title"]:
            found[style.attributes.get("styleId", "")] = 1
        elif len(words) == 2 and words[0] == "heading" and words[1].isdigit():
            found[style.attributes.get("styleId", "")] = min(6, max(1, int(words[1])))
    return found


def _paragraphs(element: Element) -> Iterator[Element]:
    """Every paragraph, those in tables and text boxes too, in the order of the file."""
    for one in element.children():
        if one.name == "p":
            yield one
        if one.name not in _PASSED:
            yield from _paragraphs(one)


def _paragraph(paragraph: Element, levels: dict[str, int]) -> str:
    properties = paragraph.child("pPr")
    style = properties.child("pStyle") if properties is not None else None
    level = levels.get(style.attributes.get("val", ""), 0) if style is not None else 0
    breaks = properties is not None and properties.child("pageBreakBefore") is not None
    text = _joined(list(_runs(paragraph)), plain=bool(level)).strip(" ")
    if level:
        text = "#" * level + " " + " ".join(text.split()) if text.strip() else ""
    return "\f" + text if breaks and not text.startswith("\f") else text


def _runs(element: Element) -> Iterator[tuple[str, str]]:
    """The texts of a paragraph, each with the marks round it."""
    for one in element.children():
        if one.name in _PASSED or one.name == "p":
            continue
        if one.name == "r":
            yield from ((part, _marks(one)) for part in _pieces(one))
        else:
            yield from _runs(one)


def _pieces(run: Element) -> Iterator[str]:
    for one in run.children():
        if one.name == "t":
            yield one.text
        elif one.name in ("tab", "ptab"):
            yield "\t"
        elif one.name in ("br", "cr"):
            yield "\f" if one.attributes.get("type") == "page" else "\n"
        elif one.name == "noBreakHyphen":
            yield "\u2011"


def _marks(run: Element) -> str:
    properties = run.child("rPr")
    if properties is None:
        return ""
    return "*" * (2 * _is_on(properties, "b") + _is_on(properties, "i"))


def _is_on(properties: Element, name: str) -> bool:
    found = properties.child(name)
    return found is not None and found.attributes.get("val", "1") not in ("0", "false", "off")


def _joined(runs: list[tuple[str, str]], *, plain: bool) -> str:
    """The runs one after the other; those with the same marks have them once, round their words."""
    parts: list[str] = []
    at = 0
    while at < len(runs):
        marks, text = runs[at][1], ""
        while at < len(runs) and runs[at][1] == marks:
            text += runs[at][0]
            at += 1
        words = text.strip()
        if plain or not marks or not words:
            parts.append(text)
        else:
            lead = text[: len(text) - len(text.lstrip())]
            parts.append(lead + marks + words + marks + text[len(text.rstrip()) :])
    return "".join(parts)
