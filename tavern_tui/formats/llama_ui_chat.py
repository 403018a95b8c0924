"""Conversations that llama.cpp's web UI exports: JSON Lines (a session line, then messages), or the older JSON.

Source: llama.cpp ``tools/ui/src/lib/types/database.d.ts`` and its exporter (pull request 24688). A conversation is a
tree: every message names its parent, ``currNode`` is the one that is looked at. So our whole tree is written, too.
"""

from __future__ import annotations

import copy
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import NOWHERE, ToldChat, ToldTurn
from tavern_tui.formats.chat_dates import read_date
from tavern_tui.formats.json_lines import read_lines, read_whole, write_line
from tavern_tui.formats.json_text import clean_text

FORMAT = "llama-ui"
MAX_MESSAGES = 250_000
_SESSION, _MESSAGE = "session", "message"
_HARNESS = "llama.app"
_ROLES = {"user": Speaker.USER, "assistant": Speaker.CHARACTER}
_SPACE = uuid.UUID("6f2c1c0e-52a4-4d0e-9a51-1c3c2f6a7b10")  # our own, for ids made from content
Message = dict[str, Any]


def is_llama_ui_line(value: object) -> bool:
    """Whether a line's value is the session line of an export."""
    return isinstance(value, dict) and value.get("type") == _SESSION and ("currNode" in value or "harness" in value)


def is_llama_ui_file(value: object) -> bool:
    """Whether a JSON value is an export of one conversation, or of several."""
    if isinstance(value, list):
        return bool(value) and is_llama_ui_file(value[0])
    return isinstance(value, dict) and isinstance(value.get("conv"), dict) and isinstance(value.get("messages"), list)


def read_llama_ui(data: bytes, name: str) -> tuple[tuple[ToldChat, ...], tuple[Remark, ...]]:
    """Every conversation of an export. Raises ``FormatError``."""
    lines, remarks = read_lines(data, name)
    if lines and is_llama_ui_line(lines[0][1]):
        session = {key: part for key, part in lines[0][1].items() if key not in ("type", "harness")}
        messages: list[Message] = []
        for number, value in lines[1:]:
            message = value.get("message") if isinstance(value, dict) and value.get("type") == _MESSAGE else None
            if isinstance(message, dict):
                messages.append(message)
            else:
                remarks.append(Remark(f"line {number}", "left out: it is no message."))
        chat, told = _chat(session, messages, name)
        return (chat,), (*remarks, *told)
    value = read_whole(data, name)
    if not is_llama_ui_file(value):
        raise FormatError("This is no conversation of llama.cpp's web UI.", where=name)
    chats, remarks = [], []
    for place, one in enumerate(value if isinstance(value, list) else [value]):
        if not is_llama_ui_file(one) or not isinstance(one, dict):
            remarks.append(Remark(str(place), "left out: it is no conversation."))
            continue
        chat, told = _chat(one["conv"], [message for message in one["messages"] if isinstance(message, dict)], name)
        chats.append(chat)
        remarks += told
    return tuple(chats), tuple(remarks)


