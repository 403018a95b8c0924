"""A card from one kind of file into another: its picture and assets go with it, and what cannot go is told.

PNG, CHARX and JSON are written. The assets of a PNG are texts beside the card (``chara-ext-asset_…``), those of a CHARX
are members; addresses in the card that name one are rewritten wherever they stand. Sources: V3 card specification,
RisuAI 166.3.3 (its PNG keys without a colon).
"""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from tavern_tui.domain.character import Asset, Character
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.exchange import Remark
from tavern_tui.formats.card import CardFile, Container, write_card_png
from tavern_tui.formats.card_object import from_object, to_object
from tavern_tui.formats.card_rules import as_v3
from tavern_tui.formats.charx import CARD_JSON
from tavern_tui.formats.json_text import write_json
from tavern_tui.formats.picture import is_jpeg, is_webp
from tavern_tui.formats.png import SIGNATURE, Chunk, Png, read_png, write_png
from tavern_tui.formats.zip_archive import Archive, new_archive, read_archive

_CHUNK = "chara-ext-asset_"
_IN_PNG, _IN_ARCHIVE = ("__asset:",), ("embeded://", "embedded://")
_OWN_PICTURE = "ccdefault:"
_MAIN = "assets/icon/images/main"
_KINDS = {
    **dict.fromkeys(("png", "jpg", "jpeg", "webp", "gif", "avif", "apng"), "images"),
    **dict.fromkeys(("mp3", "ogg", "wav", "flac", "m4a", "opus"), "audio"),
    **dict.fromkeys(("mp4", "webm", "mov", "mkv"), "video"),
    **dict.fromkeys(("ttf", "otf", "woff", "woff2"), "fonts"),
}
_PLAIN = (300, 450)

Exported = tuple[bytes, tuple[Remark, ...]]


def stored_assets(file: CardFile) -> dict[str, int]:
    """What the file holds beside the card: by the path that addresses name, the bytes that it takes unpacked.

    Raises ``FormatError`` for a file that has become unreadable since.
    """
    if file.container is Container.PNG:
        return {path: len(text) * 3 // 4 for path, text in _png_assets(read_png(file.data))}
    if file.container is Container.CHARX:
        archive = read_archive(file.data)
        return {member.name: member.size for member in archive.members if _is_asset(member.name)}
    return {}


def path_of(uri: str) -> str:
    """The path in the file that an asset's address names; empty for one that leads elsewhere."""
    start = next((start for start in (*_IN_PNG, *_IN_ARCHIVE) if uri.startswith(start)), "")
    return uri[len(start) :] if start else ""


def portrait(file: CardFile) -> bytes | None:
    """The card's picture, as a file: the PNG, JPEG or WebP itself without the card, or a CHARX's main icon."""
    if file.container is Container.PNG:
        return write_png(_bare(read_png(file.data)))
    if file.container in (Container.JPEG, Container.WEBP):
        return file.data
    if file.container is not Container.CHARX:
        return None
    archive = read_archive(file.data)
    member = archive.member(_icon_path(file, archive))
    if member is not None:
        return archive.read(member)
    return file.data[: archive.members[0].start] if is_jpeg(file.data) and archive.members else None


def to_json(file: CardFile) -> Exported:
    """The card as JSON. Picture and assets stay behind, and the remarks say which."""
    left = [
        Remark(path, f"{size:,} bytes stay behind: JSON has no place for them.")
        for path, size in stored_assets(file).items()
    ]
    left += _shadowed(file)
    if file.container is not Container.JSON and portrait(file) is not None:
        left.insert(0, Remark("picture", "The picture stays behind: JSON has no place for it."))
    return write_json(to_object(file.character)), tuple(left)


def to_png(file: CardFile, picture: bytes | None = None, *, where: str = "") -> Exported:
    """The card in ``picture``, else in its own; a plain one is drawn where neither is a PNG.

    Raises ``FormatError`` where ``picture`` is given and is no PNG.
    """
    if file.container is Container.PNG and picture is None:
        return write_card_png(file.character, file.data, where=where), ()
    remarks = _shadowed(file)
    drawn = False
    own = portrait(file) if picture is None else picture
    if own is None or (picture is None and not own.startswith(SIGNATURE)):
        what = "is no PNG" if own else "is missing"
        remarks.append(Remark("picture", f"The card's own picture {what}; a plain one was drawn."))
        own, drawn = _plain_picture(file.character.name), True
    png, moved = read_png(own, where=where), {}
    chunks: list[Chunk] = []
    shown = _icon_path(file, read_archive(file.data)) if file.container is Container.CHARX and not drawn else ""
    for path, content in _contents(file):
        if path == shown and content == own:
            moved[path] = _OWN_PICTURE
            continue
        chunks.append(
            Chunk.of(b"tEXt", f"{_CHUNK}:{path}".encode("latin-1", "replace") + b"\0" + base64.b64encode(content))
        )
        moved[path] = f"{_IN_PNG[0]}{path}"
    end = [chunk for chunk in png.chunks if chunk.kind == b"IEND"]
    body = [chunk for chunk in _bare(png).chunks if chunk.kind != b"IEND"]
    character = _readdressed(file.character, moved)
    return write_card_png(character, write_png(Png((*body, *chunks, *end), png.trailing)), where=where), tuple(remarks)


def to_charx(file: CardFile, *, where: str = "") -> Exported:
    """The card as CHARX, with its picture as the main icon and every asset that its file holds."""
    members: dict[str, bytes] = {}
    moved: dict[str, str] = {}
    known = {path_of(asset.uri): asset for asset in file.character.assets}
    for path, content in _contents(file):
        name = path if _is_asset(path) and path.isascii() else _place(known.get(path), path, members)
        members[name] = content
        moved[path] = f"{_IN_ARCHIVE[0]}{name}"
    character = _readdressed(file.character, moved)
    picture = portrait(file)
    remarks: tuple[Remark, ...] = ()
    if picture is None:
        remarks = (Remark("picture", "The card has no picture."),)
    elif file.container is not Container.CHARX:
        ending = "jpeg" if is_jpeg(picture) else "webp" if is_webp(picture) else "png"
        name = f"{_MAIN}.{ending}"
        members[name] = picture
        character = _with_icon(character, f"{_IN_ARCHIVE[0]}{name}", ending)
    card = write_json(as_v3(to_object(character)))
    return new_archive({CARD_JSON: card, **members}), remarks


def _contents(file: CardFile) -> Iterator[tuple[str, bytes]]:
    """The path and bytes of every asset that the file holds. Raises ``FormatError`` for a damaged one."""
    if file.container is Container.PNG:
        for path, text in _png_assets(read_png(file.data)):
            try:
                yield path, base64.b64decode(text, validate=True)
            except ValueError:
                raise FormatError(f"The asset “{path}” in this picture is damaged: not base64.") from None
    elif file.container is Container.CHARX:
        archive: Archive = read_archive(file.data)
        for member in archive.members:
            if member.name != CARD_JSON and not member.name.endswith("/"):
                yield member.name, archive.read(member)


def _shadowed(file: CardFile) -> list[Remark]:
    """What is told of a card whose own lorebook did nothing beside a RisuAI module's."""
    own = from_object(file.character.source, name=file.character.name).lorebook if file.character.source else None
    if own is None or own == file.character.lorebook or file.container is not Container.CHARX:
        return []
    return [Remark("character_book", "It stays behind: the lorebook of the RisuAI module counted in its place.")]


def _icon_path(file: CardFile, archive: Archive) -> str:
    """The path of a CHARX's main icon, the first where none is called so; empty where it has none of them."""
    icons = [asset for asset in file.character.assets if asset.kind == "icon"]
    paths = [path_of(asset.uri) for asset in sorted(icons, key=lambda asset: asset.name != "main")]
    return next((path for path in paths if archive.member(path) is not None), "")


def _png_assets(png: Png) -> Iterator[tuple[str, bytes]]:
    for chunk in png.chunks:
        if chunk.kind == b"tEXt" and chunk.keyword.startswith(_CHUNK):
            yield chunk.keyword.removeprefix(_CHUNK).removeprefix(":"), chunk.data.partition(b"\0")[2]


def _is_asset(path: str) -> bool:
    return path.startswith("assets/") and not path.endswith("/")


def _bare(png: Png) -> Png:
    """The picture without card and assets."""
    dropped = ("chara", "ccv3")
    kept = [c for c in png.chunks if c.keyword.lower() not in dropped and not c.keyword.startswith(_CHUNK)]
    return Png(tuple(kept), png.trailing, png.cut_short)


def _place(asset: Asset | None, path: str, taken: Mapping[str, bytes]) -> str:
    """A member's name for an asset whose path is none: by its kind, name and ending, with a number where taken."""
    ending = "".join(c for c in (asset.ext if asset else "").lower() if c.isascii() and c.isalnum())[:8] or "bin"
    kind = "".join(c for c in (asset.kind if asset else "other") if c.isascii() and (c.isalnum() or c in "-_"))[:40]
    stem = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "_" for c in (asset.name if asset else path))[
        :60
    ]
    start = f"assets/{kind or 'other'}/{_KINDS.get(ending, 'other')}/{stem or 'asset'}"
    name, number = f"{start}.{ending}", 2
    while name in taken:
        name, number = f"{start}-{number}.{ending}", number + 1
    return name


