"""The written sources of the samples, YAML beside this file, as the program's own types.

Texts are written with line breaks where it suits the page; ``unwrapped`` joins them again. What a source does not say
has the field's default.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tavern_tui.domain.character import Character
from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition, SelectiveLogic

HERE = Path(__file__).resolve().parent
CREATOR = "tavern-tui"
CARDS = ("wren", "mapmaker", "bess", "tern")
WORLDS = ("crooked_lantern", "long_survey")

_CARD_POSITIONS = {"before_char": LorePosition.BEFORE_CHARACTER, "after_char": LorePosition.AFTER_CHARACTER}
_POSITIONS = {position.name.lower(): position for position in LorePosition} | _CARD_POSITIONS

# What SillyTavern's own editor writes for an entry, beyond the fields that the program models.
_SILLYTAVERN_ENTRY: Mapping[str, Any] = {
    "addMemo": True,
    "vectorized": False,
    "excludeRecursion": False,
    "preventRecursion": False,
    "delayUntilRecursion": False,
    "group": "",
    "groupOverride": False,
    "groupWeight": 100,
    "useGroupScoring": None,
    "automationId": "",
    "sticky": None,
    "cooldown": None,
    "delay": None,
}


def load(name: str) -> dict[str, Any]:
    """The source file ``name`` (without its suffix) as plain data."""
    source = yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))
    assert isinstance(source, dict)
    return source


def unwrapped(text: str) -> str:
    """``text`` with the lines of each paragraph joined; one empty line stays between paragraphs."""
    paragraphs = (" ".join(part.split()) for part in text.split("\n\n"))
    return "\n\n".join(part for part in paragraphs if part)


def character(name: str) -> Character:
    """The sample card ``cards/<name>.yaml``."""
    source = load(f"cards/{name}")
    return Character(
        name=source["name"],
        description=unwrapped(source["description"]),
        greeting=unwrapped(source["greeting"]),
        alternate_greetings=tuple(map(unwrapped, source["alternate_greetings"])),
        example_dialogue="\n".join(
            f"<START>\n{{{{user}}}}: {unwrapped(pair['user'])}\n{{{{char}}}}: {unwrapped(pair['char'])}"
            for pair in source["examples"]
        ),
        creator_notes=unwrapped(source["creator_notes"]),
        creator=CREATOR,
        version=source["version"],
        tags=tuple(source["tags"]),
        lorebook=Lorebook(
            name=f"{source['name']}'s lorebook",
            entries=tuple(_entry(uid, entry, {"name": entry["title"]}) for uid, entry in enumerate(source["lorebook"])),
        ),
    )


def first_lines(name: str) -> tuple[str, ...]:
    """What a person may well say first to the sample card ``name``."""
    return tuple(load(f"cards/{name}")["first_lines"])


def lorebook(name: str) -> Lorebook:
    """The sample world ``worlds/<name>.yaml``."""
    source = load(f"worlds/{name}")
    entries = (
        _entry(uid, entry, {**_SILLYTAVERN_ENTRY, "displayIndex": uid}) for uid, entry in enumerate(source["entries"])
    )
    return Lorebook(name=source["name"], entries=tuple(entries))


def _entry(uid: int, source: Mapping[str, Any], extra: Mapping[str, Any]) -> LoreEntry:
    return LoreEntry(
        uid=uid,
        keys=tuple(source.get("keys", ())),
        secondary_keys=tuple(source.get("secondary", ())),
        content=unwrapped(source["content"]),
        comment=source["title"],
        constant=source.get("constant", False),
        selective="secondary" in source,
        selective_logic=SelectiveLogic[source.get("logic", "and_any").upper()],
        order=source.get("order", 100),
        position=_POSITIONS[source.get("position", "before_character")],
        depth=source.get("depth", 4),
        match_whole_words=True,
        case_sensitive=False,
        probability=float(source.get("probability", 100)),
        extra=extra,
    )
