"""Reading a chat of another program, writing it and reading that again: what holds for whatever is read at all."""

from __future__ import annotations

import json
from dataclasses import replace

from tavern_tui.domain.chat import fold
from tavern_tui.domain.told_chat import ToldChat
from tavern_tui.formats.chat_formats import CHAT_FORMATS, read_chats
from tavern_tui.formats.chatlog import decode_log, encode
from tavern_tui.session.chat_export import told_chat
from tavern_tui.session.chat_merge import first_events, new_events

_STORIES = ("kobold", "novelai")  # read again, a story may be cut into other turns


def read_write_read(data: bytes) -> None:
    """Raises ``TavernError`` for what is no chat, ``AssertionError`` where a chat changes on its way."""
    row, chats, _ = read_chats(data, "Mira.json")
    for chat in chats:
        assert row.write is not None
        (again,) = read_chats(row.write(chat)[0], "Mira.json")[1] if chat.turns else (chat,)
        if chat.format not in _STORIES:
            assert again.turns == chat.turns
            assert again.tip == chat.tip


def through_the_log(data: bytes) -> None:
    """The same for a chat that lived as a log in between; and it is written in every format. Raises as above."""
    row, chats, _ = read_chats(data, "Mira.json")
    for chat in chats:
        events = first_events(chat, 1_700_000_000).events
        kept, problems = decode_log(b"\n".join(encode(event) for event in events))
        assert (kept, problems) == (list(events), [])
        tree = fold(kept)
        assert [turn.text for turn in tree.path()] == [turn.text for turn in chat.shown()]
        assert new_events(chat, tree, kept, 1_700_000_000).events == ()
        back = told_chat(tree, kept, chat.format)
        if chat.turns:
            assert row.write is not None
            assert _sorted(row.write(_plain(back))[0]) == _sorted(row.write(_plain(chat))[0])
        for other in CHAT_FORMATS:
            if other.write is not None:
                other.write(replace(back, format=""))


def _sorted(data: bytes) -> list[str]:
    """The lines in an order of their own, for a tree has several; so are the keys of objects."""
    lines = data.split(b"\n") if data.startswith(b'{"') and b"\n{" in data else [data]
    if data[:1] not in (b"{", b"["):
        return [data.decode()]
    return sorted(json.dumps(json.loads(line), sort_keys=True) for line in lines)


def _plain(chat: ToldChat) -> ToldChat:
    """``chat`` less what the log rounds or names otherwise."""
    turns = tuple(replace(turn, at=0.0, name="" if not turn.source else turn.name) for turn in chat.turns)
    return replace(chat, turns=turns, title="", origin="", characters=())
