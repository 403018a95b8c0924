"""SillyTavern's chat files: JSON Lines, a header (none in older group chats) and a message on each line.

Source: ``docs/spec/sillytavern-prompts.md`` §9; ``src/endpoints/chats.js`` and ``public/script.js`` (``saveChat``) of
1.12.6. A file is one path through a chat: checkpoints and branches are files of their own, which begin as their parent
does and share its creation date, so that their ``origin`` is the same. Single messages: ``sillytavern_message``;
``chat_metadata``: ``sillytavern_metadata``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import NOWHERE, ToldChat, ToldTurn
from tavern_tui.formats.chat_dates import iso_date
from tavern_tui.formats.json_lines import read_lines, write_line
from tavern_tui.formats.json_text import clean_text
from tavern_tui.formats.sillytavern_message import is_message, message_of, turns_of
from tavern_tui.formats.sillytavern_metadata import lore_of, note_of, variables_of, written_over

FORMAT = "sillytavern"
MAX_TURNS = 250_000
"""Messages and swipes of one file at most."""

_HEADER = ("chat_metadata", "user_name", "character_name", "create_date")
_NOBODY = ("", "unused")
_MEDIA = ("image", "file", "media", "files", "video", "audio")


def is_sillytavern_line(value: object) -> bool:
    """Whether a line's value begins a SillyTavern chat: its header, or a message."""
    return _is_header(value) or is_message(value)


def read_sillytavern(data: bytes, name: str) -> tuple[ToldChat, tuple[Remark, ...]]:
    """The chat of a file called ``name``. A line that cannot be read costs itself alone and is told.

    Raises ``FormatError`` where no line is a message and none is a header.
    """
    lines, remarks = read_lines(data, name)
    header: dict[str, Any] | None = None
    turns: list[ToldTurn] = []
    messages: list[dict[str, Any]] = []
    tip = NOWHERE
    for number, value in lines:
        if is_message(value):
            swipes, shown = turns_of(value, tip)
            tip = len(turns) + shown
            turns += swipes
            messages.append(value)
        elif header is None and not turns and _is_header(value):
            header = value
        else:
            remarks.append(Remark(f"line {number}", "left out: it is no message."))
        if len(turns) > MAX_TURNS:
            raise FormatError(
                f"The chat has more messages and swipes than the {MAX_TURNS:,} that are read.", where=name
            )
    if header is None and not messages:
        told = f" Its {remarks[0].place} is {remarks[0].text}" if remarks else ""
        raise FormatError(f"No line of this file is a message of a SillyTavern chat.{told}", where=name)
    remarks.sort(key=lambda remark: int(remark.place.removeprefix("line ")))
    metadata = _metadata(header)
    chat = ToldChat(
        format=FORMAT,
        title=PurePath(name).stem,
        turns=tuple(turns),
        tip=tip,
        characters=_characters(header, turns),
        persona=_persona(header, turns),
        origin=_origin(header, messages),
        note=note_of(metadata),
        variables=variables_of(metadata),
        lore=tuple(lore_of(metadata)),
        source={"header": header},
        parent=_parent(metadata),
    )
    return chat, (*remarks, *_media_told(messages))


def write_sillytavern(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """The file of a chat's active path; the swipes beside it become swipes, other branches are told.

    What was read from a SillyTavern file and not changed since is there again, field by field. Raises ``FormatError``
    for values that JSON cannot say.
    """
    header: Mapping[str, Any] | None = chat.source.get("header") if chat.format == FORMAT else {}
    below = chat.children()
    path = chat.path()
    on_path = set(path)
    remarks: list[Remark] = []
    lines: list[bytes] = []
    hanging = 0
    for place in path:
        siblings = below[chat.turns[place].parent]
        swipes = [chat.turns[one] for one in siblings]
        hanging += sum(one not in on_path and one in below for one in siblings)
        lines.append(write_line(message_of(swipes, siblings.index(place))))
    if header is not None:
        written, remarks = _written_header(header, chat)
        lines.insert(0, write_line(written))
    if hanging:
        what = "1 swipe goes" if hanging == 1 else f"{hanging} swipes go"
        remarks.append(Remark("swipes", f"{what} on as a branch: its first turn is written, what follows it is not."))
    return b"\n".join(lines), tuple(remarks)


def branches_of(chat: ToldChat) -> tuple[str, ...]:
    """The files that a chat's file links to: its checkpoints and branches."""
    names: list[Any] = []
    for turn in chat.turns:
        rest = turn.source.get("rest", turn.source.get("whole"))
        extra = rest.get("extra") if isinstance(rest, dict) else None
        if isinstance(extra, dict):
            branches = extra.get("branches")
            names += [extra.get("bookmark_link"), *(branches if isinstance(branches, list) else [])]
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))


def _written_header(header: Mapping[str, Any], chat: ToldChat) -> tuple[dict[str, Any], list[Remark]]:
    metadata, remarks = written_over(_metadata(header), chat.note, chat.variables, chat.lore)
    if header:
        written = dict(header)
        if metadata or "chat_metadata" in header:
            written["chat_metadata"] = metadata
        return written, remarks
    first = next((turn.at for turn in chat.turns if turn.at), 0.0)
    return {
        "user_name": chat.persona or "unused",
        "character_name": chat.characters[0] if chat.characters else "unused",
        "create_date": iso_date(first),
        "chat_metadata": metadata,
    }, remarks


def _is_header(value: object) -> bool:
    return isinstance(value, dict) and "mes" not in value and any(key in value for key in _HEADER)


def _metadata(header: Any) -> Mapping[str, Any]:
    found = header.get("chat_metadata") if isinstance(header, dict) else None
    return found if isinstance(found, dict) else {}


def _parent(metadata: Mapping[str, Any]) -> str:
    """The file that a checkpoint or branch was made from."""
    parent = metadata.get("main_chat")
    return clean_text(parent) if isinstance(parent, str) else ""


def _name(header: Any, key: str) -> str:
    found = header.get(key) if isinstance(header, dict) else None
    name = clean_text(found).strip() if isinstance(found, str) else ""
    return "" if name in _NOBODY else name


def _characters(header: Any, turns: list[ToldTurn]) -> tuple[str, ...]:
    """Who takes part: the header's character, else whoever speaks, the first to speak first."""
    speaking = dict.fromkeys(turn.name for turn in turns if turn.speaker is Speaker.CHARACTER and turn.name)
    named = _name(header, "character_name")
    return tuple(dict.fromkeys((named, *speaking))) if named else tuple(speaking)


def _persona(header: Any, turns: list[ToldTurn]) -> str:
    said = (turn.name for turn in reversed(turns) if turn.speaker is Speaker.USER and turn.name)
    return next(said, _name(header, "user_name"))


def _origin(header: Any, messages: list[dict[str, Any]]) -> str:
    """What a file has in common with its later states and its branches, and with nothing else."""
    first = messages[0] if messages else {}
    created = header.get("create_date") if isinstance(header, dict) else None
    marks = [created] if isinstance(created, str | int) and created else [first.get("send_date"), first.get("mes")]
    named = _name(header, "character_name") or first.get("name", "")
    return clean_text("\n".join(str(mark) for mark in (*marks, named)))


def _media_told(messages: list[dict[str, Any]]) -> list[Remark]:
    """That files beside the chat stay where they are."""
    shown = sum(
        isinstance(message.get("extra"), dict) and any(message["extra"].get(key) for key in _MEDIA)
        for message in messages
    )
    if not shown:
        return []
    what = "1 message has" if shown == 1 else f"{shown} messages have"
    return [Remark("extra", f"{what} pictures or files: where they lie is kept, they are not shown here.")]
