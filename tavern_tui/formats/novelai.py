"""NovelAI's stories: ``.scenario`` (read and written) and the older ``.story`` (read).

Source: ``docs/spec/kobold-lite.md`` §11, §13. A scenario is JSON with the whole story in ``prompt`` and memory and
author's note in ``context``; a story's text stands in fragments that the user or the model wrote. Newer stories keep a
packed document instead, which is not read: NovelAI exports them as a scenario.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import PurePath
from typing import Any

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.exchange import Remark
from tavern_tui.domain.note import NO_NOTE, ChatNote
from tavern_tui.domain.told_chat import ToldChat, ToldTurn, one_after_another
from tavern_tui.formats.chat_path import shown_turns
from tavern_tui.formats.fields import Fields
from tavern_tui.formats.json_lines import read_whole
from tavern_tui.formats.json_text import clean_text, write_json

FORMAT = "novelai"
STORYTELLER = "Story"
_MEMORY, _NOTE = 0, 1  # places in ``context``
_QUESTION = re.compile(r"\$\{[^}\n]{1,200}\}")
_VERSION = 3


def is_novelai(value: object) -> bool:
    """Whether a JSON value is a scenario or a story of NovelAI's."""
    return isinstance(value, dict) and ("scenarioVersion" in value or "storyContainerVersion" in value)


def read_novelai(data: bytes, name: str) -> tuple[ToldChat, tuple[Remark, ...]]:
    """The story of a file as a chat. Raises ``FormatError``."""
    value = read_whole(data, name)
    if not is_novelai(value):
        raise FormatError("This is no story of NovelAI.", where=name)
    if "scenarioVersion" in value:
        scenario = Fields(value, where=name)
        prompt = scenario.text("prompt")
        told = [ToldTurn(0, Speaker.NARRATOR, STORYTELLER, prompt)] if prompt.strip() else []
        rest = {key: part for key, part in value.items() if key != "prompt"}
        return _chat(scenario.text("title"), told, value.get("context"), {"rest": rest, "prompt": prompt}, name)
    story = Fields(value, where=name)
    content = story.inner("content")
    if not isinstance(content.inner("story").get("fragments"), list):
        raise FormatError(
            "This story keeps its text in a packed document.", hint="Export it from NovelAI as a scenario.", where=name
        )
    told = _fragments(content.inner("story"))
    return _chat(story.inner("metadata").text("title"), told, content.get("context"), {}, name)


def write_scenario(chat: ToldChat) -> tuple[bytes, tuple[Remark, ...]]:
    """A scenario with the story so far as its prompt. Raises ``FormatError``."""
    told: Mapping[str, Any] = chat.source if chat.format == FORMAT and "rest" in chat.source else {}
    turns, remarks = shown_turns(chat)
    fresh = {"scenarioVersion": _VERSION, "title": chat.title, "description": "", "tags": [], "context": []}
    scenario = copy.deepcopy(dict(told.get("rest", fresh)))
    scenario["prompt"] = _prompt(turns) if turns else told.get("prompt", "")
    context = scenario.get("context")
    if _note(context) != chat.note:
        contexts = list(context) if isinstance(context, list) else []
        contexts += [{"text": ""} for _ in range(len(contexts), _NOTE + 1)]
        kept = contexts[_NOTE]
        contexts[_NOTE] = {**(kept if isinstance(kept, dict) else {}), "text": chat.note.text}
        scenario["context"] = contexts
    return write_json(scenario), tuple(remarks)


def _chat(
    title: str, told: Sequence[ToldTurn], context: Any, source: Mapping[str, Any], name: str
) -> tuple[ToldChat, tuple[Remark, ...]]:
    turns, tip = one_after_another(told)
    remarks = []
    if _context(context, _MEMORY).strip():
        remarks.append(
            Remark("context.0", "the memory is kept for going back; prompts here read such a text from the card.")
        )
    if questions := len(_QUESTION.findall("".join(turn.text for turn in turns))):
        what = "1 question stands" if questions == 1 else f"{questions} questions stand"
        remarks.append(Remark("prompt", f"{what} in the text as in the file (${{…}})."))
    chat = ToldChat(
        format=FORMAT,
        title=clean_text(title).strip() or PurePath(name).stem,
        turns=turns,
        tip=tip,
        origin="\n".join([PurePath(name).stem, *(turn.text[:2000] for turn in turns[:1])]),
        note=_note(context),
        source=source,
    )
    return chat, tuple(remarks)


def _fragments(story: Fields) -> list[ToldTurn]:
    """Turns of fragments: what one side wrote without a break is one turn."""
    pieces = []
    for place, fragment in enumerate(story.value["fragments"]):
        if not isinstance(fragment, dict):
            raise FormatError(f"Field {story.name('fragments')}.{place} should be a fragment.", where=story.where)
        fields = Fields(fragment, path=f"{story.name('fragments')}.{place}", where=story.where)
        pieces.append((fields.get("origin") == "user", fields.text("data")))
    turns = []
    for by_user, group in groupby(pieces, key=lambda piece: piece[0]):
        text = "".join(data for _, data in group)
        if text:
            speaker = Speaker.USER if by_user else Speaker.NARRATOR
            turns.append(ToldTurn(0, speaker, "" if by_user else STORYTELLER, text, source={"glued": True}))
    return turns


def _prompt(turns: Sequence[ToldTurn]) -> str:
    text = ""
    for turn in turns:
        if not turn.source.get("glued") and text:
            text += "\n\n" if not text.endswith("\n") else ""
        spoken = turn.speaker is not Speaker.NARRATOR and turn.name and not turn.source.get("glued")
        text += f"{turn.name}: {turn.text}" if spoken else turn.text
    return text


def _context(context: Any, place: int) -> str:
    if isinstance(context, list) and len(context) > place and isinstance(context[place], dict):
        text = context[place].get("text")
        return clean_text(text) if isinstance(text, str) else ""
    return ""


def _note(context: Any) -> ChatNote:
    text = _context(context, _NOTE)
    return ChatNote(text=text) if text.strip() else NO_NOTE
