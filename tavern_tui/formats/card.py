"""Character cards in their files ⇄ ``Character``: told apart by content, never by name.

Read: PNG and APNG (``ccv3`` before ``chara``), CHARX (also behind a JPEG), JSON, YAML, and JPEG and WebP with the card
in their Exif user comment. Written: PNG with both texts, CHARX, JSON; a file that nobody changed comes back byte for
byte, and so does every part of a changed one that is not the card. What the object inside says:
``formats.card_object``; from one kind of file to another: ``formats.card_export``.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import Enum
from typing import Any

from tavern_tui.domain import messages
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, UnsoundError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.card_object import from_object, to_object
from tavern_tui.formats.card_rules import as_v2, as_v3
from tavern_tui.formats.card_text import MAX_JSON, Found, character_of, comment_text, parsed, payload
from tavern_tui.formats.json_text import decode_text, write_json
from tavern_tui.formats.png import SIGNATURE, Png, check_pixels, read_png, write_png
from tavern_tui.formats.yaml_text import read_yaml

CARD_TEXTS = ("ccv3", "chara")
"""Keywords of the texts in a PNG that are cards, the one that counts first."""

_NOT_CARDS: tuple[tuple[bytes, str, str], ...] = (
    (b"GIF8", "No character inside (a plain GIF picture).", "Cards travel in PNG pictures, CHARX or JSON."),
    (b"GGUF", "This is a model, not a character.", "Put it in the models folder."),
    (b"<", "This is a web page, not a character.", "Download the card itself."),
)


class Container(Enum):
    """The kind of file that a card is in."""

    PNG = "PNG"
    CHARX = "CHARX"
    JSON = "JSON"
    YAML = "YAML"
    JPEG = "JPEG"
    WEBP = "WebP"

    @property
    def writable(self) -> bool:
        """Whether a changed card can be written into a file of this kind."""
        return self in (Container.PNG, Container.CHARX, Container.JSON)


@dataclass(frozen=True, slots=True)
class CardFile:
    """A card with its file: ``data`` as read, and ``remarks`` on what was not taken as it is written there."""

    character: Character
    container: Container
    data: bytes
    remarks: tuple[Remark, ...] = ()


def read_card(data: bytes, *, where: str = "", name: str = "") -> Character:
    """The character in a file. ``where`` is the file's name for messages; ``name`` is used where the card has none.

    Raises ``FormatError`` saying what the file is instead, or the line or field that is wrong.
    """
    return character_of(_found(data, container_of(data, where=where), where, name), where, name)


def read_card_file(data: bytes, *, where: str = "", name: str = "") -> CardFile:
    """The card with its file, and what does nothing here. Raises ``FormatError`` as ``read_card`` does."""
    container = container_of(data, where=where)
    found = _found(data, container, where, name)
    return CardFile(character_of(found, where, name), container, data, found.remarks)


def container_of(data: bytes, *, where: str = "") -> Container:
    """What kind of file ``data`` is, by its first bytes and, for archives, its last.

    Raises ``FormatError`` for an empty file and for files that are never cards.
    """
    if data.startswith(SIGNATURE):
        return Container.CHARX if _ends_as_archive(data) and not _has_card_text(read_png(data)) else Container.PNG
    if data.startswith(b"\xff\xd8\xff"):
        return Container.CHARX if _ends_as_archive(data) else Container.JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Container.WEBP
    if data.startswith((b"PK\3\4", b"PK\5\6")):
        return Container.CHARX
    if not data[:MAX_JSON].strip(b"\x00 \t\r\n"):
        raise FormatError("The file is empty.", where=where)
    start = data[:4096].lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    for sign, title, hint in _NOT_CARDS:
        if start.startswith(sign):
            raise FormatError(title, hint=hint, where=where)
    return Container.JSON if start[:1] in (b"{", b"[") or data[:2] in (b"\xff\xfe", b"\xfe\xff") else Container.YAML


def write_card(character: Character) -> bytes:
    """The card as a JSON file. V3 where its source was V3 or a V3 field is in use, else V2.

    Raises ``FormatError`` where ``source`` holds what JSON cannot say.
    """
    return write_json(to_object(character))


def write_card_png(character: Character, picture: bytes, *, where: str = "") -> bytes:
    """The card in ``picture``, a PNG whose pixels and other chunks stay as they are.

    ``chara`` holds it as V2 and ``ccv3`` as V3. Fields that only an older ``chara`` beside a ``ccv3`` had stay there.
    Raises ``FormatError`` where ``picture`` is no PNG.
    """
    card = to_object(character)
    png = read_png(picture, where=where)
    v2 = _with_leftovers(as_v2(card), png)
    texts = {
        key: base64.b64encode(write_json(value, indent=None)) for key, value in (("chara", v2), ("ccv3", as_v3(card)))
    }
    return write_png(png.with_texts(texts))


def write_card_file(file: CardFile, character: Character, *, where: str = "") -> bytes:
    """``file`` with ``character`` in place of its own, every other byte as it was where the kind of file allows.

    Raises ``FormatError`` where that kind is only read here (YAML, and cards in Exif).
    """
    if character == file.character:
        return file.data
    match file.container:
        case Container.PNG:
            return write_card_png(character, file.data, where=where)
        case Container.JSON:
            return write_card(character)
        case Container.CHARX:
            from tavern_tui.formats.charx import write_charx

            return write_charx(character, file.data, where=where)
    raise FormatError(
        f"A card in {file.container.value} is read here, not written.", hint="Export it as PNG or JSON.", where=where
    )


def _with_leftovers(card: dict[str, Any], png: Png) -> dict[str, Any]:
    """``card`` with what the picture's ``chara`` said that its ``ccv3`` did not: it has no other place."""
    objects = []
    for keyword in CARD_TEXTS:
        try:
            objects.append(
                next((parsed(payload(text, keyword, ""), "", strict=False) for text in png.texts(keyword)), None)
            )
        except FormatError:
            objects.append(None)
    v3, v2 = objects
    if not isinstance(v3, dict) or not isinstance(v2, dict):
        return card
    merged = {**_only(v2, v3, card), **card}
    for path in (("data",), ("data", "extensions")):
        old, other, new = (_at(value, path) for value in (v2, v3, merged))
        holder = merged
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = {**_only(old, other, new), **new}
    return merged


