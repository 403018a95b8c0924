"""The card's text inside a file, of whatever kind: told from base64, parsed with limits, made a ``Character``.

Where in a file it stands is ``formats.card``'s and ``formats.charx``'s.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.card_object import from_object
from tavern_tui.formats.json_text import decode_text, read_json, write_json
from tavern_tui.formats.lorebook import read_lorebook

MAX_JSON = 32 * 1024 * 1024
MAX_VALUES = 300_000
_BYTE = re.compile(r" *[0-9]{1,3} *")


@dataclass(frozen=True, slots=True)
class Found:
    """A card's object, a module's lorebook, and the character where it was already made.

    ``lorebook`` is another program's, as it stands; it counts in place of the card's own. ``place`` names it.
    """

    value: Any
    lorebook: Any = None
    remarks: tuple[Remark, ...] = ()
    character: Character | None = None
    place: str = ""


def character_of(found: Found, where: str, name: str) -> Character:
    """The character in what was found; ``name`` is used where the card has none. Raises ``FormatError``."""
    character = found.character or from_object(found.value, where=where, name=name)
    if found.lorebook is None:
        return character
    book = read_lorebook(
        write_json(found.lorebook), name=f"{character.name}'s lorebook", where=f"{where} ({found.place})"
    )
    return replace(character, lorebook=book)


def parsed(text: str, where: str, *, strict: bool = True) -> Any:
    """The value of a card's JSON. Raises ``FormatError``."""
    return read_json(text, where=where, max_values=MAX_VALUES, strict=strict)


def comment_text(comment: bytes | None, kind: str, where: str) -> str:
    """The card's JSON in a picture's Exif: itself, in base64, or its bytes as numbers between commas (old converters).

    ``kind`` is the picture's, in words. Raises ``FormatError``.
    """
    if comment is None or not comment.strip(b"\0 \t\r\n"):
        hint = "A converted picture loses its card: ask for the PNG, CHARX or JSON."
        raise FormatError(f"No character inside (a plain {kind} picture).", hint=hint, where=where)
    text = comment.strip(b"\0 \t\r\n").decode("utf-8", "replace")
    if text[:1].isdigit() and "," in text[:5]:
        numbers = text.split(",")
        if not all(_BYTE.fullmatch(number) and int(number) < 256 for number in numbers):
            raise FormatError("The card in this picture's comment is damaged.", where=where)
        text = bytes(map(int, numbers)).decode("utf-8", "replace")
    return payload(text, "Exif user comment", where)


def payload(text: str, keyword: str, where: str) -> str:
    """The card's JSON, of what stands in a picture: itself, or in base64. Raises ``FormatError``."""
    start = text.lstrip("\0 \t\r\n\ufeff")
    if start.startswith("{"):
        return start
    if start.startswith("rcc||"):
        raise FormatError(
            "The character inside is encrypted by RisuAI.", hint="Export it there unencrypted.", where=where
        )
    compact = "".join(text.split())
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError:
        raise FormatError(f"The character in this picture ({keyword}) is damaged: not base64.", where=where) from None
    return decode_text(raw, where=f"{where} ({keyword})" if where else keyword, max_bytes=MAX_JSON)
