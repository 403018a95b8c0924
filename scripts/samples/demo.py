"""The demo chat: ``demo.yaml`` as chat events.

Ids, device, Lamport numbers and times follow from the source alone. The chat is told as it was lived: the swipes of a
turn come one after another, a branch is tried and left, and then the story goes on where it is read today. The lore of
a reply is what the chat's lorebook has to say to the turns just before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from scripts.samples import sources
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    ChatStarted,
    PropertySet,
    Receipt,
    Roll,
    Speaker,
    TipMoved,
    TurnAdded,
)
from tavern_tui.domain.lorebook import Lorebook

WRITTEN_BY = "written by the authors"
SCAN_DEPTH = 2
"""Turns before a reply in which keys are looked for: SillyTavern's default."""

_SECONDS_PER_WORD = 2  # what reading and answering took them, about
_NARRATOR = "Narrator"
_FILE_OF_WORLD = {sources.lorebook(file).name: file for file in sources.WORLDS}

_Told = tuple[str, Body]


def events() -> tuple[ChatEvent, ...]:
    """Every event of the demo chat, in order."""
    source = sources.load("demo")
    started: datetime = source["started"]
    clock = started.timestamp()
    head: tuple[str, ...] = ()
    told: list[ChatEvent] = []
    book = sources.lorebook(_FILE_OF_WORLD[source["world"]])
    for lamport, (identity, body) in enumerate(_with_lore(_story(source), book), start=1):
        parents = (body.parent,) if isinstance(body, TurnAdded) and body.parent else head
        program = source["program"] if isinstance(body, ChatStarted) else ""
        told.append(ChatEvent(identity, source["device"], lamport, body, parents, clock, program=program))
        head = (identity,)
        if isinstance(body, TurnAdded):
            clock += _SECONDS_PER_WORD * len(body.text.split())
    return tuple(told)


def _story(source: Mapping[str, Any]) -> Iterator[_Told]:
    yield "chat", ChatStarted(source["title"], tuple(source["characters"]), source["persona"])
    yield "world", PropertySet("lorebooks", [source["world"]])
    yield "note", PropertySet("note", {"text": sources.unwrapped(source["note"]), "depth": 4, "interval": 1})
    names = {
        Speaker.CHARACTER: source["characters"][0],
        Speaker.USER: source["persona"],
        Speaker.NARRATOR: _NARRATOR,
    }
    parent = ""
    for turn in source["turns"]:
        yield from _branch(turn.get("branch", ()), parent, names)
        yield from _turn(turn, parent, names)
        parent = turn["id"]
    yield "end", TipMoved(parent)


def _branch(turns: Sequence[Mapping[str, Any]], parent: str, names: Mapping[Speaker, str]) -> Iterator[_Told]:
    """A way that was tried and left, and the way back to where it began."""
    at = parent
    for turn in turns:
        yield turn["id"], _added(turn, turn, at, names)
        at = turn["id"]
    if turns:
        yield f"{at}-left", TipMoved(parent)


def _turn(turn: Mapping[str, Any], parent: str, names: Mapping[Speaker, str]) -> Iterator[_Told]:
    """A turn with its swipes in order, the reader being left at the turn itself."""
    swipes = turn.get("swipes", ["here"])
    for number, version in enumerate(swipes, start=1):
        if version == "here":
            yield turn["id"], _added(turn, turn, parent, names)
        else:
            yield f"{turn['id']}-swipe-{number}", _added(turn, version, parent, names)
    if swipes[-1] != "here":
        yield f"{turn['id']}-chosen", TipMoved(turn["id"])


def _added(turn: Mapping[str, Any], version: Mapping[str, Any], parent: str, names: Mapping[Speaker, str]) -> TurnAdded:
    speaker = Speaker(turn["speaker"])
    is_greeting = turn.get("greeting", False)
    text = sources.character("bess").greeting if is_greeting else sources.unwrapped(version["text"])
    written = speaker is Speaker.CHARACTER and not is_greeting
    return TurnAdded(
        parent=parent,
        speaker=speaker,
        name=names[speaker],
        text=text,
        reasoning=sources.unwrapped(version.get("reasoning", "")),
        receipt=Receipt(model=WRITTEN_BY, stop="end", generated=version["tokens"]) if written else None,
        roll=Roll(**turn["roll"]) if "roll" in turn else None,
    )


def _with_lore(story: Iterator[_Told], book: Lorebook) -> Iterator[_Told]:
    """``story`` with the lore that fired on every reply."""
    turns: dict[str, TurnAdded] = {}
    for identity, body in story:
        if not isinstance(body, TurnAdded):
            yield identity, body
            continue
        lore = () if body.receipt is None else _fired(book, _before(body, turns))
        turns[identity] = replace(body, lore=lore)
        yield identity, turns[identity]


def _before(turn: TurnAdded, turns: Mapping[str, TurnAdded]) -> str:
    """What the newest turns before ``turn`` say, each with its speaker's name."""
    said: list[str] = []
    parent = turn.parent
    while parent and len(said) < SCAN_DEPTH:
        said.append(f"{turns[parent].name}: {turns[parent].text}")
        parent = turns[parent].parent
    return "\n".join(said)


def _fired(book: Lorebook, text: str) -> tuple[str, ...]:
    """The titles of the entries that are constant or have a key in ``text``, in the book's order."""

    def found(keys: Sequence[str]) -> bool:
        return any(re.search(rf"(?<!\w){re.escape(key)}(?!\w)", text, re.IGNORECASE) for key in keys)

    return tuple(
        entry.comment
        for entry in book.entries
        if entry.constant or (found(entry.keys) and (not entry.secondary_keys or found(entry.secondary_keys)))
    )