def _only(old: dict[str, Any], other: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in old.items() if key not in other and key not in new}


def _at(value: Any, path: tuple[str, ...]) -> dict[str, Any]:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _found(data: bytes, container: Container, where: str, name: str) -> Found:
    """The object in the file. Raises ``FormatError``."""
    match container:
        case Container.PNG:
            png = read_png(data, where=where)
            check_pixels(*png.size, where=where)
            return _from_picture(png, where, name)
        case Container.CHARX:
            from tavern_tui.formats.charx import read_charx

            return read_charx(data, where=where)
        case Container.JPEG | Container.WEBP:
            from tavern_tui.formats.picture import check_size, user_comment

            check_size(data, where=where)
            return Found(parsed(comment_text(user_comment(data, where=where), container.value, where), where))
        case Container.JSON:
            return Found(parsed(decode_text(data, where=where, max_bytes=MAX_JSON), where))
    value = read_yaml(data, where=where).value
    if not isinstance(value, dict):
        raise FormatError("There is no character inside (plain text).", where=where)
    return Found(value)


def is_plain_picture(data: bytes) -> bool:
    """Whether a PNG is whole and no card: nobody wonders that it is not taken for one."""
    try:
        png = read_png(data)
    except FormatError:
        return False
    return not png.cut_short and not _has_card_text(png)


def _ends_as_archive(data: bytes) -> bool:
    """Whether there is an archive's end record where it has to be: within its longest comment of the file's end."""
    return data.rfind(b"PK\5\6", max(0, len(data) - 0xFFFF - 22)) >= 0


def _has_card_text(png: Png) -> bool:
    return any(chunk.keyword.lower() in CARD_TEXTS for chunk in png.chunks)


def _from_picture(png: Png, where: str, name: str) -> Found:
    """The first of a picture's cards, V3's text before V2's. Raises ``UnsoundError`` for a damaged picture of one."""
    if not _has_card_text(png):
        if png.cut_short:
            raise FormatError(f"{png.cut_short} No character is in what is left.", hint="Copy it again.", where=where)
        raise FormatError(messages.no_character_inside(where or "The picture").title, where=where)
    for problem in png.problems:
        raise UnsoundError(problem, where=where)
    there = [keyword for keyword in CARD_TEXTS if any(chunk.keyword.lower() == keyword for chunk in png.chunks)]
    try:
        text = payload(next(png.texts(there[0], where=where)), there[0], where)
        value = parsed(text, f"{where} ({there[0]})" if where else there[0])
        return Found(value, character=from_object(value, where=where, name=name))
    except UnsoundError:
        raise
    except FormatError as fault:
        if len(there) == 1:
            raise
        raise UnsoundError(fault.title, where=fault.where) from None
