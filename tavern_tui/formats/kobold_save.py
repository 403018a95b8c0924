"""Saves of KoboldAI Lite (v1) and KoboldAI United (v2): read into turns, written back with everything else they hold.

Source: ``docs/spec/kobold-lite.md`` §10; ``generate_savefile`` and ``kai_json_load`` of Lite. The old share layout
(``ga``, ``cm`` …) is read here, too. Who speaks in a story's chunks: ``kobold_story``; compressed saves:
``kobold_share``.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.note import NO_NOTE, ChatNote
from tavern_tui.domain.told_chat import NOWHERE, ToldChat, ToldTurn, one_after_another
from tavern_tui.formats.chat_path import shown_turns
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_lines import read_whole
from tavern_tui.formats.json_text import clean_text, write_json
from tavern_tui.formats.kobold_story import Cast, Mode, chunks_of, turns_of
from tavern_tui.formats.zip_archive import is_archive, read_archive

FORMAT = "kobold"
_SEPARATOR = "||$||"
_SELECTED = "Selected Text"
_IN_ZIP = "story.json"
Save = dict[str, Any]


def is_kobold_save(value: object) -> bool:
    """Whether a JSON value is a save: a prompt or settings of Lite's, or the old share layout; no NovelAI scenario."""
    if not isinstance(value, dict) or "scenarioVersion" in value:
        return False
    saved = "actions" in value or "gamestarted" in value or "memory" in value
    return ("prompt" in value and saved) or "savedsettings" in value or isinstance(value.get("ga"), list)


def is_kaistory(data: bytes) -> bool:
    """Whether bytes look like the archive that KoboldAI United saves a story with its pictures in."""
    return data.startswith(b"PK") and is_archive(data) and _IN_ZIP.encode() in data


def read_kobold(data: bytes, name: str) -> tuple[ToldChat, tuple[Remark, ...]]:
    """The chat of a save. Raises ``FormatError``."""
    if is_kaistory(data):
        data = _unzipped(data, name)
    value = read_whole(data, name)
    if not is_kobold_save(value):
        raise FormatError("This is no save of KoboldAI.", where=name)
    return from_object(value, name)


def from_object(value: Save, name: str) -> tuple[ToldChat, tuple[Remark, ...]]:
    """The chat of a save's JSON. Raises ``FormatError``."""
    save = Fields(value, where=name)
    settings = value.get("savedsettings")
    settings = settings if isinstance(settings, dict) else {}
    layout, chunks, source = _chunks(value, save)
    mode, cast = _mode(settings), _cast(settings)
    line, tip = one_after_another(turns_of(chunks, mode, cast))
    turns = _with_branches(line, value.get("altbranches"), mode, cast)
    speaking = dict.fromkeys(turn.name for turn in turns if turn.speaker is Speaker.CHARACTER)
    chat = ToldChat(
        format=FORMAT,
        title=PurePath(name).stem,
        turns=tuple(turns),
        tip=tip,
        characters=tuple(speaking),
        persona=next((turn.name for turn in turns if turn.speaker is Speaker.USER), ""),
        origin="\n".join([PurePath(name).stem, *(chunk[:2000] for chunk in chunks[:1])]),
        note=_note(value, layout),
        source={"layout": layout, "mode": int(mode), **source},
    )
    return chat, tuple(_untaken(value))


