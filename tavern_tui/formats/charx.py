"""CHARX: a zip with ``card.json``, behind a JPEG too, and RisuAI's module in it ⇄ a card.

Every member but the card, and whatever stands before the archive, stays byte for byte. Layout: character card V3
specification; RisuAI 166.3.3 for modules, whose lorebook counts before the card's.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.card_object import from_object, to_object
from tavern_tui.formats.card_rules import as_v3
from tavern_tui.formats.card_text import MAX_JSON, Found, character_of, parsed
from tavern_tui.formats.json_text import decode_text, write_json
from tavern_tui.formats.lorebook import read_lorebook
from tavern_tui.formats.risu_module import NAME as MODULE
from tavern_tui.formats.risu_module import read_module, write_module
from tavern_tui.formats.zip_archive import Archive, read_archive

CARD_JSON = "card.json"


def read_charx(data: bytes, *, where: str = "") -> Found:
    """What a CHARX holds. Raises ``FormatError`` naming the member that is wrong."""
    return _found(read_archive(data, where=where), where)


def _found(archive: Archive, where: str) -> Found:
    member = archive.member(CARD_JSON)
    if member is None:
        raise FormatError(f"This archive has no {CARD_JSON}: there is no character inside.", where=where)
    place = f"{where} ({CARD_JSON})" if where else CARD_JSON
    value = parsed(decode_text(archive.read(member), where=place, max_bytes=MAX_JSON), place)
    packed = archive.member(MODULE)
    if packed is None:
        return Found(value)
    try:
        module = read_module(archive.read(packed), where=where)
        lorebook = {"type": "risu", "ver": 1, "data": module.lorebook}
        read_lorebook(write_json(lorebook), where=f"{where} ({MODULE})")
    except FormatError as error:
        return Found(value, remarks=(Remark(MODULE, f"{error.title} It is kept, and does nothing here."),))
    held = {"regex scripts": module.scripts, "triggers": module.triggers}
    told = " and ".join(f"{what} ({number})" for what, number in held.items() if number)
    remarks = (Remark(MODULE, f"It has {told} of RisuAI's, which are kept and do nothing here."),) if told else ()
    return Found(value, lorebook if module.lorebook else None, remarks, place=MODULE)


def write_charx(character: Character, data: bytes, *, where: str = "") -> bytes:
    """The CHARX ``data`` with ``character`` in it. A module's lorebook moves into the card once it is changed.

    Raises ``FormatError``.
    """
    archive = read_archive(data, where=where)
    contents: dict[str, bytes] = {}
    packed = archive.member(MODULE)
    if packed is not None:
        module = read_module(archive.read(packed), where=where)
        if module.lorebook:
            was = _found(archive, where)
            if character.lorebook == character_of(was, where, character.name).lorebook:
                own = from_object(was.value, where=where, name=character.name).lorebook
                character = replace(character, lorebook=own)
            else:
                contents[MODULE] = write_module(module.without_lorebook())
    contents[CARD_JSON] = write_json(as_v3(to_object(character)))
    return archive.with_members(contents)
