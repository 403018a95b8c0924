"""Chat histories of text-generation-webui: pairs of what the user and the character said, with versions as swipes.

Source: ``docs/spec/webui-features.md`` §6. ``internal`` holds what was said, ``visible`` what was shown (escaped for
HTML), ``metadata`` for each half of a row its time, versions and attachments. Older files have ``data`` and
``data_visible``. The files name nobody: whoever reads one says who the character is.
"""

from __future__ import annotations

import copy
import html
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.told_chat import NOWHERE, ToldChat, ToldTurn
from tavern_tui.formats.chat_dates import read_date
from tavern_tui.formats.chat_path import shown_turns
from tavern_tui.formats.json_lines import read_whole
from tavern_tui.formats.json_text import clean_text, write_json

FORMAT = "webui"
BEGIN = "<|BEGIN-VISIBLE-CHAT|>"
"""What stands for the user's half of the first row where the character greets."""

MAX_ROWS = 200_000
_LAYOUTS = (("internal", "visible"), ("data", "data_visible"))
_HALVES = (("user", Speaker.USER), ("assistant", Speaker.CHARACTER))
Row = list[str]


def is_webui_chat(value: object) -> bool:
    """Whether a JSON value is a history: two lists of pairs."""
    return isinstance(value, dict) and _layout(value) is not None


def read_webui(data: bytes, name: str) -> tuple[ToldChat, tuple[Remark, ...]]:
    """The chat of a history. Raises ``FormatError``."""
    value = read_whole(data, name)
    layout = _layout(value) if isinstance(value, dict) else None
    if layout is None:
        raise FormatError("This is no history of text-generation-webui.", where=name)
    said, seen = _rows(value, layout[0], name), _rows(value, layout[1], name)
    told = value.get("metadata")
    metadata: dict[str, Any] = dict(told) if isinstance(told, dict) else {}
    turns: list[ToldTurn] = []
    tip = NOWHERE
    empty = 0
    for number, row in enumerate(said):
        shown_row = seen[number] if number < len(seen) else ["", ""]
        left = row[0] if _is_nothing(row[0]) else None
        empty += not row[1] and left == ""
        for half, (role, speaker) in enumerate(_HALVES):
            if _is_nothing(row[half]):
                continue
            entry = metadata.pop(f"{role}_{number}", None)
            source = _source(entry, shown_row[half], row[half])
            if half and left is not None and left != _blank(number):
                source["user"] = left
            swipes, shown = _versions(ToldTurn(tip, speaker, "", row[half], _time(entry), source=source), entry)
            tip = len(turns) + shown
            turns += swipes
    rest = {key: part for key, part in value.items() if key not in (*layout, "metadata")}
    kept = {"rest": rest, "layout": layout[0], "metadata": metadata if isinstance(told, dict) else told}
    stem = PurePath(name).stem
    chat = ToldChat(FORMAT, stem, tuple(turns), tip, origin=f"{stem}\n{said[:1]}", source=kept)
    remark = Remark("internal", f"{empty} row{'' if empty == 1 else 's'} in which nothing is said left out.")
    return chat, (remark,) if empty else ()