def _readdressed(character: Character, moved: Mapping[str, str]) -> Character:
    """``character`` with every address that names a moved asset rewritten, in whatever field it stands."""
    addresses = {start + path: uri for path, uri in moved.items() for start in (*_IN_PNG, *_IN_ARCHIVE)}
    if not addresses:
        return character
    root: list[Any] = [to_object(character)]
    pending: list[Any] = [root]
    while pending:
        holder = pending.pop()
        for key, item in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(item, str):
                holder[key] = addresses.get(item, item)
            elif isinstance(item, (dict, list)):
                pending.append(item)
    return from_object(root[0], name=character.name)


def _with_icon(character: Character, uri: str, ending: str) -> Character:
    """``character`` whose main icon is at ``uri``; an icon that meant its own picture becomes that one."""
    card = to_object(character)
    assets = card["data"].get("assets")
    listed = [dict(asset) if isinstance(asset, dict) else asset for asset in assets] if isinstance(assets, list) else []
    own = [asset for asset in listed if isinstance(asset, dict) and asset.get("uri") == _OWN_PICTURE]
    for asset in own:
        asset |= {"uri": uri, "ext": ending}
    if not own:
        taken = any(isinstance(a, dict) and (a.get("type"), a.get("name")) == ("icon", "main") for a in listed)
        listed.append({"type": "icon", "uri": uri, "name": "portrait" if taken else "main", "ext": ending})
    card["data"]["assets"] = listed
    return from_object(card, name=character.name)


def _plain_picture(name: str) -> bytes:
    """A PNG of one colour, which the name decides."""
    width, height = _PLAIN
    tone = zlib.crc32(name.encode())
    colour = bytes(64 + (tone >> shift) % 96 for shift in (0, 8, 16))
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress((b"\0" + colour * width) * height, 9)
    return write_png(Png((Chunk.of(b"IHDR", header), Chunk.of(b"IDAT", pixels), Chunk.of(b"IEND", b""))))
