"""A character card on paper, for ``tavern-tui characters show``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tavern_tui.cli.output import line, note, table
from tavern_tui.domain.beside_card import READ_WITH
from tavern_tui.domain.display import safe_line

if TYPE_CHECKING:
    from tavern_tui.session.card_view import AssetRow, CardDetails

_SHORT = 160  # characters of a text that is not shown whole
_TEXTS = (
    ("description", "description"),
    ("personality", "personality"),
    ("scenario", "scenario"),
    ("example dialogue", "example_dialogue"),
    ("system prompt", "system_prompt"),
    ("after the history", "post_history_instructions"),
    ("creator's notes", "creator_notes"),
)


def print_card(details: CardDetails, *, whole: bool = False) -> None:
    """The card to stdout, texts ``whole`` or their beginnings; what there is to say about its file to stderr."""
    character = details.character
    line(f"{character.name}{' *' if character.favourite else ''}")
    table([(name, value) for name, value in _facts(details) if value])
    for title, field in _TEXTS:
        _text(title, getattr(character, field), whole)
    for language, text in character.notes_by_language.items():
        _text(f"creator's notes ({language})", text, whole)
    note_of = character.note
    if note_of.text:
        _text(f"character note (depth {note_of.depth}, {note_of.role.value})", note_of.text, whole)
    beside = details.beside
    if beside.note:
        _text(f"your note ({READ_WITH[beside.use]})", beside.note, whole)
    _numbered("greeting", (character.greeting, *character.alternate_greetings), whole)
    _numbered("group greeting", character.group_only_greetings, whole)
    _tables(details)
    for what in details.remarks:
        note(what)


def _facts(details: CardDetails) -> list[tuple[str, str]]:
    character = details.character
    card = " ".join(filter(None, (details.container, f"V{details.spec}" if details.spec else "")))
    return [
        ("file", f"{details.file}{' (sample)' if details.sample else ''}"),
        ("card", f"{card}, {details.size:,} bytes"),
        ("nickname", character.nickname),
        ("tags", ", ".join(character.tags)),
        ("creator", character.creator),
        ("version", character.version),
        ("created", _date(character.created)),
        ("changed", _date(character.modified)),
        ("from", ", ".join(character.origins)),
        ("lorebook", details.world and f"{details.world} (linked)"),
        ("read too", ", ".join(details.beside.books)),
        ("chats", str(details.chats) if details.chats else ""),
    ]


def _tables(details: CardDetails) -> None:
    if details.lore:
        rows = [
            (
                "" if row.enabled else "off",
                row.title,
                "always" if row.constant else ", ".join(row.keys),
                ", ".join(row.decorators),
            )
            for row in details.lore
        ]
        _titled(f"lorebook, {len(rows)} entries", rows)
    if details.scripts or details.script_problems:
        rows_of = [("" if row.enabled else "off", row.name, row.find) for row in details.scripts]
        _titled("regex scripts", [*rows_of, *(("", "cannot be read", what) for what in details.script_problems)])
    if details.assets:
        _titled("assets", [(row.kind, row.name, row.ext, _place(row)) for row in details.assets])
    if details.risu:
        _titled("RisuAI's own, kept", [(name, f"{number:,}") for name, number in details.risu.items()])
    if details.other:
        _titled("other fields, kept", [(name,) for name in details.other])


def _titled(title: str, rows: Iterable[tuple[str, ...]]) -> None:
    line()
    line(f"{title}:")
    table([("", *row) for row in rows])


def _text(title: str, text: str, whole: bool) -> None:
    if not text.strip():
        return
    line()
    line(f"{title} ({len(text):,} characters):")
    line(text if whole else safe_line(text, _SHORT))


def _numbered(title: str, texts: tuple[str, ...], whole: bool) -> None:
    for number, text in enumerate(texts, 1):
        _text(title if len(texts) == 1 else f"{title} {number} of {len(texts)}", text, whole)


def _place(row: AssetRow) -> str:
    return f"{row.place}, {row.size:,} bytes" if row.size else row.place


def _date(seconds: float | None) -> str:
    """A card's time, in UTC; nothing where the card withholds it (0) or it is beyond any calendar."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC") if seconds else ""
    except (OverflowError, OSError, ValueError):
        return f"{seconds:.0f}"