def write_webui(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """The history of a chat. Raises ``FormatError``."""
    told: Mapping[str, Any] = (
        chat.source if chat.format == FORMAT else {"rest": {}, "layout": "internal", "metadata": {}}
    )
    turns, remarks = shown_turns(chat, with_swipes=True)
    swipes_of = {id(chat.turns[place]): places for places in chat.children().values() for place in places}
    said: list[Row] = []
    seen: list[Row] = []
    kept = told["metadata"]
    metadata: dict[str, Any] = copy.deepcopy(kept) if isinstance(kept, dict) else {}
    for turn in turns:
        half = 0 if turn.speaker is Speaker.USER else 1
        if half == 0 or not said or said[-1][1]:
            blank = turn.source.get("user", _blank(len(said)))
            said.append(["" if half == 0 else blank, ""])
            seen.append(["", ""])
        said[-1][half] = turn.text
        seen[-1][half] = html.escape(turn.text) if turn.edited else turn.source.get("visible", html.escape(turn.text))
        siblings = [chat.turns[place] for place in swipes_of[id(turn)]]
        entry = _entry(turn, siblings)
        if entry is not None:
            metadata[f"{_HALVES[half][0]}_{len(said) - 1}"] = entry
    layout = next(layout for layout in _LAYOUTS if layout[0] == told["layout"])
    value = {layout[0]: said, layout[1]: seen, **copy.deepcopy(told["rest"])}
    if isinstance(kept, dict) or metadata:
        value["metadata"] = metadata
    elif kept is not None:
        value["metadata"] = kept
    return write_json(value), tuple(remarks)


def _layout(value: Mapping[str, Any]) -> tuple[str, str] | None:
    return next(
        (layout for layout in _LAYOUTS if all(isinstance(value.get(key), list) for key in layout)),
        None,
    )


def _rows(value: Mapping[str, Any], key: str, name: str) -> list[Row]:
    rows = value[key]
    if len(rows) > MAX_ROWS:
        raise FormatError(f"The history has {len(rows):,} rows; {MAX_ROWS:,} are read at most.", where=name)
    found: list[Row] = []
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 2 or not all(isinstance(half, str) for half in row):
            raise FormatError(f"Field {key}.{number} should be a pair of texts.", where=name)
        found.append([clean_text(half) for half in row])
    return found


def _is_nothing(text: str) -> bool:
    return text in ("", BEGIN)


def _blank(number: int) -> str:
    return "" if number else BEGIN


def _time(entry: Any) -> float:
    return read_date(entry.get("timestamp")) if isinstance(entry, dict) else 0.0


def _source(entry: Any, seen: str, text: str) -> dict[str, Any]:
    source: dict[str, Any] = {} if entry is None else {"entry": entry}
    return source if seen == html.escape(text) else {**source, "visible": seen}


def _versions(turn: ToldTurn, entry: Any) -> tuple[list[ToldTurn], int]:
    """A turn with its versions as siblings, where they are what the row says; the versions' texts are kept once."""
    versions = entry.get("versions") if isinstance(entry, dict) else None
    current = entry.get("current_version_index") if isinstance(entry, dict) else None
    right = isinstance(versions, list) and all(
        isinstance(one, dict) and isinstance(one.get("content"), str) and clean_text(one["content"]) == one["content"]
        for one in versions
    )
    if not right or not versions or type(current) is not int or not 0 <= current < len(versions):
        return [turn], 0
    if versions[current]["content"] != turn.text:
        return [turn], 0
    swipes = []
    for place, one in enumerate(versions):
        rest = {key: part for key, part in one.items() if key != "content"}
        source: dict[str, Any] = {"version": rest}
        if place == current:
            entry = {key: part for key, part in entry.items() if key not in ("versions", "current_version_index")}
            source = {**turn.source, "entry": entry, **source}
        at = read_date(one.get("timestamp")) or turn.at
        swipes.append(ToldTurn(turn.parent, turn.speaker, "", one["content"], at, source=source))
    return swipes, current


def _entry(turn: ToldTurn, siblings: Sequence[ToldTurn]) -> Any:
    """What ``metadata`` says of one half; ``None`` for nothing."""
    keeper = next((one for one in (turn, *siblings) if "entry" in one.source), None)
    entry = copy.deepcopy(keeper.source["entry"]) if keeper is not None else None
    if len(siblings) == 1 and "version" not in turn.source:
        return entry
    fields = entry if isinstance(entry, dict) else {}
    shown = next(place for place, one in enumerate(siblings) if one is turn)
    versions = [
        {"content": one.text, **copy.deepcopy(one.source.get("version", {"visible_content": html.escape(one.text)}))}
        for one in siblings
    ]
    return {**fields, "versions": versions, "current_version_index": shown}
