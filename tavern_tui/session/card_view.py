"""A character card as it is shown: everything that it holds, also what does nothing here.

Plain facts for ``tavern-tui characters show`` and for screens; texts are untrusted and pass ``display.safe`` there.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard
from tavern_tui.domain.character import Asset, Character
from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.formats.card_export import path_of, stored_assets
from tavern_tui.formats.card_object import to_object
from tavern_tui.formats.card_rules import LISTS, TEXTS
from tavern_tui.formats.regex_scripts import card_scripts
from tavern_tui.session.beside_cards import beside_of
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.cards import StoredCard

_NOBODY = Character(name="")
_DECORATOR = re.compile(r"@@+\s*(\S.*)")
_V3 = ("nickname", "assets", "source", "group_only_greetings", "creator_notes_multilingual")
_KNOWN = frozenset((*TEXTS, *LISTS, *_V3, "extensions", "character_book", "creation_date", "modification_date"))
_KNOWN_EXTENSIONS = frozenset(("depth_prompt", "fav", "regex_scripts", "world", "talkativeness", "risuai"))


@dataclass(frozen=True, slots=True)
class LoreRow:
    """An entry of the embedded lorebook. ``decorators`` are V3's, without their signs."""

    title: str
    keys: tuple[str, ...]
    enabled: bool
    constant: bool
    decorators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset and where it is: ``size`` bytes in the file, or ``place`` says where else, or that it is missing."""

    kind: str
    name: str
    ext: str
    place: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class ScriptRow:
    """A regex script of the card."""

    name: str
    find: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class CardDetails:
    """A card with its file. ``spec`` is its version (``3.0``), empty for cards without one; ``other`` are the fields
    that do nothing here, by path; ``chats`` counts those with the character; ``remarks`` say what was read otherwise
    than it is written; ``beside`` is what is kept of the character beside the card.
    """

    character: Character
    file: str
    container: str
    size: int
    spec: str
    sample: bool
    world: str = ""
    chats: int = 0
    lore: tuple[LoreRow, ...] = ()
    scripts: tuple[ScriptRow, ...] = ()
    script_problems: tuple[str, ...] = ()
    assets: tuple[AssetRow, ...] = ()
    risu: dict[str, int] = field(default_factory=dict)
    other: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    beside: BesideCard = NOTHING_BESIDE


def card_details(workspace: Workspace, card: StoredCard) -> CardDetails:
    """What there is to show of ``card``. Raises ``FormatError`` where its file has become unreadable."""
    character = card.file.character
    source = character.source
    data = source.get("data")
    data = data if isinstance(data, dict) else {}
    extensions = data.get("extensions")
    extensions = extensions if isinstance(extensions, dict) else {}
    scripts = card_scripts(character)
    remarks = [f"{remark.place}: {remark.text}" if remark.place else remark.text for remark in card.file.remarks]
    world = extensions.get("world")
    return CardDetails(
        character=character,
        file=str(card.path),
        container=card.file.container.value,
        size=len(card.file.data),
        spec=str(source.get("spec_version") or "") if source.get("spec") else "",
        sample=card.shipped,
        world=world if isinstance(world, str) else "",
        chats=len(workspace.chats_with(character.name)),
        lore=tuple(map(_lore_row, character.lorebook.entries)) if character.lorebook else (),
        scripts=tuple(ScriptRow(one.name, one.find, not one.disabled) for one in scripts.scripts),
        script_problems=scripts.problems,
        assets=_assets(card),
        risu=_risu(extensions.get("risuai")),
        other=tuple(_others(source, data, extensions)),
        remarks=tuple(remarks),
        beside=beside_of(workspace, character.name),
    )


def as_data(details: CardDetails) -> dict[str, Any]:
    """The details for scripts: the facts, and the whole card as it would be written."""
    character = details.character
    plain = asdict(replace(details, character=_NOBODY))
    del plain["character"]
    return {
        "name": character.name,
        "favourite": character.favourite,
        "tags": list(character.tags),
        "greetings": len(character.greetings),
        **plain,
        "card": to_object(character),
    }


def _lore_row(entry: LoreEntry) -> LoreRow:
    decorators = []
    for line in entry.content.lstrip().splitlines():
        found = _DECORATOR.match(line)
        if not found:
            break
        decorators.append(found.group(1).strip())
    title = entry.comment or str(entry.extra.get("name") or "") or ", ".join(entry.keys[:3])
    return LoreRow(title, entry.keys, entry.enabled, entry.constant, tuple(decorators))


def _assets(card: StoredCard) -> tuple[AssetRow, ...]:
    """The assets that the card names, then those in its file that it does not name."""
    stored = stored_assets(card.file)
    rows = [_asset_row(asset, stored) for asset in card.file.character.assets]
    named = {path_of(asset.uri) for asset in card.file.character.assets}
    rows += [AssetRow("", path, "", "in the file", size) for path, size in stored.items() if path not in named]
    return tuple(rows)


def _asset_row(asset: Asset, stored: dict[str, int]) -> AssetRow:
    path = path_of(asset.uri)
    if path:
        place, size = ("in the file", stored[path]) if path in stored else ("missing", 0)
    elif asset.uri.startswith("data:"):
        place, size = "in the card", len(asset.uri) * 3 // 4
    elif asset.uri.startswith("ccdefault:"):
        place, size = "the picture", 0
    else:
        place, size = f"elsewhere, not fetched: {asset.uri[:80]}", 0
    return AssetRow(asset.kind, asset.name, asset.ext, place, size)


def _risu(value: Any) -> dict[str, int]:
    """What RisuAI keeps in the card, by field: how many items, or characters of a text."""
    listed = value if isinstance(value, dict) else {}
    return {key: len(part) if isinstance(part, (list, dict, str)) else 1 for key, part in listed.items() if part}


def _others(source: Any, data: dict[str, Any], extensions: dict[str, Any]) -> list[str]:
    found = [f"data.{key}" for key in data if key not in _KNOWN]
    found += [f"data.extensions.{key}" for key in extensions if key not in _KNOWN_EXTENSIONS]
    known = {*TEXTS, *LISTS, "spec", "spec_version", "data", "creatorcomment", "fav", "talkativeness"}
    return found + [key for key in source if key not in known]