def write_llama_ui(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """The conversation as JSON Lines, with all its branches. Raises ``FormatError``."""
    told: Mapping[str, Any] = chat.source if chat.format == FORMAT else {}
    last = max((turn.at for turn in chat.turns), default=0.0)
    fresh = {"id": _id("conversation", chat.title), "name": chat.title, "lastModified": round(last * 1000)}
    session = copy.deepcopy(dict(told.get("conv", fresh)))
    roots: list[Message] = copy.deepcopy(list(told["roots"] if "roots" in told else [_root(session)]))
    ids = _ids(chat, str(session.get("id", "")))
    top = roots[0]["id"] if roots else None
    children: dict[Any, list[str]] = {}
    for place, turn in enumerate(chat.turns):
        children.setdefault(ids[turn.parent] if turn.parent != NOWHERE else top, []).append(ids[place])
    session["currNode"] = ids[chat.tip] if chat.tip != NOWHERE else top
    messages = list(roots)
    for place, turn in enumerate(chat.turns):
        message = _message(turn, ids[place], session)
        message["parent"] = ids[turn.parent] if turn.parent != NOWHERE else turn.source.get("parent", top)
        messages.append(message)
    for message in messages:
        message["children"] = _ordered(message.get("children"), children.get(message["id"], []))
    lines = [{"type": _SESSION, "harness": _HARNESS, **session}]
    lines += ({"type": _MESSAGE, "message": message} for message in messages)
    return b"\n".join(write_line(line) for line in lines), ()


def _chat(conv: Message, messages: Sequence[Message], name: str) -> tuple[ToldChat, list[Remark]]:
    if len(messages) > MAX_MESSAGES:
        raise FormatError(f"The conversation has more than {MAX_MESSAGES:,} messages.", where=name)
    messages = list(_with_ids(conv, messages))
    roots = [message for message in messages if message.get("type") == "root"]
    said = [message for message in messages if message.get("type") != "root"]
    turns: list[ToldTurn] = []
    place_of: dict[Any, int] = {}
    below: dict[Any, list[str]] = {}
    for message in said:
        if isinstance(message.get("parent"), str):
            below.setdefault(message["parent"], []).append(message["id"])
    for message in _parents_first(said):
        parent = message.get("parent") if isinstance(message.get("parent"), str) else None
        kept = {key: part for key, part in message.items() if key not in ("children", "parent")}
        if parent not in place_of and (roots or parent is not None):
            kept["parent"] = roots[0]["id"] if parent is None else parent
        turns.append(_turn(message, place_of.get(parent, NOWHERE), below, kept))
        place_of[message["id"]] = len(turns) - 1
    remarks = []
    if lost := len(said) - len(turns):
        remarks.append(Remark("messages", f"{lost} left out: they name each other as their parents."))
    current = conv.get("currNode")
    tip = place_of.get(current, len(turns) - 1) if isinstance(current, str | None) else len(turns) - 1
    if systems := sum(turn.speaker is Speaker.NARRATOR for turn in turns):
        remarks.append(Remark("messages", f"{systems} of the system or of tools: hidden turns here."))
    title = conv.get("name")
    chat = ToldChat(
        format=FORMAT,
        title=clean_text(title).strip() if isinstance(title, str) and title.strip() else PurePath(name).stem,
        turns=tuple(turns),
        tip=tip,
        origin=str(conv.get("id", "")),
        source={"conv": conv, "roots": roots},
    )
    return chat, remarks


def _with_ids(conv: Message, messages: Sequence[Message]) -> Iterator[Message]:
    """Messages that each have an id of their own."""
    given: set[str] = set()
    for place, message in enumerate(messages):
        identity = message.get("id")
        if not isinstance(identity, str) or identity in given:
            identity = _id(str(conv.get("id")), str(place))
            message = {**message, "id": identity}  # noqa: PLW2901
        given.add(identity)
        yield message


def _parents_first(messages: Sequence[Message]) -> Iterator[Message]:
    """Messages in their order, but none before its parent; those in circles not at all."""
    known = {message["id"] for message in messages}
    below: dict[str, list[Message]] = {}
    ready: list[Message] = []
    for message in messages:
        parent = message.get("parent")
        if isinstance(parent, str) and parent in known:
            below.setdefault(parent, []).append(message)
        else:
            ready.append(message)
    while ready:
        yield from ready
        ready = [message for above in ready for message in below.get(above["id"], ())]


def _turn(message: Message, parent: int, below: Mapping[Any, list[str]], kept: Message) -> ToldTurn:
    """The turn of a message; ``kept`` is what it says besides, ``below`` the ids of the messages under each."""
    role = message.get("role")
    speaker = _ROLES.get(role, Speaker.NARRATOR) if isinstance(role, str) else Speaker.NARRATOR
    content = message.get("content")
    text = clean_text(content) if isinstance(content, str) else ""
    thought = message.get("reasoningContent")
    reasoning = clean_text(thought) if isinstance(thought, str) else ""
    if isinstance(content, str):
        del kept["content"]
    if reasoning:
        del kept["reasoningContent"]
    there = below.get(message["id"], [])
    told = message.get("children")
    children = [one for one in told if one in there] if isinstance(told, list) else there
    if children != there and sorted(children) == sorted(there):  # in another order than the messages
        kept["children"] = children
    hidden = speaker is Speaker.NARRATOR
    name = "System" if hidden else ""
    return ToldTurn(parent, speaker, name, text, read_date(message.get("timestamp")), reasoning, hidden, kept)


def _message(turn: ToldTurn, identity: str, session: Message) -> Message:
    if turn.source:
        message = copy.deepcopy(dict(turn.source))
    else:
        role = {speaker: name for name, speaker in _ROLES.items()}.get(turn.speaker, "system")
        message = {"convId": session.get("id"), "type": "text", "timestamp": round(turn.at * 1000), "role": role}
    message["id"] = identity
    message["content"] = turn.text if turn.text or "content" not in message else message["content"]
    if turn.reasoning:
        message["reasoningContent"] = turn.reasoning
    return message


def _root(session: Message) -> Message:
    """The message above the first one, which the UI does not show."""
    identity = _id(str(session["id"]), "root")
    head = {"id": identity, "convId": session["id"], "type": "root", "timestamp": 0, "role": "system"}
    return {**head, "content": "", "parent": None, "toolCalls": "", "children": []}


def _ids(chat: ToldChat, conversation: str) -> list[str]:
    ids: list[str] = []
    for place, turn in enumerate(chat.turns):
        own = turn.source.get("id")
        ids.append(own if isinstance(own, str) else _id(conversation, str(place), turn.text))
    return ids


def _ordered(told: Any, now: Sequence[str]) -> list[str]:
    """Children in the order in which the file had them, later ones behind."""
    first = [one for one in told if one in now] if isinstance(told, list) else []
    return [*first, *(one for one in now if one not in first)]


def _id(*parts: str) -> str:
    return str(uuid.uuid5(_SPACE, "\n".join(parts).encode("utf-8", "replace").decode()))
