"""Half an emoji in a text, as JavaScript leaves it where it cuts one: the file is read, kept whole and written back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.chat import fold
from tavern_tui.domain.events import ChatEvent
from tavern_tui.formats.card import read_card, write_card
from tavern_tui.formats.chat_formats import read_chats
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.formats.json_text import write_json
from tavern_tui.formats.lorebook import read_lorebook, write_lorebook
from tavern_tui.formats.lorebook_exchange import read_any_lorebook
from tavern_tui.formats.personas import changed_persona, read_backup, read_persona, write_backup
from tavern_tui.formats.preset_kinds import CODECS, read_preset_file
from tavern_tui.formats.quick_replies import read_quick_replies
from tavern_tui.session.card_form import form_of, read_form
from tavern_tui.session.chat_export import told_chat
from tavern_tui.session.chat_merge import first_events

CORPUS = Path(__file__).parent / "corpus"
HALF = "\ud83d"
KEPT_RAW = frozenset(("source", "sources", "extra"))
"""Fields that hold what a file said, to be written back; everything else is for prompts, names and screens."""


def halved(value: Any, key: str = "") -> Any:
    """``value`` with half a character behind every text that people write, and behind a key of extensions."""
    if isinstance(value, dict):
        return {(f"{name}{HALF}" if name == "unknown" else name): halved(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return [halved(part, key) for part in value]
    prose = isinstance(value, str) and (" " in value or key == "label") and not re.match(r"\d", value)
    return f"{value}{HALF}" if prose and not value.startswith("/") else value


def texts(value: Any) -> Iterator[str]:
    """Every text in ``value`` that has the half."""
    if isinstance(value, str):
        yield from (value,) if HALF in value else ()
    elif isinstance(value, dict):
        for part in (*value, *value.values()):
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def unsound(value: Any, path: str = "") -> Iterator[str]:
    """The places of a domain object with a text that no screen, file name or server can take."""
    if isinstance(value, str):
        yield from (path,) if re.search("[\ud800-\udfff]", value) else ()
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            if field.name not in KEPT_RAW:
                yield from unsound(getattr(value, field.name), f"{path}.{field.name}")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from unsound(name, f"{path}.<{name!a}>")
            yield from unsound(part, f"{path}.{name!a}")
    elif isinstance(value, (list, tuple)) and not isinstance(value, Enum):
        for place, part in enumerate(value):
            yield from unsound(part, f"{path}.{place}")


def written(value: Any) -> bytes:
    """JSON as JavaScript writes it, with halves spelled out."""
    return json.dumps(value).encode()


def test_the_writer_spells_halves_out_and_every_other_reader_reads_them() -> None:
    assert write_json({"a\ud83d": ["\ude00", "😀"]}, indent=None) == '{"a\\ud83d": ["\\ude00", "😀"]}'.encode()


def _card(data: bytes) -> tuple[bytes, object]:
    card = read_card(data, name="stem")
    return write_card(card), card


def _world(data: bytes) -> tuple[bytes, object]:
    book = read_lorebook(data, name="stem")
    return write_lorebook(book), book


def _preset(data: bytes) -> tuple[bytes, object]:
    kind, read, _ = read_preset_file(data, "stem")
    return CODECS[kind].write(read)[0], read


def _personas(data: bytes) -> tuple[bytes, object]:
    backup, _ = read_backup(data, "stem")
    return write_backup(backup)[0], backup


FILES: tuple[tuple[Callable[[bytes], tuple[bytes, object]], tuple[str, ...]], ...] = (
    (_card, ("cards/v1", "cards/v2", "cards/v3", "cards/sillytavern", "cards/risuai", "cards/textgen")),
    (_world, ("lorebooks/sillytavern-1.12.6", "lorebooks/sillytavern-later")),
    (_preset, ("presets/chat-preset", "presets/textgen", "presets/quick-replies", "presets/regex-scripts")),
    (_preset, ("presets/context-later", "presets/instruct-later", "presets/sysprompt")),
    (_personas, ("personas/backup",)),
)


@pytest.mark.parametrize(("way", "name"), [(way, name) for way, names in FILES for name in names])
def test_a_file_comes_out_with_every_half_that_went_in(way: Callable[[bytes], tuple[bytes, object]], name: str) -> None:
    given = halved(json.loads((CORPUS / f"{name}.json").read_bytes()))
    back, read = way(written(given))
    assert set(texts(given))
    assert set(texts(given)) <= set(texts(json.loads(back)))
    assert [*unsound(read)] == []


@pytest.mark.parametrize("name", ["1.12.6", "checkpoint", "group", "newer"])
def test_a_chat_of_sillytavern_comes_out_of_the_log_with_every_half(name: str) -> None:
    path = CORPUS / "chats" / f"sillytavern-{name}.jsonl"
    given = [halved(json.loads(line)) for line in path.read_bytes().splitlines()]
    row, (chat,), _ = read_chats(b"\n".join(map(written, given)), path.name)
    events: tuple[ChatEvent, ...] = first_events(chat, 1_700_000_000).events
    kept, problems = decode_log(b"\n".join(map(encode, events)))
    assert row.write is not None
    back = row.write(told_chat(fold(kept), kept, chat.format))[0]
    assert not problems
    assert set(texts(given)) <= set(texts([json.loads(line) for line in back.splitlines()]))
    assert [*unsound(chat)] == []


FOREIGN = sorted(path.name for path in (CORPUS / "chats").iterdir() if path.suffix in (".json", ".scenario", ".story"))


@pytest.mark.parametrize("name", FOREIGN)
def test_in_chats_of_other_programs_a_turn_reads_with_a_sign_for_the_half(name: str) -> None:
    given = halved(json.loads((CORPUS / "chats" / name).read_bytes()))
    _, chats, _ = read_chats(written(given), name)
    assert [*unsound(chats)] == []


@pytest.mark.parametrize("name", ["agnai", "aidungeon", "kobold-list", "kobold-united", "risuai", "v2-book"])
def test_lorebooks_of_other_programs_are_read(name: str) -> None:
    given = halved(json.loads((CORPUS / "lorebooks" / f"{name}.json").read_bytes()))
    book, _ = read_any_lorebook(written(given), "stem")
    assert book.entries
    assert [*unsound(book)] == []


def test_a_changed_field_alone_loses_its_half() -> None:
    card = read_card(written({"name": "Mira", "description": f"Old{HALF}", "personality": f"Calm{HALF}"}), name="stem")
    assert (card.description, card.personality) == ("Old\ufffd", "Calm\ufffd")
    changed = json.loads(write_card(replace(card, description="New")))
    assert (changed["data"]["description"], changed["personality"]) == ("New", f"Calm{HALF}")


def test_the_form_of_a_card_with_halves_is_json_and_keeps_them() -> None:
    data = {"name": "Mira", "description": f"Old{HALF}"}
    card = read_card(written({"spec": "chara_card_v2", "data": data}), name="stem")
    form = form_of(card)
    assert "\\ud83d" in form
    assert read_form(form, card) is card


def test_personas_and_quick_replies_in_json_keep_emoji_that_are_spelled_out() -> None:
    persona = b'{"name": "Alex \\ud83d\\ude00", "description": "Tall \\ud83d"}'
    assert read_persona(persona, "stem")[0].name == "Alex 😀"
    assert read_persona(persona, "stem")[0].description == "Tall \ufffd"
    assert json.loads(changed_persona(persona, {"name": "Kim"}))["description"] == f"Tall {HALF}"
    replies = read_quick_replies(b'["\\ud83d\\ude00 Hm?", "Well\\ud83d"]', where="x")
    assert [one.message for one in replies.replies] == ["😀 Hm?", "Well\ufffd"]