def write_kobold(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """A save that Lite loads; one that was read has everything again that it had. Raises ``FormatError``."""
    save, remarks = to_object(chat)
    return write_json(save, indent=None), remarks


def to_object(chat: ToldChat) -> tuple[Save, tuple[Remark, ...]]:
    """A chat as a save's JSON."""
    source = chat.source if chat.format == FORMAT else _own_source(chat)
    told = all("pre" in turn.source for turn in chat.turns)  # then what is beside the path stands in ``altbranches``
    turns, remarks = shown_turns(chat, with_swipes=told)
    mode = Mode(source["mode"])
    if mode is Mode.CHAT:
        turns = [replace(turn, source={}) if "pre" not in turn.source else turn for turn in turns]
    chunks = chunks_of(turns, mode)
    save: Save = copy.deepcopy(dict(source["rest"]))
    if source["layout"] == "share":
        _put_share(save, chunks, chat.note)
    else:
        put = _put_united if source["layout"] == "v2" else _put_lite
        put(save, chunks, source)
        key = "authornote" if source["layout"] == "v2" else "authorsnote"
        if chat.note.text or key in save:
            save[key] = chat.note.text
    return save, tuple(remarks)


def _with_branches(line: Sequence[ToldTurn], branches: Any, mode: Mode, cast: Cast) -> list[ToldTurn]:
    """``line`` and the turns of Lite's other branches, which are whole stories: below the turns that they share."""
    turns = list(line)
    place_of = {(turn.parent, turn.speaker, turn.text): place for place, turn in enumerate(turns)}
    for chunks in branches if isinstance(branches, list) else ():
        if not isinstance(chunks, list) or not all(isinstance(chunk, str) for chunk in chunks):
            continue  # null stands for the branch that is shown
        parent = NOWHERE
        for turn in turns_of([clean_text(chunk) for chunk in chunks], mode, cast):
            key = (parent, turn.speaker, turn.text)
            if key not in place_of:
                place_of[key] = len(turns)
                turns.append(replace(turn, parent=parent))
            parent = place_of[key]
    return turns


def _chunks(value: Save, save: Fields) -> tuple[str, list[str], Save]:
    """The save's layout, its chunks, and what is kept of it besides."""
    if value.get("file_version") is not None:
        inner = save.inner("actions").inner("actions")
        keys = sorted(inner.value, key=lambda key: (len(key), key))
        items = [inner.inner(key) for key in keys]
        rest = {key: part for key, part in value.items() if key not in ("prompt", "actions")}
        actions = {key: part for key, part in save.inner("actions").value.items() if key != "actions"}
        kept = [{key: part for key, part in item.value.items() if key != _SELECTED} for item in items]
        said = [clean_text(item.text(_SELECTED)) for item in items]
        return "v2", *_with_prompt(save, said, {"rest": rest, "actions": actions, "items": kept})
    if "actions" not in value and isinstance(value.get("ga"), list):
        rest = {key: part for key, part in value.items() if key != "ga"}
        return "share", _texts(value["ga"], save, "ga"), {"rest": rest}
    said = _texts(value.get("actions", []), save, "actions")
    rest = {key: part for key, part in value.items() if key not in ("prompt", "actions", "actions_metadata")}
    source: Save = {"rest": rest}
    if (metadata := value.get("actions_metadata")) != _metadata(said):
        source["metadata"] = metadata
    return "v1", *_with_prompt(save, said, source)


def _with_prompt(save: Fields, said: list[str], source: Save) -> tuple[list[str], Save]:
    prompt = save.text("prompt")
    return ([prompt, *said], source) if prompt else (said, {**source, "no_prompt": True})


def _texts(value: Any, save: Fields, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise save.fault(key, "a list of texts")
    return [clean_text(text) for text in value]


def _metadata(said: list[str]) -> Save:
    return {str(place): {_SELECTED: text, "Alternative Text": []} for place, text in enumerate(said)}


def _put_lite(save: Save, chunks: list[str], source: Mapping[str, Any]) -> None:
    prompt, said = _split_prompt(chunks, source)
    save |= {"prompt": prompt, "actions": said}
    if "metadata" not in source:
        save["actions_metadata"] = _metadata(said)
    elif isinstance(source["metadata"], dict):
        kept = copy.deepcopy(source["metadata"])
        for place, text in enumerate(said):
            item = kept.setdefault(str(place), {"Alternative Text": []})
            if isinstance(item, dict) and item.get(_SELECTED) != text:
                item[_SELECTED] = text
        save["actions_metadata"] = kept
    elif source["metadata"] is not None:
        save["actions_metadata"] = source["metadata"]


def _put_united(save: Save, chunks: list[str], source: Mapping[str, Any]) -> None:
    prompt, said = _split_prompt(chunks, source)
    kept = source["items"]
    items = {
        str(place): {_SELECTED: text, **copy.deepcopy(kept[place] if place < len(kept) else {"Options": []})}
        for place, text in enumerate(said)
    }
    actions = copy.deepcopy(dict(source["actions"]))
    if type(actions.get("action_count")) is int:
        actions["action_count"] += len(said) - len(kept)
    save |= {"prompt": prompt, "actions": {**actions, "actions": items}}


def _put_share(save: Save, chunks: list[str], note: ChatNote) -> None:
    save["ga"] = chunks
    if note.text or "ca" in save:
        save["ca"] = note.text


def _split_prompt(chunks: list[str], source: Mapping[str, Any]) -> tuple[str, list[str]]:
    if source.get("no_prompt") or not chunks:
        return "", chunks
    return chunks[0], chunks[1:]


def _own_source(chat: ToldChat) -> Save:
    """What a save needs besides the story, for a chat of ours: Lite's chat mode, with the names of those who speak."""
    settings = {
        "opmode": int(Mode.CHAT),
        "chatname": chat.persona or Cast().user,
        "chatopponent": _SEPARATOR.join(chat.characters),
    }
    rest = {"gamestarted": True, "memory": "", "authorsnote": "", "worldinfo": [], "savedsettings": settings}
    return {"layout": "v1", "mode": int(Mode.CHAT), "rest": rest}


def _mode(settings: Save) -> Mode:
    mode = settings.get("opmode")
    return Mode(mode) if type(mode) is int and mode in list(Mode) else Mode.STORY


def _cast(settings: Save) -> Cast:
    user, others = settings.get("chatname"), settings.get("chatopponent")
    names = [name for name in others.split(_SEPARATOR) if name.strip()] if isinstance(others, str) else []
    return Cast(
        user if isinstance(user, str) and user.strip() else Cast().user,
        tuple(clean_text(name) for name in names) or Cast().others,
    )


def _note(value: Save, layout: str) -> ChatNote:
    text = value.get({"v1": "authorsnote", "v2": "authornote", "share": "ca"}[layout])
    return ChatNote(text=clean_text(text)) if isinstance(text, str) and text.strip() else NO_NOTE


def _untaken(value: Save) -> list[Remark]:
    remarks = []
    for key in ("memory", "cm"):
        if isinstance(value.get(key), str) and value[key].strip():
            remarks.append(Remark(key, "kept in the chat for going back; prompts here read such a text from the card."))
    for key in ("worldinfo", "cwi", "worldinfo_v2"):
        if value.get(key):
            remarks.append(Remark(key, "kept in the chat for going back; import the file as a lorebook to use it."))
    return remarks


def _unzipped(data: bytes, name: str) -> bytes:
    archive = read_archive(data, where=name)
    member = archive.member(_IN_ZIP)
    if member is None:
        raise FormatError(f"There is no {_IN_ZIP} in this archive.", where=name)
    return archive.read(member)
