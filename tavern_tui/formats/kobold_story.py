"""The text of a Kobold story: pieces of turns in its chunks, and chunks out of turns.

Lite keeps a story as a list of chunks without speakers; who speaks is told by marks inside the text, which differ by
mode: ``docs/spec/kobold-lite.md`` §1–2. A piece's text is what was said; the marks and blanks round it are its ``pre``
and ``post``, and ``cuts`` are the places in the whole piece at which a chunk begins, so that the chunks come back as
they were. Saves round it: ``kobold_save``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.told_chat import ToldTurn

STORYTELLER = "Story"
"""The name of what nobody says."""

_MARK = re.compile(r"\n?\{\{\[(INPUT|OUTPUT|SYSTEM)(_END)?\]\}\}\n?")
_ACTION = re.compile(r"(?m)(\n{0,2}^> ?)(.*)$(\n{0,2})")
_ROLES = {"INPUT": Speaker.USER, "OUTPUT": Speaker.CHARACTER, "SYSTEM": Speaker.NARRATOR}
_MARKS = {speaker: name for name, speaker in _ROLES.items()}
_MOST_NAMES = 64


class Mode(IntEnum):
    """Lite's ``opmode``."""

    STORY = 1
    ADVENTURE = 2
    CHAT = 3
    INSTRUCT = 4


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the user's name, and the others'; of several any may speak."""

    user: str = "User"
    others: tuple[str, ...] = ("Assistant",)


@dataclass(slots=True)
class _Piece:
    speaker: Speaker
    name: str
    text: str
    pre: str = ""
    post: str = ""

    @property
    def whole(self) -> str:
        return self.pre + self.text + self.post


def turns_of(chunks: Sequence[str], mode: Mode, cast: Cast) -> list[ToldTurn]:
    """The turns that the chunks of a story tell; each is said after the one before."""
    text = "".join(chunks)
    pieces = list(_trimmed(_joined(_pieces(chunks, text, mode, cast))))
    starts: list[int] = []
    position = 0
    for chunk in chunks[:-1]:
        position += len(chunk)
        starts.append(position)
    turns: list[ToldTurn] = []
    begin = 0
    for place, piece in enumerate(pieces):
        end = begin + len(piece.whole)
        last = place == len(pieces) - 1
        cuts = []
        while starts and (starts[0] < end or last):
            cuts.append(starts.pop(0) - begin)
        source = {"pre": piece.pre, "post": piece.post, "cuts": cuts}
        turns.append(ToldTurn(place - 1, piece.speaker, piece.name, piece.text, source=source))
        begin = end
    return turns


def chunks_of(turns: Sequence[ToldTurn], mode: Mode) -> list[str]:
    """The chunks that tell these turns. A turn that was not read from a story is a chunk of its own."""
    chunks = [""]
    for place, turn in enumerate(turns):
        source = turn.source
        if "pre" in source:
            whole = f"{source['pre']}{turn.text}{source['post']}"
            cuts = source["cuts"]
            if turn.edited:  # where a chunk began inside the old text, none does in the new one
                kept = [cut for cut in cuts if cut <= len(source["pre"])]
                cuts = kept if kept or not cuts else [0]
        else:
            pre, post = _own_marks(turn, mode, first=place == 0)
            whole, cuts = f"{pre}{turn.text}{post}", [0] if place else []
        begin = 0
        for cut in cuts:
            chunks[-1] += whole[begin:cut]
            chunks.append("")
            begin = cut
        chunks[-1] += whole[begin:]
    return chunks if turns else []


def _own_marks(turn: ToldTurn, mode: Mode, *, first: bool) -> tuple[str, str]:
    if mode is Mode.INSTRUCT:
        return f"\n{{{{[{_MARKS[turn.speaker]}]}}}}\n", ""
    if mode is Mode.CHAT:
        return ("" if first else "\n") + (f"{turn.name}: " if turn.name else ""), ""
    if mode is Mode.ADVENTURE and turn.speaker is Speaker.USER:
        return "\n\n> ", "\n\n"
    return "" if first else "\n\n", ""


def _pieces(chunks: Sequence[str], text: str, mode: Mode, cast: Cast) -> Iterator[_Piece]:
    if _MARK.search(text):
        return _marked(text, cast)
    if mode is Mode.CHAT:
        return _named(text, cast)
    if mode is Mode.ADVENTURE:
        return _acted(text, cast)
    return (_Piece(Speaker.NARRATOR, STORYTELLER, chunk) for chunk in chunks)


def _marked(text: str, cast: Cast) -> Iterator[_Piece]:
    piece, at = _Piece(Speaker.NARRATOR, STORYTELLER, ""), 0
    for mark in _MARK.finditer(text):
        piece.text += text[at : mark.start()]
        at = mark.end()
        if mark[2]:
            piece.post = mark[0]
            yield piece
            piece = _Piece(Speaker.NARRATOR, STORYTELLER, "")
        else:
            yield piece
            speaker = _ROLES[mark[1]]
            piece = _Piece(speaker, _name_of(speaker, cast), "", mark[0])
    piece.text += text[at:]
    yield piece


def _named(text: str, cast: Cast) -> Iterator[_Piece]:
    names = sorted({cast.user, *cast.others[:_MOST_NAMES]}, key=len, reverse=True)
    pattern = re.compile(rf"(?:\A|\n)({'|'.join(map(re.escape, names))}):")
    piece, at = _Piece(Speaker.NARRATOR, STORYTELLER, ""), 0
    for mark in pattern.finditer(text):
        piece.text = text[at : mark.start()]
        yield piece
        speaker = Speaker.USER if mark[1] == cast.user else Speaker.CHARACTER
        piece, at = _Piece(speaker, mark[1], "", mark[0]), mark.end()
    piece.text = text[at:]
    yield piece


def _acted(text: str, cast: Cast) -> Iterator[_Piece]:
    at = 0
    for mark in _ACTION.finditer(text):
        yield _Piece(Speaker.NARRATOR, STORYTELLER, text[at : mark.start()])
        yield _Piece(Speaker.USER, cast.user, mark[2], mark[1], mark[3])
        at = mark.end()
    yield _Piece(Speaker.NARRATOR, STORYTELLER, text[at:])


def _joined(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """Without pieces in which nothing is said: their marks go to the piece before, else to the one after."""
    held: _Piece | None = None
    loose = ""
    for piece in pieces:
        if not piece.text.strip():
            if held is None:
                loose += piece.whole
            else:
                held.post += piece.whole
            continue
        if held is not None:
            yield held
        held, loose = replace(piece, pre=loose + piece.pre), ""
    if held is not None:
        yield held
    elif loose:
        yield _Piece(Speaker.NARRATOR, STORYTELLER, loose)


def _trimmed(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """With the blanks round a text in its marks."""
    for piece in pieces:
        text = piece.text.strip()
        if text:
            before, _, after = piece.text.partition(text)
            yield replace(piece, pre=piece.pre + before, text=text, post=after + piece.post)
        else:
            yield piece


def _name_of(speaker: Speaker, cast: Cast) -> str:
    if speaker is Speaker.USER:
        return cast.user
    return STORYTELLER if speaker is Speaker.NARRATOR else cast.others[0]
