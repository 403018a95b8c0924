"""A sound copy of a file that is refused for what cannot be kept of it, and what its reader gives up, place by place.

The other half of strict reading (``json_text``, ``card``): the copy says what other programs read in the file. The
bytes that were given stay as they are; what is no JSON at all stays refused.
"""

from __future__ import annotations

import base64
from dataclasses import replace

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.card import CARD_TEXTS, Container, container_of
from tavern_tui.formats.card_object import is_card
from tavern_tui.formats.card_text import MAX_JSON, comment_text, parsed, payload
from tavern_tui.formats.charx import CARD_JSON
from tavern_tui.formats.json_doubts import json_doubts
from tavern_tui.formats.json_text import decode_text, read_json, write_json
from tavern_tui.formats.png import Chunk, Png, read_png, write_png

Repaired = tuple[bytes, tuple[Remark, ...]]


def repaired(data: bytes, *, where: str = "") -> Repaired:
    """``data`` made sound, and what that cost; ``data`` itself and nothing where it is sound, or beyond this.

    Pictures, archives and JSON keep their kind; a card in Exif becomes JSON. ``where`` is the file's name for messages.
    Never raises for bad bytes: their reader says what is wrong.
    """
    try:
        match container_of(data, where=where):
            case Container.PNG:
                return _picture(data, where)
            case Container.CHARX:
                return _archive(data, where)
            case Container.JPEG | Container.WEBP:
                return _comment(data, where)
            case Container.JSON:
                return _told(decode_text(data, where=where), where, data)
    except FormatError:
        return data, ()
    return data, ()


def _told(text: str, where: str, data: bytes) -> Repaired:
    """The JSON of ``text`` written soundly, ``data`` where it is so already. Raises ``FormatError``."""
    value = read_json(text, where=where, strict=False)
    remarks = tuple(Remark(one.place, f"{one.fault} {one.forgiven.capitalize()}") for one in json_doubts(text))
    return (write_json(value), remarks) if remarks else (data, ())


def _archive(data: bytes, where: str) -> Repaired:
    from tavern_tui.formats.zip_archive import read_archive

    archive = read_archive(data, where=where)
    member = archive.member(CARD_JSON)
    if member is None:
        return data, ()
    raw = archive.read(member)
    sound, remarks = _told(decode_text(raw, where=where, max_bytes=MAX_JSON), where, raw)
    return (archive.with_members({CARD_JSON: sound}), remarks) if remarks else (data, ())


def _comment(data: bytes, where: str) -> Repaired:
    from tavern_tui.formats.picture import user_comment

    return _told(comment_text(user_comment(data, where=where), "", where), where, data)


def _picture(data: bytes, where: str) -> Repaired:
    """The picture with right checksums and an end, and each of its cards that can be read written soundly."""
    png = read_png(data, where=where)
    texts: dict[str, bytes] = {}
    remarks = [Remark("", problem) for problem in png.problems]
    lost: set[str] = set()
    for keyword in CARD_TEXTS:
        if not any(chunk.keyword.lower() == keyword for chunk in png.chunks):
            continue
        try:
            sound, told = _card(png, keyword, where)
        except FormatError as fault:
            lost.add(keyword)
            remarks.append(Remark(keyword, f"{fault.title} This copy of the card is left out."))
            continue
        if told:
            texts[keyword] = sound
            remarks += told
    if not remarks or len(lost) == len(CARD_TEXTS) or not _has_card(png, lost):
        return data, ()
    chunks = [Chunk.of(chunk.kind, chunk.data) for chunk in png.chunks if chunk.keyword.lower() not in lost]
    return write_png(replace(png, chunks=tuple(chunks)).with_texts(texts)), tuple(remarks)


def _card(png: Png, keyword: str, where: str) -> Repaired:
    """The card under ``keyword`` as that text holds it. Raises ``FormatError``."""
    text = payload(next(png.texts(keyword, where=where)), keyword, where)
    if not is_card(parsed(text, where, strict=False)):
        raise FormatError("This is no character.", where=where)
    sound, remarks = _told(text, where, b"")
    return base64.b64encode(sound), remarks


def _has_card(png: Png, lost: set[str]) -> bool:
    return any(chunk.keyword.lower() in CARD_TEXTS and chunk.keyword.lower() not in lost for chunk in png.chunks)
