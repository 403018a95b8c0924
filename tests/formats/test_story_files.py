"""Manuscripts of writers: text stays as it is, Word and EPUB become Markdown, bombs and other files are refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.formats.story_files import as_html, as_text, format_named, joined, read_story
from tavern_tui.formats.zip_archive import new_archive

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'


def docx(body: str, styles: str = "") -> bytes:
    """A Word document of these paragraphs."""
    parts = {"[Content_Types].xml": b"<Types/>", "word/document.xml": _word("document", f"<w:body>{body}</w:body>")}
    return new_archive(parts | ({"word/styles.xml": _word("styles", styles)} if styles else {}))


def _word(name: str, inside: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><w:{name} {W}>{inside}</w:{name}>'.encode()


def paragraph(text: str, properties: str = "") -> str:
    """A paragraph with one run."""
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def epub(*pages: str, title: str = "A Book", package: str = "") -> bytes:
    """A book of these pages."""
    items = "".join(
        f'<item id="p{number}" href="text/p%20{number}.xhtml" media-type="application/xhtml+xml"/>'
        for number in range(len(pages))
    )
    spine = "".join(f'<itemref idref="p{number}"/>' for number in range(len(pages)))
    told = package or (
        f"<package><metadata><dc:title xmlns:dc='d'>{title}</dc:title></metadata>"
        f"<manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    parts = {"mimetype": b"application/epub+zip", "META-INF/container.xml": CONTAINER.encode()}
    files = {f"OEBPS/text/p {number}.xhtml": page.encode() for number, page in enumerate(pages)}
    return new_archive(parts | {"OEBPS/book.opf": told.encode()} | files)


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.booleans(), st.booleans())
def test_a_text_is_written_byte_for_byte_as_it_was_read(text: str, bom: bool, crlf: bool) -> None:
    data = (("\ufeff" if bom else "") + (text.replace("\n", "\r\n") if crlf else text)).encode()
    if data.startswith((b"{\\rtf", b"%PDF", b"PK")):
        return
    told = read_story(data, "novel.md")
    assert as_text(told.text, bom=told.bom, crlf=told.crlf) == data


def test_line_ends_and_a_byte_order_mark_are_no_part_of_the_text() -> None:
    told = read_story("\ufeffOne\r\n\r\nTwo\r\n".encode(), "novel.txt")
    assert (told.text, told.bom, told.crlf, told.kind, told.title) == ("One\n\nTwo\n", True, True, "text", "novel")
    mixed = read_story(b"One\r\nTwo\n", "novel.txt")
    assert (mixed.text, mixed.crlf) == ("One\r\nTwo\n", False)


def test_other_encodings_are_read_and_told() -> None:
    windows = read_story("“Yes” – no".encode("cp1252"), "old.txt")
    assert windows.text == "“Yes” – no"
    assert "Windows-1252" in windows.remarks[0].text
    assert read_story("Grün".encode("utf-16"), "old.txt").text == "Grün"


def test_a_word_document_becomes_markdown() -> None:
    styles = (
        '<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
        '<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
    )
    body = (
        paragraph("A Novel", '<w:pStyle w:val="T"/>')
        + paragraph("One", '<w:pStyle w:val="berschrift1"/>')
        + "<w:p><w:r><w:t>He said </w:t></w:r><w:r><w:rPr><w:i/></w:rPr><w:t>no </w:t></w:r>"
        + '<w:r><w:rPr><w:b/><w:i w:val="0"/></w:rPr><w:t>now</w:t></w:r>'
        + "<w:del><w:r><w:delText>x</w:delText></w:r></w:del>"
        + "<w:ins><w:r><w:t>.</w:t><w:br/><w:t>And“ – so.</w:t></w:r></w:ins></w:p>"
        + '<w:p><w:r><w:br w:type="page"/><w:t>Next</w:t></w:r><w:r><w:footnoteReference/></w:r></w:p>'
    )
    told = read_story(docx(body, styles), "novel.docx")
    assert told.text == "# A Novel\n\n# One\n\nHe said *no* **now**.\nAnd“ – so.\n\n\fNext\n"
    assert told.remarks[0].text == "Not in the text: footnotes."


def test_a_book_becomes_markdown_in_the_order_of_its_spine() -> None:
    one = (
        "<html><head><title>x</title><style>p{}</style></head><body><h1>One\n <em>day</em></h1>"
        "<p>It was&nbsp;<i>cold</i>,\n and <b>dark</b>.</p><hr/><p>Then<br/>light.</p><script>x</script></body></html>"
    )
    told = read_story(epub(one, "<body><p>No heading & <unclosed>here</body>", title="Night"), "n.epub")
    assert told.title == "Night"
    assert told.text == (
        "# One day\n\nIt was\u00a0*cold*, and **dark**.\n\n***\n\nThen\nlight.\n\n\fNo heading & here\n"
    )


@pytest.mark.parametrize("hostile", ["<a ", "<!--", "<a b='", "<![CDATA[", "</", "<", "&", "<script>", "<p>"])
def test_a_hostile_page_costs_what_its_size_costs(hostile: str) -> None:
    told = read_story(epub(f"<p>One.</p>{hostile * 20_000}"), "a.epub")
    assert told.text.startswith("One.")


def test_what_stands_in_scripts_and_comments_is_no_text() -> None:
    page = "<p>One<!-- no --> <![CDATA[a < b]]></p><script>if (a<b && c>d) x</script><p>1 < 2 &lt; 3</p>"
    assert read_story(epub(page), "a.epub").text == "One a < b\n\n1 < 2 < 3\n"


def test_a_folder_is_one_manuscript_with_a_heading_for_each_file() -> None:
    parts = [read_story(b"# One\n\nA.\n", "1.md"), read_story(b"B.", "2 The ferry.txt")]
    assert joined(parts, "Book").text == "# One\n\nA.\n\n# 2 The ferry\n\nB.\n"


def _claiming(size: int) -> bytes:
    """An archive whose document says that it unpacks to so much."""
    data = bytearray(new_archive({"word/document.xml": b"<x/>"}))
    entry = data.index(b"PK\1\2")
    data[entry + 24 : entry + 28] = struct.pack("<L", size)
    return bytes(data)


LAUGHS = '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
DEEP = "<w:r>" * 300 + "</w:r>" * 300


@pytest.mark.parametrize(
    ("data", "name", "told"),
    [
        (docx("<w:p>"), "a.docx", "is damaged"),
        (docx(DEEP), "a.docx", "nested too deep"),
        (new_archive({"word/document.xml": f"{LAUGHS}<d>&b;</d>".encode()}), "a.docx", "abbreviations"),
        (_claiming(2**31), "a.docx", "unpacks to"),
        (epub("<p>x</p>", package=f"{LAUGHS}<package>&b;</package>"), "a.epub", "abbreviations"),
        (epub(package="<package/>"), "a.epub", "no text"),
        (new_archive({"META-INF/container.xml": b"<container/>"}), "a.epub", "no EPUB"),
        (new_archive({"x.txt": b"x"}), "a.zip", "an archive"),
        (b"{\\rtf1 x}", "a.rtf", "RTF"),
        (b"%PDF-1.7", "a.pdf", "a PDF"),
        (b"a\0b", "a.txt", "NUL"),
    ],
    ids=["torn", "deep", "laughs", "bomb", "laughs-opf", "empty-book", "no-package", "zip", "rtf", "pdf", "nul"],
)
def test_what_cannot_be_read_is_refused_with_a_reason(data: bytes, name: str, told: str) -> None:
    with pytest.raises(FormatError, match=told):
        read_story(data, name)


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 400), st.booleans())
def test_damaged_documents_are_read_or_refused(noise: bytes, at: int, book: bool) -> None:
    data = bytearray(epub("<p>x</p>") if book else docx(paragraph("x")))
    at %= len(data)
    data[at : at + len(noise)] = noise
    try:
        read_story(bytes(data), "a.docx")
    except FormatError:
        pass


def test_a_page_for_browsers_escapes_everything() -> None:
    page = as_html("<T>", "# A & B\n\n<script>*x*</script> **b** [[a <note>]]\nline\n\n***\n\nEnd").decode()
    assert "<title>&lt;T&gt;</title>" in page
    assert "<h1>A &amp; B</h1>\n<p>&lt;script&gt;<em>x</em>&lt;/script&gt; <strong>b</strong> <br>\nline</p>" in page
    assert "<hr>\n<p>End</p>" in page
    assert "note" not in page


def test_a_format_is_found_by_name_or_suffix() -> None:
    assert [format_named(name).name for name in ("Markdown", ".md", "txt", "html")] == [
        "markdown",
        "markdown",
        "text",
        "html",
    ]
    with pytest.raises(NotFoundError):
        format_named("pdf")
