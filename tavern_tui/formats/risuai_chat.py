"""Chats that RisuAI exports: one (``risuChat``) or all of a character (``risuAllChats``), as JSON.

Source: ``exportChat`` of RisuAI's ``src/ts/characters.ts``, versions 1 and 2. The character is named by the file's name
alone; the greeting is the card's and no message.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.note import NO_NOTE, ChatNote
from tavern_tui.domain.told_chat import ToldChat, ToldTurn, one_after_another
from tavern_tui.formats.chat_dates import read_date
from tavern_tui.formats.chat_path import shown_turns
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_lines import read_whole
from tavern_tui.formats.json_text import clean_text, write_json

FORMAT = "risuai"
MAX_CHATS = 10_000
_ONE, _ALL = "risuChat", "risuAllChats"
_NAMED_AFTER = "_"  # what follows the character in the names of exported files


def is_risuai_chat(value: object) -> bool:
    """Whether a JSON value is an export of RisuAI's chats."""
    return isinstance(value, dict) and value.get("type") in (_ONE, _ALL)


def read_risuai(data: bytes, name: str) -> tuple[tuple[ToldChat, ...], tuple[Remark, ...]]:
    """Every chat of an export. Raises ``FormatError``."""
    value = read_whole(data, name)
    if not is_risuai_chat(value):
        raise FormatError("This is no chat of RisuAI.", where=name)
    export = Fields(value, where=name)
    chats = [value["data"]] if value["type"] == _ONE and "data" in value else value.get("data")
    if not isinstance(chats, list) or not all(isinstance(chat, dict) for chat in chats):
        raise export.fault("data", "a chat" if value["type"] == _ONE else "a list of chats")
    if len(chats) > MAX_CHATS:
        raise FormatError(f"The export has {len(chats):,} chats; {MAX_CHATS:,} are read at most.", where=name)
    rest = {key: part for key, part in value.items() if key not in ("data", "type")}
    character = PurePath(name).stem.partition(_NAMED_AFTER)[0]
    remarks: list[Remark] = []
    found = []
    for place, chat in enumerate(chats):
        path = "data" if value["type"] == _ONE else f"data.{place}"
        found.append(_chat(Fields(chat, path=path, where=name), rest, character))
        if chat.get("localLore"):
            remarks.append(
                Remark(f"{path}.localLore", "the chat's own lore is kept for going back; it is not read here.")
            )
    return tuple(found), tuple(remarks)


def write_risuai(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """The export of one chat. Raises ``FormatError``."""
    told: Mapping[str, Any] = chat.source if chat.format == FORMAT else {}
    turns, remarks = shown_turns(chat, with_hidden=True)
    kept = copy.deepcopy(dict(told.get("chat", {"name": chat.title, "localLore": [], "fmIndex": -1})))
    kept["message"] = [_message(turn) for turn in turns]
    if chat.note.text or "note" not in told.get("chat", ()):
        kept["note"] = chat.note.text
    elif isinstance(kept.get("note"), str) and kept["note"].strip():
        kept["note"] = ""
    export = copy.deepcopy(dict(told.get("rest", {"ver": 2, "folders": []})))
    return write_json({"type": _ONE, **export, "data": kept}, indent=None), tuple(remarks)


def _chat(chat: Fields, rest: Mapping[str, Any], character: str) -> ToldChat:
    messages = chat.get("message")
    if not isinstance(messages, list):
        raise chat.fault("message", "a list of messages")
    told = []
    for place, message in enumerate(messages):
        if not isinstance(message, dict):
            raise FormatError(f"Field {chat.name('message')}.{place} should be a message.", where=chat.where)
        told.append(_turn(Fields(message, path=f"{chat.name('message')}.{place}", where=chat.where)))
    turns, tip = one_after_another(told)
    note = chat.text("note")
    first = "\n".join(turn.text[:500] for turn in turns[:2])
    return ToldChat(
        format=FORMAT,
        title=f"{character} – {clean_text(chat.text('name')) or 'chat'}",
        turns=turns,
        tip=tip,
        characters=(character,) if character else (),
        origin=chat.text("id") or f"{chat.text('name')}\n{first}",
        note=ChatNote(text=note) if note.strip() else NO_NOTE,
        source={"chat": {key: part for key, part in chat.value.items() if key != "message"}, "rest": dict(rest)},
    )


def _turn(message: Fields) -> ToldTurn:
    comment = message.get("isComment") is True
    speaker = Speaker.USER if message.get("role") == "user" else Speaker.CHARACTER
    name = message.get("name")
    return ToldTurn(
        0,
        Speaker.NARRATOR if comment else speaker,
        clean_text(name) if isinstance(name, str) else "",
        message.text("data"),
        read_date(message.get("time")),
        hidden=comment or message.get("disabled") is True,
        source={key: part for key, part in message.value.items() if key != "data"},
    )


def _message(turn: ToldTurn) -> dict[str, Any]:
    if not turn.source:
        message: dict[str, Any] = {"role": "user" if turn.speaker is Speaker.USER else "char", "data": turn.text}
        if turn.speaker is Speaker.NARRATOR:
            message["isComment"] = True
        elif turn.hidden:
            message["disabled"] = True
        return {**message, "time": round(turn.at * 1000)}
    message = {**copy.deepcopy(dict(turn.source)), "data": turn.text}
    if message.get("isComment") is not True and turn.hidden != (message.get("disabled") is True):
        message["disabled"] = turn.hidden
    return message
